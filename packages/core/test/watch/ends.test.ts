/** However a call or a run ends, its spans end with it, nothing stays in flight, and every call is counted once. */
import {
  Batch,
  executeConcurrent,
  Limiter,
  RetryPolicy,
  runConcurrent,
  Session,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { overloaded } from "@effect-cql/test-support/runs"
import { keeping } from "@effect-cql/test-support/spans"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric, Option, Schedule, Stream, Tracer } from "effect"
import { TestClock } from "effect/testing"

const rows = Array.from({ length: 7 }, (_, id) => ({ id }))
const paged = Statement.make("SELECT id FROM app.users", [], { pageSize: 2 })
const flaky = Statement.make("SELECT id FROM app.flaky WHERE id = ?", [1])
const broken = Statement.make("SELECT id FROM app.broken")
const lost = Statement.make("INSERT INTO app.lost (id) VALUES (?)", [1])
const dying = Statement.make("SELECT id FROM app.dying")
const batch = Batch.make([lost, lost])
const all = [paged, flaky, broken, paged, flaky, batch]

const session = MockSession.layer({
  latency: "1 second",
  defaults: { retry: RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 2, initial: "3 seconds" }) }) },
  otherwise: MockSession.rows(rows),
  answers: [
    MockSession.when(/flaky/, MockSession.inTurn(MockSession.fail(overloaded), MockSession.rows(rows)), {
      optional: true
    }),
    MockSession.when(/broken/, MockSession.fail(overloaded), { optional: true }),
    MockSession.when(/lost/, MockSession.never, { optional: true }),
    MockSession.when(/dying/, MockSession.die("mine"), { optional: true })
  ]
})

type Call = Effect.Effect<unknown, unknown, Session>

const streamOf = (statement: Statement.Input) =>
  Stream.unwrap(Session.use((session) => Effect.succeed(session.stream(statement))))

const spans = "all"

/** Everything that may be under way. */
const calls: Readonly<Record<string, Call>> = {
  "a statement": paged,
  "a statement that is retried": flaky,
  "a statement that fails": broken,
  "a statement that is never answered": lost,
  "a statement whose port dies": dying,
  "a batch": batch,
  "a page": Session.use((session) => session.executePage(paged)),
  "a stream": Stream.runDrain(streamOf(paged)),
  "a slow consumer of a stream": Stream.runForEach(streamOf(paged), () => Effect.sleep("700 millis")),
  "the beginning of a stream": Stream.runDrain(Stream.take(streamOf(paged), 3)),
  "a stream of pages": Session.use((session) => Stream.runDrain(session.streamPages(paged))),
  "a stream whose consumer fails": Stream.runDrain(
    Stream.mapEffect(streamOf(paged), (row) => JSON.stringify(row).includes("4") ? Effect.fail("mine") : Effect.void)
  ),
  "a stream whose consumer dies": Stream.runDrain(
    Stream.mapEffect(streamOf(paged), (row) => JSON.stringify(row).includes("4") ? Effect.die("mine") : Effect.void)
  ),
  "a stream that fails": Stream.runDrain(streamOf(broken)),
  "two streams at once": Stream.runDrain(Stream.merge(streamOf(paged), Stream.take(streamOf(paged), 1))),
  "a run of an array": executeConcurrent(all, { spans, concurrency: 2, raiseOnFirstError: false }),
  "a run that fails fast": executeConcurrent(all, { spans, concurrency: 3 }),
  "a run that dies": executeConcurrent([paged, lost, dying, paged], { spans }),
  "a run of an iterable": runConcurrent(new Set(all), { spans, concurrency: 2, raiseOnFirstError: false }),
  "a run of a stream": runConcurrent(Stream.fromIterable(all), { spans, concurrency: 2, raiseOnFirstError: false }),
  "a run with a deadline": executeConcurrent(all, { spans, raiseOnFirstError: false, deadline: "2500 millis" }),
  "a run with rounds": executeConcurrent([paged, broken], {
    spans,
    raiseOnFirstError: false,
    rounds: Schedule.upTo(Schedule.spaced("1 second"), { times: 2 })
  }),
  "a stream of results": Stream.runDrain(streamConcurrent(all, { spans, concurrency: 2, raiseOnFirstError: false })),
  "the beginning of a stream of results": Stream.runDrain(
    Stream.take(streamConcurrent(all, { spans, concurrency: 3, ordered: false, raiseOnFirstError: false }), 1)
  ),
  "a stream of results whose consumer fails": Stream.runForEach(
    streamConcurrent(all, { spans, concurrency: 3 }),
    () => Effect.fail("mine")
  ),
  "a limited run": Effect.flatMap(Limiter.fixed(1), (limiter) => executeConcurrent(all, { spans, limiter })),
  "limited statements": Effect.flatMap(
    Limiter.fixed(1),
    (limiter) => Session.limited(Effect.all([paged, lost, flaky], { concurrency: 3 }), limiter)
  ),
  "a nested run": Effect.flatMap(Effect.context<Session>(), (context) =>
    executeConcurrent(
      (function*() {
        yield paged
        yield paged
      })(),
      {
        spans,
        onProgress: () => Effect.provideContext(Effect.ignore(executeConcurrent([flaky], { spans })), context)
      }
    )),
  "another session's options": Effect.flatMap(
    Session.use(Effect.succeed),
    (session) => Effect.forEach(all, (each) => session.execute(each), { concurrency: "unbounded" })
  )
}

/** Runs a call, interrupts it after a time, and gives its spans with the metrics. */
const watched = (call: Call, millis: number | undefined) =>
  Effect.gen(function*() {
    const { spans: made, tracer } = keeping()
    return yield* Effect.gen(function*() {
      const root = Effect.withSpan(call, "root")
      const fiber = yield* Effect.forkChild(Effect.exit(Effect.provideService(root, Tracer.Tracer, tracer)))
      yield* TestClock.adjust(millis ?? 120_000)
      // The last call of a handler of progress may take a second.
      const stopped = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(stopped)
      const metrics = yield* Metric.snapshot
      const valueOf = (id: string) =>
        metrics.filter((metric) => metric.id === id).reduce(
          (sum, { state }) => sum + Number("count" in state ? state.count : "value" in state ? state.value : 0),
          0
        )
      return { spans: made, inFlight: valueOf("cql.concurrent.in_flight"), results: valueOf("cql.concurrent.results") }
    }).pipe(Effect.provide(session), Effect.scoped, Effect.provideService(Metric.MetricRegistry, new Map()))
  })

describe("a call", () => {
  for (const [name, call] of Object.entries(calls)) {
    it.effect(`leaves nothing behind, whenever it is interrupted: ${name}`, () =>
      Effect.gen(function*() {
        for (const millis of [undefined, 0, 1, 500, 1_000, 1_500, 2_000, 3_999, 4_000, 5_500, 9_000]) {
          const { inFlight, results, spans } = yield* watched(call, millis)
          const at = `${name}, interrupted after ${millis} ms`
          assert.strictEqual(inFlight, 0, at)
          assert.isNotEmpty(spans, at)
          for (const span of spans) {
            assert.strictEqual(span.status._tag, "Ended", `${at}: ${span.name}`)
            if (span.name === "root") continue
            const parent = Option.getOrThrow(span.parent)
            assert.strictEqual(parent._tag, "Span", at)
            if (span.kind === "internal" || parent._tag !== "Span") continue
            assert.include(["root", "cql.concurrent.run"], parent.name, at)
            assert.include(["Applied", "NotApplied", "Unknown", "WillApply"], span.attributes.get("cql.outcome"), at)
          }
          // The pages of a stream are calls of their own.
          const ended = spans.filter(({ kind }) => kind === "client").length
          if (!/stream|page/.test(name) || /results|run/.test(name)) assert.strictEqual(results, ended, at)
        }
      }))
  }
})
