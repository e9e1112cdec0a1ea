/**
 * WRITETIME, MAXWRITETIME and TTL of a SELECT clause.
 */
import type { Selector } from "./cql/ast.ts"
import type { Environment } from "./environment.ts"
import { invalid, unsupported } from "./failures.ts"
import { cellOf, elementsOf, type Live } from "./live.ts"
import type { Table } from "./schema.ts"
import type { Expression } from "./selection.ts"
import { microsecondsOf } from "./store.ts"
import { type CqlType, isMultiCell, scalar } from "./values/types.ts"

export const lifeExpression = (
  table: Table,
  { function: name, of: selector }: Extract<Selector, { readonly _tag: "WriteTimeOf" }>,
  environment: Environment
): Expression => {
  if (selector._tag !== "ColumnOf") {
    throw unsupported(`${name} of a part of a column`, "Select it of the whole column.")
  }
  const column = table.column(selector.column)
  if (column.kind === "partition_key" || column.kind === "clustering") {
    throw invalid(`Cannot use selection function ${name} on PRIMARY KEY part ${column.name}`)
  }
  const isTtl = name === "ttl"
  const one = scalar(isTtl ? "int" : "bigint")
  const read = (live: Live, cell: { readonly time: bigint; readonly expiresAt: number | undefined }) =>
    isTtl ? (cell.expiresAt === undefined ? null : cell.expiresAt - live.second) : microsecondsOf(cell.time)
  const { type } = column
  const multi = isMultiCell(type)
  if (multi && name === "maxwritetime") {
    return lifeOf(`maxwritetime(${column.name})`, one, (live) => {
      const times = elementsOf(live, column).map(({ time }) => microsecondsOf(time))
      return times.length === 0 ? null : times.reduce((most, time) => time > most ? time : most)
    })
  }
  if (!multi) {
    return lifeOf(`${name}(${column.name})`, one, (live) => {
      const cell = cellOf(live, column)
      return cell === undefined ? null : read(live, cell)
    })
  }
  return lifeOf(`${name}(${column.name})`, { _tag: "List", element: one, frozen: false }, (live) => {
    const elements = elementsOf(live, column)
    if (elements.length === 0) return null
    if (type._tag !== "Udt") return elements.map((cell) => read(live, cell))
    return environment.schema.fieldsOf(type.keyspace, type.name).map((field) => {
      const cell = elements.find(({ id }) => id === field.name)
      return cell === undefined ? null : read(live, cell)
    })
  })
}

const lifeOf = (name: string, type: CqlType, of: (live: Live) => unknown): Expression => ({
  name,
  type,
  isAggregate: false,
  of: ([live]) => live === undefined ? null : of(live)
})
