/**
 * Writes of every kind that a run can be made of, and what each of them leaves behind.
 */
import { type CqlError, RetryPolicy, Session, Statement } from "@effect-cql/core"
import { Effect } from "effect"
import { ddl, keyspace } from "./cluster.ts"

/** Whether twice does harm, and whether it is seen by which statement it was, differs from kind to kind. */
export type Kind = "insert" | "conditional insert" | "conditional update" | "list append" | "counter increment"

/** One write of a run. */
export interface Write {
  readonly index: number
  readonly kind: Kind
  /** The part of the run that it was started in. */
  readonly phase: number
  readonly statement: Statement.Statement<unknown>
  /** The errors after which it was to be sent again. */
  readonly retries: Array<CqlError>
}

/** A mix of all that a service writes, mostly what may be repeated. */
export const everyKind: ReadonlyArray<Kind> = [
  "insert",
  "insert",
  "conditional insert",
  "insert",
  "list append",
  "insert",
  "insert",
  "counter increment",
  "insert",
  "insert"
]

/** Lists and counters of a phase: enough that they do not wait for one another. */
const buckets = 16

/** The row of a list or a counter. No phase shares one with another, so that each has an account of its own. */
export const bucketOf = ({ index, phase }: Pick<Write, "index" | "phase">): number => phase * buckets + index % buckets

/** The tables of one run. */
export interface Tables {
  readonly inserts: string
  readonly conditional: string
  readonly lists: string
  readonly counters: string
}

/** Makes the tables of a run, named after it. */
export const makeTables = Effect.fnUntraced(function*(run: string) {
  const table = (name: string, columns: string) => {
    const qualified = `${keyspace}.${run}_${name}`
    return Effect.as(ddl(`CREATE TABLE ${qualified} (id int PRIMARY KEY, ${columns})`), qualified)
  }
  const tables: Tables = {
    inserts: yield* table("inserts", "v int"),
    conditional: yield* table("conditional", "v int"),
    lists: yield* table("lists", "v list<int>"),
    counters: yield* table("counters", "v counter")
  }
  return tables
})

/** The write of an index. Its key, or the element that it appends, is the index: no other write has it. */
export const writeOf = (tables: Tables, kind: Kind, index: number, phase: number): Write => {
  const retries: Array<CqlError> = []
  const retry = RetryPolicy.make({
    while: (error) => {
      retries.push(error)
      return true
    }
  })
  const bucket = bucketOf({ index, phase })
  const bind = (text: string, params: Statement.Params) => Statement.make(text, params, { retry })
  const statements: { readonly [K in Kind]: () => Statement.Statement<unknown> } = {
    insert: () => bind(`INSERT INTO ${tables.inserts} (id, v) VALUES (?, ?)`, [index, index]),
    "conditional insert": () =>
      bind(`INSERT INTO ${tables.conditional} (id, v) VALUES (?, ?) IF NOT EXISTS`, [index, index]),
    // What has no row yet has null in its place.
    "conditional update": () =>
      bind(`UPDATE ${tables.conditional} SET v = ? WHERE id = ? IF v = ?`, [index, index, null]),
    "list append": () => bind(`UPDATE ${tables.lists} SET v = v + ? WHERE id = ?`, [[index], bucket]),
    "counter increment": () => bind(`UPDATE ${tables.counters} SET v = v + 1 WHERE id = ?`, [bucket])
  }
  return { index, kind, phase, statement: statements[kind](), retries }
}

/** Contents of the tables of a run. */
export interface Found {
  /** How often the insert, the conditional insert or the append of an index is there. */
  readonly times: ReadonlyMap<number, number>
  readonly counters: ReadonlyMap<number, bigint>
}

/** Reads all tables of a run at ALL. */
export const readAll = Effect.fnUntraced(function*(tables: Tables) {
  const session = yield* Session
  const retry = RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 9, initial: "200 millis" }),
    budget: { minimum: 1_000, share: 1 }
  })
  const read = (table: string) =>
    session.execute(Statement.make(`SELECT id, v FROM ${table}`, [], {
      consistency: "ALL",
      pageSize: 1_000,
      requestTimeout: "20 seconds",
      retry
    }))
  const times = new Map<number, number>()
  const count = (index: number) => times.set(index, (times.get(index) ?? 0) + 1)
  for (const table of [tables.inserts, tables.conditional]) {
    for (const { id, v } of yield* read(table)) {
      if (typeof id !== "number" || v !== id) {
        return yield* Effect.die(new Error(`${table} has a row that was never written`))
      }
      count(id)
    }
  }
  for (const { v } of yield* read(tables.lists)) {
    if (Array.isArray(v)) { for (const element of v) count(element) }
  }
  const counters = new Map<number, bigint>()
  for (const { id, v } of yield* read(tables.counters)) {
    if (typeof id === "number" && typeof v === "bigint") counters.set(id, v)
  }
  const found: Found = { times, counters }
  return found
})
