/**
 * Interruptions that come from what a run itself calls: its port, its source, its predicates, and the permits that it gives back. All
 * of them can resume another fiber at once, and that fiber may interrupt the run.
 */
import {
  CqlError,
  executeConcurrent,
  Limiter,
  type Progress,
  Query,
  Reason,
  RetryPolicy,
  runConcurrent,
  runConcurrentBy,
  Session,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import type { Done, Page, Port, Request } from "@effect-cql/core/Port"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Schedule, Schema, SchemaGetter, Stream } from "effect"
import { TestClock } from "effect/testing"

const text = "SELECT a FROM ks.t WHERE b = ?"
const read = (b: unknown) => Statement.make(text, [b])
const reads = (count: number) => Array.from({ length: count }, (_, index) => read(index))

const unavailable = () =>
  new CqlError({
    reason: new Reason.Unavailable({ message: "no replica", consistency: "ONE", required: 1, alive: 0 }),
    query: text
  })
const retrying = RetryPolicy.make({ schedule: Schedule.spaced("10 millis") })

/** The parameter of a statement that is no batch. */
const numberOf = (request: Request): unknown => request._tag === "Statement" ? request.params[0] : undefined

/** The fiber that an interruption is meant for. */
class Target {
  #fiber: Fiber.Fiber<unknown, unknown> | undefined

  readonly interrupt = (): void => this.#fiber?.interruptUnsafe()

  /** Runs an effect in a fiber that can be interrupted from its first moment on. */
  fork<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Fiber.Fiber<A, E>, never, R> {
    return Effect.forkChild(Effect.andThen(Effect.yieldNow, effect)).pipe(
      Effect.tap((fiber) => Effect.sync(() => this.#fiber = fiber))
    )
  }
}

const sessionOf = (port: Port) => Session.make({ closeTimeout: 0, ...port })

const pass = (millis: number, times = 1) => Effect.repeat(TestClock.adjust(millis), { times: times - 1 })

const ended = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.pollUnsafe() !== undefined

const account = ({ failed, inFlight, interrupted, started, succeeded }: Progress) => ({
  started,
  succeeded,
  failed,
  interrupted,
  inFlight
})

describe("a statement alone", () => {
  it.effect("that is interrupted while its second request arrives makes no third, and cancels that one", () =>
    Effect.gen(function*() {
      const arrived = yield* Deferred.make<void>()
      const seen = { requests: 0, interrupted: 0 }
      const answer = Effect.suspend(() => {
        if (++seen.requests === 1) return Effect.fail(unavailable())
        return Effect.andThen(
          Deferred.succeed(arrived, undefined),
          Effect.onInterrupt(Effect.never, () => Effect.sync(() => seen.interrupted++))
        )
      })
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(read(1))
        yield* Effect.forkChild(Effect.andThen(Deferred.await(arrived), Fiber.interrupt(fiber)))
        yield* pass(100, 60)
        assert.isTrue(ended(fiber))
        assert.deepStrictEqual(seen, { requests: 2, interrupted: 1 })
      }).pipe(
        Effect.provide(
          MockSession.layer({ defaults: { requestTimeout: "1 second", retry: retrying }, otherwise: () => answer })
        )
      )
    }))

  it.effect("that waited for a permit gives it back", () =>
    Effect.gen(function*() {
      const target = new Target()
      const limiter = yield* Limiter.fixed(1)
      const dones: Array<Done> = []
      let cancelled = 0
      const session = yield* sessionOf({
        send: (_request, _pageState, done) => {
          if (dones.push(done) === 2) target.interrupt()
          return () => {
            cancelled++
            return false
          }
        }
      })
      const run = (statement: Statement.Statement<unknown>) =>
        Session.limited(statement, limiter).pipe(Effect.provideService(Session, session))
      yield* Effect.forkChild(run(read(0)))
      yield* pass(1)
      const fiber = yield* target.fork(run(read(1)))
      yield* pass(1)
      dones[0]!(Exit.succeed({ rows: [] }))
      yield* pass(1, 5)
      assert.isTrue(ended(fiber))
      assert.strictEqual(cancelled, 1)
      assert.strictEqual((yield* limiter.state).inFlight, 0)
    }).pipe(Effect.scoped))

  it.effect("that a predicate or a cancellation interrupts is not sent again", () =>
    Effect.gen(function*() {
      for (const from of ["predicate", "cancel"] as const) {
        const target = new Target()
        let sends = 0
        const session = yield* sessionOf({
          send: (_request, _pageState, done) => {
            sends++
            if (from === "predicate") queueMicrotask(() => done(Exit.fail(unavailable())))
            return () => {
              if (from === "cancel") target.interrupt()
            }
          }
        })
        const retry = RetryPolicy.make({
          schedule: Schedule.spaced("10 millis"),
          while: () => {
            if (from === "predicate") target.interrupt()
            return true
          }
        })
        const statement = Statement.make(text, [1], { requestTimeout: 100, retry })
        const fiber = yield* target.fork(statement.pipe(Effect.provideService(Session, session)))
        yield* pass(50, 40)
        assert.isTrue(ended(fiber))
        assert.strictEqual(sends, 1, from)
      }
    }).pipe(Effect.scoped))
})

describe("the loser of a race over one limiter", () => {
  for (const form of ["statement", "run"] as const) {
    it.effect(`fetches no further page, as a ${form}`, () =>
      Effect.gen(function*() {
        let pages = 0
        const session = yield* sessionOf({
          execute: (request) =>
            numberOf(request) === "small" ? Effect.succeed({ rows: [] }) : Effect.suspend(() => {
              pages++
              return Effect.as(Effect.sleep(10), { rows: [{ a: 1 }], pageState: `after ${pages}` as Page["pageState"] })
            })
        })
        const limiter = yield* Limiter.fixed(1)
        const progress: Array<Progress> = []
        const onProgress = (each: Progress) => Effect.sync(() => void progress.push(each))
        const of = (size: string): Effect.Effect<unknown, unknown, Session> =>
          form === "statement"
            ? Session.limited(read(size), limiter)
            : executeConcurrent([read(size)], { limiter, onProgress })
        const race = Effect.race(of("big"), of("small")).pipe(Effect.provideService(Session, session))
        const fiber = yield* Effect.forkChild(race)
        yield* pass(10, 20)
        assert.isTrue(ended(fiber))
        assert.strictEqual(pages, 1)
        assert.strictEqual((yield* limiter.state).inFlight, 0)
        if (form === "run") assert.strictEqual(progress.at(-1)?.inFlight, 0)
      }).pipe(Effect.scoped))
  }
})

/** A port whose statements fail at first, time out, answer in two pages or at once, by their number. It counts its calls. */
const moody = (onCall: (call: number) => void) => {
  const calls = { all: 0, sends: 0 }
  const attempts = new Map<unknown, number>()
  const call = () => onCall(++calls.all)
  const port: Port = {
    defaults: {
      requestTimeout: 100,
      retry: RetryPolicy.make({ schedule: Schedule.max([Schedule.spaced("10 millis"), Schedule.recurs(1)]) })
    },
    send: (request, pageState, done) => {
      const number = Number(numberOf(request))
      const attempt = (attempts.get(number) ?? 0) + 1
      attempts.set(number, attempt)
      calls.sends++
      const page = Exit.succeed({ rows: [{ a: number }], pageState: undefined })
      const first = Exit.succeed({ rows: [{ a: number }], pageState: "more" as Page["pageState"] })
      const answers = [
        () => done(page),
        () => done(attempt === 1 ? Exit.fail(unavailable()) : page),
        () => done(pageState === undefined ? first : page),
        () => {}
      ] as const
      const answer = answers[number % 4]!
      if (number % 8 < 4) answer()
      call()
      const isLater = number % 8 >= 4
      if (isLater) later.push(answer)
      return () => {
        call()
        return number % 3 === 0 ? false : undefined
      }
    }
  }
  const later: Array<() => void> = []
  const answerAll = Effect.sync(() => {
    for (const answer of later.splice(0)) answer()
  })
  return { answerAll, calls, port }
}

type OnProgress = (progress: Progress) => Effect.Effect<void>
type Run = Effect.Effect<unknown, unknown, Session>

describe("a run that one of its own calls interrupts", () => {
  const forms = {
    array: (onProgress: OnProgress, limiter: Limiter.Limiter | undefined): Run =>
      executeConcurrent(reads(16), { concurrency: 5, raiseOnFirstError: false, onProgress, limiter }),
    counts: (onProgress: OnProgress, limiter: Limiter.Limiter | undefined): Run =>
      runConcurrent(reads(16).values(), { concurrency: 5, raiseOnFirstError: false, onProgress, limiter }),
    stream: (onProgress: OnProgress, limiter: Limiter.Limiter | undefined): Run =>
      Stream.runDrain(streamConcurrent(reads(16), { concurrency: 5, raiseOnFirstError: false, onProgress, limiter }))
  }

  for (const [form, verb] of Object.entries(forms)) {
    for (const isLimited of [false, true]) {
      it.effect(`${form}${isLimited ? " under a limiter" : ""}: at every call of its port`, () =>
        Effect.gen(function*() {
          for (let at = 1, isOver = false; !isOver; at++) {
            const target = new Target()
            let isInterrupted = false
            const { answerAll, calls, port } = moody((call) => {
              if (call !== at) return
              isInterrupted = true
              target.interrupt()
            })
            const session = yield* sessionOf(port)
            const limiter = isLimited ? yield* Limiter.fixed(3, { abandonedFor: "100 millis" }) : undefined
            let last: Progress | undefined
            const run = verb((progress) => Effect.sync(() => void (last = progress)), limiter)
            const fiber = yield* target.fork(run.pipe(Effect.provideService(Session, session)))
            let sendsAtEnd: number | undefined
            for (let step = 0; step < 120; step++) {
              yield* pass(10)
              yield* answerAll
              if (ended(fiber)) sendsAtEnd ??= calls.sends
            }
            assert.isDefined(sendsAtEnd, `call ${at}: the run has ended`)
            assert.strictEqual(calls.sends, sendsAtEnd, `call ${at}: nothing is sent after the end`)
            const { failed, inFlight, interrupted, started, succeeded } = account(last!)
            assert.strictEqual(inFlight, 0, `call ${at}: the last progress`)
            assert.strictEqual(succeeded + failed + interrupted, started, `call ${at}: the account`)
            yield* pass(120_000)
            if (limiter !== undefined) assert.strictEqual((yield* limiter.state).inFlight, 0, `call ${at}: permits`)
            isOver = !isInterrupted
          }
        }).pipe(Effect.scoped))
    }
  }
})

/** A session that answers after ten milliseconds, and keeps the numbers of the requests that it was sent. */
const answeringSlowly = (sent: Array<unknown>) =>
  sessionOf({
    execute: (request) =>
      Effect.suspend(() => {
        sent.push(numberOf(request))
        return Effect.as(Effect.sleep(10), { rows: [] })
      })
  })

describe("a schema of parameters that interrupts its run", () => {
  for (const isLimited of [false, true]) {
    it.effect(`sends nothing of the statement that it encodes${isLimited ? ", and gives its permit back" : ""}`, () =>
      Effect.gen(function*() {
        const target = new Target()
        const sent: Array<unknown> = []
        const session = yield* answeringSlowly(sent)
        const Value = Schema.Int.pipe(Schema.decode({
          decode: SchemaGetter.passthrough(),
          encode: SchemaGetter.transform((value: number) => {
            if (value === 6) target.interrupt()
            return value
          })
        }))
        const insert = Query.make("INSERT INTO ks.t (b) VALUES (?)", { params: Schema.Tuple([Value]) })
        const limiter = isLimited ? yield* Limiter.fixed(3, { abandonedFor: "100 millis" }) : undefined
        let last: Progress | undefined
        const run = executeConcurrent(Array.from({ length: 10 }, (_, index) => insert(index)), {
          concurrency: 3,
          limiter,
          onProgress: (progress) => Effect.sync(() => void (last = progress))
        })
        const fiber = yield* target.fork(run.pipe(Effect.provideService(Session, session)))
        yield* pass(10, 20)
        assert.isTrue(ended(fiber))
        assert.deepStrictEqual(sent, [0, 1, 2, 3, 4, 5])
        const { failed, interrupted, started, succeeded } = account(last!)
        assert.deepStrictEqual([started, succeeded + failed + interrupted], [7, 7])
        if (limiter !== undefined) assert.strictEqual((yield* limiter.state).inFlight, 0)
      }).pipe(Effect.scoped))
  }
})

it.effect("a run that another one interrupts, which its limiter serves first, does not stay in line", () =>
  Effect.gen(function*() {
    const target = new Target()
    const sent: Array<unknown> = []
    const session = yield* sessionOf({
      send: (request, _, done) => {
        const number = numberOf(request)
        sent.push(number)
        if (number === 0) done(Exit.fail(unavailable()))
        if (number === 2) target.interrupt()
        return () => false
      }
    })
    const provided = Effect.provideService(Session, session)
    const rate = yield* Limiter.rate({ statements: 1, per: "20 millis" })
    const fixed = yield* Limiter.fixed(1)
    const retry = RetryPolicy.make({ schedule: Schedule.spaced("20 millis") })
    const first = yield* target.fork(
      executeConcurrent([read(0)], { limiter: rate, statement: { retry } }).pipe(provided)
    )
    yield* pass(0)
    const others = yield* Effect.forkChild(
      executeConcurrent([read(2)], { limiter: Limiter.all([rate, fixed]) }).pipe(provided)
    )
    yield* pass(20)
    assert.isTrue(ended(first))
    assert.deepStrictEqual(sent, [0, 2])
    assert.deepStrictEqual([(yield* rate.state).waiting, (yield* rate.state).inFlight], [0, 1])
    yield* Fiber.interrupt(others)
    assert.strictEqual((yield* rate.state).inFlight, 0)
  }).pipe(Effect.scoped))

it.effect("a run that another one stops, which its limiter serves first, starts nothing more", () =>
  Effect.gen(function*() {
    const sent: Array<unknown> = []
    const dones: Array<Done> = []
    const session = yield* sessionOf({
      defaults: { retry: "none" },
      send: (request, _, done) => {
        sent.push(numberOf(request))
        dones.push(done)
        if (numberOf(request) === 2) dones[0]!(Exit.fail(unavailable()))
        return () => false
      }
    })
    const provided = Effect.provideService(Session, session)
    const rate = yield* Limiter.rate({ statements: 1, per: "19500 micros" })
    const fixed = yield* Limiter.fixed(1)
    const source = Stream.concat(Stream.make(read(0)), Stream.fromEffect(Effect.delay(Effect.succeed(read(1)), 19.6)))
    const first = yield* Effect.forkChild(Effect.flip(runConcurrent(source, { limiter: rate }).pipe(provided)))
    yield* pass(0)
    const others = yield* Effect.forkChild(
      executeConcurrent([read(2)], { limiter: Limiter.all([rate, fixed]) }).pipe(provided)
    )
    // There is room again, and the timer of the limiter comes at the next whole millisecond.
    yield* pass(19.7)
    const { startedCount } = yield* Fiber.join(first)
    assert.strictEqual((yield* rate.state).waiting, 0)
    yield* pass(20, 10)
    assert.strictEqual(startedCount, 1)
    assert.deepStrictEqual(sent, [0, 2])
    yield* Fiber.interrupt(others)
    assert.strictEqual((yield* rate.state).inFlight, 0)
  }).pipe(Effect.scoped))

describe("a source that stops its run", () => {
  const sources = (at: (index: number) => void) => {
    const items = reads(10)
    const getters = reads(10)
    for (const index of items.keys()) {
      Object.defineProperty(getters, index, {
        get: () => {
          at(index)
          return items[index]
        }
      })
    }
    const generator = function*() {
      for (const [index, item] of items.entries()) {
        at(index)
        yield item
      }
    }
    const options = { concurrency: 3 }
    const onProgress = (push: (progress: Progress) => void) => (progress: Progress) => Effect.sync(() => push(progress))
    return {
      iterator: (push: (progress: Progress) => void): Run =>
        runConcurrent(generator(), { ...options, onProgress: onProgress(push) }),
      function: (push: (progress: Progress) => void): Run =>
        runConcurrentBy(items.keys(), (index) => {
          at(index)
          return items[index]!
        }, { ...options, onProgress: onProgress(push) }),
      getter: (push: (progress: Progress) => void): Run =>
        executeConcurrent(getters, { ...options, onProgress: onProgress(push) })
    }
  }

  for (const name of ["iterator", "function", "getter"] as const) {
    it.effect(`by an interruption, as an ${name}: its item is not sent`, () =>
      Effect.gen(function*() {
        const target = new Target()
        const sent: Array<unknown> = []
        const session = yield* answeringSlowly(sent)
        let last: Progress | undefined
        const run = sources((index) => index === 6 && target.interrupt())[name]((progress) => last = progress)
        const fiber = yield* target.fork(run.pipe(Effect.provideService(Session, session)))
        yield* pass(10, 10)
        assert.isTrue(ended(fiber))
        assert.deepStrictEqual(sent, [0, 1, 2, 3, 4, 5])
        assert.strictEqual(last?.started, 6)
      }).pipe(Effect.scoped))
  }

  it.effect("by an interruption: the function of the run is not given its item", () =>
    Effect.gen(function*() {
      const target = new Target()
      const statements = reads(10)
      const given: Array<number> = []
      const session = yield* sessionOf({ execute: () => Effect.as(Effect.sleep(10), { rows: [] }) })
      const source = function*() {
        for (const index of statements.keys()) {
          if (index === 4) target.interrupt()
          yield index
        }
      }
      const run = runConcurrentBy(source(), (index) => {
        given.push(index)
        return statements[index]!
      }, { concurrency: 3 })
      const fiber = yield* target.fork(run.pipe(Effect.provideService(Session, session)))
      yield* pass(10, 10)
      assert.isTrue(ended(fiber))
      assert.deepStrictEqual(given, [0, 1, 2, 3])
    }).pipe(Effect.scoped))

  for (const name of ["iterator", "function", "getter"] as const) {
    it.effect(`by a failure that it brings about, as an ${name}: nothing starts after the first failure`, () =>
      Effect.gen(function*() {
        const dones: Array<Done> = []
        const session = yield* sessionOf({
          defaults: { retry: "none" },
          send: (_request, _pageState, done) => {
            dones.push(done)
            return () => {}
          }
        })
        const run = sources((index) => index === 2 && dones[0]!(Exit.fail(unavailable())))[name]
        const exit = yield* Effect.exit(run(() => {}).pipe(Effect.provideService(Session, session)))
        assert.isTrue(Exit.isFailure(exit))
        assert.lengthOf(dones, 2)
      }).pipe(Effect.scoped))
  }
})
