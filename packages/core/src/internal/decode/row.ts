/**
 * Decodes rows as a schema has them: by a plan that is made once for a schema and the columns of a result.
 */
import type * as SchemaAST from "effect/SchemaAST"
import { columnNames } from "../../Annotations.ts"
import type { Column } from "../../ResultSet.ts"
import { type ColumnType, parseValueType } from "./columnType.ts"
import { generate } from "./generate.ts"
import { absent, refused, type Steps, stepsOf, toFunction } from "./value.ts"

/** Decodes a row, or refuses it. */
export type DecodeRow = (row: Record<string, unknown>) => unknown

/** A column, and the field that it becomes. */
export interface Field {
  readonly name: string
  readonly column: string
  readonly isOptional: boolean
  readonly steps: Steps
}

/** The plan of a schema for the columns of a result; nothing where the schema is none of a row. */
export const planOf = (ast: SchemaAST.AST, columns: ReadonlyArray<Column> | undefined): DecodeRow | undefined => {
  const types = new Map(columns?.map(({ name, type }) => [name, parseValueType(type)]))
  if (ast._tag === "Objects") return structOf(ast, types, columns)
  const struct = ast._tag === "Declaration" ? classOf(ast) : undefined
  if (struct === undefined || ast._tag !== "Declaration") return undefined
  const decode = structOf(struct.ast, types, undefined)
  if (decode === undefined) return undefined
  const { construct } = struct
  return (row) => {
    const fields = decode(row)
    return fields === refused ? refused : construct(fields)
  }
}

const structOf = (
  ast: SchemaAST.Objects,
  types: ReadonlyMap<string, ColumnType>,
  columns: ReadonlyArray<Column> | undefined
): DecodeRow | undefined => {
  const names: unknown = ast.annotations?.[columnNames]
  const isRenamed = typeof names === "object" && names !== null
  if (
    ast.indexSignatures.length > 0 || ast.checks !== undefined || ast.encodingChecks !== undefined ||
    (ast.encoding !== undefined && !isRenamed)
  ) return undefined
  const fields: Array<Field> = []
  for (const { name, type } of ast.propertySignatures) {
    if (typeof name !== "string" || name === "__proto__") return undefined
    const renamed: unknown = isRenamed && Object.hasOwn(names, name) ? Reflect.get(names, name) : name
    if (typeof renamed !== "string") return undefined
    const isOptional = type.context?.isOptional === true
    fields.push({ name, column: renamed, isOptional, steps: stepsOf(type, types.get(renamed)) })
  }
  return generate(fields, isRow(fields, columns)) ?? interpret(fields)
}

/** Returns true if decoding changes nothing: the fields are the columns, in their order and under their names, with the same values. */
const isRow = (fields: ReadonlyArray<Field>, columns: ReadonlyArray<Column> | undefined): boolean =>
  columns?.length === fields.length &&
  fields.every(({ column, isOptional, name, steps }, at) =>
    !isOptional && steps.decode === undefined && name === column && columns[at]?.name === name
  )

/** The struct behind a class, and how its instances are made of it. */
const classOf = (ast: SchemaAST.Declaration) => {
  const [link, ...others] = ast.encoding ?? []
  const transformation = link?.transformation
  if (
    link === undefined || others.length > 0 || transformation?._tag !== "Transformation" ||
    transformation.decode._tag !== "Transform" || link.to._tag !== "Objects" || ast.checks !== undefined
  ) return undefined
  return { ast: link.to, construct: transformation.decode.transform }
}

/** The same where no function can be generated. */
export const interpret = (fields: ReadonlyArray<Field>): DecodeRow => {
  const steps = fields.map(({ column, isOptional, name, steps }) => ({
    column,
    isOptional,
    name,
    decode: toFunction(steps)
  }))
  return (row) => {
    const decoded: Record<string, unknown> = {}
    for (const { column, decode, isOptional, name } of steps) {
      const value = row[column]
      const result = value === undefined ? isOptional && !(column in row) ? absent : refused : decode(value)
      if (result === refused || (result === absent && !isOptional)) return refused
      if (result !== absent) decoded[name] = result
    }
    return decoded
  }
}
