/** The commands, the environment and the health checks of the file for Compose, as plain processes. */
import { CassandraServer } from "@effect-cql/test-server"
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { sessionTo } from "../src/cassandra.ts"
import { compose, run } from "./support/deployment.ts"
import { exercise, networkOf } from "./support/exercise.ts"

it.live(
  "the file for Compose starts runners that take lanes, are healthy, work off a job and stop in time",
  () =>
    Effect.gen(function*() {
      const server = yield* CassandraServer.make()
      const { healthChecks, ...deployed } = compose(networkOf(server))
      const codes = Effect.forEach(healthChecks, run, { concurrency: "unbounded" })
      const isHealthy = Effect.map(codes, (codes) => codes.every((code) => code === 0))
      yield* exercise(deployed, isHealthy).pipe(Effect.provide(sessionTo(server)))
    }).pipe(Effect.scoped),
  480_000
)
