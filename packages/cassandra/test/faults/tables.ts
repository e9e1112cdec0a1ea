/** The tables of scripted faults on Cassandra, and the statements on them by which a proxy knows which is which. */
import { Query, type Session, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { Context, Effect, Layer } from "effect"
import process from "node:process"
import { CassandraSession } from "../../src/index.ts"
import { optionsOf } from "./connect.ts"

const keyspace = `faults_suite_${process.pid}`

const schema = [
  `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
  `CREATE TABLE ${keyspace}.plain (run text, id int, v int, PRIMARY KEY ((run, id)))`,
  `CREATE TABLE ${keyspace}.counts (run text, id int, n counter, PRIMARY KEY ((run, id)))`,
  `CREATE TABLE ${keyspace}.lists (run text, id int, l list<int>, PRIMARY KEY ((run, id)))`,
  `CREATE TABLE ${keyspace}.events (run text, n int, PRIMARY KEY (run, n))`,
  `CREATE TABLE ${keyspace}.values_of (run text, id int, i int, b bigint, f double, d date, t timestamp, x blob, s text,
    PRIMARY KEY ((run, id)))`
]

/** Marks the ids, so that they are found among the bytes of a request. */
const mark = 0x51f00000

/** The id of the statement of an index. */
export const idOf = (index: number): number => mark + index

/** The index of an id. */
export const indexOf = (id: number): number => id - mark

const marked = Buffer.from([0, 0, 0, 4, 0x51, 0xf0])

/** The index of the first statement in a request; nothing where no statement of these tables is in it. */
export const indexIn = (body: Buffer): number | undefined => {
  const at = body.indexOf(marked)
  return at < 0 ? undefined : body.readUInt16BE(at + marked.length)
}

/** Rows of one run, by index. */
export type Found = ReadonlyMap<number, Readonly<Record<string, unknown>>>

let runs = 0

/** The statements of one run, and what is in the tables of it. */
export class RunTables {
  readonly run = `run ${runs++}`
  readonly #direct: Session["Service"]

  constructor(direct: Session["Service"]) {
    this.#direct = direct
  }

  readonly insert = (index: number, options?: Statement.Options) =>
    Statement.make(
      `INSERT INTO ${keyspace}.plain (run, id, v) VALUES (?, ?, ?)`,
      [this.run, idOf(index), index],
      options
    )

  readonly insertIfNew = (index: number, options?: Statement.Options) =>
    Statement.make(
      `INSERT INTO ${keyspace}.plain (run, id, v) VALUES (?, ?, ?) IF NOT EXISTS`,
      [this.run, idOf(index), index],
      options
    )

  readonly read = (index: number, options?: Statement.Options) =>
    Statement.make(`SELECT v FROM ${keyspace}.plain WHERE run = ? AND id = ?`, [this.run, idOf(index)], options)

  readonly updateIf = (index: number, from: number, to: number, options?: Statement.Options) =>
    Statement.make(
      `UPDATE ${keyspace}.plain SET v = ? WHERE run = ? AND id = ? IF v = ?`,
      [to, this.run, idOf(index), from],
      options
    )

  readonly increment = (index: number, options?: Statement.Options) =>
    Statement.make(`UPDATE ${keyspace}.counts SET n = n + 1 WHERE run = ? AND id = ?`, [this.run, idOf(index)], options)

  readonly append = (index: number, options?: Statement.Options) =>
    Statement.make(
      `UPDATE ${keyspace}.lists SET l = l + ? WHERE run = ? AND id = ?`,
      [[index], this.run, idOf(index)],
      options
    )

  readonly insertValue = (index: number | null, column: string, value: unknown) =>
    Statement.make(
      `INSERT INTO ${keyspace}.values_of (run, id, ${column}) VALUES (?, ?, ?)`,
      [this.run, index === null ? null : idOf(index), value],
      { retry: "none" }
    )

  /** All rows of the tokens from one to another, of every run. */
  readonly range = (after: bigint, to: bigint, comparison: ">" | ">=" = ">") =>
    Statement.make(
      `SELECT run, id FROM ${keyspace}.plain WHERE token(run, id) ${comparison} ? AND token(run, id) <= ?`,
      [after, to]
    )

  readonly keyspace = keyspace

  readonly event = Query.make(`INSERT INTO ${keyspace}.events (run, n) VALUES (?, ?)`)

  readonly events = (options?: Statement.Options) =>
    Statement.make(`SELECT n FROM ${keyspace}.events WHERE run = ?`, [this.run], options)

  /** The rows of a table, seen past the proxy. */
  found(table: "plain" | "counts" | "lists" | "values_of"): Effect.Effect<Found, unknown> {
    const all = Statement.make(`SELECT * FROM ${keyspace}.${table} WHERE run = ? ALLOW FILTERING`, [this.run], {
      requestTimeout: "30 seconds"
    })
    return Effect.map(
      this.#direct.execute(all),
      ({ rows }) => new Map(rows.map((row) => [indexOf(Number(row["id"])), row]))
    )
  }
}

/** The tables, for as long as the faults run. */
export class Tables extends Context.Service<Tables, {
  /** A session that no proxy is in the way of. */
  readonly direct: Session["Service"]
  readonly forRun: () => RunTables
}>()("test/faults/Tables") {
  static readonly layer: Layer.Layer<Tables, unknown, CassandraServer> = Layer.effect(
    Tables,
    Effect.gen(function*() {
      const server = yield* CassandraServer
      const direct = yield* CassandraSession.make(optionsOf(server, server.contactPoints[0]!))
      const run = (text: string) => direct.execute(Statement.make(text, [], { requestTimeout: "1 minute" }))
      const drop = run(`DROP KEYSPACE IF EXISTS ${keyspace}`)
      yield* drop
      yield* Effect.acquireRelease(Effect.forEach(schema, run), () => Effect.ignore(drop))
      return Tables.of({ direct, forRun: () => new RunTables(direct) })
    })
  )
}
