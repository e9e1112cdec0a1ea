/** Loads every city of the world into a real Cassandra, concurrently, and reads it back checked. */
import { CassandraServer } from "@effect-cql/testing/CassandraServer"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { sessionTo } from "../cassandra.ts"
import { createSchema, load, readBack, type Row, streamBack } from "./steps.ts"

const table = (rows: ReadonlyArray<Row>): string => {
  const format = (cells: ReadonlyArray<string>) =>
    cells.map((cell, column) => column === 0 || column === 4 ? cell.padEnd(14) : cell.padStart(10)).join("  ")
  const lines = rows.map(({ failures, rows, seconds, step }) => {
    const reasons = Object.entries(failures).map(([reason, count]) => `${reason}: ${count}`).join(", ")
    return format([step, String(rows), seconds.toFixed(1), String(Math.round(rows / seconds)), reasons || "none"])
  })
  return [format(["step", "rows", "seconds", "rows/s", "failures"]), ...lines].join("\n")
}

const demo = Effect.gen(function*() {
  yield* createSchema
  const loaded = yield* load
  const steps = [loaded, yield* readBack, yield* streamBack]
  yield* Console.log(`\n${table(steps)}\n\n${loaded.rows} rows loaded and verified`)
})

const Session = Layer.unwrap(Effect.map(CassandraServer, sessionTo)).pipe(
  Layer.provide(CassandraServer.layerWith({ heap: "1g" }))
)

NodeRuntime.runMain(Effect.provide(demo, Session))
