/** Limits and error budgets over several runners, on the virtual clock. */
import { type Job, Jobs } from "@effect-cql/cluster"
import { InvalidOptions, type Session, Statement } from "@effect-cql/core"
import { defectOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { allowed, shareOf } from "../src/internal/jobs/limits.ts"
import { JobWatch } from "../src/internal/jobs/watch.ts"
import { after, memory, numbered, process, rejectsOf, runner } from "./support/jobs.ts"

const tables = ["CREATE TABLE app.rows (id int PRIMARY KEY)"]
const statement = Statement.make("INSERT INTO app.rows (id) VALUES (1)")
const page = Array.from({ length: 40 }, () => statement)

type Handler = (unit: number, context: Job.Context<unknown>) => Effect.Effect<number | void, unknown, Session>

const fill: Handler = (_, { checkpoint, execute }) =>
  Effect.gen(function*() {
    yield* execute(page)
    yield* checkpoint({ cursor: 1, rows: page.length })
  })

const slow = MockSession.when(/INTO app\.rows/, MockSession.delayed(MockSession.rows([]), "100 millis"))

/** The times at which the statements of handlers were sent, and the most that were in flight. */
const sent = Effect.map(MockSession.MockSession.use(({ calls }) => calls), (calls) => {
  const own = calls.filter(({ request }) => request._tag === "Statement" && request.text === statement.text)
  return own.map(({ at }) => at)
})

/** The most statements in flight at a time, each of a duration. */
const peakOf = (times: ReadonlyArray<number>, duration: number): number => {
  let peak = 0
  for (const [index, at] of times.entries()) {
    let inFlight = 0
    for (let other = index; other >= 0 && times[other]! > at - duration; other--) inFlight++
    peak = Math.max(peak, inFlight)
  }
  return peak
}

/** The most statements that start within a time. */
const mostWithin = (times: ReadonlyArray<number>, millis: number): number =>
  Math.max(...times.map((from, index) => times.slice(index).filter((at) => at < from + millis).length))

const storedJob = (
  { concurrency, lanes, rate, revision = 0 }:
    & Pick<Jobs.Stored, "concurrency" | "lanes" | "rate">
    & Partial<Pick<Jobs.Stored, "revision">>
): Jobs.Stored => ({
  id: "a",
  name: "Numbered",
  version: "1",
  fingerprint: "",
  params: "{}",
  timestamp: 0n,
  lanes,
  units: lanes,
  run: 0,
  state: "running",
  concurrency,
  rate,
  revision,
  budget: undefined,
  forgiven: 0,
  exhausted: undefined
})

describe("the share of a lane", () => {
  // Each lane that is left sees some others that have ended, as left.
  const Case = Schema.Struct({
    concurrency: Schema.UndefinedOr(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 }))),
    rate: Schema.UndefinedOr(Schema.Finite.check(Schema.isBetween({ minimum: 0.01, maximum: 500 }))),
    left: Schema.Array(Schema.Boolean).check(Schema.isMaxLength(40)),
    seen: Schema.Array(Schema.Array(Schema.Boolean))
  })
  it.effect.prop(
    "adds up to no more than the limits, whatever the runners have seen",
    [Case],
    ([given]) =>
      Effect.sync(() => {
        const { concurrency, left, rate, seen } = given
        const lanes = left.flatMap((isLeft, lane) => isLeft ? [lane] : [])
        const shares = lanes.map((lane, at) => {
          const counted = left.map((isLeft, other) => isLeft || (seen[at]?.[other] ?? false))
          const rank = counted.slice(0, lane).filter(Boolean).length
          return shareOf({ concurrency, rate }, rank, counted.filter(Boolean).length)
        })
        const total = (part: "concurrency" | "rate") => shares.reduce((sum, share) => sum + (share?.[part] ?? 0), 0)
        if (concurrency !== undefined) assert.isAtMost(total("concurrency"), concurrency)
        if (rate !== undefined) assert.isAtMost(total("rate"), rate * (1 + 1e-9))
        for (const share of shares) if (share?.concurrency !== undefined) assert.isAtLeast(share.concurrency, 1)
        // If the number of lanes is exact, the shares exhaust the limit, and the first lane always has a share.
        const true_ = lanes.map((_, rank) => shareOf({ concurrency, rate: undefined }, rank, lanes.length))
        if (concurrency !== undefined && lanes.length > 0) {
          assert.strictEqual(true_.reduce((sum, share) => sum + (share?.concurrency ?? 0), 0), concurrency)
        }
        if (lanes.length > 0) assert.isDefined(shareOf({ concurrency, rate }, 0, lanes.length))
      }),
    { arbitrary: { runs: 300 } }
  )

  const Bound = Schema.UndefinedOr(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 })))
  const Story = Schema.Struct({
    lanes: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6 })),
    // In each interval the runners read the job, forwards and backwards in turn. Before one of these reads the limits are changed.
    intervals: Schema.NonEmptyArray(
      Schema.Struct({
        concurrency: Bound,
        rate: Bound,
        changedAt: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 8 }))
      })
    ).check(Schema.isMaxLength(6))
  })
  it.effect.prop(
    "adds up to no more than the limits of this interval and the former ones, whenever runners read a change",
    [Story],
    ([{ intervals, lanes }]) =>
      Effect.gen(function*() {
        let job = storedJob({ ...intervals[0], lanes })
        const watches = Array.from({ length: lanes }, () => new JobWatch(job))
        // The limits that some runner has gone by, of this interval and of the two before it.
        let inForce: ReadonlyArray<Array<Jobs.Stored>> = []
        const shares = () => watches.map((watch, lane) => watch.shareOf(lane))
        for (const [interval, { changedAt, concurrency, rate }] of intervals.entries()) {
          inForce = [...inForce.slice(-2), watches.map(({ job }) => job)]
          for (const [at, watch] of (interval % 2 === 0 ? watches : watches.toReversed()).entries()) {
            if (at === changedAt) job = storedJob({ concurrency, rate, lanes, revision: job.revision + 1 })
            yield* watch.update(job)
            inForce.at(-1)?.push(job)
            for (const part of ["concurrency", "rate"] as const) {
              const total = shares().reduce(
                (sum, share) => sum + (share === undefined ? 0 : share[part] ?? Infinity),
                0
              )
              const most = Math.max(...inForce.flat().map((bounds) => bounds[part] ?? Infinity))
              assert.isAtMost(total, most * (1 + 1e-9))
            }
          }
        }
        // A change holds in the end.
        for (const _ of [1, 2, 3]) for (const watch of watches) yield* watch.update(job)
        assert.deepStrictEqual(shares(), watches.map((_, lane) => shareOf(job, lane, lanes)))
      }),
    { arbitrary: { runs: 300 } }
  )
})

describe("limits over several runners", () => {
  for (const [concurrency, lanes] of [[1, 8], [3, 8], [8, 8], [13, 4]] as const) {
    it.effect(`keep ${concurrency} in flight at most, with ${lanes} lanes, and use them`, () =>
      Effect.gen(function*() {
        const job = numbered({ concurrency })
        for (let of = 0; of < 3; of++) yield* runner(job.toLayer(fill), { lanes, of, count: 3 })
        const handle = yield* job.start({ units: 12 }, { id: "a" })
        const { rows } = yield* after(2, handle.await)
        const times = yield* sent
        assert.deepStrictEqual([rows, times.length], [480, 480])
        assert.strictEqual(peakOf(times, 100), concurrency)
      }).pipe(Effect.provide(memory(tables, { answers: [slow] }, lanes))))
  }

  for (const [rate, lanes] of [[2, 8], [20, 8], [7.5, 4]] as const) {
    it.effect(`start ${rate} in a second at most, with ${lanes} lanes`, () =>
      Effect.gen(function*() {
        const job = numbered({ rate })
        for (let of = 0; of < 3; of++) yield* runner(job.toLayer(fill), { lanes, of, count: 3 })
        const handle = yield* job.start({ units: 4 }, { id: "a" })
        yield* after(2, handle.await)
        const times = yield* sent
        assert.strictEqual(times.length, 160)
        for (const seconds of [1, 2, 10, 30]) {
          assert.isAtMost(mostWithin(times, seconds * 1_000), Math.ceil(rate * (seconds + 1)) + 1)
        }
      }).pipe(Effect.provide(memory(tables, {}, lanes))))
  }

  const Case = Schema.Struct({
    concurrency: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 })),
    lanes: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 })),
    runners: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 4 })),
    units: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 }))
  })
  it.effect.prop(
    "are kept by any number of runners, lanes and units",
    [Case],
    ([{ concurrency, lanes, runners, units }]) =>
      Effect.gen(function*() {
        const job = numbered({ concurrency })
        for (let of = 0; of < runners; of++) yield* runner(job.toLayer(fill), { lanes, of, count: runners })
        const handle = yield* job.start({ units }, { id: "a" })
        const { rows } = yield* after(2, handle.await)
        const times = yield* sent
        assert.deepStrictEqual([rows, times.length], [units * page.length, units * page.length])
        assert.isAtMost(peakOf(times, 100), concurrency)
      }).pipe(Effect.provide(memory(tables, { answers: [slow] }, lanes))),
    { arbitrary: { runs: 5 } }
  )

  it.effect("change while the job runs, without a restart of its units", () =>
    Effect.gen(function*() {
      let units = 0
      const job = numbered({ concurrency: 12 })
      const many = Array.from({ length: 2_000 }, () => statement)
      for (let of = 0; of < 2; of++) {
        yield* runner(
          job.toLayer((_, { execute }) =>
            Effect.suspend(() => {
              units++
              return Effect.as(execute(many), many.length)
            })
          ),
          { lanes: 4, of, count: 2 }
        )
      }
      const handle = yield* job.start({ units: 4 }, { id: "a" })
      yield* TestClock.adjust("10 seconds")
      const peaks = [peakOf(yield* sent, 100)]
      for (const concurrency of [2, 20]) {
        yield* handle.setLimits({ concurrency })
        yield* TestClock.adjust("7 seconds")
        const before = (yield* sent).length
        yield* TestClock.adjust("2 seconds")
        peaks.push(peakOf((yield* sent).slice(before), 100))
      }
      // Of four lanes only two had their turn, so that two units were stopped and started again.
      assert.deepStrictEqual(peaks, [12, 2, 20])
      yield* handle.setLimits({ concurrency: "unbounded", rate: 30 })
      yield* TestClock.adjust("7 seconds")
      const before = (yield* sent).length
      yield* TestClock.adjust("10 seconds")
      assert.approximately((yield* sent).length - before, 300, 10)
      yield* handle.setLimits({ rate: "unbounded" })
      const { rows } = yield* after(1, handle.await)
      assert.isAbove(peakOf((yield* sent).slice(before), 100), 100)
      assert.deepStrictEqual([rows, units], [8_000, 6])
      assert.strictEqual((yield* Effect.flip(handle.setLimits({ rate: 1 })))._tag, "JobStateRefused")
    }).pipe(Effect.provide(memory(tables, { answers: [slow] }, 4))))

  it.effect("do not keep a job from being paused within a page", () =>
    Effect.gen(function*() {
      const job = numbered({ rate: 1 })
      yield* process(job.toLayer(fill))
      const handle = yield* job.start({ units: 1 }, { id: "a" })
      yield* TestClock.adjust("10 seconds")
      yield* handle.pause
      yield* TestClock.adjust("20 seconds")
      const before = (yield* sent).length
      assert.isBelow(before, 30)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* sent).length, before)
      yield* handle.setLimits({ rate: "unbounded" })
      yield* handle.resume
      const { failed, rows } = yield* after(1, handle.await)
      assert.deepStrictEqual([rows, failed, (yield* sent).length], [page.length, 0, before + page.length])
    }).pipe(Effect.provide(memory(tables))))

  it.effect("are changed by several at the same time, and each change counts", () =>
    Effect.gen(function*() {
      const job = numbered({ concurrency: 5, rate: 9 })
      const handle = yield* job.start({ units: 1 }, { id: "a", rate: 10 })
      yield* Effect.all([
        handle.setLimits({ concurrency: 7 }),
        handle.setLimits({ rate: 0.5 }),
        handle.setLimits({}),
        handle.setLimits({})
      ], { concurrency: "unbounded" })
      const { concurrency, rate, revision } = (yield* Jobs.Jobs.use(({ find }) => find("a")))!
      assert.deepStrictEqual([concurrency, rate, revision], [7, 0.5, 4])
    }).pipe(Effect.provide(memory(tables))))

  it.effect("are refused if they cannot be", () =>
    Effect.gen(function*() {
      const handle = yield* numbered().start({ units: 1 }, { id: "a" })
      for (
        const limits of [{ concurrency: 0 }, { concurrency: 1.5 }, { rate: 0 }, { rate: -1 }, { rate: Number.NaN }]
      ) {
        assert.throws(() => numbered(limits), InvalidOptions)
        assert.instanceOf(defectOf(yield* Effect.exit(handle.setLimits(limits))), InvalidOptions)
        assert.instanceOf(
          defectOf(yield* Effect.exit(numbered().start({ units: 1 }, { id: "b", ...limits }))),
          InvalidOptions
        )
      }
      for (const errorBudget of [{ rejects: -1 }, { share: 2, minimum: 1 }, { share: 0.5, minimum: -1 }]) {
        assert.throws(() => numbered({ errorBudget }), InvalidOptions)
      }
    }).pipe(Effect.provide(memory(tables))))
})

describe("an error budget", () => {
  it.effect("counts the rejects of a lane that another process has taken once", () =>
    Effect.gen(function*() {
      const watch = new JobWatch({
        ...storedJob({ concurrency: undefined, rate: undefined, lanes: 2 }),
        budget: { rejects: 5 }
      })
      const progress = { units: 1, done: 0, failed: 0, rows: 0, rejected: 0 }
      watch.count(1, 0, { ...progress, rejected: 1 }, 0)
      watch.count(0, 0, progress, 5)
      assert.deepStrictEqual(watch.exceeded, { rejected: 6, allowed: 5 })
      watch.leave(0)
      yield* watch.learn(new Map([[0, { rows: 10, rejected: 4, hasEnded: true }]]))
      assert.isUndefined(watch.exceeded)
      // An older view of it changes nothing.
      yield* watch.learn(new Map([[0, { rows: 0, rejected: 0, hasEnded: false }]]))
      watch.count(1, 0, { ...progress, rejected: 2 }, 0)
      assert.deepStrictEqual(watch.exceeded, { rejected: 6, allowed: 5 })
    }))

  it.effect("counts nothing of a run that is over", () =>
    Effect.gen(function*() {
      const job = { ...storedJob({ concurrency: undefined, rate: undefined, lanes: 2 }), budget: { rejects: 5 } }
      const watch = new JobWatch(job)
      yield* watch.update({ ...job, run: 1 })
      watch.count(0, 0, { units: 1, done: 0, failed: 0, rows: 9, rejected: 9 }, 9)
      assert.isUndefined(watch.exceeded)
      assert.deepStrictEqual([watch.mayRun(0, 0), watch.mayRun(0, 1)], [false, true])
    }))

  /** Counts ten rows a unit, and rejects some of them. */
  const rejecting = (rejects: (unit: number) => number): Handler => (unit, { reject }) =>
    Effect.gen(function*() {
      yield* Effect.sleep("1 second")
      for (let row = 0; row < rejects(unit); row++) yield* reject({ position: `${row}`, error: "bad" })
      return 10
    })

  it.effect("ends the job when all runners together exceed it, and keeps what is done", () =>
    Effect.gen(function*() {
      const job = numbered({ errorBudget: { rejects: 20 } })
      for (let of = 0; of < 4; of++) {
        yield* runner(job.toLayer(rejecting(() => 1)), { lanes: 4, of, count: 4 })
      }
      const handle = yield* job.start({ units: 400 }, { id: "a" })
      // Each runner knows the numbers of the others of up to an interval ago.
      const exceeded = after(
        2,
        handle.await.pipe(
          Effect.flip,
          Effect.map((error) => {
            assert.strictEqual(error._tag, "JobBudgetExhausted")
            if (error._tag !== "JobBudgetExhausted") return
            assert.include(error.message, "expected at most 20 rejects, got ")
            assert.isTrue(error.rejected > 20 && error.rejected < 50)
          })
        )
      )
      yield* exceeded
      const { done, failed, rejected, rows, state } = yield* handle.progress
      assert.deepStrictEqual([state, failed], ["failed", 0])
      assert.isTrue(rejected > 10 && rejected < 50)
      assert.deepStrictEqual([rows, rejected], [10 * done, done])
      assert.isAtLeast((yield* rejectsOf(handle)).length, rejected)
      // It goes on, and is ended again by another twenty.
      yield* handle.retry()
      yield* exceeded
      assert.isAbove((yield* handle.progress).rejected, rejected + 10)
    }).pipe(Effect.provide(memory())))

  it.effect("of none ends the job at the first reject, and shows it", () =>
    Effect.gen(function*() {
      const job = numbered({ errorBudget: { rejects: 0 } })
      yield* process(job.toLayer((unit, { execute }) =>
        unit === 3
          ? execute([Statement.make("INSERT INTO app.absent (id) VALUES (1)")]).pipe(Effect.asVoid)
          : Effect.void
      ))
      const handle = yield* job.start({ units: 8 }, { id: "a" })
      const error = yield* after(1, Effect.flip(handle.await))
      assert.deepStrictEqual([error._tag, error._tag === "JobBudgetExhausted" && error.rejected], [
        "JobBudgetExhausted",
        1
      ])
      assert.deepStrictEqual((yield* rejectsOf(handle)).map(({ reason, unit }) => [unit, reason]), [[
        3,
        "InvalidQuery"
      ]])
    }).pipe(Effect.provide(memory())))

  it.effect("is a share of the rows, of a minimum of them at least", () =>
    Effect.gen(function*() {
      const share = numbered({ errorBudget: { share: 0.1, minimum: 100 } })
      yield* process(share.toLayer(rejecting((unit) => unit < 10 ? 1 : 0)))
      const good = yield* share.start({ units: 40 }, { id: "good" })
      assert.deepStrictEqual((yield* after(2, good.await)).rejected, 10)
    }).pipe(Effect.provide(memory())))

  it.effect.prop(
    "allows the largest number of rejects that is no larger share of the rows",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 })),
      Schema.Int.check(
        Schema.isBetween({ minimum: 0, maximum: 10_000 })
      )
    ],
    ([percent, hundreds]) =>
      Effect.sync(() => {
        const budget = { share: percent / 100, minimum: 0 }
        assert.strictEqual(allowed(budget, hundreds * 100), percent * hundreds)
        assert.strictEqual(allowed(budget, hundreds * 100 + 1), percent * hundreds + (percent === 100 ? 1 : 0))
      }),
    { arbitrary: { runs: 300 } }
  )

  it.effect("of all rows is never exceeded, also by rejects that no checkpoint has counted", () =>
    Effect.gen(function*() {
      const all = numbered({ errorBudget: { share: 1, minimum: 0 } })
      yield* process(all.toLayer(rejecting(() => 10)))
      const handle = yield* all.start({ units: 8 }, { id: "a" })
      assert.deepInclude(yield* after(1, handle.await), { rows: 80, rejected: 80 })
    }).pipe(Effect.provide(memory())))

  it.effect("is kept by just as many rejects as it allows, on all lanes together and again after a retry", () =>
    Effect.gen(function*() {
      const job = numbered({ errorBudget: { rejects: 8 } })
      let extra = 0
      yield* process(job.toLayer(rejecting((unit) => unit === 7 ? 1 + extra : 1)))
      const handle = yield* job.start({ units: 8 }, { id: "a" })
      for (let run = 0; run < 3; run++) {
        assert.deepInclude(yield* after(1, handle.await), { state: "done", rows: 80, rejected: 8 })
        yield* handle.retry({ only: "rejects" })
      }
      yield* after(1, handle.await)
      extra = 1
      yield* handle.retry({ only: "rejects" })
      assert.deepInclude(yield* after(1, Effect.flip(handle.await)), {
        _tag: "JobBudgetExhausted",
        rejected: 9,
        allowed: 8
      })
    }).pipe(Effect.provide(memory())))

  it.effect("is exceeded by a share of the rows", () =>
    Effect.gen(function*() {
      const share = numbered({ errorBudget: { share: 0.1, minimum: 100 } })
      yield* process(share.toLayer(rejecting(() => 2)))
      const bad = yield* share.start({ units: 40 }, { id: "bad" })
      assert.strictEqual((yield* after(2, Effect.flip(bad.await)))._tag, "JobBudgetExhausted")
      assert.isBelow((yield* bad.progress).done, 40)
    }).pipe(Effect.provide(memory())))
})
