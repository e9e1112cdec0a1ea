/** A program with a session, as a process of its own. It writes a line for each step, and ends when its scope is closed. */
import { Statement } from "@effect-cql/core"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Schedule } from "effect"
import process from "node:process"
import { CassandraSession } from "../../src/index.ts"

const [contactPoint = "", mode] = process.argv.slice(2)
const write = Statement.make("INSERT INTO app.t (id) VALUES (1)", [], { retry: "none", idempotent: true })
const say = (line: string) => Effect.sync(() => process.stdout.write(`${line}\n`))
const line = Effect.callback<string>((resume) => {
  process.stdin.once("data", (data) => {
    process.stdin.destroy()
    resume(Effect.succeed(String(data)))
  })
})

const program = Effect.gen(function*() {
  const session = yield* CassandraSession.make({
    contactPoints: [contactPoint],
    localDataCenter: "dc1",
    requestTimeout: "20 seconds"
  })
  yield* session.execute(write)
  yield* say("open")
  if (mode === "hang") {
    // The node falls silent before this goes on.
    yield* line
    yield* Effect.forEach(Array.from({ length: 50 }), () => session.execute(write), { concurrency: "unbounded" })
    return
  }
  yield* line
  yield* Effect.retry(session.execute(write), { schedule: Schedule.spaced("20 millis"), times: 1_000 })
  yield* say("back")
}).pipe(Effect.scoped)

NodeRuntime.runMain(program)
