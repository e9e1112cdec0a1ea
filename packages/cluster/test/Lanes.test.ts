/** The fence of a lane, with faults at every statement. */
import { CqlCluster, Lanes } from "@effect-cql/cluster"
import { FaultPlan, MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"

const memory = Layer.fresh(MockSession.memory(CqlCluster.ddl("app")))
const process = Effect.map(
  Layer.build(Layer.fresh(Lanes.layerLocal({ keyspace: "app", count: 4 }))),
  (context) => Lanes.Lanes.pipe(Effect.provide(context))
)
const lanes = Effect.flatten(process)

const entriesOf = (lane: Lanes.Lane) => Effect.map(lane.entries, (entries) => [...entries])

describe("a lane", () => {
  it.effect("remembers its entries from one process to the next", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* lanes, yield* lanes]
      const first = yield* one.take("job", 1)
      yield* first.save([["b", "2"], ["a", "1"], ["c", "3"]])
      yield* first.save([["b", null], ["c", "4"]])
      yield* (yield* one.take("job", 2)).save([["other", "lane"]])
      const second = yield* two.take("job", 1)
      assert.deepStrictEqual(yield* entriesOf(second), [["a", "1"], ["c", "4"]])
      assert.deepStrictEqual([first.epoch, second.epoch], [1, 2])
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.effect("refuses the process that had it before, and writes nothing of its", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* lanes, yield* lanes]
      const first = yield* one.take("job", 1)
      yield* first.save([["a", "1"]])
      const second = yield* two.take("job", 1)
      const refused = yield* Effect.flip(first.save([["a", "zombie"], ["b", "zombie"]]))
      assert.strictEqual(refused._tag, "LaneLost")
      assert.include(refused.message, "expected epoch 1, got a later one")
      yield* second.save([["c", "2"]])
      assert.deepStrictEqual(yield* entriesOf(second), [["a", "1"], ["c", "2"]])
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.effect("is taken by one of many at the same time", () =>
    Effect.gen(function*() {
      const processes = yield* Effect.forEach([1, 2, 3, 4], () => lanes)
      const taken = yield* Effect.forEach(processes, (lanes) => lanes.take("job", 1), { concurrency: 4 })
      assert.deepStrictEqual(taken.map(({ epoch }) => epoch).sort(), [1, 2, 3, 4])
      const saved = yield* Effect.forEach(taken, (lane) => Effect.result(lane.save([["by", String(lane.epoch)]])))
      assert.deepStrictEqual(saved.map(({ _tag }) => _tag === "Success"), taken.map(({ epoch }) => epoch === 4))
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.effect(
    "is not rolled back by a write that is late, nor confirms one that was not made",
    () =>
      Effect.gen(function*() {
        const story = Effect.gen(function*() {
          const lane = yield* (yield* lanes).take("job", 1)
          const results = yield* Effect.forEach(
            ["1", "2", "3"],
            (text) => Effect.result(lane.save([["at", text], [text, "saved"]]))
          )
          const entries = new Map(yield* lane.entries)
          return { results: results.map(({ _tag }) => _tag), entries, lane }
        }).pipe(Effect.scoped)
        const explored = yield* FaultPlan.explore(story, {
          tables: CqlCluster.ddl("app"),
          faults: 2,
          maxRuns: 3_000,
          invariant: (exit) =>
            Effect.gen(function*() {
              assert.strictEqual(exit._tag, "Success")
              if (exit._tag !== "Success") {
                return
              }
              const { lane, results } = exit.value
              assert.deepStrictEqual(results, ["Success", "Success", "Success"])
              const entries = new Map(yield* lane.entries)
              assert.deepStrictEqual(entries, exit.value.entries)
              assert.deepStrictEqual(entries, new Map([["1", "saved"], ["2", "saved"], ["3", "saved"], ["at", "3"]]))
            })
        })
        assert.isFalse(explored.isPartial)
      }),
    300_000
  )

  it.effect("goes on after a write whose outcome is unknown, and knows which one was made", () =>
    Effect.gen(function*() {
      const lane = yield* (yield* lanes).take("job", 1)
      const saving = yield* Effect.forkChild(Effect.result(lane.save([["first", "x"]])))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Fiber.join(saving))._tag, "Failure")
      yield* lane.save([["second", "y"]])
      assert.deepStrictEqual(yield* entriesOf(lane), [["first", "x"], ["second", "y"]])
    }).pipe(
      Effect.scoped,
      Effect.provide(MockSession.memory(CqlCluster.ddl("app"), { faults: FaultPlan.make([applied()]) }))
    ))
})

/** The first batch is applied and its answer lost; all others of the next minute are refused. */
const applied = (): FaultPlan.Rule => {
  let batches = 0
  return (request, { millis }) =>
    request._tag !== "Batch" || millis > 60_000 ? undefined : batches++ === 0 ? "timeoutApplied" : "unavailable"
}

describe("work", () => {
  it.effect("is run for each lane, and again when it fails", () =>
    Effect.gen(function*() {
      const { register } = yield* lanes
      const runs: Array<number> = []
      yield* register("work", (lane) =>
        Effect.suspend(() => {
          runs.push(lane)
          return lane === 2 && runs.filter((each) => each === 2).length < 3 ? Effect.fail("no") : Effect.never
        }))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(runs.sort(), [0, 1, 2, 2, 2, 3])
    }).pipe(Effect.scoped, Effect.provide(memory)))
})
