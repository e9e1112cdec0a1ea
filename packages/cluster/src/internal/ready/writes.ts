/**
 * The statements that write cells to a row, each with its own write time and time to live.
 */
import { Statement } from "@effect-cql/core"
import { quoted } from "@effect-cql/core/Cql"
import type { Table } from "@effect-cql/schema"
import { type Cell, shapeOf, tableName } from "./cells.ts"

type ColumnMeta = Table.ColumnMeta
type Write = Statement.Statement<unknown>

/** Cells of a row that have the same write time and time to live. */
export interface Group {
  readonly time: bigint
  readonly ttl: number | undefined
  readonly cells: ReadonlyArray<Cell>
}

/** Groups cells, the oldest write first. */
export const grouped = (cells: ReadonlyArray<Cell & { readonly time: bigint }>): ReadonlyArray<Group> => {
  const groups = new Map<string, { readonly time: bigint; readonly ttl: number | undefined; cells: Array<Cell> }>()
  for (const cell of cells) {
    const { time, ttl } = cell
    const key = `${time} ${ttl}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { time, ttl, cells: [cell] })
    else group.cells.push(cell)
  }
  return [...groups.values()].sort((one, other) => one.time < other.time ? -1 : one.time > other.time ? 1 : 0)
}

type Record_ = Readonly<Record<string, unknown>>

/** The place of a value in the SET clause of an UPDATE. */
interface Slot {
  readonly name: string
  readonly text: string
}

const slotOf = ({ column, field }: Cell): Slot => {
  const name = quoted(column.name)
  if (field !== undefined) return { name: `${name}.${quoted(field)}`, text: `${name}.${quoted(field)} = ?` }
  const shape = shapeOf(column)
  return { name, text: shape === "set" || shape === "map" ? `${name} = ${name} + ?` : `${name} = ?` }
}

// Adding elements to a set or a map at a fixed time is the same when it is done twice.
const options = (timestamp: bigint): Statement.Options => ({ timestamp, idempotent: true })

/** The writes of a table. Every row has the same few texts: a column that a write leaves alone is unset. */
export class Writes {
  readonly #meta: Table.Meta
  readonly #key: ReadonlyArray<ColumnMeta>
  readonly #inserted: ReadonlyArray<ColumnMeta>
  readonly #insertText: string
  readonly #slots = { static: new Map<string, Slot>(), regular: new Map<string, Slot>() }

  constructor(meta: Table.Meta) {
    this.#meta = meta
    this.#key = [...meta.partitionKey, ...meta.clusteringKey]
    this.#inserted = [
      ...this.#key,
      ...meta.columns.filter((column) => column.kind === "regular" && shapeOf(column) === "one")
    ]
    this.#insertText =
      `INSERT INTO ${tableName(meta)} (${this.#inserted.map(({ name }) => quoted(name)).join(", ")}) ` +
      `VALUES (${this.#inserted.map(() => "?").join(", ")}) USING TTL ?`
  }

  /** Writes the row itself with the cells of a group. Elements of collections and fields are written behind it. */
  insert(key: Record_, group: Group): ReadonlyArray<Write> {
    const values = new Map(group.cells.map((cell) => [cell.column.name, cell.value]))
    const params = this.#inserted.map((column) =>
      this.#key.includes(column)
        ? key[column.name]
        : values.has(column.name)
        ? values.get(column.name)
        : Statement.unset
    )
    const others = group.cells.filter(({ column }) => shapeOf(column) !== "one")
    const insert = Statement.make(this.#insertText, [...params, group.ttl ?? 0], options(group.time))
    return others.length === 0 ? [insert] : [insert, this.update("regular", key, { ...group, cells: others })]
  }

  /** Writes the cells of a group to a row, or to the static columns of a partition. */
  update(kind: "static" | "regular", key: Record_, { cells, time, ttl }: Group): Write {
    const slots = this.#slots[kind]
    const values = new Map<string, unknown>()
    for (const cell of cells) {
      const slot = slotOf(cell)
      if (!slots.has(slot.name)) slots.set(slot.name, slot)
      add(values, slot.name, cell.value)
    }
    const of = kind === "static" ? this.#meta.partitionKey : this.#key
    const sets = [...slots.values()].map(({ text }) => text).join(", ")
    return Statement.make(
      // A time to live of 0 is none, also where the table has a default.
      `UPDATE ${tableName(this.#meta)} USING TTL ? SET ${sets} WHERE ` +
        of.map(({ name }) => `${quoted(name)} = ?`).join(" AND "),
      [
        ttl ?? 0,
        ...[...slots.keys()].map((name) => values.has(name) ? values.get(name) : Statement.unset),
        ...of.map(({ name }) => key[name])
      ],
      options(time)
    )
  }
}

/** Sets a value, or adds the elements of a collection to those that are written with it. */
const add = (values: Map<string, unknown>, name: string, value: unknown): void => {
  const before = values.get(name)
  if (before instanceof Set && value instanceof Set) { for (const element of value) before.add(element) }
  else if (before instanceof Map && value instanceof Map) {
    for (const [key, element] of value) {
      before.set(key, element)
    }
  } else values.set(name, value instanceof Set ? new Set(value) : value instanceof Map ? new Map(value) : value)
}
