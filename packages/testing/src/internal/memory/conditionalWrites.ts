/**
 * The rows that a conditional write may be about.
 */
import type { Checked } from "./conditions.ts"
import type { Environment } from "./environment.ts"
import { invalid } from "./failures.ts"
import type { Operation } from "./operations.ts"
import { columnsOf, type Restriction } from "./relations.ts"
import type { Column, Table } from "./schema.ts"
import { keysOf } from "./where.ts"

/** A condition is decided within one partition, at one row: a list is refused on execution, even one with one value. */
export const refuseLists = (
  restrictions: ReadonlyArray<Restriction>,
  what: "updates" | "deletions",
  { markers }: Environment
): void => {
  if (!markers.areBound) return
  const isList = (restriction: Restriction): boolean =>
    restriction._tag === "In" || (restriction._tag === "Tuples" && !restriction.isEquality)
  const kinds = new Set(restrictions.filter(isList).flatMap(columnsOf).map(({ kind }) => kind))
  if (kinds.has("partition_key")) {
    throw invalid(`IN on the partition key is not supported with conditional ${what}`)
  }
  if (kinds.has("clustering")) {
    throw invalid(`IN on the clustering key columns is not supported with conditional ${what}`)
  }
}

/** A deletion on a condition is one of a whole key, unless it is about static columns alone. */
export const checkConditionalDelete = (
  table: Table,
  restrictions: ReadonlyArray<Restriction>,
  operations: ReadonlyArray<readonly [isStatic: boolean, operation: Operation]>,
  conditions: ReadonlyArray<Checked>
): void => {
  const keys = keysOf(table, restrictions)
  const isList = restrictions.some((each) => each._tag === "In" || (each._tag === "Tuples" && !each.isEquality))
  const isFixed = (column: Column) =>
    restrictions.some((each) =>
      (each._tag === "Eq" && each.column === column) || (each._tag === "Tuples" && each.columns.includes(column))
    )
  if (keys === undefined || isList || [...table.partition, ...table.clustering].every(isFixed)) return
  const must = "DELETE statements must restrict all PRIMARY KEY columns with equality relations in order to"
  if (operations.length === 0 || operations.some(([isStatic]) => !isStatic)) {
    throw invalid(`${must} delete non static columns`)
  }
  if (conditions.some(({ column }) => column.kind !== "static")) {
    throw invalid(`${must} use IF condition on non static columns`)
  }
}
