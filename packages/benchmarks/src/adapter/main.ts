/**
 * `npm run bench:adapter`: what a statement costs the client on a real server, beside the driver alone.
 *
 * docs/benchmarks.md describes the comparison. `--quick` takes fewer statements and rounds.
 */
import { CassandraSession } from "@effect-cql/cassandra"
import { executeConcurrentWithArgs, type Session } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server"
import cassandra from "cassandra-driver"
import { Effect, Layer, Redacted } from "effect"
import { atLeast, atMost, conclude, printTable, type Row } from "../internal/report.ts"
import { measure, type Samples } from "../internal/rounds.ts"
import { spread } from "../internal/stats.ts"
import { alone, aloneNames } from "./alone.ts"
import { everybody, names, type Work } from "./contenders.ts"
import { best, bulk, bulkNames, byLevel, speedUp, throughputNames } from "./throughput.ts"
import { typedContenders, typedNames, wideInsert, wideTable } from "./typed.ts"

const quick = process.argv.includes("--quick")
const level = 100
const plan = { statements: quick ? 5_000 : 20_000, rounds: quick ? 5 : 10, warmUp: 2, runsBefore: 1 }
const began = performance.now()

const keyspace = `bench_adapter_${process.pid}`
const insert: Work = {
  text: `INSERT INTO ${keyspace}.t (id, name, score) VALUES (?, ?, ?)`,
  parameters: Array.from({ length: plan.statements }, (_, id) => [id, `name ${id}`, id / 7])
}
const rowsOfBatch = 50
const bulkInsert: Work = {
  text: `INSERT INTO ${keyspace}.part (part, id, name) VALUES (?, ?, ?)`,
  parameters: Array.from({ length: plan.statements }, (_, id) => [Math.floor(id / rowsOfBatch), id, `name ${id}`])
}
const select: Work = {
  text: `SELECT id, name, score FROM ${keyspace}.t WHERE id = ?`,
  parameters: insert.parameters.map(([id]) => [id])
}

const client = Effect.acquireRelease(
  Effect.flatMap(
    CassandraServer.CassandraServer,
    ({ contactPoints, credentials, localDataCenter }) =>
      Effect.promise(async () => {
        const login = credentials === undefined
          ? undefined
          : { credentials: { username: credentials.username, password: Redacted.value(credentials.password) } }
        const client = new cassandra.Client({ contactPoints: [...contactPoints], localDataCenter, ...login })
        await client.connect()
        return client
      })
  ),
  (client) => Effect.promise(() => client.shutdown())
)

const tables = (client: cassandra.Client) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      await client.execute(
        `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`
      )
      await client.execute(`CREATE TABLE ${keyspace}.t (id int PRIMARY KEY, name text, score double)`)
      await client.execute(`CREATE TABLE ${keyspace}.part (part int, id int, name text, PRIMARY KEY (part, id))`)
      await client.execute(wideTable(`${keyspace}.wide`))
    }),
    () => Effect.promise(() => client.execute(`DROP KEYSPACE ${keyspace}`))
  )

const SessionLive = Layer.unwrap(
  Effect.map(
    CassandraServer.CassandraServer,
    ({ contactPoints, credentials, localDataCenter }) =>
      CassandraSession.layer({ contactPoints, localDataCenter, spans: false, metrics: false, ...credentials })
  )
)

const ratio = (samples: Samples, name: string, to: string) =>
  spread(samples.of(name).map(({ cpu }, round) => cpu / samples.of(to)[round]!.cpu))

/** Prints the contenders beside one of them. */
const report = (title: string, samples: Samples, to: string, unit = "statement"): void =>
  printTable(
    title,
    [`us a ${unit}`, "CPU", "wall", `CPU / ${to}`, "quartiles"],
    samples.names.map((name): Row => {
      const { high, low, median } = ratio(samples, name, to)
      const quartiles = name === to ? "" : `${low.toFixed(2)} to ${high.toFixed(2)}`
      return [name, samples.median(name), samples.median(name, "wall"), median, quartiles]
    })
  )

const main = Effect.gen(function*() {
  const server = yield* CassandraServer.CassandraServer
  const context = yield* Effect.context<Session>()
  const driver = yield* client
  yield* tables(driver)
  const run = (work: Work) => Effect.promise(() => measure(everybody(context, driver, work, level), plan))
  const inserts = yield* run(insert)
  report(`INSERT, ${plan.statements} at level ${level}`, inserts, names.driver)
  const selects = yield* run(select)
  report(`SELECT of one row, ${plan.statements} at level ${level}`, selects, names.driver)

  const wide = wideInsert(`${keyspace}.wide`, plan.statements)
  yield* executeConcurrentWithArgs(wide.text, wide.parameters, { concurrency: level })
  const typed = yield* Effect.promise(() =>
    measure(typedContenders(context, `${keyspace}.wide`, plan.statements, level), plan)
  )
  report(`SELECT of one row of ten columns, ${plan.statements} at level ${level}`, typed, typedNames.untyped)

  const few = { ...plan, statements: plan.statements / 10 }
  const single = yield* Effect.promise(() => measure(alone.statements(context, driver, select, few.statements), few))
  report(`SELECT of one row, ${few.statements} one after the other`, single, aloneNames.execute)
  const pages = yield* Effect.promise(() => measure(alone.pages(context, driver, `${keyspace}.t`, few.statements), few))
  report(`${few.statements} pages of ten rows, one after the other`, pages, aloneNames.executePages, "page")

  const fast = yield* Effect.promise(() => measure(byLevel(context, driver, insert), plan))
  const [ours, theirs] = [best(fast, throughputNames.library), best(fast, throughputNames.driver)]
  report(`INSERT, ${plan.statements} by level`, fast, theirs)
  // A run of batches takes a tenth of the time of the others: with one run before it, half of it would be the compiler's.
  const bulks = yield* Effect.promise(() =>
    measure(bulk(context, driver, bulkInsert, { level: 32, size: rowsOfBatch }), { ...plan, runsBefore: 8 })
  )
  report(
    `INSERT, ${plan.statements} in unlogged batches of ${rowsOfBatch} rows of a partition`,
    bulks,
    bulkNames.driver
  )

  conclude("adapter", [
    atMost(
      "INSERT, client CPU a statement, to the driver's executeConcurrent",
      ratio(inserts, names.library, names.driver).median,
      1
    ),
    atMost(
      "SELECT, client CPU a statement, to the driver's executeConcurrent",
      ratio(selects, names.library, names.driver).median,
      0.9
    ),
    atMost(
      "SELECT of ten columns, client CPU a statement, with a schema to without one",
      ratio(typed, typedNames.typed, typedNames.untyped).median,
      1.1
    ),
    atMost(
      "yield* statement, client CPU, to client.execute",
      ratio(single, aloneNames.statement, aloneNames.execute).median,
      1.2
    ),
    atMost(
      "session.stream, client CPU a page, to client.execute with its page state",
      ratio(pages, aloneNames.stream, aloneNames.executePages).median,
      1.2
    ),
    atLeast(
      "INSERT, throughput to the driver's executeConcurrent, best level each, lower 95 % bound",
      speedUp(fast, ours, theirs).lowerBound,
      0.95
    ),
    atLeast(
      "INSERT in unlogged batches, throughput to a bare loop of client.batch",
      speedUp(bulks, bulkNames.library, bulkNames.driver).median,
      0.9
    )
  ], {
    server: { provider: server.provider, version: server.version },
    plan,
    inserts,
    selects,
    typed,
    single,
    pages,
    fast,
    bulks
  })
}).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(SessionLive, CassandraServer.layer())))

await Effect.runPromise(main)
console.log(`${Math.round((performance.now() - began) / 1_000)} s`)
