/**
 * The types of the parts of collections and other types.
 */
import { InvalidOptions } from "@effect-cql/core"
import type * as Schema from "effect/Schema"
import { expectedSchema, frozen, kindOfSchema, typeOf } from "./cqlType.ts"

/** The type of a part. */
export const partOf = (of: string, schema: Schema.Constraint): string => {
  const type = typeOf(schema.ast)
  if (type !== undefined) return frozen(type)
  throw new InvalidOptions({
    option: of,
    given: `${kindOfSchema(schema.ast)} without a CQL type`,
    expected: expectedSchema
  })
}
