/**
 * What a port answers that is no answer: the run dies, and names the mistake of the port.
 *
 * The ports are their own, for a mock session answers as a port has to.
 */
import { executeConcurrent, Session } from "@effect-cql/core"
import type { Port, SendPort } from "@effect-cql/core/Port"
import { defectOf, statements, timed } from "@effect-cql/test-support/runs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const page = { rows: [] }
let sent = 0
const later = (answer: unknown): SendPort => ({
  send: (_request, _pageState, done) => {
    sent++
    queueMicrotask(() => done(answer as never))
    return () => {}
  }
})
const atOnce = (answer: unknown): SendPort => ({
  send: (_request, _pageState, done) => {
    sent++
    done(answer as never)
    return () => {}
  }
})
const bad: Readonly<Record<string, readonly [Port, RegExp]>> = {
  "done(undefined) at once": [atOnce(undefined), /port.*done.*undefined.*Exit/],
  "done(undefined) later": [later(undefined), /port.*done.*undefined.*Exit/],
  "done(page) instead of an exit": [later(page), /port.*done.*Object.*Exit/],
  "no page": [{ execute: () => Effect.succeed(undefined as never) }, /port.*page.*rows.*undefined/],
  "a page without rows": [{ execute: () => Effect.succeed({} as never) }, /port.*page.*rows/],
  "rows that are no array": [{ execute: () => Effect.succeed({ rows: "ab" } as never) }, /port.*page.*rows/],
  "execute that gives nothing": [{ execute: () => undefined as never }, /execute of a port returned undefined.*Effect/],
  "execute that gives a promise": [
    { execute: () => Promise.resolve(page) as never },
    /execute of a port returned Promise.*Effect/
  ]
}

describe("a port", () => {
  for (const [name, [port, reported]] of Object.entries(bad)) {
    it.effect(`${name}: is reported, and nothing is sent twice`, () =>
      Effect.gen(function*() {
        sent = 0
        const session = yield* Session.make({ ...port, closeTimeout: 0 })
        const run = executeConcurrent(statements(1), { raiseOnFirstError: false })
        const { exit } = yield* timed(Effect.provideService(run, Session, session), "1 second")
        assert.match(String(defectOf(exit)), reported)
        assert.isAtMost(sent, 1)
      }).pipe(Effect.scoped))
  }
})
