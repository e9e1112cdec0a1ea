/** The proof of jobs in its short form; `npm run prove:cluster` runs the long one. */
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { prove } from "./prove.ts"
import { render } from "./render.ts"

const lines: Array<string> = []

integration("A job of three processes", (server) => {
  it.live(
    "copies every row, and counts each once, while its processes are killed, frozen and stopped, and their clocks differ",
    () =>
      Effect.gen(function*() {
        const proof = yield* prove({
          seed: 3,
          rows: 2_000,
          units: 48,
          kills: 2,
          freezes: 1,
          stops: 1,
          nodes: 1,
          lease: 5,
          skew: 60,
          pageSize: 20,
          pause: 300
        }, (line) => Effect.sync(() => lines.push(line)))
        const story = `${lines.join("\n")}\n${render(proof)}`
        assert.isTrue(proof.checks.every(([, problem]) => problem === undefined), story)
        assert.isAbove(proof.checks.length, 10, story)
      }).pipe(Effect.scoped, Effect.provideService(CassandraServer, server)),
    300_000
  )
})
