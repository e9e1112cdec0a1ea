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
import { atMost, conclude, printTable, type Row } from "../internal/report.ts"
import { measure, type Samples } from "../internal/rounds.ts"
import { spread } from "../internal/stats.ts"
import { everybody, names, type Work } from "./contenders.ts"
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

const ratio = (samples: Samples, name: string) =>
  spread(samples.of(name).map(({ cpu }, round) => cpu / samples.of(names.driver)[round]!.cpu))

const report = (title: string, samples: Samples): void =>
  printTable(
    title,
    ["us a statement", "CPU", "wall", "CPU / driver's", "quartiles"],
    samples.names.map((name): Row => {
      const { high, low, median } = ratio(samples, name)
      const quartiles = `${low.toFixed(2)} to ${high.toFixed(2)}`
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
  report(`INSERT, ${plan.statements} at level ${level}`, inserts)
  const selects = yield* run(select)
  report(`SELECT of one row, ${plan.statements} at level ${level}`, selects)
  const wide = wideInsert(`${keyspace}.wide`, plan.statements)
  yield* executeConcurrentWithArgs(wide.text, wide.parameters, { concurrency: level })
  const typed = yield* Effect.promise(() =>
    measure(typedContenders(context, `${keyspace}.wide`, plan.statements, level), plan)
  )
  const typedRatio = spread(
    typed.of(typedNames.typed).map(({ cpu }, round) => cpu / typed.of(typedNames.untyped)[round]!.cpu)
  )
  printTable(
    `SELECT of one row of ten columns, ${plan.statements} at level ${level}`,
    ["us a statement", "CPU", "wall", "CPU / untyped", "quartiles"],
    typed.names.map((name): Row => [
      name,
      typed.median(name),
      typed.median(name, "wall"),
      name === typedNames.typed ? typedRatio.median : 1,
      name === typedNames.typed ? `${typedRatio.low.toFixed(2)} to ${typedRatio.high.toFixed(2)}` : ""
    ])
  )
  conclude("adapter", [
    atMost("SELECT of ten columns, client CPU a statement, with a schema to without one", typedRatio.median, 1.1),
    atMost(
      "INSERT, client CPU a statement, to the driver's executeConcurrent",
      ratio(inserts, names.library).median,
      1.15
    ),
    atMost(
      "SELECT, client CPU a statement, to the driver's executeConcurrent",
      ratio(selects, names.library).median,
      1.15
    )
  ], { server: { provider: server.provider, version: server.version }, plan, inserts, selects, typed })
}).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(SessionLive, CassandraServer.layer())))

await Effect.runPromise(main)
console.log(`${Math.round((performance.now() - began) / 1_000)} s`)
