/** Tracers and ports that fail while they watch: no statement and no run fails of it. */
import {
  executeConcurrent,
  Limiter,
  RetryPolicy,
  runConcurrent,
  Session,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { overloaded, statements } from "@effect-cql/test-support/runs"
import { keeping } from "@effect-cql/test-support/spans"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, Metric, Stream, Tracer } from "effect"
import { TestClock } from "effect/testing"

const select = Statement.make("SELECT id FROM app.users WHERE id = ?", [1])
const broken = Statement.make("SELECT id FROM broken", [], { retry: "none" })

const answer: MockSession.Reply = () => Effect.succeed({ rows: [{ id: 1 }], info: { coordinator: "10.0.0.1:9042" } })

const session = MockSession.layer({
  latency: "10 millis",
  health: { nodes: () => [], node: () => undefined, onEvent: () => () => {} },
  defaults: { retry: RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 1 }) }) },
  otherwise: answer,
  answers: [MockSession.when(/broken/, MockSession.fail(overloaded), { optional: true })]
})

/** Every kind of call, each with the number of its results. */
const calls: ReadonlyArray<readonly [string, Effect.Effect<number, unknown, Session>]> = [
  ["a statement", Effect.as(select, 1)],
  ["a page", Effect.as(Session.use((session) => session.executePage(select)), 1)],
  ["a stream", Session.use((session) => Stream.runCount(session.stream(select)))],
  ...(["off", "failures", "all", 0.5] as const).flatMap((spans) =>
    [
      [
        `an array, spans ${spans}`,
        Effect.map(
          executeConcurrent([...statements(9), broken], { spans, concurrency: 3, raiseOnFirstError: false }),
          ({ length }) => length
        )
      ],
      [
        `an iterable, spans ${spans}`,
        Effect.map(runConcurrent(new Set(statements(10)), { spans, concurrency: 3 }), ({ succeeded }) => succeeded)
      ],
      [
        `a stream of results, spans ${spans}`,
        Stream.runCount(streamConcurrent(statements(10), { spans, concurrency: 3 }))
      ],
      [
        `a limited run, spans ${spans}`,
        Effect.flatMap(Limiter.fixed(2), (limiter) =>
          Effect.map(executeConcurrent(statements(10), { spans, limiter }), ({ length }) => length))
      ]
    ] as const
  )
]

/** Runs a call, and gives its result with the lines that were logged. */
const run = <A, E>(call: Effect.Effect<A, E, Session>, layer = session) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => {
      lines.push(String(message))
    })
    const fiber = yield* Effect.forkChild(
      Effect.exit(Effect.provide(call, layer)).pipe(Effect.provide(Logger.layer([logger])))
    )
    yield* TestClock.adjust("1 minute")
    const exit = fiber.pollUnsafe()
    yield* Fiber.interrupt(fiber)
    return { exit: exit?._tag === "Success" ? exit.value : undefined, lines }
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))

const throwing = (): never => {
  throw new Error("of the tracer")
}

const tracers: Readonly<Record<string, Tracer.Tracer>> = {
  span: Tracer.make({ span: throwing }),
  ...Object.fromEntries(
    (["attribute", "event", "end"] as const).map((method) => [
      method,
      Tracer.make({ span: (options) => Object.assign(new Tracer.NativeSpan(options), { [method]: throwing }) })
    ])
  )
}

describe("a tracer that throws", () => {
  for (const [method, tracer] of Object.entries(tracers)) {
    for (const [name, call] of calls) {
      it.effect(`in ${method} fails no call: ${name}`, () =>
        Effect.gen(function*() {
          const { exit: expected } = yield* run(call)
          const { exit, lines } = yield* run(Effect.provideService(call, Tracer.Tracer, tracer))
          assert.isDefined(expected)
          assert.deepStrictEqual(exit, expected)
          assert.isAtMost(lines.length, 1)
          for (const line of lines) assert.include(line, "the tracer failed")
        }))
    }
  }
})

describe("the health of a port that throws", () => {
  for (const method of ["node", "nodes"] as const) {
    it.effect(`in ${method} fails no call, and is logged once`, () =>
      Effect.gen(function*() {
        const health = { nodes: () => [], node: () => undefined, onEvent: () => () => {}, [method]: throwing }
        const layer = MockSession.layer({
          health,
          otherwise: answer
        })
        const all = Effect.andThen(select, executeConcurrent(statements(10), { spans: "all" }))
        const { exit, lines } = yield* run(all, layer)
        assert.isTrue(exit !== undefined && Exit.isSuccess(exit))
        assert.lengthOf(lines, 1)
        assert.include(lines[0], "the health of a port failed")
      }))
  }
})

describe("a span that is not sampled", () => {
  it.effect("is begun and ended for its children, and has neither attributes nor events", () =>
    Effect.gen(function*() {
      const { spans, tracer } = keeping()
      const parent = Tracer.externalSpan({ spanId: "0000000000000001", traceId: "1".repeat(32), sampled: false })
      const all = Effect.andThen(select, executeConcurrent(statements(3), { spans: "all" })).pipe(
        Effect.withParentSpan(parent),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      const { exit } = yield* run(all)
      assert.isTrue(exit !== undefined && Exit.isSuccess(exit))
      assert.lengthOf(spans, 5)
      for (const { attributes, events, sampled, status } of spans) {
        assert.deepStrictEqual([sampled, status._tag, attributes.size, events.length], [false, "Ended", 0, 0])
      }
    }))
})
