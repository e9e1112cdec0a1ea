/**
 * Runs a {@link Case} on the engines, in a {@link World}, and writes down what can be seen from outside.
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
  runConcurrent,
  runConcurrentWithArgs,
  Session,
  SourceError,
  Statement,
  StatementFailed,
  streamConcurrent,
  streamConcurrentWithArgs
} from "@effect-cql/core"
import type { Page, Port } from "@effect-cql/core/Session"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as EffectExit from "effect/Exit"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import { type Attempt, type Case, planOf, sourceDelayOf } from "./case.ts"
import { rank } from "./queue.ts"
import {
  type Account,
  describeFailure,
  describeSuccess,
  type Exit,
  type Prediction,
  type Summary,
  type Sweeps
} from "./rules.ts"
import { World } from "./world.ts"

export interface Observation extends Omit<Prediction, "exit" | "died" | "closingIsAwaited"> {
  readonly exit: Exit | { readonly tag: "hangs" } | { readonly tag: "unexpected"; readonly cause: string }
  readonly sweeps: Sweeps
  /** What is always wrong, whatever the case. */
  readonly wrongs: ReadonlyArray<string>
  /** The last snapshot, where progress is reported. */
  readonly progress: Progress | undefined
}

const query = (self: Case): string =>
  self.writes ? "INSERT INTO app.t (i) VALUES (?)" : "SELECT v FROM app.t WHERE i = ?"
/** What sources and consumers ask the session of the run while they take their time. */
const errand = "SELECT v FROM app.errands WHERE i = ?"
const sourceBroke = new Error("the source broke")
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
  readonly #sweeps = new Map<string, { readonly at: number; readonly order: number }>()
  readonly #handedOver: Array<readonly [number, ReadonlyArray<string>]> = []
  readonly #wrongs: Array<string> = []
  readonly #progress: Array<Progress> = []
  #given: Array<unknown> = []
  #pulls = 0
  #closes = 0
  #pulling = 0
  #exit: Observation["exit"] = { tag: "hangs" }
  #endedAt = 0
  #hasEnded = false
  #context: Context.Context<Session> | undefined

  constructor(self: Case) {
    this.#case = self
    const { kind } = self.source
    this.#world = new World(kind === "asyncGenerator" || kind === "asyncIterator")
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
      summary: this.#progress.at(-1) ?? { started: 0, succeeded: 0, failed: 0, unknown: 0 },
      source: { pulls: this.#pulls, closes: this.#closes },
      sweeps: this.#sweeps,
      wrongs: this.#wrongs,
      logged: world.logged,
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
      statement: { requestTimeout: self.requestTimeout },
      onProgress: self.reportsProgress
        ? (progress: Progress) => Effect.sync(() => this.#onProgress(progress))
        : undefined
    } as const
    const streamOptions = { ...options, ordered: self.ordered, bufferSize: self.bufferSize }
    const text = query(self)
    switch (self.verb) {
      case "execute":
        return self.withArgs
          ? executeConcurrentWithArgs(text, this.#source<Statement.Params>(), options)
          : executeConcurrent(this.#source<Statement.Input>(), options)
      case "run":
        return self.withArgs
          ? runConcurrentWithArgs(text, this.#source<Statement.Params>(), options)
          : runConcurrent(this.#source<Statement.Input>(), options)
      case "stream":
        return this.#consume(
          self.withArgs
            ? streamConcurrentWithArgs(text, this.#source<Statement.Params>(), streamOptions)
            : streamConcurrent(this.#source<Statement.Input>(), streamOptions)
        )
    }
  }

  #consume(
    results: Stream.Stream<ExecutionResult.ExecutionResult<unknown>, unknown, Session>
  ): Effect.Effect<"left" | "ended", unknown, Session> {
    const { before, delay, stopAfter } = this.#case.consumer
    const wantsMore = (received: number) => stopAfter === undefined || received < stopAfter
    const pass = (time: number) => this.#passTime(time, this.#case.consumer.asksSession, rank.consumer)
    const { describe } = this
    const handedOver = this.#handedOver
    const world = this.#world
    return Effect.scoped(Effect.gen(function*() {
      const pull = yield* Stream.toPull(results)
      if (before > 0) yield* pass(before)
      let received = 0
      while (wantsMore(received)) {
        const handed = yield* pull
        handedOver.push([world.now, handed.map(describe)])
        received += handed.length
        if (delay > 0 && wantsMore(received)) yield* pass(delay * handed.length)
      }
      return "left" as const
    })).pipe(Effect.catchCause((cause) => {
      const isDone = cause.reasons.length === 1 &&
        cause.reasons.some((reason) => reason._tag === "Fail" && Cause.isDone(reason.error))
      return isDone ? Effect.succeed("ended" as const) : Effect.failCause(cause)
    }))
  }

  #onProgress(progress: Progress): void {
    const { failed, inFlight, started, succeeded, unknown } = progress
    if (started !== succeeded + failed + inFlight + unknown) this.#wrongs.push(`progress: ${JSON.stringify(progress)}`)
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
    const { capacity } = this.#case
    return {
      capacity: Effect.succeed(capacity),
      execute: (request, pageState) => {
        const [first] = request._tag === "Statement" ? request.params : []
        const number = Number(first)
        if (request._tag === "Statement" && request.text === errand) {
          return Effect.as(this.#world.sleep(number, rank.source), { rows: [] })
        }
        const page = pageState === undefined ? 0 : Number(pageState)
        return this.#answer(`${number}:${page}`, number, page, planOf(this.#case, number).attempts[page]!)
      }
    }
  }

  #answer(request: string, index: number, page: number, attempt: Attempt): Effect.Effect<Page, CqlError> {
    const world = this.#world
    if (this.#hasEnded) this.#wrongs.push(`${request} was sent after the end of the run`)
    if (this.#ended.has(request)) this.#wrongs.push(`${request} was sent twice`)
    this.#sent.push([request, world.now])
    const answered = () => {
      this.#ended.set(request, ["answered", world.now])
    }
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
        this.#ended.set(request, ["interrupted", world.now])
        // Nothing but the timeout of statements interrupts while a timer goes off.
        if (world.happening === rank.timer) this.#sweeps.set(request, { at: world.now, order: this.#sweeps.size })
      })
    })
  }

  // The source.

  #source<Item>(): Iterable<Item> | AsyncIterable<Item> | Stream.Stream<Item, unknown, Session> {
    const { kind } = this.#case.source
    const source = this.#sourceOf(kind)
    // What a source gives is made for one verb; the types of the six verbs have tests of their own.
    return source as Iterable<Item> | AsyncIterable<Item> | Stream.Stream<Item, unknown, Session>
  }

  #sourceOf(
    kind: Case["source"]["kind"]
  ): Iterable<unknown> | AsyncIterable<unknown> | Stream.Stream<unknown, unknown, Session> {
    switch (kind) {
      case "array":
        return Array.from({ length: this.#untilFault }, (_, index) => this.#item(index))
      case "iterator":
        return { [Symbol.iterator]: () => this.#iterator() }
      case "generator":
        return { [Symbol.iterator]: () => this.#generator() }
      case "asyncIterator":
        return { [Symbol.asyncIterator]: () => this.#asyncIterator() }
      case "asyncGenerator":
        return { [Symbol.asyncIterator]: () => this.#asyncGenerator() }
      case "stream":
        return this.#stream()
    }
  }

  /** Items of the source, with that which is no input where it stands behind the last statement. */
  get #untilFault(): number {
    const { size, source: { fault } } = this.#case
    return fault?.at === size ? size + 1 : size
  }

  /** The item at an index: a statement, a tuple, the parameters of one, or what is neither. */
  #item(index: number): unknown {
    const { fault } = this.#case.source
    if (fault?.kind === "gives no input" && fault.at === index) return 42
    const params = planOf(this.#case, index).refused ? [index, "one too many"] : [index]
    if (this.#case.withArgs) return params
    const text = query(this.#case)
    const item = index % 2 === 0 ? Statement.make(text, params) : [text, params]
    this.#given[index] = item
    return item
  }

  /** What an iterator gives at an index. */
  #step(index: number): IteratorResult<unknown, undefined> {
    const { fault } = this.#case.source
    if (fault?.at === index && fault.kind === "throws") throw sourceBroke
    const isItem = index < this.#untilFault
    return isItem ? { done: false, value: this.#item(index) } : { done: true, value: undefined }
  }

  #iterator(): Iterator<unknown> {
    let index = 0
    return {
      next: () => {
        this.#pulls++
        return this.#step(index++)
      },
      return: () => {
        this.#onClose()
        return { done: true, value: undefined }
      }
    }
  }

  *#generator(): Generator<unknown> {
    let isClosing = false
    try {
      for (let index = 0;; index++) {
        isClosing = false
        this.#pulls++
        const step = this.#step(index)
        if (step.done === true) return
        isClosing = true
        yield step.value
      }
    } finally {
      if (isClosing) this.#onClose()
      else this.#closes++
    }
  }

  #asyncIterator(): AsyncIterator<unknown> {
    let index = 0
    return {
      next: async () => {
        await this.#pull()
        return this.#step(index++)
      },
      return: async () => {
        await this.#closeSlowly()
        return { done: true, value: undefined }
      }
    }
  }

  async *#asyncGenerator(): AsyncGenerator<unknown> {
    let isClosing = false
    try {
      for (let index = 0;; index++) {
        isClosing = false
        await this.#pull()
        const step = this.#step(index)
        if (step.done === true) return
        isClosing = true
        yield step.value
      }
    } finally {
      // A generator that comes to its end by itself takes no time for it, and does not fail at it.
      if (isClosing) await this.#closeSlowly()
      else this.#closes++
    }
  }

  async #pull(): Promise<void> {
    const delay = sourceDelayOf(this.#case, this.#pulls++)
    if (this.#pulling > 0) this.#wrongs.push("next() was called while another was under way")
    this.#pulling++
    if (delay > 0) {
      await Effect.runPromiseWith(this.#context!)(this.#passTime(delay, this.#case.source.asksSession, rank.source))
    }
    this.#pulling--
  }

  async #closeSlowly(): Promise<void> {
    const { closeDelay } = this.#case.source
    if (closeDelay > 0) await this.#world.sleepPromise(closeDelay, rank.source)
    this.#onClose()
  }

  #onClose(): void {
    this.#closes++
    if (this.#case.source.closeThrows) throw new Error("closing the source broke")
  }

  #stream(): Stream.Stream<unknown, unknown, Session> {
    const { size, source: { asksSession, chunk, closeDelay, fault } } = this.#case
    const until = fault?.kind === "throws" ? Math.min(fault.at, size) : this.#untilFault
    let index = 0
    const pull = Effect.suspend(() => {
      const delay = sourceDelayOf(this.#case, this.#pulls++)
      return delay > 0 ? Effect.andThen(this.#passTime(delay, asksSession, rank.source), next) : next
    })
    const next = Effect.suspend((): Pull.Pull<readonly [unknown, ...ReadonlyArray<unknown>], unknown> => {
      const items = Array.from({ length: Math.min(chunk, until - index) }, () => this.#item(index++))
      const [first, ...rest] = items
      if (items.length > 0) return Effect.succeed([first, ...rest] as const)
      return index === fault?.at ? Effect.fail(sourceBroke) : Cause.done()
    })
    return Stream.unwrap(Effect.gen({ self: this }, function*() {
      yield* Effect.addFinalizer(() =>
        Effect.andThen(
          closeDelay > 0 ? this.#world.sleep(closeDelay, rank.source) : Effect.void,
          Effect.sync(() => this.#onClose())
        )
      )
      return Stream.fromPull(Effect.succeed(pull))
    }))
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

  #account({ failures, startedCount, summary, unknown }: StatementFailed | SourceError): Account {
    return { startedCount, failures: failures.map(this.describe), unknown, summary }
  }

  readonly describe = (result: ExecutionResult.ExecutionResult<unknown> | undefined): string => {
    if (result === undefined) return "a hole"
    const given = this.#given[result.index]
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
