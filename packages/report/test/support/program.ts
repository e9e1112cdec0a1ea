/** A run that shows its progress on the terminal of this process. `--fail` ends it with a defect, `--endless` not at all. */
import { runConcurrent, Session, Statement } from "@effect-cql/core"
import * as Reporter from "@effect-cql/report/Reporter"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const total = 600
const inserts = Array.from({ length: total }, (_, id) => Statement.make("INSERT INTO app.users (id) VALUES (?)", [id]))
const endless = process.argv.includes("--endless")
const fails = process.argv.includes("--fail")

const program = Effect.gen(function*() {
  yield* Console.log("before")
  yield* Effect.scoped(Effect.gen(function*() {
    const onProgress = yield* Reporter.console({ title: "users", total })
    const options = { onProgress, concurrency: 20, progressInterval: "50 millis" } as const
    yield* runConcurrent(endless ? Stream.concat(Stream.fromIterable(inserts), Stream.never) : inserts, options)
    if (fails) return yield* Effect.die("a defect")
  }))
  yield* Console.log("after")
})

const SessionLive = Layer.effect(
  Session,
  Session.make({ execute: () => Effect.delay(Effect.succeed({ rows: [] }), "15 millis") })
)

NodeRuntime.runMain(program.pipe(Effect.provide([SessionLive, NodeServices.layer])))
