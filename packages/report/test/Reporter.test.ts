import { executeConcurrent, Limiter, type Progress, Reason, RetryPolicy, runConcurrent } from "@effect-cql/core"
import { Reporter } from "@effect-cql/report"
import { sessionOf, statements, timed } from "@effect-cql/test-support/runs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, PubSub } from "effect"
import { TestConsole } from "effect/testing"
import { outputOf } from "./support/output.ts"

const failing = sessionOf({
  latency: () => 10,
  failing: [3, 5],
  reason: new Reason.Unavailable({ message: "few", consistency: "ONE", required: 1, alive: 0, coordinator: "a:9042" })
})

describe("Reporter.console", () => {
  it.effect("logs plain lines where the output is no terminal, and the last snapshot always", () =>
    Effect.gen(function*() {
      const { displayed, layer } = outputOf(false)
      const run = Effect.scoped(Effect.gen(function*() {
        const onProgress = yield* Reporter.console({ title: "users", total: 1_000, every: "4 seconds" })
        yield* runConcurrent(statements(1_000), { concurrency: 1, onProgress, raiseOnFirstError: false })
      }))
      yield* timed(run.pipe(Effect.provide(layer)))
      assert.deepStrictEqual(displayed, [])
      const lines = (yield* TestConsole.logLines).map(String)
      assert.lengthOf(lines, 3)
      assert.match(
        lines[0]!,
        /^users: 399\/1,000 39% 6\.0 s left, 100\/s now, 100\/s overall, p50 10 ms, .*in flight, failed/
      )
      assert.match(lines.at(-1)!, /^users: 1,000\/1,000 100% in 10 s/)
      for (const line of lines) assert.notMatch(line, /\n/)
    }).pipe(Effect.provide(failing)))

  it.effect("shows failures by reason, retries, the limit and the reason of its last move", () =>
    Effect.gen(function*() {
      const { displayed, layer } = outputOf(true, 100)
      const limiter = yield* Limiter.adaptive({ min: 1, max: 64, initial: 4 })
      const run = Effect.scoped(Effect.gen(function*() {
        const onProgress = yield* Reporter.console()
        yield* executeConcurrent(statements(5_000), {
          concurrency: 64,
          onProgress,
          limiter,
          raiseOnFirstError: false,
          statement: { retry: RetryPolicy.standard }
        })
      }))
      yield* timed(run.pipe(Effect.provide(layer)))
      const last = displayed.at(-1)!
      assert.include(last, "5,000 done in ")
      assert.match(last, /failed: 2 Unavailable; \d+ retried/)
      assert.match(last, /limit \d+ \(\d+ to \d+ .* ago: [A-Z]\w+\)/)
    }).pipe(Effect.provide(failing)))

  it.effect("cuts every line to the width of the terminal, and a control character of a title as well", () =>
    Effect.gen(function*() {
      for (const columns of [0, 10, 20, 40]) {
        const { displayed, layer } = outputOf(true, columns)
        const run = Effect.scoped(Effect.gen(function*() {
          const onProgress = yield* Reporter.console({ title: "a\n\u001b[31mtitle", total: 100 })
          yield* runConcurrent(statements(100), { onProgress, concurrency: 1 })
        }))
        yield* timed(run.pipe(Effect.provide(layer)))
        assert.isNotEmpty(displayed)
        for (const text of displayed) {
          // oxlint-disable-next-line no-control-regex
          const lines = text.replace(/^\r(?:\u001b\[\d+A)?\u001b\[J/, "").split("\n")
          assert.isTrue(lines.every((line) => line.length < (columns || 80)), text)
          assert.notInclude(lines.join(""), "\u001b")
        }
      }
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))
})

describe("a total", () => {
  const linesOf = (options: Reporter.ConsoleOptions, size: number, isTerminal = false) =>
    Effect.gen(function*() {
      const { displayed, layer } = outputOf(isTerminal, 60)
      const run = Effect.scoped(Effect.gen(function*() {
        const onProgress = yield* Reporter.console(options)
        yield* runConcurrent(statements(size), { onProgress, concurrency: 1 })
      }))
      yield* timed(run.pipe(Effect.provide(layer)))
      return [...displayed, ...yield* TestConsole.logLines].map(String)
    }).pipe(Effect.provide(sessionOf({ latency: () => 10 })))

  it.effect("that is no number of statements counts as unknown", () =>
    Effect.gen(function*() {
      for (const total of [undefined, 0, -5, Number.NaN, Number.POSITIVE_INFINITY]) {
        for (const isTerminal of [true, false]) {
          const lines = yield* linesOf({ total }, 100, isTerminal)
          assert.match(lines.at(-1)!, /100 done in 1\.0 s/)
          assert.notMatch(lines.join(""), /NaN|Infinity|∞|%/)
        }
      }
    }))

  it.effect("that was too small, and a run of no statements, show no more than everything", () =>
    Effect.gen(function*() {
      assert.match((yield* linesOf({ total: 10 }, 100)).at(-1)!, /100\/10 100% in 1\.0 s/)
      assert.match((yield* linesOf({ total: 10 }, 0)).at(-1)!, /^run: 0\/10 0% in 0\.0 s, 0\/s now/)
      assert.match((yield* linesOf({}, 0)).at(-1)!, /^run: 0 done in 0\.0 s, 0\/s now, 0\/s overall, p50 0\.0 ms/)
    }))

  it.effect("leaves no time to a run that has failed", () =>
    Effect.gen(function*() {
      for (const isTerminal of [true, false]) {
        const { displayed, layer } = outputOf(isTerminal, 60)
        const run = Effect.scoped(Effect.gen(function*() {
          const onProgress = yield* Reporter.console({ total: 100, every: "1 hour" })
          yield* Effect.exit(runConcurrent(statements(100), { onProgress, concurrency: 1 }))
        }))
        yield* timed(run.pipe(Effect.provide([layer, failing])))
        const last = isTerminal ? displayed.at(-1)! : String((yield* TestConsole.logLines).at(-1))
        assert.match(last, /4\/100 4% in \d/)
        assert.notInclude(last, "left")
        assert.include(last, "failed: 1 Unavailable")
      }
    }))

  it.effect("stands behind a title on one line, whatever that contains", () =>
    Effect.gen(function*() {
      const title = "a\nb\u001b[31m\u2028c\u202ed"
      for (const isTerminal of [true, false]) {
        const lines = yield* linesOf({ title, total: 100 }, 100, isTerminal)
        assert.include(lines.at(-1), "a b [31m c d")
        for (const control of ["\u2028", "\u202e", "\u001b[31m"]) assert.notInclude(lines.join(""), control)
      }
    }))

  for (const columns of [20, 35, 60, 120, 300]) {
    it.effect(`fits ${columns} columns with a title of wide characters`, () =>
      Effect.gen(function*() {
        const { displayed, layer } = outputOf(true, columns)
        const run = Effect.scoped(Effect.gen(function*() {
          const onProgress = yield* Reporter.console({ title: "用户导入", total: 100 })
          yield* runConcurrent(statements(100), { onProgress, concurrency: 1 })
        }))
        yield* timed(run.pipe(Effect.provide(layer)))
        for (const line of displayed.at(-1)!.split("\u001b[J")[1]!.split("\n")) {
          const wide = line.match(/[\u4e00-\u9fff]/g)?.length ?? 0
          assert.isBelow(line.length + wide, columns)
        }
      }).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))
  }
})

describe("Reporter.json", () => {
  it.effect("logs one line of JSON for each snapshot", () =>
    Effect.gen(function*() {
      const onProgress = Reporter.json({ title: "users" })
      const limiter = yield* Limiter.rate({ statements: 1_000, per: "1 second" })
      yield* timed(
        runConcurrent(statements(100), { concurrency: 1, onProgress, limiter, raiseOnFirstError: false })
      )
      const lines = (yield* TestConsole.logLines).map((line) => JSON.parse(String(line)))
      assert.isAbove(lines.length, 3)
      const last = lines.at(-1)
      assert.deepInclude(last, {
        title: "users",
        started: 100,
        succeeded: 98,
        failed: 2,
        inFlight: 0,
        elapsed: 1_000,
        failures: { Unavailable: 2 },
        failuresByNode: { "a:9042": 2 }
      })
      assert.strictEqual(last.latencyOverall.count, 100)
      assert.strictEqual(last.limiter.limit, null)
      assert.lengthOf(last.slowest, 10)
    }).pipe(Effect.provide(failing)))
})

describe("Reporter.toHub", () => {
  it.effect("publishes each snapshot, and several reporters are one", () =>
    Effect.scoped(Effect.gen(function*() {
      const hub = yield* PubSub.unbounded<Progress>()
      const subscription = yield* PubSub.subscribe(hub)
      const seen: Array<Progress> = []
      const onProgress = Reporter.all([
        Reporter.toHub(hub),
        (progress) => Effect.sync(() => void seen.push(progress))
      ])
      yield* timed(runConcurrent(statements(100), { concurrency: 1, onProgress }))
      assert.deepStrictEqual(yield* PubSub.takeAll(subscription), seen as [Progress, ...Array<Progress>])
      assert.isAbove(seen.length, 3)
    })).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))

  it.effect("delays no run where nothing takes the snapshots", () =>
    Effect.scoped(Effect.gen(function*() {
      const hub = yield* PubSub.bounded<Progress>(1)
      yield* PubSub.subscribe(hub)
      const { millis } = yield* timed(
        runConcurrent(statements(100), { concurrency: 1, onProgress: Reporter.toHub(hub) })
      )
      assert.strictEqual(millis, 2_000)
    })).pipe(Effect.provide(sessionOf({ latency: () => 10 }))))
})
