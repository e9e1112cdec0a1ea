import { Batch, Session, Statement, streamConcurrent } from "@effect-cql/core"
import { nextTimestamp, type SendPort } from "@effect-cql/core/Port"
import { Random } from "@effect-cql/test-support/random"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as here from "../src/internal/timestamps.ts"

/** One cell as the server keeps it: the later time wins, and of one time the deletion, or else the greater value. */
class Cell {
  at = 0n
  value: number | undefined = undefined
  lastOfServer = 0n

  write(at: bigint, value: number | undefined): void {
    if (at < this.at) return
    const wins = at > this.at || value === undefined || (this.value !== undefined && value > this.value)
    if (!wins) return
    this.at = at
    this.value = value
  }
}

/** A port of its own on the cell, which dates conditions by the server's clock in whole milliseconds, as no mock session does. */
const portOn = (cell: Cell): SendPort => {
  return {
    datesConditionalWrites: true,
    send: (request, _, done) => {
      const [one] = request._tag === "Batch" ? request.statements : [request]
      const value = one!.params[0]
      const given = typeof value === "number" ? value : undefined
      if (request.conditional) {
        const now = BigInt(Date.now()) * 1_000n
        cell.lastOfServer = now > cell.lastOfServer ? now : cell.lastOfServer + 1n
      }
      cell.write(request.conditional ? cell.lastOfServer : request.options.timestamp!, given)
      done(Exit.succeed({ rows: [], wasApplied: true }))
      return () => {}
    }
  }
}

const writes: ReadonlyArray<(value: number) => [Statement.Statement<unknown> | Batch.Batch, number | undefined]> = [
  (value) => [Statement.make("UPDATE t SET v = ? WHERE id = 1", [value]), value],
  (value) => [Statement.make("UPDATE t SET v = ? WHERE id = 1 IF v != 0", [value]), value],
  () => [Statement.make("DELETE FROM t WHERE id = 1"), undefined],
  () => [Statement.make("DELETE FROM t WHERE id = 1 IF EXISTS"), undefined],
  (value) => [Batch.make([["UPDATE t SET v = ? WHERE id = 1", [value]]]), value],
  (value) => [Batch.make([["UPDATE t SET v = ? WHERE id = 1 IF EXISTS", [value]]]), value]
]

describe("timestamps", () => {
  it("are the same as a bigint, of any second and in any order", () => {
    const random = new Random(7)
    const edges = [
      0,
      1,
      -1,
      999_999,
      1_000_000,
      -1_000_000,
      -1_000_001,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER
    ]
    const others = Array.from({ length: 2_000 }, () => random.between(-4_000_000, 9_000_000) * 1_000_003)
    for (const micros of [...edges, ...others, ...edges]) assert.strictEqual(here.bigintOf(micros), BigInt(micros))
  })

  it.live("let the later of two writes win, over sessions, other clients, deletions, batches and conditions", () =>
    Effect.gen(function*() {
      const cell = new Cell()
      const sessions = yield* Effect.forEach([1, 2, 3], () => Session.make(portOn(cell)))
      const clock = yield* Clock.Clock
      const random = new Random(20_260_101)
      let lost = 0
      for (let count = 0; count < 3_000; count++) {
        const value = random.between(0, 4)
        const session = random.between(0, sessions.length)
        if (session === sessions.length) {
          cell.write(BigInt(nextTimestamp(clock)), value)
          if (cell.value !== value) lost++
          continue
        }
        const [write, after] = writes[2 * random.between(0, 2) + (random.chance(0.2) ? 1 : 0)]!(value)
        yield* sessions[session]!.execute(write)
        if (cell.value !== after) lost++
      }
      assert.strictEqual(lost, 0)
    }).pipe(Effect.scoped))

  it.effect("are later than those that a server gave in the millisecond, however far the nanoseconds are behind", () =>
    Effect.gen(function*() {
      const from = 7_000_000n
      const test = yield* Clock.Clock
      for (let micros = 0n; micros < 20n; micros++) {
        // A clock of its own each time, that has given no time yet.
        const clock: Clock.Clock = {
          ...test,
          currentTimeMillisUnsafe: () => Number(from / 1_000n),
          currentTimeNanosUnsafe: () => (from + micros) * 1_000n
        }
        const times: Array<bigint> = []
        const session = yield* Session.make({
          datesConditionalWrites: true,
          send: ({ conditional, options }, _pageState, done) => {
            times.push(conditional ? from + BigInt(times.length) : options.timestamp!)
            done(Exit.succeed({ rows: [], wasApplied: true }))
            return () => {}
          }
        })
        const condition = Statement.make("UPDATE t SET v = 1 WHERE id = 1 IF v = 2")
        const plain = Statement.make("UPDATE t SET v = 1 WHERE id = 1")
        yield* Effect.forEach([condition, condition, condition, plain, plain], (write) => session.execute(write)).pipe(
          Effect.provideService(Clock.Clock, clock)
        )
        const sorted = times.toSorted((a, b) => Number(a - b))
        assert.deepStrictEqual(times, sorted, `${micros} microseconds`)
        assert.strictEqual(new Set(times).size, times.length, `${micros} microseconds`)
      }
    }).pipe(Effect.scoped))

  it.live("are strictly increasing over two copies of this package, in microseconds of the wall clock", () =>
    Effect.gen(function*() {
      const other: typeof here = yield* Effect.promise(() => import("../src/internal/timestamps.ts?copy" as string))
      assert.notStrictEqual(other, here)
      const clock = yield* Clock.Clock
      let last = 0
      for (let count = 0; count < 10_000; count++) {
        const next = (count % 2 === 0 ? here : other).nextTimestamp(clock)
        assert.isAbove(next, last)
        last = next
      }
      assert.approximately(last / 1_000, Date.now(), 1_000)
    }))

  it.effect("of a virtual clock are its own", () =>
    Effect.gen(function*() {
      const dated = Effect.gen(function*() {
        yield* TestClock.setTime(7_000)
        yield* Statement.make("INSERT INTO t (a) VALUES (1)")
        const [call] = yield* (yield* MockSession.MockSession).calls
        return call?.request.options.timestamp
      }).pipe(Effect.provide(Layer.mergeAll(MockSession.layer(), TestClock.layer())))
      assert.deepStrictEqual(yield* Effect.all([dated, dated]), [7_000_000n, 7_000_000n])
    }))

  it.effect("hold a condition back until the millisecond after a plain write, and no longer after the clock went back", () =>
    Effect.gen(function*() {
      const sent: Array<number> = []
      const clock = yield* Clock.Clock
      const session = yield* Session.make({
        datesConditionalWrites: true,
        send: (_request, _pageState, done) => {
          sent.push(clock.currentTimeMillisUnsafe())
          done(Exit.succeed({ rows: [] }))
          return () => {}
        }
      })
      const condition = Statement.make("UPDATE t SET v = 1 WHERE id = 1 IF v = 2")
      yield* TestClock.setTime(5_000)
      yield* session.execute(condition)
      yield* session.execute(Statement.make("UPDATE t SET v = 1 WHERE id = 1"))
      const held = yield* Effect.forkChild(session.execute(condition))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(held)
      assert.deepStrictEqual(sent, [5_000, 5_000, 5_001])
      yield* session.execute(Statement.make("UPDATE t SET v = 1 WHERE id = 1"))
      yield* TestClock.setTime(1_000)
      const after = yield* Effect.forkChild(session.execute(condition))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(after)
      assert.deepStrictEqual(sent.slice(4), [1_010])
      const stopped = yield* Effect.forkChild(session.execute(condition))
      yield* Fiber.interrupt(stopped)
      assert.strictEqual(sent.length, 5)
    }).pipe(Effect.scoped))

  it.live("of an array are later than those that a server gave in the same turn of the event loop", () =>
    Effect.gen(function*() {
      const cell = new Cell()
      const session = yield* Session.make(portOn(cell))
      const array = Array.from(
        { length: 3_000 },
        (_, index) => Statement.make(`UPDATE t SET v = ? WHERE id = 1${index % 3 === 1 ? " IF v != 0" : ""}`, [index])
      )
      let lost = 0
      yield* Effect.provideService(
        Stream.runForEach(streamConcurrent(array, { concurrency: 1, bufferSize: 1 }), ({ index }) =>
          Effect.sync(() => {
            if (cell.value! < index) lost++
          })),
        Session,
        session
      )
      assert.strictEqual(lost, 0)
      assert.strictEqual(cell.value, 2_999)
    }).pipe(Effect.scoped))
})
