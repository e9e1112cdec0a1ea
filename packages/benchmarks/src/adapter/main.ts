/**
 * `npm run bench:adapter`: what a statement costs the client on a real server, beside the driver alone.
 *
 * docs/benchmarks.md describes the comparison. `--quick` takes fewer statements and rounds; words
 * name the sections to run.
 */
import { CassandraSession } from "@effect-cql/cassandra"
import { executeConcurrentWithArgs, type Session } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server"
import cassandra from "cassandra-driver"
import { Effect, Layer, Redacted } from "effect"
import { atLeast, atMost, conclude, printTable, type Row, type Verdict } from "../internal/report.ts"
import { measure, type Samples } from "../internal/rounds.ts"
import { chosen } from "../internal/sections.ts"
import { spread } from "../internal/stats.ts"
import { alone, aloneNames } from "./alone.ts"
import { everybody, names, type Work } from "./contenders.ts"
import { best, bulk, bulkNames, byConcurrency, speedUp, throughputNames } from "./throughput.ts"
import { typedContenders, typedNames, wideInsert, wideTable } from "./typed.ts"

const { quick, sections } = chosen(["insert", "select", "typed", "alone", "pages", "throughput", "batches"])
const concurrency = 100
const plan = { statements: quick ? 5_000 : 20_000, rounds: quick ? 5 : 10, warmUp: 2, runsBefore: 1 }
// Contenders that do nearly the same differ by less than two rounds of one of them: the median needs more of them.
const close = { ...plan, rounds: 3 * plan.rounds }
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
  yield* executeConcurrentWithArgs(insert.text, insert.parameters, { concurrency })

  const atConcurrency = (title: string, work: Work, bound: number) => async () => {
    const samples = await measure(everybody(context, driver, work, concurrency), plan)
    report(`${title}, ${plan.statements} at concurrency ${concurrency}`, samples, names.driver)
    const budget = `${title}, client CPU a statement, to the driver's executeConcurrent`
    return { measured: samples, verdicts: [atMost(budget, ratio(samples, names.library, names.driver).median, bound)] }
  }

  const typed = async () => {
    const wide = wideInsert(`${keyspace}.wide`, plan.statements)
    await Effect.runPromiseWith(context)(executeConcurrentWithArgs(wide.text, wide.parameters, { concurrency }))
    const samples = await measure(typedContenders(context, `${keyspace}.wide`, plan.statements, concurrency), close)
    report(
      `SELECT of one row of ten columns, ${plan.statements} at concurrency ${concurrency}`,
      samples,
      typedNames.untyped
    )
    const budget = "SELECT of ten columns, client CPU a statement, with a schema to without one"
    const { median } = ratio(samples, typedNames.typed, typedNames.untyped)
    return { measured: samples, verdicts: [atMost(budget, median, 1.1)] }
  }

  const few = { ...plan, statements: plan.statements / 10 }
  const single = async () => {
    const samples = await measure(alone.statements(context, driver, select, few.statements), few)
    report(`SELECT of one row, ${few.statements} one after the other`, samples, aloneNames.execute)
    const { median } = ratio(samples, aloneNames.statement, aloneNames.execute)
    return { measured: samples, verdicts: [atMost("yield* statement, client CPU, to client.execute", median, 1.2)] }
  }

  const pages = async () => {
    const samples = await measure(alone.pages(context, driver, `${keyspace}.t`, few.statements), few)
    report(`${few.statements} pages of ten rows, one after the other`, samples, aloneNames.executePages, "page")
    const budget = "session.stream, client CPU a page, to client.execute with its page state"
    const { median } = ratio(samples, aloneNames.stream, aloneNames.executePages)
    return { measured: samples, verdicts: [atMost(budget, median, 1.2)] }
  }

  const throughput = async () => {
    const samples = await measure(byConcurrency(context, driver, insert), plan)
    const [ours, theirs] = [best(samples, throughputNames.library), best(samples, throughputNames.driver)]
    report(`INSERT, ${plan.statements} by concurrency`, samples, theirs)
    const budget = "INSERT, throughput to the driver's executeConcurrent, best concurrency each, lower 95 % bound"
    return { measured: samples, verdicts: [atLeast(budget, speedUp(samples, ours, theirs).lowerBound, 0.95)] }
  }

  // A run of batches takes a tenth of the time of the others, about as long as a collection of garbage on the server: a sample
  // of one run shows when that was.
  const batches = async () => {
    const contenders = bulk(context, driver, bulkInsert, { concurrency: 32, size: rowsOfBatch })
    const samples = await measure(contenders, { ...close, runsBefore: 2, runs: 8 })
    const title = `INSERT, ${plan.statements} in unlogged batches of ${rowsOfBatch} rows of a partition`
    report(title, samples, bulkNames.driver)
    const { median } = speedUp(samples, bulkNames.library, bulkNames.driver)
    const budget = "INSERT in unlogged batches, throughput to a bare loop of client.batch"
    return { measured: samples, verdicts: [atLeast(budget, median, 0.9)] }
  }

  const section = {
    insert: atConcurrency("INSERT", insert, 1),
    select: atConcurrency("SELECT of one row", select, 0.9),
    typed,
    alone: single,
    pages,
    throughput,
    batches
  }
  const measured: Record<string, unknown> = {
    server: { provider: server.provider, version: server.version },
    plan
  }
  const verdicts: Array<Verdict> = []
  for (const name of sections) {
    const result = yield* Effect.promise(section[name])
    measured[name] = result.measured
    verdicts.push(...result.verdicts)
  }
  conclude("adapter", verdicts, measured)
}).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(SessionLive, CassandraServer.layer())))

await Effect.runPromise(main)
console.log(`${Math.round((performance.now() - began) / 1_000)} s`)
