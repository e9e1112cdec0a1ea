/**
 * The statements that copy a row, cell by cell.
 */
import { InvalidOptions, type Statement } from "@effect-cql/core"
import type { Table } from "@effect-cql/schema"
import * as Data from "effect/Data"
import { type Cell, cellsIn, isKey, leftOf, type Read } from "./cells.ts"
import { keyText } from "./keys.ts"
import { listsIn, type Written } from "./lists.ts"
import { type Group, grouped, type Writes } from "./writes.ts"

type ColumnMeta = Table.ColumnMeta
type Write = Statement.Statement<unknown>

/** A column of the target, and the column of the source that its values come from. */
export interface Mapping {
  readonly from: ColumnMeta
  readonly to: ColumnMeta
}

/** The columns of a copy. Throws if a column of the target has none in the source, or one of another type. */
export const mapped = (job: string, from: Table.Meta, to: Table.Meta): ReadonlyArray<Mapping> =>
  to.columns.map((column) => {
    const source = from.columns.find(({ field }) => field === column.field)
    if (source?.type === column.type && (column.kind !== "static" || source.kind === "static")) {
      return { from: source, to: column }
    }
    throw new InvalidOptions({
      option: `${job}: to`,
      given: source === undefined
        ? `the column ${column.field}, which the source does not have`
        : `the ${column.kind} column ${column.field} of type ${column.type}, which is a ${source.kind} column of type ` +
          `${source.type} in the source`,
      expected: "columns that the source has, of the same types"
    })
  })

/**
 * The write time of a value of a row is not known: the server returns none for a row without columns, nor one for a list whose elements
 * expire at different times.
 *
 * @category errors
 * @since 0.1.0
 */
export class WriteTimeUnknown extends Data.TaggedError("WriteTimeUnknown")<{ readonly part: string }> {
  override get message(): string {
    return `a row was not copied: expected the write time and the time to live of ${this.part}, got none. ` +
      `Set the option untimed: "job" to write it at the time of the job.`
  }
}

export interface Copier {
  readonly mappings: ReadonlyArray<Mapping>
  readonly target: Table.Meta
  readonly writes: Writes
  readonly timed: ReadonlySet<ColumnMeta>
  readonly untimed: "refuse" | "job"
  /** The timestamp of the job. */
  readonly own: bigint
}

/** The key of a row under the names of the target. */
export const keyOf = ({ mappings }: Pick<Copier, "mappings">, { record }: Read): Record<string, unknown> =>
  Object.fromEntries(mappings.filter(({ to }) => isKey(to)).map(({ from, to }) => [to.name, record[from.name] ?? null]))

/** A row as it is to be written. */
export interface Copied {
  readonly writes: ReadonlyArray<Write>
  /** The lists among them. */
  readonly lists: ReadonlyArray<Written>
}

/** The writes that copy a row at a time; those of the static columns of its partition as well, if it is the first of it. */
export const copied = (copier: Copier, read: Read, now: number, isFirst: boolean): Copied | WriteTimeUnknown => {
  const { own, target, untimed, writes } = copier
  const key = keyOf(copier, read)
  const position = keyText(target, key)
  const isRow = target.clusteringKey.every(({ name }) => key[name] !== null)
  const statics = isFirst ? cellsOf(copier, read, "static") : []
  const regular = isRow ? cellsOf(copier, read, "regular") : []
  if (untimed === "refuse") {
    const unknown = [...statics, ...regular].find(({ time }) => time === undefined)
    if (unknown !== undefined) return new WriteTimeUnknown({ part: `column ${unknown.column.name}` })
    if (isRow && regular.length === 0) return new WriteTimeUnknown({ part: "a row without columns outside its key" })
  }
  const groupsOf = (cells: ReadonlyArray<Cell>) =>
    grouped(cells.flatMap((cell) => {
      const ttl = leftOf(cell.ttl, read, now)
      // It has expired since it was read.
      return ttl !== undefined && ttl <= 0 ? [] : [{ ...cell, time: cell.time ?? own, ttl }]
    }))
  const [ofPartition, ofRow] = [groupsOf(statics), groupsOf(regular)]
  // The row itself has no time that can be read. Most likely it was written with its oldest cell.
  const [first, ...others]: ReadonlyArray<Group> = isRow && regular.length === 0
    ? [{ time: own, ttl: undefined, cells: [] }]
    : ofRow
  return {
    writes: [
      ...ofPartition.map((group) => writes.update("static", key, group)),
      ...(first === undefined ? [] : writes.insert(key, first)),
      ...others.map((group) => writes.update("regular", key, group))
    ],
    lists: [...listsIn("static", key, position, ofPartition), ...listsIn("regular", key, position, ofRow)]
  }
}

const cellsOf = ({ mappings, timed }: Copier, read: Read, kind: "static" | "regular"): ReadonlyArray<Cell> =>
  mappings.flatMap(({ from, to }) =>
    to.kind === kind
      ? cellsIn(from, read, timed.has(from)).map((cell) => ({ ...cell, column: to }))
      : []
  )
