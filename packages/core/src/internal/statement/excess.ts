/**
 * Finds parameters without a field in their schema. Encoding would drop them silently.
 */
import * as SchemaAST from "effect/SchemaAST"

/** A key that no field takes. */
export interface Excess {
  /** Where it stands, from the parameters on. */
  readonly path: ReadonlyArray<PropertyKey>
  /** The fields that there are. */
  readonly fields: ReadonlyArray<string>
  /** True if another key beside it is a field: it is then a name, and no data. */
  readonly isName: boolean
}

/** Finds the first key of a value that no field takes. */
export type FindExcess = (value: unknown) => Excess | undefined

/** The finder of a schema; undefined where no value can have too many keys. */
export const excessOf = (schema: SchemaAST.AST): FindExcess | undefined => {
  const finders = new Map<SchemaAST.AST, FindExcess | undefined>()
  const finderOf = (ast: SchemaAST.AST): FindExcess | undefined => {
    if (finders.has(ast)) return finders.get(ast)
    finders.set(ast, undefined)
    const made = make(ast, finderOf)
    finders.set(ast, made)
    return made
  }
  const finder = finderOf(SchemaAST.toType(schema))
  return finder === undefined ? undefined : (value) => {
    // A proxy or a getter may throw when it is read once more.
    try {
      return finder(value)
    } catch {
      return undefined
    }
  }
}

const make = (
  ast: SchemaAST.AST,
  finderOf: (ast: SchemaAST.AST) => FindExcess | undefined
): FindExcess | undefined => {
  switch (ast._tag) {
    case "Objects":
      return ofFields(ast, finderOf)
    case "Arrays": {
      const elements = ast.elements.map(finderOf)
      const rest = ast.rest[0] === undefined ? undefined : finderOf(ast.rest[0])
      if (rest === undefined && elements.every((finder) => finder === undefined)) return undefined
      return (value) => Array.isArray(value) ? firstOf(value, (_, index) => elements[index] ?? rest) : undefined
    }
    case "Declaration":
      return ofCollection(ast.typeParameters.map(finderOf))
    case "Union":
      return ofUnion(ast.types.filter((type) => type._tag in containers), finderOf)
    case "Suspend": {
      let finder: FindExcess | undefined
      return (value) => (finder ??= finderOf(ast.thunk()))?.(value)
    }
    default:
      return undefined
  }
}

const containers = { Objects: true, Arrays: true, Declaration: true, Union: true, Suspend: true }

// The name of a tagged class is no value of its row.
const discriminator = "_tag"

const ofFields = (
  ast: SchemaAST.Objects,
  finderOf: (ast: SchemaAST.AST) => FindExcess | undefined
): FindExcess | undefined => {
  const fields = ast.propertySignatures.map(({ name }) => String(name))
  const names = new Set([...fields, discriminator])
  const nested = new Map<string, FindExcess>()
  for (const { name, type } of ast.propertySignatures) {
    const finder = finderOf(type)
    if (finder !== undefined) nested.set(String(name), finder)
  }
  const isOpen = ast.indexSignatures.length > 0
  if (isOpen && nested.size === 0) return undefined
  return (value) => {
    if (typeof value !== "object" || value === null) return undefined
    if (!isOpen) {
      const keys = Object.keys(value)
      for (const key of keys) {
        if (names.has(key)) continue
        const isName = keys.some((other) => names.has(other))
        return { path: [key], fields, isName }
      }
    }
    for (const [name, finder] of nested) {
      const found = finder(Reflect.get(value, name))
      if (found !== undefined) return within(name, found)
    }
    return undefined
  }
}

/** Of a Set or a Map. An instance of another class has what its class gives it. */
const ofCollection = (parameters: ReadonlyArray<FindExcess | undefined>): FindExcess | undefined => {
  const [first, second] = parameters
  if (first === undefined && second === undefined) return undefined
  return (value) => {
    if (value instanceof Set) return firstOf([...value], () => first)
    if (!(value instanceof Map)) return undefined
    return firstOf([...value.keys()], () => first) ?? firstOf([...value.values()], () => second)
  }
}

/** A key is too much if it is for every member that could be meant. */
const ofUnion = (
  members: ReadonlyArray<SchemaAST.AST>,
  finderOf: (ast: SchemaAST.AST) => FindExcess | undefined
): FindExcess | undefined => {
  const finders: Array<FindExcess> = []
  for (const member of members) {
    const finder = finderOf(member)
    if (finder === undefined) return undefined
    finders.push(finder)
  }
  if (finders.length < 2) return finders[0]
  return (value) => {
    let first: Excess | undefined
    for (const finder of finders) {
      const found = finder(value)
      if (found === undefined) return undefined
      first ??= found
    }
    return first
  }
}

const firstOf = (
  values: ReadonlyArray<unknown>,
  finderAt: (value: unknown, index: number) => FindExcess | undefined
): Excess | undefined => {
  for (let index = 0; index < values.length; index++) {
    const found = finderAt(values[index], index)?.(values[index])
    if (found !== undefined) return within(index, found)
  }
  return undefined
}

const within = (key: PropertyKey, found: Excess): Excess => ({ ...found, path: [key, ...found.path] })
