import {
  Batch,
  executeConcurrent,
  Limiter,
  Query,
  Reason,
  RetryPolicy,
  runConcurrent,
  Session,
  Settlement,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { PageState } from "@effect-cql/core/Port"
import { insert, overloaded, statements } from "@effect-cql/test-support/runs"
import { keeping } from "@effect-cql/test-support/spans"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer, Option, Random, Schema, Stream, Tracer } from "effect"
import { TestClock } from "effect/testing"

/** Runs an effect with a tracer that keeps its spans. */
const traced = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const { spans, tracer } = keeping()
    const exit = yield* Effect.exit(Effect.provideService(effect, Tracer.Tracer, tracer))
    return { exit, spans }
  })

const parentOf = (span: Tracer.NativeSpan | undefined): string | undefined => {
  const parent = Option.getOrUndefined(span?.parent ?? Option.none())
  return parent?._tag === "Span" ? parent.name : parent?.spanId
}

const clientSpans = (spans: ReadonlyArray<Tracer.NativeSpan>) => spans.filter(({ kind }) => kind === "client")

const attributesOf = (span: Tracer.NativeSpan | undefined): Record<string, unknown> =>
  Object.fromEntries(span?.attributes ?? [])

const eventsOf = (span: Tracer.NativeSpan | undefined): ReadonlyArray<string> =>
  span?.events.map(([name]) => name) ?? []

const failing = MockSession.layer({
  defaults: { retry: RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 1 }) }) },
  otherwise: MockSession.rows([]),
  answers: [MockSession.when(/broken/, MockSession.fail(overloaded), { optional: true })]
})

const select = Statement.make("SELECT name FROM app.users WHERE id = ?", [1], { consistency: "LOCAL_QUORUM" })

describe("the span of a call", () => {
  it.effect("has the attributes of the conventions, and a parent through withSpan, forks and streams", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(
        Effect.gen(function*() {
          yield* Effect.withSpan(select, "plain")
          yield* Effect.withSpan(Effect.flatMap(Effect.forkChild(select), Fiber.join), "forked")
          const session = yield* Session
          yield* Effect.withSpan(Stream.runDrain(session.stream(select)), "streamed")
          yield* Effect.withSpan(session.executePage(select), "paged")
        }).pipe(Effect.provide(MockSession.layer({ otherwise: MockSession.rows([{ name: "ada" }]) })))
      )
      const calls = clientSpans(spans)
      assert.deepStrictEqual(calls.map(parentOf), ["plain", "forked", "streamed", "paged"])
      for (const span of calls) {
        assert.strictEqual(span.name, "SELECT app.users")
        assert.strictEqual(span.status._tag, "Ended")
        const { "cql.session.name": name, ...attributes } = attributesOf(span)
        assert.isString(name)
        assert.deepStrictEqual(attributes, {
          "db.system.name": "cassandra",
          "db.namespace": "app",
          "db.collection.name": "users",
          "db.operation.name": "SELECT",
          "db.query.summary": "SELECT app.users",
          "db.query.text": select.text,
          "db.response.returned_rows": 1,
          "cassandra.consistency.level": "local_quorum",
          "cassandra.query.idempotent": true,
          "cql.outcome": "Applied",
          "cql.attempts": 1,
          "cql.pages": 1
        })
        assert.deepStrictEqual(eventsOf(span), ["attempt", "page"])
      }
    }))

  it.effect("covers all pages of a stream, also one that ends early", () =>
    Effect.gen(function*() {
      const rows = Array.from({ length: 7 }, (_, id) => ({ id }))
      const all = Statement.make("SELECT id FROM app.users", [], { pageSize: 2 })
      const { spans } = yield* traced(
        Session.use((session) =>
          Effect.gen(function*() {
            yield* Stream.runDrain(session.stream(all))
            yield* Stream.runDrain(Stream.take(session.stream(all), 3))
            yield* all
          })
        ).pipe(Effect.provide(MockSession.layer({ otherwise: MockSession.rows(rows) })))
      )
      assert.deepStrictEqual(
        clientSpans(spans).map((span) => [
          attributesOf(span)["cql.pages"],
          attributesOf(span)["db.response.returned_rows"],
          span.status._tag
        ]),
        [[4, 7, "Ended"], [2, 4, "Ended"], [4, 7, "Ended"]]
      )
    }))

  it.effect("counts the speculative executions of all pages", () =>
    Effect.gen(function*() {
      const { exit, spans } = yield* traced(
        select.pipe(Effect.provide(MockSession.layer({
          otherwise: (_, { pageState }) =>
            Effect.succeed({
              rows: [{ id: 1 }],
              info: { speculativeExecutions: pageState === undefined ? 2 : 1 },
              pageState: pageState === undefined ? PageState("next") : undefined
            })
        })))
      )
      assert.strictEqual(attributesOf(clientSpans(spans)[0])["cassandra.speculative_execution.count"], 3)
      assert.strictEqual(Exit.isSuccess(exit) ? exit.value.info.speculativeExecutions : undefined, 3)
    }))

  it.effect("has attempts, retries and waits for permits as events, and the error of the last attempt", () =>
    Effect.gen(function*() {
      const statement = Statement.make("INSERT INTO app.broken (a) VALUES (?)", [1])
      const fiber = yield* Effect.forkChild(traced(
        Effect.gen(function*() {
          const limiter = yield* Limiter.fixed(1)
          const session = yield* Session
          const both = Effect.all([Effect.exit(statement), session.execute(select)], { concurrency: 2 })
          yield* Session.limited(both, limiter)
        }).pipe(Effect.provide(failing))
      ))
      yield* TestClock.adjust("10 seconds")
      const { spans } = yield* Fiber.join(fiber)
      const span = clientSpans(spans).find(({ name }) => name === "INSERT app.broken")
      assert.deepStrictEqual(eventsOf(span), ["attempt", "retry", "attempt"])
      const { "cql.attempts": attempts, "cql.outcome": outcome, "error.type": type } = attributesOf(span)
      assert.deepStrictEqual([attempts, outcome, type], [2, "Unknown", "Overloaded"])
      assert.strictEqual(attributesOf(span)["db.response.status_code"], "0x1001")
      assert.isTrue(span?.status._tag === "Ended" && Exit.isFailure(span.status.exit))
    }))

  it.effect("has a permit event where the call waited for one", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const limiter = yield* Limiter.fixed(1)
        yield* Session.limited(Effect.all([select, select], { concurrency: 2 }), limiter)
      })
      const fiber = yield* Effect.forkChild(traced(Effect.provide(program, MockSession.layer({ latency: "1 second" }))))
      yield* TestClock.adjust("10 seconds")
      const { spans } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(clientSpans(spans).map(eventsOf), [
        ["attempt", "page"],
        ["permit", "attempt", "page"]
      ])
      assert.deepStrictEqual(clientSpans(spans)[1]?.events[0]?.[2], { "cql.permit.wait": 1_000 })
    }))

  it.effect("ends when its call is interrupted, or dies", () =>
    Effect.gen(function*() {
      const never = MockSession.layer({ otherwise: () => Effect.never })
      const fiber = yield* Effect.forkChild(traced(Effect.timeoutOption(Effect.provide(select, never), "1 second")))
      yield* TestClock.adjust("2 seconds")
      const interrupted = clientSpans((yield* Fiber.join(fiber)).spans)[0]
      assert.isTrue(interrupted?.status._tag === "Ended" && Exit.hasInterrupts(interrupted.status.exit))
      const dying = MockSession.layer({ otherwise: () => Effect.die("defect") })
      const died = clientSpans((yield* traced(Effect.exit(Effect.provide(select, dying)))).spans)[0]
      assert.isTrue(died?.status._tag === "Ended" && Exit.hasDies(died.status.exit))
      assert.strictEqual(attributesOf(died)["error.type"], "_OTHER")
    }))

  it.effect("is the parent of the spans of the port", () =>
    Effect.gen(function*() {
      const session = MockSession.layer({ otherwise: () => Effect.withSpan(Effect.succeed({ rows: [] }), "port") })
      const { spans } = yield* traced(
        Effect.andThen(select, executeConcurrent([select], { spans: "all" })).pipe(Effect.provide(session))
      )
      const inner = spans.filter(({ name }) => name === "port")
      assert.deepStrictEqual(inner.map(parentOf), ["SELECT app.users", "SELECT app.users"])
    }))

  it.effect("has no literal where the text has no markers, and no parameter at all", () =>
    Effect.gen(function*() {
      const secret = "tops'ecret"
      const bound = Query.make("INSERT INTO app.users (id, name) VALUES (?, ?)", {
        params: Schema.Tuple([Schema.Int, Schema.String])
      })
      const literal = "CREATE ROLE eve WITH PASSWORD = 'tops''ecret' AND LOGIN = true /* tops'ecret */"
      const batch = Batch.make([bound(1, secret), Statement.make("INSERT INTO app.users (id) VALUES (4711)")])
      const broken = Statement.make("SELECT 4711 FROM broken WHERE a = 'tops''ecret'")
      const program = Effect.gen(function*() {
        yield* bound(1, secret)
        yield* Statement.make(literal)
        yield* batch
        yield* Effect.exit(Statement.withOptions(broken, { retry: "none" }))
        yield* Effect.exit(executeConcurrent([broken], { statement: { retry: "none" }, spans: "all" }))
      })
      const { spans } = yield* traced(Effect.provide(program, failing))
      const texts = clientSpans(spans).map((span) => attributesOf(span)["db.query.text"])
      assert.deepStrictEqual(texts, [
        bound(1, secret).text,
        "CREATE ROLE eve WITH PASSWORD = ? AND LOGIN = ?",
        "INSERT INTO app.users (id, name) VALUES (?, ?); INSERT INTO app.users (id) VALUES (?)",
        "SELECT ? FROM broken WHERE a = ?",
        "SELECT ? FROM broken WHERE a = ?"
      ])
      for (const span of spans) {
        const exit = span.status._tag === "Ended" ? span.status.exit : Exit.void
        const shown = JSON.stringify([attributesOf(span), span.events.map(([, , event]) => event)]) +
          (Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "")
        assert.notInclude(shown, "ecret")
        assert.notInclude(shown, "4711")
      }
    }))

  it.effect("does not exist where spans are off", () =>
    Effect.gen(function*() {
      const off = MockSession.layer({ spans: false })
      const calls = Effect.andThen(select, executeConcurrent([select], { spans: "all" }))
      assert.lengthOf((yield* traced(Effect.provide(calls, off))).spans, 0)
      const disabled = Effect.withTracerEnabled(Effect.provide(calls, MockSession.layer()), false)
      assert.lengthOf((yield* traced(disabled)).spans, 0)
    }))
})

describe("the span of a run", () => {
  it.effect("has counts and the end state of the limiter, and no span of a statement by default", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(
        Effect.gen(function*() {
          const limiter = yield* Limiter.fixed(5)
          yield* executeConcurrent(statements(20), { concurrency: 10, limiter })
          yield* runConcurrent(Stream.fromIterable(statements(3)))
          yield* Stream.runDrain(streamConcurrent(new Set(statements(2))))
        }).pipe(Effect.withSpan("program"), Effect.provide(MockSession.layer()))
      )
      const runs = spans.filter(({ name }) => name === "cql.concurrent.run")
      assert.deepStrictEqual(runs.map(parentOf), ["program", "program", "program"])
      assert.lengthOf(spans, 4)
      assert.deepStrictEqual(
        runs.map((span) => attributesOf(span)["cql.concurrent.source"]),
        ["array", "stream", "iterable"]
      )
      const { "cql.session.name": _, ...attributes } = attributesOf(runs[0])
      assert.deepStrictEqual(attributes, {
        "db.system.name": "cassandra",
        "cql.concurrent.source": "array",
        "cql.concurrent.concurrency": 10,
        "cql.concurrent.started": 20,
        "cql.concurrent.succeeded": 20,
        "cql.concurrent.failed": 0,
        "cql.concurrent.interrupted": 0,
        "cql.concurrent.requests": 20,
        "cql.concurrent.retries": 0,
        "cql.concurrent.applied": 20,
        "cql.concurrent.not_applied": 0,
        "cql.concurrent.will_apply": 0,
        "cql.concurrent.unknown": 0,
        "cql.concurrent.limit": 5,
        "cql.concurrent.limit.abandoned": 0
      })
    }))

  it.effect("has spans of all statements, of those that fail, or of a share, as its children", () =>
    Effect.gen(function*() {
      const many = statements(1_000)
      const broken = Statement.make("SELECT a FROM broken", [], { retry: "none" })
      const run = (spans: "failures" | "all" | number, items: ReadonlyArray<Statement.Statement<unknown>>) =>
        Effect.map(
          traced(Effect.provide(executeConcurrent(items, { spans, raiseOnFirstError: false }), failing)).pipe(
            Random.withSeed("spans")
          ),
          ({ spans }) => clientSpans(spans)
        )
      const failed = yield* run("failures", [...statements(10), broken])
      assert.deepStrictEqual(
        failed.map((span) => [span.name, parentOf(span), span.attributes.get("cql.concurrent.index")]),
        [
          ["SELECT broken", "cql.concurrent.run", 10]
        ]
      )
      const all = yield* run("all", [...statements(10), broken])
      assert.lengthOf(all, 11)
      assert.isTrue(all.every((span) => parentOf(span) === "cql.concurrent.run" && span.status._tag === "Ended"))
      const share = yield* run(0.2, many)
      assert.isTrue(share.length > 140 && share.length < 260, `${share.length}`)
      assert.lengthOf(yield* run(0, many), 0)
    }))

  it.effect("gives the span of a failure the times of its attempts", () =>
    Effect.gen(function*() {
      const slow = MockSession.layer({
        latency: "1 second",
        defaults: { retry: RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 1 }) }) },
        otherwise: MockSession.fail(overloaded)
      })
      const run = executeConcurrent([Statement.make("SELECT a FROM t")], {
        spans: "failures",
        raiseOnFirstError: false
      })
      const fiber = yield* Effect.forkChild(traced(Effect.provide(run, slow)))
      yield* TestClock.adjust("1 minute")
      const [span] = clientSpans((yield* Fiber.join(fiber)).spans)
      assert.deepStrictEqual(eventsOf(span), ["attempt", "retry", "attempt"])
      const begun = span!.startTime
      const seconds = span!.events.map(([, at]) => Math.round(Number(at - begun) / 1e9))
      assert.deepStrictEqual(seconds, [0, 1, 1])
      assert.isTrue(span!.status._tag === "Ended" && span!.status.endTime - begun >= 2_000_000_000n)
    }))

  it.effect("has a span for each statement that failed, with all of its attempts and waits at their times", () =>
    Effect.gen(function*() {
      const schedule = RetryPolicy.backoff({ times: 25, initial: "100 millis", max: "100 millis" })
      const retry = RetryPolicy.make({ schedule, budget: { minimum: 99, share: 1 } })
      const slow = MockSession.layer({ latency: "1 second", otherwise: MockSession.fail(overloaded) })
      const eventsFor = (spans: "failures" | "all") =>
        Effect.gen(function*() {
          const limiter = yield* Limiter.fixed(1)
          const reads = Array.from({ length: 2 }, () => Statement.make("SELECT a FROM t", [], { retry }))
          const run = executeConcurrent(reads, { spans, limiter, raiseOnFirstError: false })
          const traces = Effect.provide(run, slow).pipe(Random.withSeed("jitter"))
          const fiber = yield* Effect.forkChild(traced(traces))
          yield* TestClock.adjust("10 minutes")
          return clientSpans((yield* Fiber.join(fiber)).spans).map(({ events, startTime }) =>
            events.map(([name, at, { "cql.attempt": attempt }]) => [name, Number(at - startTime) / 1e6, attempt])
          )
        })
      const live = yield* eventsFor("all")
      const afterwards = yield* eventsFor("failures")
      assert.deepStrictEqual(live.map(([first]) => first?.[0]), ["attempt", "permit"])
      for (const [index, events] of afterwards.entries()) {
        assert.deepStrictEqual(events, live[index])
        assert.strictEqual(events.at(-1)?.[2], 26)
      }
    }))

  it.effect("has the type of the error that stopped it, whatever that is", () =>
    Effect.gen(function*() {
      const never = MockSession.layer({ otherwise: () => Effect.never })
      const throwing = function*() {
        yield select
        throw new Error("of the source")
      }
      const typeOf = (run: Effect.Effect<unknown, unknown, Session>, session = failing) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(traced(Effect.provide(run, session)))
          yield* TestClock.adjust("1 minute")
          const { spans } = yield* Fiber.join(fiber)
          const span = spans.find(({ name }) => name === "cql.concurrent.run")
          assert.strictEqual(span?.status._tag, "Ended")
          return span?.attributes.get("error.type")
        })
      const deadline = executeConcurrent([select], { raiseOnFirstError: false, deadline: "1 second" })
      const source: Iterable<typeof select> = { [Symbol.iterator]: throwing }
      assert.strictEqual(yield* typeOf(deadline, never), "DeadlineExceeded")
      assert.strictEqual(yield* typeOf(runConcurrent(source)), "SourceError")
      assert.strictEqual(yield* typeOf(runConcurrent(Stream.fail("mine"))), "_OTHER")
      assert.strictEqual(yield* typeOf(runConcurrent(Stream.die("mine"))), "_OTHER")
      assert.isUndefined(yield* typeOf(Effect.timeoutOption(runConcurrent([select]), "1 second"), never))
      assert.isUndefined(yield* typeOf(runConcurrent([select])))
    }))

  it.effect("ends with its run: failed, interrupted, or with a stream that ends early", () =>
    Effect.gen(function*() {
      const broken = Statement.make("SELECT a FROM broken", [], { retry: "none" })
      const runOf = (spans: ReadonlyArray<Tracer.NativeSpan>) => spans.find(({ name }) => name === "cql.concurrent.run")
      const failed = runOf((yield* traced(Effect.provide(executeConcurrent([broken]), failing))).spans)
      assert.isTrue(failed?.status._tag === "Ended" && Exit.isFailure(failed.status.exit))
      assert.strictEqual(failed?.attributes.get("cql.concurrent.failed"), 1)
      const early = Stream.runDrain(Stream.take(streamConcurrent(statements(100), { concurrency: 5 }), 3))
      const ended = runOf((yield* traced(Effect.provide(early, failing))).spans)
      assert.strictEqual(ended?.status._tag, "Ended")
      const never = MockSession.layer({ otherwise: () => Effect.never })
      const run = Effect.timeoutOption(executeConcurrent(statements(3), { spans: "all" }), "1 second")
      const fiber = yield* Effect.forkChild(traced(Effect.provide(run, never)))
      yield* TestClock.adjust("2 seconds")
      const { spans } = yield* Fiber.join(fiber)
      assert.strictEqual(runOf(spans)?.attributes.get("cql.concurrent.interrupted"), 3)
      assert.isTrue(spans.every(({ status }) => status._tag === "Ended"))
    }))
})

describe("a function of several calls", () => {
  const lost = MockSession.fail(new Reason.RequestTimeout({ message: "lost", timeout: 5 }))
  const program = Effect.gen(function*() {
    const write = Statement.make("UPDATE app.users SET name = ? WHERE id = ?", ["ada", 1])
    const failed = yield* executeConcurrent([write], { raiseOnFirstError: false })
    yield* Settlement.settle(failed)
    yield* Session.trace("7a1ffa50-cc5a-11ee-8f1a-dfb3b4a1c6a1", 0)
  })
  const session = (spans: boolean) =>
    MockSession.layer({
      spans,
      answers: [MockSession.when(/^UPDATE/, lost)],
      otherwise: MockSession.rows([])
    })

  it.effect("has a span of its own, the parent of its calls", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(Effect.provide(program, session(true)))
      const parents = clientSpans(spans).map(parentOf)
      assert.include(parents, "Settlement.settle")
      assert.include(parents, "Session.trace")
    }))

  it.effect("has none where the session has none", () =>
    Effect.gen(function*() {
      const { exit, spans } = yield* traced(Effect.provide(program, session(false)))
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(spans.map(({ name }) => name), [])
    }))
})

describe("links", () => {
  it.effect("of the context are links of calls and runs", () =>
    Effect.gen(function*() {
      const span = Tracer.externalSpan({ spanId: "0000000000000001", traceId: "1".repeat(32) })
      const calls = Effect.andThen(select, executeConcurrent([Statement.make(insert, [1])], { spans: "all" }))
      const { spans } = yield* traced(Effect.linkSpans(Effect.provide(calls, MockSession.layer()), span))
      assert.lengthOf(spans, 3)
      assert.isTrue(spans.every(({ links }) => links[0]?.span === span))
      const parent = yield* traced(Effect.withParentSpan(Effect.provide(select, MockSession.layer()), span))
      assert.strictEqual(parentOf(parent.spans[0]), span.spanId)
    }))
})

describe("a reason without a code", () => {
  it.effect("has its tag alone, with the node that it names", () =>
    Effect.gen(function*() {
      const lost = new Reason.ConnectionClosed({ message: "lost", host: "[::1]:9043" })
      const session = MockSession.layer({ otherwise: MockSession.fail(lost) })
      const { spans } = yield* traced(Effect.exit(Effect.provide(select, session)))
      const attributes = attributesOf(spans[0])
      assert.strictEqual(attributes["error.type"], "ConnectionClosed")
      assert.notProperty(attributes, "db.response.status_code")
      assert.strictEqual(attributes["network.peer.address"], "::1")
      assert.strictEqual(attributes["server.port"], 9_043)
    }))
})

describe("the layers", () => {
  it.effect("of a session may be built under a span of their own", () =>
    Effect.gen(function*() {
      const session = Layer.span("layer").pipe((span) => Layer.provide(MockSession.layer(), span))
      const { spans } = yield* traced(Effect.withSpan(select, "call").pipe(Effect.provide(session)))
      assert.strictEqual(parentOf(clientSpans(spans)[0]), "call")
    }))
})
