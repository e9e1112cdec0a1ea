/** Loads every city of the world into a real Cassandra, concurrently, and reads it back checked. */
import { CassandraServer } from "@effect-cql/test-server"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, FileSystem, Layer } from "effect"
import { sessionTo } from "../cassandra.ts"
import { cities } from "./cities.ts"
import { countRows, createSchema, load, readBack, type Row, streamBack } from "./steps.ts"

const grouped = (count: number): string => Math.round(count).toLocaleString("en-US")

const table = (rows: ReadonlyArray<Row>): string => {
  const format = ([step, rows, seconds, rate, failures]: ReadonlyArray<string>) =>
    `${step?.padEnd(12)}${rows?.padStart(10)}${seconds?.padStart(10)}${rate?.padStart(10)}  ${failures}`
  const lines = rows.map(({ failures, rows, seconds, step }) => {
    const reasons = Object.entries(failures).map(([reason, count]) => `${count} ${reason}`).join(", ")
    return format([step, grouped(rows), seconds.toFixed(1), grouped(rows / seconds), reasons || "none"])
  })
  return [format(["step", "rows", "seconds", "rows/s", "failures by reason"]), ...lines].join("\n")
}

const demo = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const file = `${yield* files.makeTempDirectory({ prefix: "effect-cql-" })}/report.html`
  yield* createSchema
  const steps = [yield* load(file), yield* countRows, yield* readBack, yield* streamBack]
  yield* Console.log(`\n${table(steps)}\n\n${grouped(cities.length)} rows loaded and verified`)
  yield* Console.log(`A report of the load, for a browser: ${file}`)
})

const SessionLive = Layer.unwrap(Effect.map(CassandraServer.CassandraServer, sessionTo)).pipe(
  Layer.provide(CassandraServer.layer({ heap: "1g" }))
)

const main = Console.log("starting a Cassandra server, or finding one ...").pipe(
  Effect.andThen(Effect.provide(demo, Layer.merge(SessionLive, NodeServices.layer)))
)

NodeRuntime.runMain(main)
