/** Time that passes between the refusal of a permit and the start of waiting. */
import { executeConcurrent, Limiter, Statement } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Fixed } from "../../src/internal/limiter/fixed.ts"
import { gateOf } from "../../src/internal/limiter/gate.ts"
import { Rate } from "../../src/internal/limiter/rate.ts"
import type { Time } from "../../src/internal/limiter/time.ts"
import { Events } from "./support/events.ts"

/** Each look at this clock takes a quarter of a millisecond. */
const slow = (events: Events): Time => {
  let passed = 0
  return { now: () => events.now() + (passed += 0.25), after: events.after }
}

describe("a request that waits", () => {
  it("is let go when there came to be room before it stood in line", () => {
    for (let interval = 0.5; interval < 4; interval += 0.25) {
      for (const besides of [0, 1]) {
        const events = new Events()
        const others = Array.from({ length: besides }, () => new Fixed(events, 100, 100))
        const gate = gateOf([new Rate(slow(events), 1, interval, 1), ...others])!
        let waited = 0
        for (let turn = 1; turn <= 20; turn++) {
          if (gate.tryAcquire(gate.now)) continue
          let resumed = 0
          gate.wait(() => resumed++)
          events.runUntil(turn * 10)
          assert.strictEqual(resumed, 1, `turn ${turn}, one every ${interval} ms`)
          waited++
        }
        assert.isAbove(waited, 0)
      }
    }
  })

  it.live("does not wait for ever when no other request is there to wake it", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.rate({ statements: 2_000, per: "1 second" })
      const statements = Array.from({ length: 2_000 }, (_, id) => Statement.make("INSERT INTO t (id) VALUES (?)", [id]))
      const run = executeConcurrent(statements, { concurrency: 1, limiter })
      assert.lengthOf(yield* Effect.timeout(run, "10 seconds"), statements.length)
    }).pipe(Effect.provide(MockSession.layer())))
})
