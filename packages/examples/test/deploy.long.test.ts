/** The commands and the environment of the files that deploy runners, as plain processes. */
import { CassandraServer } from "@effect-cql/test-server"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { sessionTo } from "../src/cassandra.ts"
import { compose, kubernetes, run } from "./support/deployment.ts"
import { exercise, networkOf } from "./support/exercise.ts"

const isOk = (url: string) => Effect.promise(() => fetch(url).then(({ status }) => status === 204, () => false))

it.live(
  "the manifest for Kubernetes starts runners that take lanes, answer probes, work off a job and stop in time",
  () =>
    Effect.gen(function*() {
      const server = yield* CassandraServer.make()
      const { probes, replicas, ...deployed } = kubernetes(networkOf(server))
      const urls = Array.from({ length: replicas }, (_, at) => probes(at + 1)).flat()
      assert.strictEqual(new Set(urls).size, 2 * replicas)
      const answers = Effect.forEach(urls, isOk, { concurrency: "unbounded" })
      const isHealthy = Effect.map(answers, (answers) => answers.every((isOk) => isOk))
      yield* exercise(deployed, isHealthy).pipe(Effect.provide(sessionTo(server)))
    }).pipe(Effect.scoped),
  480_000
)

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
