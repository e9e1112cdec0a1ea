/** Accounting and order, over random sequences. */
import { Random } from "@effect-cql/test-support/random"
import { assert, describe, it } from "@effect/vitest"
import type { BasicLimiter } from "../../src/internal/limiter/basicLimiter.ts"
import { Fixed } from "../../src/internal/limiter/fixed.ts"
import { type Gate, gateOf } from "../../src/internal/limiter/gate.ts"
import { Rate } from "../../src/internal/limiter/rate.ts"
import * as original from "../../src/internal/limiter/shared.ts"
import { Events } from "./support/events.ts"

const cases = Number(process.env["LIMITER_CASES"] ?? 500)
const firstSeed = Number(process.env["LIMITER_SEED"] ?? 1)

/** Requests that come, wait, give up, end, time out and are answered late, at random; checked after each event. */
const drive = (seed: number): void => {
  const random = new Random(seed)
  const events = new Events()
  const limiters: Array<BasicLimiter> = [
    new Fixed(events, random.between(1, 5), 200),
    new Fixed(events, random.between(1, 8), 50),
    new Rate(events, random.between(1, 40), 100, random.between(1, 4))
  ]
  const gates = [[0], [1], [2], [0, 1], [0, 2], [0, 1, 2], [2, 1, 2, 0]].map((set) =>
    gateOf(set.map((index) => limiters[index]!))!
  )
  assert.strictEqual(gates[5], gates[6], "the same limiters, in any order and number, are one gate")
  const replay = `LIMITER_SEED=${seed}`
  /** Who waits at each gate, in the order of coming. */
  const waiting = new Map(gates.map((gate) => [gate, new Set<number>()]))
  let holding = 0
  let came = 0

  const check = (): void => {
    const bad = limiters.find((limiter) =>
      limiter.inFlight + limiter.abandoned > limiter.limit || limiter.inFlight < 0 || limiter.abandoned < 0
    )
    if (bad !== undefined) assert.fail(`${replay}: ${JSON.stringify(bad.state)}`)
    for (const [gate, own] of waiting) if (gate.waiting !== own.size) assert.fail(`${replay}: ${gate.waiting} wait`)
    // After the timers that are due at this moment; that of a rate is up to a millisecond late.
    events.after(0, () => {
      for (const gate of waiting.keys()) {
        if (gate.waiting > 0 && !gate.limiters.includes(limiters[2]!) && gate.isOpen(events.now())) {
          assert.fail(`${replay}: they wait for nothing`)
        }
      }
    })
  }
  const begin = (gate: Gate): void => {
    holding++
    const began = events.now()
    events.after(random.skewed(0, 300), () => {
      holding--
      const latency = events.now() - began
      if (random.chance(0.2)) {
        const late = gate.abandon(random.chance(0.5), latency, events.now())
        if (random.chance(0.5)) {
          events.after(random.between(0, 400), () => {
            late.lateAnswer()
            late.lateAnswer()
            check()
          })
        }
      } else gate.release(random.pick(["answered", "overloaded", "failed", "timedOut"]), latency, events.now())
      check()
    })
  }
  const arrive = (gate: Gate): void => {
    const own = waiting.get(gate)!
    if (gate.tryAcquire(events.now())) {
      assert.strictEqual(own.size, 0, `${replay}: overtaken`)
      return begin(gate)
    }
    const ticket = came++
    own.add(ticket)
    const cancel = gate.wait(() => {
      assert.strictEqual(own.keys().next().value, ticket, `${replay}: not the first in line`)
      own.delete(ticket)
      begin(gate)
    })
    if (random.chance(0.3)) {
      events.after(random.skewed(0, 100), () => {
        cancel()
        own.delete(ticket)
        check()
      })
    }
  }
  let at = 0
  for (let request = 0; request < 150; request++) {
    at += random.skewed(0, 20)
    events.after(at, () => {
      arrive(gates[random.between(0, gates.length - 1)]!)
      check()
    })
  }
  events.runUntil(100_000)
  assert.isTrue([...waiting.values()].every((own) => own.size === 0), replay)
  assert.strictEqual(events.pending, 0, replay)
  assert.strictEqual(holding, 0, replay)
  for (const limiter of limiters) {
    limiter.hasRoom(events.now())
    assert.deepStrictEqual({ ...limiter.state, limit: 0 }, {
      limit: 0,
      inFlight: 0,
      waiting: 0,
      abandoned: 0,
      lastMove: undefined
    }, replay)
  }
}

describe("gates", () => {
  it(`keep order and count in ${cases} random cases`, () => {
    for (let seed = firstSeed; seed < firstSeed + cases; seed++) drive(seed)
  })

  it("resume a hundred thousand that end at once, without recursion", () => {
    const gate = gateOf([new Fixed(new Events(), 1, 5_000)])!
    assert.isTrue(gate.tryAcquire(0))
    const order: Array<number> = []
    for (let index = 0; index < 100_000; index++) {
      gate.wait(() => {
        order.push(index)
        gate.release("answered", 0, 0)
      })
    }
    gate.release("answered", 0, 0)
    assert.deepStrictEqual(order, Array.from({ length: 100_000 }, (_, index) => index))
    assert.isTrue(gate.tryAcquire(0))
  })

  it("let no request hold one limiter while waiting for another", () => {
    const events = new Events()
    const bound = new Fixed(events, 1, 5_000)
    const slow = new Rate(events, 1, 1_000, 1)
    const both = gateOf([bound, slow])!
    assert.isTrue(both.tryAcquire(0))
    both.release("answered", 1, 1)
    const resumed: Array<number> = []
    both.wait((now) => resumed.push(now))
    assert.isTrue(gateOf([bound])!.tryAcquire(1), "the one who waits for the rate is not in the way")
    events.runUntil(2_000)
    assert.deepStrictEqual(resumed, [], "the rate has room by now, the bound has not")
    gateOf([bound])!.release("answered", 1_999, 2_000)
    assert.deepStrictEqual(resumed, [2_000])
  })

  it("serve those first that came first, over all gates that share a limiter", () => {
    const events = new Events()
    const shared = new Fixed(events, 1, 5_000)
    const one = gateOf([shared])!
    const other = gateOf([shared, new Fixed(events, 9, 5_000)])!
    assert.isTrue(one.tryAcquire(0))
    const order: Array<number> = []
    const lines = [one, other, other, one, other]
    lines.forEach((gate, index) =>
      gate.wait(() => {
        order.push(index)
        gate.release("answered", 0, 0)
      })
    )
    one.release("answered", 0, 0)
    assert.deepStrictEqual(order, [0, 1, 2, 3, 4])
  })

  it("give one permit for a limiter that is met twice, and none where nothing bounds", () => {
    const limiter = new Fixed(new Events(), 2, 5_000)
    assert.isTrue(gateOf([limiter, limiter])!.tryAcquire(0))
    assert.strictEqual(limiter.inFlight, 1)
    assert.isUndefined(gateOf([]))
  })

  it("wake who waits when an abandoned request is over, by time or by its answer", () => {
    const events = new Events()
    const limiter = new Fixed(events, 2, 5_000)
    const gate = gateOf([limiter])!
    assert.isTrue(gate.tryAcquire(0) && gate.tryAcquire(0))
    gate.abandon(true, 0, 0)
    const { lateAnswer } = gate.abandon(false, 0, 0)
    assert.isFalse(gate.tryAcquire(0))
    const resumed: Array<number> = []
    for (const index of [1, 2]) gate.wait(() => resumed.push(index))
    lateAnswer()
    assert.deepStrictEqual(resumed, [1])
    events.runUntil(4_999)
    assert.deepStrictEqual(resumed, [1])
    events.runUntil(5_000)
    assert.deepStrictEqual(resumed, [1, 2])
  })

  it("share one order and one loop when the package is loaded twice", async () => {
    const path = "../../src/internal/limiter/shared.ts"
    const copy: typeof original = await import(/* @vite-ignore */ `${path}?copy`)
    assert.notStrictEqual(copy, original)
    assert.strictEqual(copy.shared, original.shared)
    const before = copy.shared.tickets
    const gate = gateOf([new Fixed(new Events(), 1, 5_000)])!
    assert.isTrue(gate.tryAcquire(0))
    gate.wait(() => assert.fail("there is no room"))()
    assert.strictEqual(copy.shared.tickets, before + 1)
  })

  it("leave no timer behind when those who waited have given up", () => {
    const events = new Events()
    const gate = gateOf([new Rate(events, 1, 1_000, 1)])!
    assert.isTrue(gate.tryAcquire(0))
    gate.wait(() => assert.fail("it has given up"))()
    assert.strictEqual(events.pending, 0)
  })
})
