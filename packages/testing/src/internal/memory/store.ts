/**
 * The rows of a table: partitions by their token, rows by their clustering columns, cells that the later write wins.
 */
import * as Murmur3 from "./murmur3.ts"
import type { Table } from "./schema.ts"
import { concat, latin, toBytes } from "./values/bytes.ts"
import { compareBytes } from "./values/compare.ts"
import type { CqlType } from "./values/types.ts"

/** A write time: microseconds, and below them the order of writes that the server dates at one microsecond. */
export type WriteTime = bigint

const subBits = 20n

export const writeTime = (microseconds: bigint, order = 0n): WriteTime => (microseconds << subBits) | order

export const microsecondsOf = (time: WriteTime): bigint => time >> subBits

/** Before every write. */
export const never: WriteTime = -(1n << 90n)

/** Lifetime of a value. */
export interface Life {
  readonly time: WriteTime
  /** Seconds; 0 for no expiry. */
  readonly ttl: number
  /** Second of its end; `undefined` for never. */
  readonly expiresAt: number | undefined
}

/** One value. Without one it is a tombstone. */
export interface Cell extends Life {
  readonly value: unknown
  readonly isTombstone: boolean
}

/** An element of a collection, or a field of a user-defined type. */
export interface ElementCell extends Cell {
  /** Identity of an element. */
  readonly id: string
  /** The key of a map, the element of a set, the name of a field; of a list its place. */
  readonly key: unknown
}

export interface Complex {
  deletedAt: WriteTime
  readonly cells: Map<string, ElementCell>
}

export interface Row {
  clustering: ReadonlyArray<unknown>
  liveness: Life | undefined
  deletedAt: WriteTime
  readonly cells: Map<string, Cell>
  readonly complexes: Map<string, Complex>
}

/** One end of a range of rows: the clustering columns that it names, and whether rows that begin so are within. */
export interface Bound {
  values: ReadonlyArray<unknown>
  readonly isInclusive: boolean
}

export interface Range {
  readonly start: Bound
  readonly end: Bound
}

export interface Partition {
  key: ReadonlyArray<unknown>
  readonly id: string
  readonly token: bigint
  deletedAt: WriteTime
  readonly ranges: Array<Range & { readonly time: WriteTime }>
  readonly statics: Row
  /** In the order of their clustering columns. */
  readonly rows: Array<Row>
}

/** A part of a write. Without clustering columns it is about the static row. */
export type Change =
  | { readonly _tag: "Liveness"; readonly clustering: ReadonlyArray<unknown>; readonly life: Life }
  | {
    readonly _tag: "Cell"
    readonly clustering: ReadonlyArray<unknown> | undefined
    readonly column: string
    readonly type: CqlType
    readonly cell: Cell
  }
  | {
    readonly _tag: "Complex"
    readonly clustering: ReadonlyArray<unknown> | undefined
    readonly column: string
    readonly type: CqlType
    readonly deletedAt: WriteTime
    readonly cells: ReadonlyArray<ElementCell>
  }
  | {
    readonly _tag: "Count"
    readonly clustering: ReadonlyArray<unknown> | undefined
    readonly column: string
    readonly delta: bigint
    readonly time: WriteTime
  }
  | { readonly _tag: "DeleteRow"; readonly clustering: ReadonlyArray<unknown>; readonly time: WriteTime }
  | { readonly _tag: "DeleteRange"; readonly range: Range; readonly time: WriteTime }
  | { readonly _tag: "DeletePartition"; readonly time: WriteTime }

/** A write to one partition. */
export interface Mutation {
  readonly table: Table
  readonly key: ReadonlyArray<unknown>
  readonly changes: ReadonlyArray<Change>
}

const emptyRow = (clustering: ReadonlyArray<unknown>): Row => ({
  clustering,
  liveness: undefined,
  deletedAt: never,
  cells: new Map(),
  complexes: new Map()
})

/** The bytes of a partition key. */
export const keyBytes = (table: Table, key: ReadonlyArray<unknown>): Uint8Array => {
  const parts = table.partition.map(({ type }, index) => toBytes(type, key[index], table.fieldsOf))
  if (parts.length === 1) return parts[0]!
  return concat(parts.flatMap((part) => [Uint8Array.of(part.length >> 8, part.length & 255), part, Uint8Array.of(0)]))
}

/** The identity of a partition key among those of its table. */
export const identityOf = (table: Table, key: ReadonlyArray<unknown>): string => latin(keyBytes(table, key))

/** The order of partitions in a scan. */
const comparePlaces = (one: Partition, other: Partition): number =>
  one.token !== other.token ? (one.token < other.token ? -1 : 1) : one.id < other.id ? -1 : one.id > other.id ? 1 : 0

const maxTime = (one: WriteTime, other: WriteTime): WriteTime => one > other ? one : other

export class Store {
  readonly #table: Table
  readonly #partitions = new Map<string, Partition>()
  #ordered: ReadonlyArray<Partition> | undefined

  constructor(table: Table) {
    this.#table = table
  }

  /** All partitions, by token. */
  get partitions(): ReadonlyArray<Partition> {
    this.#ordered ??= [...this.#partitions.values()].sort(comparePlaces)
    return this.#ordered
  }

  /** The partitions at and after the place of one, which need not be among them. */
  partitionsFrom(first: Partition | undefined): ReadonlyArray<Partition> {
    const { partitions } = this
    if (first === undefined) return partitions
    let [low, high] = [0, partitions.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (comparePlaces(partitions[middle]!, first) < 0) low = middle + 1
      else high = middle
    }
    return partitions.slice(low)
  }

  find(key: ReadonlyArray<unknown>): Partition | undefined {
    return this.#partitions.get(identityOf(this.#table, key))
  }

  clear(): void {
    this.#partitions.clear()
    this.#ordered = undefined
  }

  /** Forgets what a column held. */
  dropColumn(name: string): void {
    for (const partition of this.#partitions.values()) {
      for (const row of [partition.statics, ...partition.rows]) {
        row.cells.delete(name)
        row.complexes.delete(name)
      }
    }
  }

  #partition(key: ReadonlyArray<unknown>): Partition {
    const bytes = keyBytes(this.#table, key)
    const id = latin(bytes)
    const found = this.#partitions.get(id)
    if (found !== undefined) return found
    const made: Partition = {
      key,
      id,
      token: Murmur3.token(bytes),
      deletedAt: never,
      ranges: [],
      statics: emptyRow([]),
      rows: []
    }
    this.#partitions.set(id, made)
    this.#ordered = undefined
    return made
  }

  apply({ changes, key }: Mutation): void {
    const partition = this.#partition(key)
    for (const change of changes) this.#change(partition, change)
  }

  #change(partition: Partition, change: Change): void {
    switch (change._tag) {
      case "DeletePartition":
        partition.deletedAt = maxTime(partition.deletedAt, change.time)
        for (const row of [partition.statics, ...partition.rows]) erase(row, change.time)
        return
      case "DeleteRange":
        partition.ranges.push({ ...change.range, time: change.time })
        for (const row of partition.rows) if (this.isWithin(row.clustering, change.range)) erase(row, change.time)
        return
      case "DeleteRow": {
        const row = this.#row(partition, change.clustering)
        row.deletedAt = maxTime(row.deletedAt, change.time)
        erase(row, change.time)
        return
      }
      case "Liveness": {
        const row = this.#row(partition, change.clustering)
        if (change.life.time > this.#deletedAt(partition, row) && supersedes(change.life, row.liveness)) {
          row.liveness = change.life
        }
        return
      }
      case "Cell": {
        const row = this.#rowOf(partition, change.clustering)
        if (change.cell.time <= this.#deletedAt(partition, row)) return
        const before = row.cells.get(change.column)
        if (before === undefined || this.#wins(change.cell, before, change.type)) {
          row.cells.set(change.column, change.cell)
        }
        return
      }
      case "Complex": {
        const row = this.#rowOf(partition, change.clustering)
        this.#changeComplex(row, change, this.#deletedAt(partition, row))
        return
      }
      case "Count": {
        const row = this.#rowOf(partition, change.clustering)
        if (change.time <= this.#deletedAt(partition, row)) return
        const before = row.cells.get(change.column)
        if (before?.isTombstone === true && before.time >= change.time) return
        const value = (before === undefined || before.isTombstone ? 0n : before.value as bigint) + change.delta
        row.cells.set(change.column, {
          time: before === undefined ? change.time : maxTime(before.time, change.time),
          ttl: 0,
          expiresAt: undefined,
          value: BigInt.asIntN(64, value),
          isTombstone: false
        })
      }
    }
  }

  #changeComplex(row: Row, change: Extract<Change, { readonly _tag: "Complex" }>, deletedAt: WriteTime): void {
    let complex = row.complexes.get(change.column)
    if (complex === undefined) {
      complex = { deletedAt: never, cells: new Map() }
      row.complexes.set(change.column, complex)
    }
    if (change.deletedAt > complex.deletedAt) {
      complex.deletedAt = change.deletedAt
      for (const [id, cell] of complex.cells) if (cell.time <= change.deletedAt) complex.cells.delete(id)
    }
    for (const cell of change.cells) {
      if (cell.time <= deletedAt || cell.time <= complex.deletedAt) continue
      const before = complex.cells.get(cell.id)
      if (before === undefined || this.#wins(cell, before, elementType(change.type, cell.key, this.#table))) {
        complex.cells.set(cell.id, cell)
      }
    }
  }

  #wins(cell: Cell, before: Cell, type: CqlType | undefined): boolean {
    if (cell.time !== before.time) return cell.time > before.time
    if (cell.isTombstone !== before.isTombstone) return cell.isTombstone
    const expires = cell.expiresAt !== undefined
    if (expires !== (before.expiresAt !== undefined)) return expires
    if (cell.expiresAt !== before.expiresAt) return (cell.expiresAt ?? 0) > (before.expiresAt ?? 0)
    if (cell.isTombstone || type === undefined) return true
    const bytes = (value: unknown) => toBytes(type, value, this.#table.fieldsOf)
    return compareBytes(bytes(cell.value), bytes(before.value)) >= 0
  }

  #rowOf(partition: Partition, clustering: ReadonlyArray<unknown> | undefined): Row {
    return clustering === undefined ? partition.statics : this.#row(partition, clustering)
  }

  #row(partition: Partition, clustering: ReadonlyArray<unknown>): Row {
    const at = this.position(partition, clustering)
    const found = partition.rows[at]
    if (found !== undefined && this.#table.compareClustering(found.clustering, clustering) === 0) return found
    const row = emptyRow(clustering)
    partition.rows.splice(at, 0, row)
    return row
  }

  /** The place of the first row at or after some clustering values. */
  position(partition: Partition, clustering: ReadonlyArray<unknown>): number {
    let [low, high] = [0, partition.rows.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#table.compareClustering(partition.rows[middle]!.clustering, clustering) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The row of a full key, dead or alive. */
  findRow(partition: Partition | undefined, clustering: ReadonlyArray<unknown>): Row | undefined {
    const row = partition?.rows[this.position(partition, clustering)]
    return row !== undefined && this.#table.compareClustering(row.clustering, clustering) === 0 ? row : undefined
  }

  /** The time up to which everything in a row is deleted. */
  #deletedAt(partition: Partition, row: Row): WriteTime {
    let time = maxTime(partition.deletedAt, row.deletedAt)
    if (row === partition.statics) return time
    for (const range of partition.ranges) {
      if (range.time > time && this.isWithin(row.clustering, range)) time = range.time
    }
    return time
  }

  isWithin(clustering: ReadonlyArray<unknown>, { end, start }: Range): boolean {
    const afterStart = this.#table.compareClustering(clustering, start.values)
    if (afterStart < 0 || afterStart === 0 && !start.isInclusive) return false
    const afterEnd = this.#table.compareClustering(clustering, end.values)
    return afterEnd < 0 || afterEnd === 0 && end.isInclusive
  }
}

/** The type of the values of an element. */
const elementType = (type: CqlType, key: unknown, table: Table): CqlType | undefined => {
  switch (type._tag) {
    case "List":
      return type.element
    case "Map":
      return type.value
    case "Udt":
      return table.fieldsOf(type.keyspace, type.name).find(({ name }) => name === key)?.type
    default:
      return undefined
  }
}

const supersedes = (life: Life, before: Life | undefined): boolean => {
  if (before === undefined || life.time !== before.time) return before === undefined || life.time > before.time
  const expires = life.expiresAt !== undefined
  if (expires !== (before.expiresAt !== undefined)) return expires
  return (life.expiresAt ?? 0) >= (before.expiresAt ?? 0)
}

/** Takes away what is not younger than a deletion. */
const erase = (row: Row, time: WriteTime): void => {
  if (row.liveness !== undefined && row.liveness.time <= time) row.liveness = undefined
  for (const [name, cell] of row.cells) if (cell.time <= time) row.cells.delete(name)
  for (const [name, complex] of row.complexes) {
    for (const [id, cell] of complex.cells) if (cell.time <= time) complex.cells.delete(id)
    if (complex.deletedAt <= time && complex.cells.size === 0) row.complexes.delete(name)
  }
}

/** Returns true if something lives at a second. */
export const isAlive = (life: Life, second: number): boolean => life.expiresAt === undefined || life.expiresAt > second
