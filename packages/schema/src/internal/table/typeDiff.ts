/**
 * The changes of a user-defined type.
 */
import { type CqlError, Query, type Session, Statement } from "@effect-cql/core"
import { quoted } from "@effect-cql/core/Cql"
import { type ColumnType, parseColumnType } from "@effect-cql/core/Port"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Difference } from "../../TableDiff.ts"
import type { Meta } from "../../TableMeta.ts"
import type { UserType } from "../cqlType.ts"
import { createType, typeName, typePlace } from "./definitions.ts"
import { normalised } from "./server.ts"

const typesOf = Query.make(
  "SELECT type_name, field_names, field_types FROM system_schema.types WHERE keyspace_name = ?",
  {
    params: Schema.Tuple([Schema.String]),
    row: Schema.Struct({
      type_name: Schema.String,
      field_names: Schema.Array(Schema.String),
      field_types: Schema.Array(Schema.String)
    })
  }
)

const keysOf = Query.make(
  "SELECT table_name, type, kind FROM system_schema.columns WHERE keyspace_name = ?",
  {
    params: Schema.Tuple([Schema.String]),
    row: Schema.Struct({ table_name: Schema.String, type: Schema.String, kind: Schema.String })
  }
)

/** The types of a keyspace: the types of their fields by name. */
type Types = ReadonlyMap<string, ReadonlyMap<string, string>>

/** The types of a keyspace. */
export const serverTypes = (keyspace: string): Effect.Effect<Types, CqlError, Session> =>
  Effect.map(
    Statement.rows(typesOf(keyspace)),
    (rows) =>
      new Map(rows.map(({ field_names, field_types, type_name }) => [
        type_name,
        new Map(field_names.map((field, at) => [field, field_types[at] ?? ""]))
      ]))
  )

/** The changes of a type. */
export const typeDiff = Effect.fnUntraced(
  function*(meta: Meta, type: UserType): Effect.fn.Return<Difference, CqlError, Session> {
    const [keyspace, name] = typePlace(meta, type)
    const types = yield* serverTypes(keyspace)
    const actual = types.get(name)
    if (actual === undefined) return { statements: [createType(meta, type)], obstacles: [] }
    const same = (a: string, b: string) => normalised(a, keyspace) === normalised(b, keyspace)
    const added = type.fields.filter(([field]) => !actual.has(field))
    const keyed = added.length === 0 ? [] : yield* tablesByKey(keyspace, name, types)
    const obstacle = (column: string, message: string) => ({ table: `${keyspace}.${name}`, column, message })
    return {
      statements: keyed.length > 0 ?
        [] :
        added.map(([field, fieldType]) => `ALTER TYPE ${typeName(meta, type)} ADD ${quoted(field)} ${fieldType}`),
      obstacles: [
        ...type.fields.flatMap(([field, expected]) => {
          const got = actual.get(field) ?? expected
          return same(got, expected)
            ? []
            : [obstacle(field, `expected ${expected}, got ${got}: change the declaration, or make another type`)]
        }),
        ...keyed.length === 0 ? [] : added.map(([field]) =>
          obstacle(
            field,
            `the type has no such field, and takes none while it is in the partition key of ${
              keyed.join(", ")
            }: make another type`
          )
        )
      ]
    }
  }
)

/** The tables whose partition key has a type in it. */
const tablesByKey = (
  keyspace: string,
  name: string,
  types: Types
): Effect.Effect<ReadonlyArray<string>, CqlError, Session> => {
  const holds = ({ name: own, parts }: ColumnType): boolean => {
    if (parts.length > 0) return parts.some(holds)
    const udt = normalised(own, keyspace)
    return udt === name || [...types.get(udt)?.values() ?? []].some((field) => holds(parseColumnType(field)))
  }
  return Effect.map(Statement.rows(keysOf(keyspace)), (columns) => [
    ...new Set(
      columns.filter(({ kind, type }) => kind === "partition_key" && holds(parseColumnType(type)))
        .map(({ table_name }) => table_name)
    )
  ])
}
