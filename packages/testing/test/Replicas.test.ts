import { type Consistency, type CqlError, PageState, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { FaultPlan, MockSession } from "../src/index.ts"

const stock = "CREATE TABLE shop.stock (item text PRIMARY KEY, left int)"
const put = (left: number, consistency: Consistency) =>
  Statement.make("INSERT INTO shop.stock (item, left) VALUES ('a', ?)", [left], { consistency })
const leftAt = (consistency: Consistency) =>
  Effect.map(
    Statement.make("SELECT left FROM shop.stock WHERE item = 'a'", [], { consistency }),
    ({ first }) => first?.["left"]
  )
const claimAt = (consistency: Consistency) =>
  Statement.make("INSERT INTO shop.stock (item, left) VALUES ('a', 1) IF NOT EXISTS", [], { consistency })
/** The different answers of many reads. */
const answersAt = (consistency: Consistency) =>
  Effect.map(Effect.replicateEffect(leftAt(consistency), 40), (values) => [...new Set(values)].sort())
const session = (replicas: FaultPlan.Replicas) => Effect.provide(MockSession.memory([stock], { replicas }))
const reasonOf = <A, R>(statement: Effect.Effect<A, CqlError, R>) =>
  Effect.map(Effect.flip(statement), ({ reason }) => reason)

describe("replicas", () => {
  it.effect("answer a level that enough of them are up for, and refuse the others without applying anything", () =>
    Effect.gen(function*() {
      yield* put(1, "ONE")
      const error = yield* Effect.flip(put(2, "QUORUM"))
      const { reason } = error
      assert.isTrue(reason._tag === "Unavailable" && reason.required === 2 && reason.alive === 1)
      assert.strictEqual(error.outcome, "NotApplied")
      assert.strictEqual((yield* Effect.flip(put(2, "ALL"))).reason._tag, "Unavailable")
      const conditional = Statement.make("UPDATE shop.stock SET left = 3 WHERE item = 'a' IF left = 1")
      const refused = yield* Effect.flip(conditional)
      assert.isTrue(refused.reason._tag === "Unavailable" && refused.reason.consistency === "SERIAL")
      assert.strictEqual((yield* Effect.flip(leftAt("QUORUM"))).reason._tag, "Unavailable")
      assert.strictEqual(yield* leftAt("ONE"), 1)
    }).pipe(session({ faults: [FaultPlan.down(0, 0, "1 minute"), FaultPlan.down(1, 0, "1 minute")] })))

  it.effect("refuse a page state that none of them gave", () =>
    Effect.gen(function*() {
      const items = Statement.make("SELECT left FROM shop.stock")
      for (const text of ["a cursor", "0@a cursor", "memory-1"]) {
        assert.strictEqual((yield* reasonOf(Statement.page(items, PageState(text))))._tag, "InvalidPageState")
      }
    }).pipe(session({ faults: [] })))

  it.effect("miss the writes of the time when they were down, until the hints arrive", () =>
    Effect.gen(function*() {
      yield* put(1, "ALL")
      yield* TestClock.adjust("1 second")
      yield* put(2, "QUORUM")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* answersAt("ONE"), [1, 2])
      assert.deepStrictEqual(yield* answersAt("QUORUM"), [2])
      assert.deepStrictEqual(yield* answersAt("ALL"), [2])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* answersAt("ONE"), [2])
    }).pipe(session({ faults: [FaultPlan.down(0, "1 second", "11 seconds")] })))

  it.effect("have what a majority acknowledged, whichever nodes are down one after the other", () =>
    Effect.gen(function*() {
      yield* put(0, "ALL")
      for (const left of [1, 2, 3]) {
        yield* put(left, "QUORUM")
        assert.deepStrictEqual(yield* answersAt("QUORUM"), [left])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* answersAt("QUORUM"), [left])
      }
      assert.isAbove((yield* answersAt("ONE")).length, 1)
    }).pipe(session({
      hintsAfter: "1 hour",
      faults: [
        FaultPlan.down(0, 1, "1 second"),
        FaultPlan.down(1, "1 second", "2 seconds"),
        FaultPlan.down(2, "2 seconds", "3 seconds")
      ]
    })))

  it.effect("take a write at ANY while all of them are down, and show it when they are back", () =>
    Effect.gen(function*() {
      yield* put(1, "ANY")
      assert.strictEqual((yield* Effect.flip(put(2, "ONE"))).reason._tag, "Unavailable")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* answersAt("ALL"), [undefined])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* answersAt("ONE"), [1])
    }).pipe(session({ faults: [0, 1, 2].map((node) => FaultPlan.down(node, 0, "1 second")) })))

  it.effect("keep those waiting that need a slow one, and no others", () =>
    Effect.gen(function*() {
      yield* put(1, "QUORUM")
      assert.strictEqual(yield* leftAt("ONE"), 1)
      const all = yield* Effect.forkChild(put(2, "ALL"))
      yield* TestClock.adjust(999)
      assert.isUndefined(all.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.isDefined(all.pollUnsafe())
    }).pipe(session({ faults: [FaultPlan.slow(2, "1 second")] })))

  it.effect("time out where they are too slow, and apply the write all the same", () =>
    Effect.gen(function*() {
      const write = yield* Effect.forkChild(Effect.flip(put(1, "ALL")))
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(write)
      const { reason } = error
      assert.isTrue(reason._tag === "WriteTimeout" && reason.received === 2 && reason.blockFor === 3)
      assert.strictEqual(error.outcome, "Unknown")
      assert.deepStrictEqual(yield* answersAt("ONE"), [1])
      const read = yield* Effect.forkChild(reasonOf(leftAt("ALL")))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(read))._tag, "ReadTimeout")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* answersAt("ALL"), [1])
    }).pipe(session({ faults: [FaultPlan.slow(1, "8 seconds", 0, "10 seconds")] })))

  it.effect("decide on conditions by what a majority has", () =>
    Effect.gen(function*() {
      const claim = (left: number) =>
        Effect.map(
          Statement.make("INSERT INTO shop.stock (item, left) VALUES ('a', ?) IF NOT EXISTS", [left]),
          ({ wasApplied }) => wasApplied
        )
      assert.isTrue(yield* claim(1))
      yield* TestClock.adjust("1 second")
      assert.isFalse(yield* claim(2))
      assert.strictEqual(yield* leftAt("SERIAL"), 1)
    }).pipe(session({ hintsAfter: "1 hour", faults: [FaultPlan.down(0, 0, "1 second")] })))

  it.effect("report a conditional write as undetermined if they are too few for its commit alone", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(claimAt("ALL"))
      const { reason } = error
      assert.isTrue(reason._tag === "Unavailable" && reason.required === 3 && reason.alive === 2)
      assert.strictEqual(reason._tag === "Unavailable" && reason.consistency, "ALL")
      assert.strictEqual(error.outcome, "Unknown")
      assert.strictEqual(yield* leftAt("SERIAL"), 1)
      assert.deepStrictEqual(yield* answersAt("ONE"), [1])
      // A condition that does not hold has no commit.
      assert.isFalse((yield* claimAt("ALL")).wasApplied)
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* answersAt("ONE"), [1])
    }).pipe(session({ faults: [FaultPlan.down(0, 0, "1 minute")] })))

  it.effect("refuse a conditional write at its serial level first", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(claimAt("ALL"))
      const { reason } = error
      assert.isTrue(reason._tag === "Unavailable" && reason.required === 2 && reason.alive === 1)
      assert.strictEqual(reason._tag === "Unavailable" && reason.consistency, "SERIAL")
      assert.strictEqual(error.outcome, "NotApplied")
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(yield* leftAt("SERIAL"))
    }).pipe(session({ faults: [FaultPlan.down(0, 0, "1 minute"), FaultPlan.down(1, 0, "1 minute")] })))

  const timeoutOf = (consistency: Consistency) =>
    Effect.gen(function*() {
      const write = yield* Effect.forkChild(Effect.flip(claimAt(consistency)))
      yield* TestClock.adjust("2 seconds")
      const { outcome, reason } = yield* Fiber.join(write)
      return reason._tag === "WriteTimeout"
        ? [reason.writeType, reason.consistency, reason.received, reason.blockFor, outcome]
        : reason
    })

  it.effect("time out the commit of a conditional write that they decided in time", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* timeoutOf("ALL"), ["SIMPLE", "ALL", 2, 3, "WillApply"])
      assert.strictEqual(yield* leftAt("ONE"), 1)
      // A condition that does not hold waits for no commit.
      assert.isFalse((yield* claimAt("ALL")).wasApplied)
    }).pipe(session({ faults: [FaultPlan.slow(2, "1 minute")] })))

  it.effect("time out the decision of a conditional write if they are too slow for it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* timeoutOf("ONE"), ["CAS", "SERIAL", 1, 2, "Unknown"])
    }).pipe(session({ faults: [FaultPlan.slow(1, "1 minute"), FaultPlan.slow(2, "1 minute")] })))

  it.effect("give the same values to functions that make them, and page where the first page was read", () =>
    Effect.gen(function*() {
      for (const item of ["a", "b", "c"]) {
        yield* Statement.make("INSERT INTO shop.ids (item, id, at) VALUES (?, uuid(), now())", [item], {
          consistency: "ALL"
        })
      }
      const all = Statement.make("SELECT item, id, at FROM shop.ids", [], { consistency: "ONE", pageSize: 1 })
      const reads = yield* Effect.replicateEffect(Effect.map(all, ({ rows }) => JSON.stringify(rows)), 20)
      assert.strictEqual(new Set(reads).size, 1)
      assert.strictEqual(reads[0]?.match(/item/g)?.length, 3)
    }).pipe(
      Effect.provide(
        MockSession.memory(["CREATE TABLE shop.ids (item text PRIMARY KEY, id uuid, at timeuuid)"], { replicas: {} })
      )
    ))

  it.effect("choose the same replicas for the same seed", () =>
    Effect.gen(function*() {
      const reads = (seed: number) =>
        Effect.gen(function*() {
          yield* put(1, "QUORUM")
          yield* TestClock.adjust("1 second")
          return yield* Effect.replicateEffect(leftAt("ONE"), 30)
        }).pipe(session({ seed, hintsAfter: "1 hour", faults: [FaultPlan.down(0, 0, "1 second")] }))
      assert.deepStrictEqual(yield* reads(1), yield* reads(1))
      assert.notDeepEqual(yield* reads(1), yield* reads(2))
    }))
})
