/** The commands, the environment and the probes of the manifest for Kubernetes, as plain processes. */
import { integration } from "@effect-cql/test-support/server"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { sessionTo } from "../src/cassandra.ts"
import { kubernetes } from "./support/deployment.ts"
import { exercise, networkOf } from "./support/exercise.ts"

const isOk = (url: string) => Effect.promise(() => fetch(url).then(({ status }) => status === 204, () => false))

integration("the manifest for Kubernetes", (server) => {
  it.live(
    "starts runners that take lanes, answer probes, work off a job and stop in time",
    () =>
      Effect.gen(function*() {
        const { probes, replicas, ...deployed } = kubernetes(networkOf(server))
        const urls = Array.from({ length: replicas }, (_, at) => probes(at + 1)).flat()
        assert.strictEqual(new Set(urls).size, 2 * replicas)
        const answers = Effect.forEach(urls, isOk, { concurrency: "unbounded" })
        const isHealthy = Effect.map(answers, (answers) => answers.every((isOk) => isOk))
        yield* exercise(deployed, isHealthy).pipe(Effect.provide(sessionTo(server)))
      }),
    480_000
  )
})
