import { InvalidOptions } from "@effect-cql/core"
import * as Limiter from "@effect-cql/core/Limiter"
import { defectOf } from "@effect-cql/test-support/runs"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { basicLimiters } from "../../src/internal/limiter/basicLimiter.ts"
import { type Gate, gateOf } from "../../src/internal/limiter/gate.ts"

const gateFor = (...limiters: ReadonlyArray<Limiter.Limiter>): Gate =>
  gateOf(limiters.flatMap((limiter) => limiter[basicLimiters]))!

/** Sends through a gate without end, and notes when; what it sends is answered at once. */
const flood = (gate: Gate, clock: Clock.Clock, times: Array<number>): void => {
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const next = (): void => {
    while (gate.tryAcquire(now())) sent()
    gate.wait(() => {
      sent()
      next()
    })
  }
  const sent = (): void => {
    times.push(now())
    gate.release("answered", 0, now())
  }
  next()
}

/** Whether in any time there are at most the burst and what is due, to the millisecond that timers count in. */
const assertRate = (times: ReadonlyArray<number>, burst: number, perMilli: number): void => {
  let least = Number.POSITIVE_INFINITY
  for (const [index, time] of times.entries()) {
    const ahead = index - perMilli * time
    least = Math.min(least, ahead)
    assert.isAtMost(ahead - least + 1, burst + perMilli + 1e-6)
  }
}

describe("Limiter", () => {
  it.effect("bounds a rate exactly, in any time", () =>
    Effect.gen(function*() {
      for (
        const [statements, burst] of [[3, 1], [250, 1], [250, 20], [1_000, undefined], [7_000, undefined]] as const
      ) {
        const limiter = yield* Limiter.rate({ statements, per: "1 second", burst })
        const times: Array<number> = []
        const clock = yield* Clock.Clock
        flood(gateFor(limiter), clock, times)
        yield* TestClock.adjust("2 seconds")
        const first = burst ?? Math.max(1, statements / 100)
        assertRate(times, first, statements / 1_000)
        // The first burst, and what is due in two seconds.
        assert.approximately(times.length, first + 2 * statements, 1)
      }
    }))

  it.effect("is not confused by jumps of the clock on the wall", () =>
    Effect.gen(function*() {
      const inner = yield* Clock.Clock
      let jump = 0
      const jumping: Clock.Clock = {
        ...inner,
        currentTimeMillisUnsafe: () => inner.currentTimeMillisUnsafe() + jump,
        currentTimeNanosUnsafe: () => inner.currentTimeNanosUnsafe() + BigInt(jump) * 1_000_000n,
        monotonicTimeNanosUnsafe: () => inner.monotonicTimeNanosUnsafe(),
        sleep: (duration) => inner.sleep(duration)
      }
      const limiter = yield* Limiter.rate({ statements: 100, per: "1 second", burst: 1 }).pipe(
        Effect.provideService(Clock.Clock, jumping)
      )
      const times: Array<number> = []
      flood(gateFor(limiter), jumping, times)
      for (const hours of [1, -1, 0]) {
        jump = hours * 3_600_000
        yield* TestClock.adjust("1 second")
      }
      assertRate(times, 1, 0.1)
      assert.strictEqual(times.length, 301)
    }))

  it.effect("shows what it is doing", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.fixed(2, { abandonedFor: "1 second" })
      const gate = gateFor(limiter)
      assert.isTrue(gate.tryAcquire(0) && gate.tryAcquire(0))
      const cancel = gate.wait(() => assert.fail("there is no room"))
      gate.abandon(true, 0, 0)
      assert.deepStrictEqual(yield* limiter.state, {
        limit: 2,
        inFlight: 1,
        waiting: 1,
        abandoned: 1,
        lastMove: undefined
      })
      cancel()
      assert.strictEqual((yield* limiter.state).waiting, 0)
      yield* TestClock.adjust("1 second")
      assert.isTrue(gate.tryAcquire(0))
      assert.strictEqual((yield* limiter.state).abandoned, 0)
    }))

  it.effect("reports the last move of an adaptive limit, with its reason and its age", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.adaptive({ min: 1, max: 100, initial: 20 })
      const gate = gateFor(limiter)
      const refusal = () => gate.release("overloaded", 200, gate.now)
      assert.isTrue(gate.tryAcquire(gate.now))
      // The first answer opens the window.
      gate.release("answered", 0, gate.now)
      for (let request = 0; request < 10; request++) assert.isTrue(gate.tryAcquire(gate.now))
      assert.isUndefined((yield* limiter.state).lastMove)
      yield* TestClock.adjust("200 millis")
      for (let request = 0; request < 10; request++) refusal()
      yield* TestClock.adjust("3 seconds")
      const { lastMove, limit } = yield* limiter.state
      assert.deepStrictEqual(lastMove, {
        from: 20,
        to: 5,
        reason: "Refused",
        age: Duration.seconds(3),
        latency: Number.NaN,
        throughput: 0,
        refused: 1
      })
      assert.strictEqual(limit, 5)
    }))

  it.effect("shows of several the one that has the least room, and counts each once", () =>
    Effect.gen(function*() {
      const small = yield* Limiter.fixed(3)
      const large = yield* Limiter.adaptive({ min: 5, max: 50 })
      const combined = Limiter.all([large, Limiter.all([small, large]), small])
      assert.strictEqual((yield* combined.state).limit, 3)
      assert.strictEqual(gateFor(combined, small), gateFor(small, large))
      assert.isTrue(gateFor(combined).tryAcquire(0))
      assert.strictEqual((yield* large.state).inFlight, 1)
      assert.strictEqual((yield* Limiter.all([]).state).limit, Number.POSITIVE_INFINITY)
      for (const given of [small, 5, undefined, null]) {
        assert.throws(() => Limiter.all(given as never), InvalidOptions, /^limiters: expected an array of limiters/)
      }
    }))

  it.effect("is adjusted while requests wait: a bound in flight, also to none and back", () =>
    Effect.gen(function*() {
      const limiter = yield* Limiter.adjustable({ inFlight: 1 })
      const gate = gateFor(limiter)
      let started = 0
      for (let request = 0; request < 10; request++) gate.wait(() => started++)
      yield* TestClock.adjust("1 second")
      const seen = [started]
      for (const inFlight of [4, 2, 0, undefined] as const) {
        yield* limiter.adjust({ inFlight })
        yield* TestClock.adjust("1 second")
        seen.push(started)
      }
      assert.deepStrictEqual(seen, [1, 4, 4, 4, 10])
      assert.strictEqual((yield* limiter.state).inFlight, 10)
    }))

  it.effect("is adjusted while requests wait: a rate, without a burst that was not due", () =>
    Effect.gen(function*() {
      const per = "1 second"
      const limiter = yield* Limiter.adjustable({ rate: { statements: 1, per: "1 hour", burst: 1 } })
      const times: Array<number> = []
      flood(gateFor(limiter), yield* Clock.Clock, times)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(times.length, 1)
      yield* limiter.adjust({ rate: { statements: 10, per, burst: 1 } })
      yield* TestClock.adjust("2 seconds")
      // One at once, and ten a second.
      assert.approximately(times.length, 21, 1)
      const before = times.length
      for (let change = 0; change < 100; change++) {
        yield* limiter.adjust({ rate: { statements: change % 2 === 0 ? 1 : 2, per, burst: 1 } })
        yield* TestClock.adjust("10 millis")
      }
      assert.isAtMost(times.length - before, 3)
      yield* limiter.adjust({ inFlight: 0 })
      const held = times.length
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(times.length, held)
    }))

  it.effect("begins an adaptive limit at 20, or as near as its bounds allow", () =>
    Effect.gen(function*() {
      const initial = (min: number, max: number) =>
        Effect.flatMap(Limiter.adaptive({ min, max }), (limiter) => Effect.map(limiter.state, ({ limit }) => limit))
      assert.deepStrictEqual([yield* initial(1, 100), yield* initial(30, 100), yield* initial(1, 8)], [20, 30, 8])
    }))

  const invalid: ReadonlyArray<readonly [make: Effect.Effect<unknown>, option: string, value: unknown]> = [
    ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY].map((limit) =>
      [Limiter.fixed(limit), "limit", limit] as const
    ),
    [Limiter.fixed(1, { abandonedFor: -5 }), "abandonedFor", -5],
    [Limiter.rate({ statements: 0, per: "1 second" }), "statements", 0],
    [Limiter.rate({ statements: 1, per: 0 }), "per", 0],
    [Limiter.rate({ statements: 1, per: Number.POSITIVE_INFINITY }), "per", Number.POSITIVE_INFINITY],
    [Limiter.rate({ statements: 1, per: 1, burst: 0.5 }), "burst", 0.5],
    [Limiter.adjustable({ inFlight: -1 }), "inFlight", -1],
    [Limiter.adjustable({ inFlight: 1.5 }), "inFlight", 1.5],
    [Limiter.adjustable({ rate: { statements: 0, per: 1 } }), "rate.statements", 0],
    [Limiter.adjustable({ rate: { statements: 1, per: 0 } }), "rate.per", 0],
    [Effect.flatMap(Limiter.adjustable({}), ({ adjust }) => adjust({ inFlight: Number.NaN })), "inFlight", Number.NaN],
    [Limiter.adaptive({ min: 0, max: 5 }), "min", 0],
    [Limiter.adaptive({ min: 6, max: 5 }), "max", 5],
    [Limiter.adaptive({ min: 1, max: 5, initial: 6 }), "initial", 6]
  ]
  it.effect("dies of options that cannot be, naming option and value", () =>
    Effect.gen(function*() {
      for (const [make, option, value] of invalid) {
        const defect = defectOf(yield* Effect.exit(make))
        assert.instanceOf(defect, InvalidOptions)
        assert.deepStrictEqual([defect.option, defect.value], [option, value])
      }
    }))
})
