/**
 * Checks of conditions that the server refuses in every case.
 */
import type { ColumnMeta, Meta } from "../../TableMeta.ts"
import { refuse } from "./assignments.ts"
import type { Condition } from "./where.ts"

const isCollection = ({ type }: ColumnMeta): boolean => /^(?:set|list|map)</.test(type)

const sides: Readonly<Record<string, string>> = { "<": "upper", "<=": "upper", ">": "lower", ">=": "lower" }

const tokenOf = ({ column, operator }: Condition): string =>
  JSON.stringify(operator === "=" ? column.field : `${column.field} ${operator}`)

/** Throws for conditions that no query can have: `!=`, and several on one column that exclude each other. Returns the others. */
export const checkWhere = (at: string, conditions: ReadonlyArray<Condition>): ReadonlyArray<Condition> => {
  for (const condition of conditions) {
    const { column, operator } = condition
    const token = tokenOf(condition)
    if (operator === "!=") refuse(`${at}: where`, token, "another operator, for only conditional writes have !=")
    const isItem = operator === "contains" || operator === "contains key"
    if (isItem) continue
    if (isCollection(column)) {
      refuse(`${at}: where`, `${token} of a ${column.type}`, `"${column.field} contains", or a frozen collection`)
    }
    const same = conditions.find((other) =>
      other !== condition && other.column === column &&
      (sides[operator] === undefined || sides[operator] === sides[other.operator])
    )
    if (same !== undefined) {
      refuse(
        `${at}: where`,
        `${token} beside ${tokenOf(same)}`,
        "one condition on each side of a column, or equality alone"
      )
    }
  }
  return conditions
}

/** True of a column that the key answers, without an index. */
const isByKey = (meta: Meta, conditions: ReadonlyArray<Condition>, { kind, name }: ColumnMeta): boolean => {
  const has = (column: ColumnMeta, ...operators: ReadonlyArray<Condition["operator"]>) =>
    conditions.some((condition) => condition.column === column && operators.includes(condition.operator))
  if (kind !== "partition_key" && kind !== "clustering") return false
  if (!meta.partitionKey.every((column) => has(column, "="))) return false
  const before = meta.clusteringKey.slice(0, Math.max(0, meta.clusteringKey.findIndex((each) => each.name === name)))
  return before.every((column) => has(column, "=", "in"))
}

/** Throws for conditions on indexed columns that their indexes cannot answer. */
export const checkIndexed = (
  at: string,
  meta: Meta,
  conditions: ReadonlyArray<Condition>,
  options: { readonly reversed: boolean; readonly allowFiltering: boolean }
): void => {
  const indexed = conditions.flatMap((condition) => {
    const { column } = condition
    const index = isByKey(meta, conditions, column)
      ? undefined
      : meta.indexes.find((index) => index.column === column.name)
    return index === undefined ? [] : [{ condition, kind: index.kind }]
  })
  const [first] = indexed
  if (first === undefined) return
  if (options.reversed) {
    refuse(
      `${at}: reversed`,
      `true beside ${tokenOf(first.condition)}`,
      "no condition on an index, whose rows have no order"
    )
  }
  if (options.allowFiltering) return
  for (const { condition, kind } of indexed) {
    const answered = answeredBy(condition.column, kind)
    if (!answered.includes(condition.operator)) {
      refuse(
        `${at}: where`,
        tokenOf(condition),
        `an operator that the ${kind} index of a ${condition.column.type} answers (${
          answered.join(", ")
        }), or allowFiltering`
      )
    }
  }
  const secondary = indexed.find(({ kind }) => kind === "secondary")
  const other = indexed.find((index) => index !== secondary)
  if (secondary !== undefined && other !== undefined) {
    refuse(
      `${at}: where`,
      `${tokenOf(secondary.condition)} of a secondary index beside ${tokenOf(other.condition)}`,
      "one condition on a secondary index, several on indexes that are all \"sai\", or allowFiltering"
    )
  }
}

const equalOnly = new Set(["text", "ascii", "varchar", "boolean", "uuid"])

/** The operators that an index answers. The index of a collection is of its items, or of the values of a map. */
const answeredBy = (column: ColumnMeta, kind: "sai" | "secondary"): ReadonlyArray<Condition["operator"]> => {
  const { type } = column
  if (isCollection(column)) return ["contains"]
  return kind === "secondary" || equalOnly.has(type) || type.startsWith("frozen<")
    ? ["="]
    : ["=", "<", "<=", ">", ">="]
}
