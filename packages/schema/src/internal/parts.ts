/**
 * The types of the parts of collections and other types.
 */
import { InvalidOptions } from "@effect-cql/core"
import type * as Schema from "effect/Schema"
import { frozen, typeOf } from "./cqlType.ts"

/** The type of a part. */
export const partOf = (of: string, schema: Schema.Constraint): string => {
  const type = typeOf(schema.ast)
  if (type !== undefined) return frozen(type)
  throw new InvalidOptions({
    option: of,
    given: "a schema without a CQL type",
    expected: "a schema of CqlSchema, or one that encodes to a value of CQL"
  })
}
