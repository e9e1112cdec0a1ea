/**
 * Runs a {@link Case} on the engines, in a {@link World}, and writes down what can be seen from outside. The port is its own: it ends
 * attempts in every way that a port may, at the times of the world.
 */
import {
  CqlError,
  executeConcurrent,
  executeConcurrentWithArgs,
  ExecutionResult,
  type InvalidOptions,
  PageState,
  type Progress,
  Reason,
  RetryPolicy,
  runConcurrent,
  runConcurrentWithArgs,
  Session,
  SourceError,
  Statement,
  StatementFailed,
  streamConcurrent,
  streamConcurrentWithArgs
} from "@effect-cql/core"
import type { ExecutePort, Page, Port, SendPort } from "@effect-cql/core/Port"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as EffectExit from "effect/Exit"
import * as Stream from "effect/Stream"
import { type Attempt, attemptOf, bufferOf, type Case, concurrencyOf, planOf } from "./case.ts"
import {
  type Account,
  describeFailure,
  describeSuccess,
  type Exit,
  type Moment,
  type Prediction,
  type Summary,
  type Timings
} from "./prediction.ts"
import { rank } from "./queue.ts"
import { sourceBroke, WatchedSource } from "./watchedSource.ts"
import { World } from "./world.ts"

export interface Observation extends Omit<Prediction, "exit" | "died" | "retried" | "hasBegun" | "closingIsAwaited"> {
  readonly exit: Exit | { readonly tag: "hangs" } | { readonly tag: "unexpected"; readonly cause: string }
  readonly timings: Timings
  /** Violations of rules that hold for every case. */
  readonly wrongs: ReadonlyArray<string>
  /** The last snapshot, where progress is reported. */
  readonly progress: Progress | undefined
}

const query = (self: Case): string =>
  self.writes ? "INSERT INTO app.t (i) VALUES (?)" : "SELECT v FROM app.t WHERE i = ?"
/** Text of the statement by which sources and consumers pass time in the session of the run. */
const errand = "SELECT v FROM app.errands WHERE i = ?"
const adapterBroke = new Error("the adapter broke")

export const drive = async (self: Case): Promise<Observation> => {
  const driver = new Driver(self)
  return driver.run()
}

class Driver {
  readonly #case: Case
  readonly #world: World
  readonly #sent: Array<readonly [string, number]> = []
  readonly #ended = new Map<string, readonly ["answered" | "interrupted", number]>()
  // One order for both: a sweep and the end of a wait may come at one instant.
  readonly #timings = { swept: new Map<string, Moment>(), sent: new Map<string, Moment>() }
  #moments = 0
  readonly #handedOver: Array<readonly [number, ReadonlyArray<string>]> = []
  readonly #wrongs: Array<string> = []
  readonly #progress: Array<Progress> = []
  readonly #source: WatchedSource<Session>
  readonly #attempts = new Map<number, number>()
  #inFlight = 0
  #started = 0
  #consumed = 0
  #inHand = 0
  #exit: Observation["exit"] = { tag: "hangs" }
  #endedAt = 0
  #hasEnded = false
  #context: Context.Context<Session> | undefined

  constructor(self: Case) {
    this.#case = self
    const { kind } = self.source
    this.#world = new World(self.seed, kind === "asyncGenerator" || kind === "asyncIterator")
    this.#source = new WatchedSource<Session>(self, this.#world, {
      text: query(self),
      passTime: (time) => this.#passTime(time, self.source.asksSession, rank.source),
      runPromise: (effect) => Effect.runPromiseWith(this.#context!)(effect)
    })
  }

  async run(): Promise<Observation> {
    const world = this.#world
    const program = Effect.scoped(Effect.flatMap(Session.make(this.#port), (session) => {
      this.#context = Context.add(world.context, Session, session)
      return this.#verb.pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            this.#exit = this.#describe(exit)
            this.#endedAt = world.now
            this.#hasEnded = true
          })
        ),
        Effect.provideService(Session, session)
      )
    }))
    const fiber = Effect.runForkWith(world.context)(program)
    const { interruptAt } = this.#case
    if (interruptAt !== undefined) world.at(interruptAt, rank.interrupt, 0, () => fiber.interruptUnsafe())
    const end = await world.run()
    if (end === "endless") this.#wrongs.push("something goes on for ever")
    if (fiber.pollUnsafe() === undefined) this.#wrongs.push("the session was not released")
    for (const [request] of this.#sent) {
      if (!this.#ended.has(request)) this.#wrongs.push(`${request} was neither answered nor interrupted`)
    }
    if (this.#hasEnded && world.now - this.#endedAt > longestAfterwards) this.#wrongs.push("a timer was left behind")
    return {
      sent: this.#sent,
      ended: this.#ended,
      handedOver: this.#handedOver,
      exit: this.#exit,
      endedAt: this.#endedAt,
      summary: this.#progress.at(-1) ?? { started: 0, succeeded: 0, failed: 0, interrupted: 0 },
      source: { pulls: this.#source.pulls, closes: this.#source.closes },
      timings: this.#timings,
      wrongs: [...this.#wrongs, ...this.#source.wrongs],
      logged: world.logged.map((line) =>
        line.includes("is not retried") ? "not retried, for it is not idempotent" : line
      ),
      progress: this.#progress.at(-1)
    }
  }

  // The run.

  get #verb(): Effect.Effect<unknown, unknown, Session> {
    const self = this.#case
    const options = {
      concurrency: self.concurrency,
      raiseOnFirstError: self.failFast,
      onFirstError: self.settle ? "settle" : "interrupt",
      statement: {
        requestTimeout: self.requestTimeout,
        retry: self.retries ? RetryPolicy.standard : "none",
        idempotent: self.writes ? self.idempotent : undefined
      },
      onProgress: self.reportsProgress
        ? (progress: Progress) => Effect.sync(() => this.#onProgress(progress))
        : undefined
    } as const
    const streamOptions = { ...options, ordered: self.ordered, bufferSize: self.bufferSize }
    const text = query(self)
    // What a source gives is made for one verb; the types of the six verbs have tests of their own.
    const source = <Item>() =>
      this.#source.source as Iterable<Item> | AsyncIterable<Item> | Stream.Stream<Item, unknown, Session>
    switch (self.verb) {
      case "execute":
        return self.withArgs
          ? executeConcurrentWithArgs(text, source<Statement.Params>(), options)
          : executeConcurrent(source<Statement.Input>(), options)
      case "run":
        return self.withArgs
          ? runConcurrentWithArgs(text, source<Statement.Params>(), options)
          : runConcurrent(source<Statement.Input>(), options)
      case "stream":
        return this.#consume(
          self.withArgs
            ? streamConcurrentWithArgs(text, source<Statement.Params>(), streamOptions)
            : streamConcurrent(source<Statement.Input>(), streamOptions)
        )
    }
  }

  #consume(
    results: Stream.Stream<ExecutionResult.ExecutionResult<unknown>, unknown, Session>
  ): Effect.Effect<"left" | "ended", unknown, Session> {
    const { before, delay, stopAfter, takes } = this.#case.consumer
    const wantsMore = (received: number) => stopAfter === undefined || received < stopAfter
    // A stream that takes so many ends by itself.
    const asksAgain = (received: number) => takes || wantsMore(received)
    const pass = (time: number) => this.#passTime(time, this.#case.consumer.asksSession, rank.consumer)
    const taken = takes && stopAfter !== undefined ? Stream.take(results, stopAfter) : results
    return Effect.scoped(Effect.gen({ self: this }, function*() {
      const pull = yield* Stream.toPull(taken)
      if (before > 0) yield* pass(before)
      let received = 0
      while (asksAgain(received)) {
        this.#consumed += this.#inHand
        const handed = yield* pull
        this.#inHand = handed.length
        this.#handedOver.push([this.#world.now, handed.map(this.describe)])
        received += handed.length
        if (delay > 0 && wantsMore(received)) yield* pass(delay * handed.length)
      }
      return "left" as const
    })).pipe(Effect.catchCause((cause) => {
      const isDone = cause.reasons.length === 1 &&
        cause.reasons.some((reason) => reason._tag === "Fail" && Cause.isDone(reason.error))
      if (!isDone) return Effect.failCause(cause)
      const hasLeft = takes && this.#handedOver.flatMap(([, results]) => results).length === stopAfter
      return Effect.succeed(hasLeft ? "left" as const : "ended" as const)
    }))
  }

  #onProgress(progress: Progress): void {
    const { failed, inFlight, started, succeeded, interrupted } = progress
    if (started !== succeeded + failed + inFlight + interrupted) {
      this.#wrongs.push(`progress: ${JSON.stringify(progress)}`)
    }
    this.#progress.push(progress)
  }

  /** Lets time pass, by asking the session or otherwise. */
  #passTime(time: number, asksSession: boolean, rankOf: typeof rank.source | typeof rank.consumer) {
    return asksSession
      ? Effect.asVoid(Effect.orDie(Statement.make(errand, [time])))
      : this.#world.sleep(time, rankOf)
  }

  // The session.

  get #port(): Port {
    const { callbacks, capacity } = this.#case
    const common = { capacity: Effect.succeed(capacity) }
    return callbacks ? { ...common, send: this.#send } : { ...common, execute: this.#execute }
  }

  readonly #send: SendPort["send"] = (request, pageState, done) => {
    const answer = this.#execute(request, pageState)
    const fiber = Effect.runForkWith(this.#world.context)(answer)
    fiber.addObserver(done)
    return () => fiber.interruptUnsafe()
  }

  readonly #execute: ExecutePort["execute"] = (request, pageState) => {
    const [first] = request._tag === "Statement" ? request.params : []
    const number = Number(first)
    if (request._tag === "Statement" && request.text === errand) {
      return Effect.as(this.#world.sleep(number, rank.source), { rows: [] })
    }
    const attempt = this.#attempts.get(number) ?? 0
    this.#attempts.set(number, attempt + 1)
    const page = pageState === undefined ? 0 : Number(pageState)
    return this.#answer(`${number}:${attempt}`, number, page, attemptOf(planOf(this.#case, number), attempt))
  }

  #answer(request: string, index: number, page: number, attempt: Attempt): Effect.Effect<Page, CqlError> {
    const world = this.#world
    if (this.#hasEnded) this.#wrongs.push(`${request} was sent after the end of the run`)
    if (this.#ended.has(request)) this.#wrongs.push(`${request} was sent twice`)
    this.#sent.push([request, world.now])
    this.#timings.sent.set(request, this.#moment())
    this.#inFlight++
    this.#holdBounds(index)
    const ended = (how: "answered" | "interrupted") => {
      this.#inFlight--
      this.#ended.set(request, [how, world.now])
    }
    const answered = () => ended("answered")
    if (attempt.end === "throws") {
      answered()
      throw adapterBroke
    }
    const reply = replyOf(index, page, attempt)
    if (attempt.latency === "exit") {
      answered()
      return reply
    }
    if (attempt.latency === "sync") return Effect.suspend(() => (answered(), reply))
    const { latency } = attempt
    return Effect.callback((resume) => {
      const cancel = latency === "never" ? () => {} : world.at(world.now + latency, rank.answer, index, () => {
        answered()
        resume(reply)
      })
      return Effect.sync(() => {
        cancel()
        ended("interrupted")
        // Nothing but the timeout of statements interrupts while a timer goes off.
        if (world.happening === rank.timer) this.#timings.swept.set(request, this.#moment())
      })
    })
  }

  #moment(): Moment {
    return { at: this.#world.now, order: this.#moments++ }
  }

  /** Rules 2 and 6, at every request, whatever a prediction says. */
  #holdBounds(index: number): void {
    this.#started = Math.max(this.#started, index + 1)
    const concurrency = concurrencyOf(this.#case)
    const waiting = this.#started - this.#consumed
    if (this.#inFlight > concurrency) this.#wrongs.push(`${this.#inFlight} in flight at concurrency ${concurrency}`)
    if (waiting > concurrency + bufferOf(this.#case)) {
      this.#wrongs.push(
        `${waiting} started and not consumed, at concurrency ${concurrency} and a buffer of ${bufferOf(this.#case)}`
      )
    }
  }

  // What came of it.

  #describe(exit: EffectExit.Exit<unknown, unknown>): Observation["exit"] {
    if (EffectExit.isSuccess(exit)) return this.#describeValue(exit.value)
    const { cause } = exit
    if (Cause.hasInterruptsOnly(cause)) return { tag: "interrupted" }
    const [reason] = cause.reasons
    if (cause.reasons.length === 1 && reason?._tag === "Fail") {
      if (reason.error instanceof StatementFailed) return this.#describeStatementFailed(reason.error)
      if (reason.error instanceof SourceError) return this.#describeSourceError(reason.error)
      if (reason.error === sourceBroke) return { tag: "the error of the stream" }
    }
    return cause.reasons.every((reason) => reason._tag === "Die" && isExpectedDefect(reason.defect))
      ? { tag: "died" }
      : { tag: "unexpected", cause: Cause.pretty(cause) }
  }

  #describeValue(value: unknown): Exit {
    if (value === "left") return { tag: "the consumer left" }
    if (value === "ended") return { tag: "the stream ended" }
    return Array.isArray(value)
      ? { tag: "results", results: value.map(this.describe) }
      : { tag: "summary", summary: value as Summary }
  }

  #describeStatementFailed(error: StatementFailed): Exit {
    if (error.reason !== error.failure.error.reason) this.#wrongs.push("StatementFailed has the reason of another")
    return { tag: "StatementFailed", failure: this.describe(error.failure), ...this.#account(error) }
  }

  #describeSourceError(error: SourceError): Exit {
    const cause = error.cause === sourceBroke ? "thrown" : "no input"
    return { tag: "SourceError", index: error.index, cause, ...this.#account(error) }
  }

  #account({ failures, interrupted, startedCount, summary }: StatementFailed | SourceError): Account {
    const indexes = interrupted.map(({ index }) => index)
    return { startedCount, failures: failures.map(this.describe), interrupted: indexes, summary }
  }

  readonly describe = (result: ExecutionResult.ExecutionResult<unknown> | undefined): string => {
    if (result === undefined) return "a hole"
    const given = this.#source.given[result.index]
    const isTheOneGiven = given === undefined || Array.isArray(given) || result.statement === given
    if (!isTheOneGiven) this.#wrongs.push(`result ${result.index} has another statement than was given`)
    if (ExecutionResult.isFailure(result)) {
      const { attempts, outcome, reason } = result.error
      if (outcome !== result.outcome) this.#wrongs.push(`result ${result.index} has two outcomes`)
      return describeFailure(result.index, reason._tag, outcome, attempts)
    }
    const rows = result.value.rows
    const isWhole = rows.every((row, page) => isRow(row) && row.index === result.index && row.page === page)
    return isWhole && result.outcome === "Applied"
      ? describeSuccess(result.index, rows.length)
      : `${result.index} succeeded, ${result.outcome}, with ${JSON.stringify(rows)}`
  }
}

/** Errands and closing sources may outlive a run; nothing else does, and these not for long. */
const longestAfterwards = 1_000_000_000

const isRow = (row: unknown): row is { readonly index: number; readonly page: number } =>
  typeof row === "object" && row !== null && "index" in row && "page" in row

const isExpectedDefect = (defect: unknown): boolean =>
  defect === adapterBroke ||
  (defect instanceof Error && (isInvalidOptions(defect) || /interrupted/.test(defect.message)))

const isInvalidOptions = (error: Error): error is InvalidOptions => "option" in error

const replyOf = (index: number, page: number, { end }: Attempt): EffectExit.Exit<Page, CqlError> => {
  const rows = [{ index, page }]
  switch (end) {
    case "page":
      return EffectExit.succeed({ rows, pageState: PageState(String(page + 1)) })
    case "rows":
      return EffectExit.succeed({ rows })
    case "Overloaded":
      return EffectExit.fail(new CqlError({ reason: new Reason.Overloaded({ message: "busy" }), query: "" }))
    case "InvalidQuery":
      return EffectExit.fail(new CqlError({ reason: new Reason.InvalidQuery({ message: "no" }), query: "" }))
    case "is interrupted":
      return EffectExit.interrupt()
    case "dies":
    case "throws":
      return EffectExit.die(adapterBroke)
  }
}
