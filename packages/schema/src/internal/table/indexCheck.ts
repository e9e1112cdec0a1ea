/**
 * Checks of the indexes of a definition: those that the server refuses to create.
 */
import type { ColumnMeta, IndexMeta } from "../../TableMeta.ts"
import { type UserType, userTypesOf } from "../cqlType.ts"
import { refuse } from "./definitionCheck.ts"

/** Throws `InvalidOptions` for an index that the server refuses. */
export const checkIndex = (
  option: string,
  { kind: role, schema, type }: ColumnMeta,
  kind: IndexMeta["kind"],
  partitionKey: ReadonlyArray<string>
): void => {
  if (role === "partition_key" && partitionKey.length === 1) {
    refuse(option, "the only column of the partition key", "another column, for the key answers this one")
  }
  const types = userTypesOf(schema.ast)
  if (hasDuration(type, types)) {
    refuse(option, `a ${type}`, "a column without durations, for they have no order")
  }
  if (types.length > 0 && !type.includes("<")) {
    refuse(option, `a ${type}`, "CqlSchema.Frozen of the type, for an index is of whole values")
  }
  if (kind === "sai" && unsupported.test(type)) {
    refuse(option, `"sai" of a ${type}`, "\"secondary\", or a type that storage-attached indexes support")
  }
}

const hasDuration = (type: string, types: ReadonlyArray<UserType>): boolean =>
  /\bduration\b/.test(type) || types.some(({ fields }) => fields.some(([, part]) => /\bduration\b/.test(part)))

// Blobs, alone, as items and as values, and vectors of other items than floats.
const unsupported = /^blob$|^(?:set|list)<blob>$|^map<.*, blob>$|^vector<(?!float,)/
