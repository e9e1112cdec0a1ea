/**
 * Decodes one value as a schema has it, by plain functions that are made once for each column.
 *
 * Such a function only has to recognise a valid value. If it refuses a value, or does not support a part of the schema,
 * the parser of Effect decides and makes the message. Both accept the same values, and return the same results.
 */
import * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaParser from "effect/SchemaParser"
import { exact, nullAs } from "../../Annotations.ts"
import { flatten, options, passes, toPredicate } from "./checks.ts"
import { bigints, type ColumnType, numbers, texts } from "./columnType.ts"

/** A value that does not fit. */
export const refused: unique symbol = Symbol("refused")

/** A value of an optional field that is left out. */
export const absent: unique symbol = Symbol("absent")

/** Steps of decoding a value, in their order. */
export interface Steps {
  /** Null passes as null, is refused, or is decoded as any other value. */
  readonly ofNull: "pass" | "refuse" | "decode"
  /** Expected `typeof` of the value. */
  readonly kind: "string" | "number" | "bigint" | "boolean" | undefined
  /** Decodes what has that kind. Without it the value passes as it is. */
  readonly decode: ((value: unknown) => unknown) | undefined
}

const anything: Steps = { ofNull: "pass", kind: undefined, decode: undefined }

/** The steps of a schema for a column of a type, where the type is known. */
export const stepsOf = (ast: SchemaAST.AST, type: ColumnType | undefined): Steps => known(ast, type) ?? interpreted(ast)

const known = (ast: SchemaAST.AST, type: ColumnType | undefined): Steps | undefined => {
  if ("encodingChecks" in ast && ast.encodingChecks !== undefined) return undefined
  const { encoding } = ast
  const instead = insteadOfNull(ast)
  const [link, ...links] = encoding ?? []
  if (instead !== undefined && link?.to._tag === "Union" && links.length === 0 && link.to.types[0] !== undefined) {
    const decode = toFunction(stepsOf(link.to.types[0], type))
    // A collection that must not be empty has no value in place of null.
    const ofNull = accepts(ast, instead()) ? instead : () => refused
    return checking((value) => value === null ? ofNull() : decode(value) ?? ofNull())
  }
  // The type of the column does not describe a transformed value.
  const last = locally(ast, encoding === undefined ? type : undefined)
  if (encoding === undefined || last === undefined) return last
  const first = stepsOf(encoding.at(-1)!.to, type)
  const steps: Array<(value: unknown) => unknown> = first.decode === undefined ? [] : [first.decode]
  for (let index = encoding.length - 1; index >= 0; index--) {
    const { transformation } = encoding[index]!
    const transform = transformation._tag === "Middleware" ? undefined : toTransform(transformation.decode)
    if (transform === undefined) return undefined
    steps.push(transform)
    const next = index === 0 ? last : stepsOf(encoding[index - 1]!.to, undefined)
    if (next !== anything) steps.push(toFunction(next))
  }
  // A schema that refuses null can be checked first; one that accepts it passes it on to the transformation.
  if (first.ofNull === "refuse") return { ...first, decode: inTurn(steps) }
  const others = first.decode === undefined ? steps : steps.slice(1)
  return { ofNull: "decode", kind: undefined, decode: inTurn([toFunction(first), ...others]) }
}

/** The value in place of null, where a schema says so. An annotation of a schema with checks stands on the last of them. */
const insteadOfNull = (ast: SchemaAST.AST): (() => unknown) | undefined => {
  const found: unknown = ast.annotations?.[nullAs] ?? ast.checks?.at(-1)?.annotations?.[nullAs]
  return typeof found === "function" ? () => found() : found === "absent" ? () => absent : undefined
}

/** True if a value is of the type of a schema. One that is left out has none. */
const accepts = (ast: SchemaAST.AST, value: unknown): boolean =>
  value === absent || Schema.is(Schema.make<Schema.Schema<unknown>>(SchemaAST.toType(ast)))(value)

const inTurn = (steps: ReadonlyArray<(value: unknown) => unknown>): (value: unknown) => unknown => {
  const [first, second, ...others] = steps
  if (first === undefined) return (value) => value
  if (second === undefined) return first
  const both = (value: unknown): unknown => {
    const current = first(value)
    return current === refused || current === absent ? current : second(current)
  }
  return inTurn([both, ...others])
}

/** The same as one function. */
export const toFunction = ({ decode, kind, ofNull }: Steps): (value: unknown) => unknown => {
  if (ofNull === "decode") {
    return (value) => kind !== undefined && value !== null && typeof value !== kind ? refused : decode!(value)
  }
  return (value) => {
    if (value === null) return ofNull === "pass" ? null : refused
    if (kind !== undefined && typeof value !== kind) return refused
    return decode === undefined ? value : decode(value)
  }
}

type Getter = SchemaAST.Link["transformation"] & { readonly _tag: "Transformation" }

const toTransform = (getter: Getter["decode"]): ((value: unknown) => unknown) | undefined => {
  switch (getter._tag) {
    case "Passthrough":
      return (value) => value
    case "Transform":
      return getter.transform
    case "TransformOptional":
      return (value) => {
        const result = getter.transform(Option.some(value))
        return result._tag === "None" ? absent : result.value
      }
    case "TransformEffect":
      return (value) => fromEffect(getter.transform(value, options))
    case "TransformOptionalEffect":
      return undefined
  }
}

/** The steps of a node by itself, without what it is transformed from. */
const locally = (ast: SchemaAST.AST, type: ColumnType | undefined): Steps | undefined => {
  const own = ast.encoding !== undefined && ast.annotations?.[exact] === true ? anything : nodeOf(ast, type)
  const checks = (ast.checks ?? []).flatMap(flatten).filter((check) => !passes(check, type))
  if (own === undefined || checks.length === 0) return own
  const tests = checks.map((check) => toPredicate(check, ast))
  const [test] = tests
  const isPlain = own.ofNull === "refuse"
  if (isPlain && own.decode === undefined && test !== undefined && tests.length === 1) {
    return { ...own, decode: (value) => test(value) ? value : refused }
  }
  const before = toFunction(own)
  return {
    ofNull: isPlain ? "refuse" : "decode",
    kind: isPlain ? own.kind : undefined,
    decode: (value) => {
      const result = before(value)
      if (result === refused) return refused
      for (let index = 0; index < tests.length; index++) {
        if (!tests[index]!(result)) return refused
      }
      return result
    }
  }
}

const nodeOf = (ast: SchemaAST.AST, type: ColumnType | undefined): Steps | undefined => {
  switch (ast._tag) {
    case "String":
      return isOf(texts, type) ? passing : ofKind("string")
    case "Number":
      return isOf(numbers, type) ? passing : ofKind("number")
    case "BigInt":
      return isOf(bigints, type) ? passing : ofKind("bigint")
    case "Boolean":
      return type?.name === "boolean" ? passing : ofKind("boolean")
    case "Null":
      return only((value) => value === null)
    case "Unknown":
    case "Any":
      return anything
    case "Literal":
      return only((value) => value === ast.literal)
    case "Declaration":
      return declared(ast, type)
    case "Arrays":
      return arrayOf(ast, type)
    case "Union":
      return unionOf(ast, type)
    default:
      return undefined
  }
}

const isOf = (names: ReadonlySet<string>, type: ColumnType | undefined): boolean =>
  type !== undefined && names.has(type.name)

// Accepts everything but null: all values of the type of the column fit.
const passing: Steps = { ofNull: "refuse", kind: undefined, decode: undefined }

const ofKind = (kind: NonNullable<Steps["kind"]>): Steps => ({ ofNull: "refuse", kind, decode: undefined })

const only = (is: (value: unknown) => boolean): Steps => ({
  ofNull: is(null) ? "pass" : "refuse",
  kind: undefined,
  decode: (value) => is(value) ? value : refused
})

const declared = (ast: SchemaAST.Declaration, type: ColumnType | undefined): Steps | undefined => {
  const representation: { readonly id?: unknown } | undefined = ast.annotations?.["representation"] ?? undefined
  const [first, second] = ast.typeParameters
  switch (representation?.id) {
    case "effect/schema/Date":
      return type?.name === "timestamp"
        ? passing
        : only((value) => value instanceof Date && !Number.isNaN(value.getTime()))
    case "effect/schema/DateTimeUtc":
      return only((value) => DateTime.isDateTime(value) && DateTime.isUtc(value))
    case "effect/schema/Uint8Array":
      return type?.name === "blob" ? passing : only((value) => value instanceof Uint8Array)
    case "effect/schema/ReadonlySet":
      return first === undefined ? undefined : setOf(first, type?.name === "set" ? type.parts[0] : undefined)
    case "effect/schema/ReadonlyMap":
      return first === undefined || second === undefined
        ? undefined
        : mapOf(first, second, type?.name === "map" ? type.parts : [])
  }
  if (ast.typeParameters.length > 0) return undefined
  const run = ast.run([])
  return checking((value) => fromEffect(run(value, ast, options)))
}

const checking = (decode: (value: unknown) => unknown): Steps => ({ ofNull: "decode", kind: undefined, decode })

const isTrusted = (steps: Steps, type: ColumnType | undefined): boolean =>
  type !== undefined && steps.kind === undefined && steps.decode === undefined

// A column of a collection holds no null, but one that is selected may: `TTL(list)`, `[a, b]`, the result of a function.
const fitsNull = ({ ofNull }: Steps): boolean => ofNull === "pass"

const setOf = (item: SchemaAST.AST, type: ColumnType | undefined): Steps => {
  const steps = stepsOf(item, type)
  if (isTrusted(steps, type)) {
    return only((value) => value instanceof Set && (fitsNull(steps) || !value.has(null)))
  }
  const decode = toFunction(steps)
  return checking((value) => {
    if (!(value instanceof Set)) return refused
    const decoded = new Set<unknown>()
    for (const each of value) {
      const result = decode(each)
      if (result === refused || result === absent) return refused
      decoded.add(result)
    }
    return decoded
  })
}

const mapOf = (key: SchemaAST.AST, value: SchemaAST.AST, types: ReadonlyArray<ColumnType>): Steps => {
  const keySteps = stepsOf(key, types[0])
  const valueSteps = stepsOf(value, types[1])
  if (isTrusted(keySteps, types[0]) && isTrusted(valueSteps, types[1])) {
    return only((value) =>
      value instanceof Map && (fitsNull(keySteps) || !value.has(null)) && (fitsNull(valueSteps) || !holdsNull(value))
    )
  }
  const decodeKey = toFunction(keySteps)
  const decodeValue = toFunction(valueSteps)
  return checking((value) => {
    if (!(value instanceof Map)) return refused
    const decoded = new Map<unknown, unknown>()
    for (const [key, each] of value) {
      const newKey = decodeKey(key)
      const result = decodeValue(each)
      if (newKey === refused || newKey === absent || result === refused || result === absent) return refused
      decoded.set(newKey, result)
    }
    return decoded
  })
}

const holdsNull = (map: ReadonlyMap<unknown, unknown>): boolean => {
  for (const value of map.values()) if (value === null) return true
  return false
}

// Lists; tuples have elements of their own, which few columns do.
const arrayOf = (ast: SchemaAST.Arrays, type: ColumnType | undefined): Steps | undefined => {
  const [item, ...others] = ast.rest
  if (item === undefined || others.length > 0 || ast.elements.length > 0) return undefined
  const itemType = type?.name === "list" || type?.name === "vector" ? type.parts[0] : undefined
  const steps = stepsOf(item, itemType)
  if (isTrusted(steps, itemType)) {
    return only((value) => Array.isArray(value) && (fitsNull(steps) || !value.includes(null)))
  }
  const decode = toFunction(steps)
  return checking((value) => {
    if (!Array.isArray(value)) return refused
    const decoded: Array<unknown> = []
    for (let index = 0; index < value.length; index++) {
      const result = decode(value[index])
      if (result === refused || result === absent) return refused
      decoded.push(result)
    }
    return decoded
  })
}

const unionOf = (ast: SchemaAST.Union, type: ColumnType | undefined): Steps | undefined => {
  if (ast.options?.mode === "oneOf") return undefined
  const members = ast.types.map((member) => ({ isNull: isNull(member), steps: stepsOf(member, type) }))
  const others = members.filter((member) => !member.isNull)
  const [other] = others
  if (others.length === 1 && other !== undefined && other.steps.ofNull === "refuse") {
    return { ...other.steps, ofNull: others.length < members.length ? "pass" : "refuse" }
  }
  // The first that takes it.
  const decoders = members.map(({ isNull, steps }) => isNull ? takesNull : toFunction(steps))
  return {
    ofNull: "decode",
    kind: undefined,
    decode: (value) => {
      for (let index = 0; index < decoders.length; index++) {
        const result = decoders[index]!(value)
        if (result !== refused) return result
      }
      return refused
    }
  }
}

const isNull = (ast: SchemaAST.AST): boolean =>
  ast._tag === "Null" && ast.encoding === undefined && ast.checks === undefined

const takesNull = (value: unknown): unknown => value === null ? null : refused

const interpreted = (ast: SchemaAST.AST): Steps => {
  const decode = SchemaParser.decodeUnknownExit(Schema.make<Schema.ConstraintDecoder<unknown>>(ast))
  return { ofNull: "decode", kind: undefined, decode: (value) => fromEffect(decode(value)) }
}

// An effect that is not complete at once is left to the parser, which refuses it.
const fromEffect = (effect: Effect.Effect<unknown, unknown, unknown>): unknown =>
  Exit.isExit(effect) && effect._tag === "Success" ? effect.value : refused
