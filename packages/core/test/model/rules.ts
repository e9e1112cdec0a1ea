/**
 * The rules of concurrent execution, as a program that can be read.
 *
 * A sequential simulation of one {@link Case}, in virtual time: it knows statements, places and results, and nothing of
 * effects, fibers or the engines. What it predicts is what a run of the case has to do, to the nanosecond.
 *
 * Everything that is due at one instant is one **drain**: answers first, by index, then the rest (see `queue.ts`). A
 * drain is processed event by event, each with all its immediate consequences (a place that gets free is filled). Only
 * when the drain is over is it decided which failure stops the run, what is interrupted, and what is handed over.
 */
import {
  type Attempt,
  attemptOf,
  bufferOf,
  type Case,
  concurrencyOf,
  millisecond,
  type Plan,
  planOf,
  sourceDelayOf
} from "./case.ts"
import {
  type Account,
  describeFailure,
  describeSuccess,
  type Exit,
  type Prediction,
  type Summary,
  type Timings
} from "./prediction.ts"
import { EventQueue, type Rank, rank } from "./queue.ts"

/** A case in which the bounds of the rules themselves were broken, before anything could be predicted. */
export class BrokenRule extends Error {}

interface Statement {
  readonly index: number
  readonly plan: Plan
  /** Requests sent. */
  sent: number
  /** Pages that have come. */
  pages: number
  /** Failures since the last page. */
  failures: number
  mayBeApplied: boolean
  isWaiting: boolean
  /** Stops what is to happen to the attempt in flight. */
  cancel: () => void
}

interface Result {
  readonly index: number
  readonly isFailure: boolean
  readonly line: string
}

export const simulate = (self: Case, timings: Timings): Prediction => new Simulation(self, timings).run()

class Simulation {
  readonly #case: Case
  readonly #timings: Timings
  readonly #events = new EventQueue()
  #now = 0

  // Statements.
  readonly #concurrency: number
  #isFilling = false
  readonly #open = new Map<number, Statement>()
  #started = 0
  #succeeded = 0
  #retried = 0
  readonly #failures: Array<Result> = []
  readonly #interrupted: Array<number> = []
  readonly #sent: Array<readonly [string, number]> = []
  readonly #ended = new Map<string, readonly ["answered" | "interrupted", number]>()

  // The end of the run.
  #stopping = false
  #failure: Result | undefined
  #defect = false
  #sourceFault: "thrown" | "no input" | "its own error" | undefined
  #exit: Exit | undefined
  #endedAt = 0
  #isOver = false
  #hasBegun = false

  // The source.
  #isOpened = false
  #isPulling = false
  #isExhausted = false
  // What an async iterator has at once comes after the event that asked for it, and before anything else.
  readonly #promises: Array<() => void> = []
  #held = 0
  #taken = 0
  #pulls = 0
  #closing: { readonly doneAt: number } | undefined
  #closes = 0
  #closingIsAwaited = true
  readonly #logged: Array<string> = []

  // The results and their consumer.
  readonly #bound: number
  readonly #results = new Map<number, Result>()
  #completed: Array<Result> = []
  #nextIndex = 0
  readonly #handedOver: Array<readonly [number, ReadonlyArray<string>]> = []
  #isWaiting = false
  #consumed = 0
  #inHand = 0
  #received = 0

  constructor(self: Case, timings: Timings) {
    this.#case = self
    this.#timings = timings
    this.#concurrency = concurrencyOf(self)
    this.#bound = this.#concurrency + bufferOf(self)
  }

  run(): Prediction {
    const { consumer, interruptAt, verb } = this.#case
    if (interruptAt !== undefined) this.#events.add(interruptAt, rank.interrupt, 0, () => this.#interrupt())
    if (verb === "stream" && consumer.before > 0) this.#at(consumer.before, rank.consumer, 0, () => this.#arrive())
    else this.#arrive()
    this.#afterDrain()
    while (this.#exit === undefined) {
      const drain = this.#events.takeInstant()
      if (this.#sent.length > mostRequests) throw new BrokenRule("by the rules this run would go on for ever")
      if (drain.length === 0) throw new BrokenRule("by the rules this run would never end, or a timeout was not swept")
      this.#now = drain[0]!.at
      for (const event of drain) if (!event.cancelled) event.run()
      this.#afterDrain()
    }
    return {
      sent: this.#sent,
      ended: this.#ended,
      handedOver: this.#handedOver,
      exit: this.#exit,
      endedAt: this.#endedAt,
      summary: this.#summary,
      retried: this.#retried,
      hasBegun: this.#hasBegun,
      source: { pulls: this.#pulls, closes: this.#closes },
      logged: this.#logged,
      closingIsAwaited: this.#closingIsAwaited,
      died: this.#defect
    }
  }

  // Rules 2, 3 and 6: what starts, and when.

  #fill(): void {
    // What ends at once comes back to here.
    if (this.#isFilling) return
    this.#isFilling = true
    while (this.#hasRoom && this.#pull()) this.#start(this.#taken++)
    this.#isFilling = false
  }

  get #hasRoom(): boolean {
    return !this.#stopping && !this.#isExhausted && this.#open.size < this.#concurrency &&
      this.#started - this.#consumed < this.#bound
  }

  /** Advances the source; whether that gave a statement now. */
  #pull(): boolean {
    const { kind } = this.#case.source
    this.#isOpened = true
    if (kind === "array") return this.#take()
    if (kind === "iterator" || kind === "generator") {
      this.#pulls++
      return this.#take()
    }
    if (kind === "stream" && this.#held > 0) {
      this.#held--
      return this.#take()
    }
    // One pull under way at a time.
    if (this.#isPulling) return false
    this.#isPulling = true
    const delay = sourceDelayOf(this.#case, this.#pulls++)
    if (kind === "stream" && delay === 0) return this.#arrived()
    const arrive = () => {
      if (this.#closing !== undefined) return
      if (this.#arrived()) this.#start(this.#taken++)
      this.#fill()
    }
    if (delay === 0) this.#promises.push(arrive)
    else {
      const at = this.#now + delay
      // A promise that is kept is seen after whatever else happens in its instant.
      this.#at(at, rank.source, 0, kind === "stream" ? arrive : () => this.#promises.push(arrive))
    }
    return false
  }

  #arrived(): boolean {
    const { size, source: { chunk, fault, kind } } = this.#case
    this.#isPulling = false
    if (kind !== "stream") return this.#take()
    // A stream hands over what it had before it fails, and something wrong like any other item.
    const items = fault === undefined
      ? size
      : fault.kind === "throws"
      ? Math.min(fault.at, size)
      : Math.max(fault.at + 1, size)
    this.#held = Math.max(0, Math.min(chunk, items - this.#taken) - 1)
    return this.#take()
  }

  /** Looks at the item that comes next: whether it is a statement. */
  #take(): boolean {
    const { kind, fault } = this.#case.source
    if (fault !== undefined && this.#taken === fault.at) {
      this.#sourceFails(fault.kind, kind)
      return false
    }
    if (this.#taken < this.#case.size) return true
    this.#isExhausted = true
    if (kind === "generator" || kind === "asyncGenerator") this.#closes++
    return false
  }

  #start(index: number): void {
    const statement: Statement = {
      index,
      plan: planOf(this.#case, index),
      sent: 0,
      pages: 0,
      failures: 0,
      mayBeApplied: false,
      isWaiting: false,
      cancel: () => {}
    }
    this.#started++
    this.#open.set(index, statement)
    if (statement.plan.refused) this.#fail(statement, "ParametersRefused")
    else this.#send(statement)
  }

  #send(statement: Statement): void {
    const attempt = attemptOf(statement.plan, statement.sent)
    statement.sent++
    const request = requestOf(statement)
    this.#sent.push([request, this.#now])
    if (attempt.latency === "exit" || attempt.latency === "sync") return this.#answer(statement, attempt)
    const answersAt = this.#now + (attempt.latency === "never" ? Number.POSITIVE_INFINITY : attempt.latency)
    const { at, order, what } = this.#endOf(statement, answersAt)
    if (at === Number.POSITIVE_INFINITY) return
    statement.cancel = this.#at(at, what === "answer" ? rank.answer : rank.timer, order, () => {
      if (what === "answer") this.#answer(statement, attempt)
      else if (what === "timeout") this.#timeOut(statement)
      else throw new BrokenRule(`${request} was to time out by ${at}, and did not`)
    })
  }

  /** Rule 2, timeouts: an attempt over its time frees its place, at most max(50 ms, 10 %) after its deadline. */
  #endOf(statement: Statement, answersAt: number) {
    const answer = { at: answersAt, what: "answer", order: statement.index } as const
    const { requestTimeout } = this.#case
    if (requestTimeout === undefined) return answer
    const request = requestOf(statement)
    const deadline = this.#now + requestTimeout * millisecond
    const latest = deadline + Math.max(50, requestTimeout / 10) * millisecond + timerResolution
    const swept = this.#timings.swept.get(request)
    // If the harness saw no timeout, another event has to end the attempt before.
    if (swept === undefined) return answersAt <= latest ? answer : { ...answer, at: latest, what: "no end" } as const
    if (swept.at >= deadline && swept.at <= latest) return { ...swept, what: "timeout" } as const
    throw new BrokenRule(`${request} timed out at ${swept.at}, not within ${deadline} and ${latest}`)
  }

  // How statements end.

  #answer(statement: Statement, attempt: Attempt): void {
    const request = requestOf(statement)
    this.#ended.set(request, ["answered", this.#now])
    switch (attempt.end) {
      case "page":
        statement.pages++
        statement.failures = 0
        return this.#send(statement)
      case "rows":
        this.#succeeded++
        return this.#complete(statement, false, describeSuccess(statement.index, statement.pages + 1))
      case "Overloaded":
        return this.#attemptFails(statement, attempt.end)
      case "InvalidQuery":
        return this.#fail(statement, attempt.end)
      default:
        // Rule 11: never a result.
        this.#leaveOpen(statement)
        this.#die()
    }
  }

  #timeOut(statement: Statement): void {
    this.#ended.set(requestOf(statement), ["interrupted", this.#now])
    this.#attemptFails(statement, "RequestTimeout")
  }

  /** An attempt fails in a way that may be temporary, and, of a write, after it may have been applied. */
  #attemptFails(statement: Statement, reason: string): void {
    const { idempotent, retries, writes } = this.#case
    statement.failures++
    if (writes) statement.mayBeApplied = true
    const isRetryable = !writes || idempotent
    if (retries && !isRetryable) this.#log("not retried, for it is not idempotent")
    // The budget: a tenth of the requests so far, and ten in any case.
    const isWithinBudget = this.#retried < Math.max(10, this.#sent.length / 10)
    if (!retries || !isRetryable || statement.failures >= 3 || !isWithinBudget) return this.#fail(statement, reason)
    this.#retried++
    this.#waitForRetry(statement)
  }

  /** Rule 2: a statement keeps its place while it waits. At most 20 ms, and at most twice that before a third attempt. */
  #waitForRetry(statement: Statement): void {
    statement.isWaiting = true
    const request = `${statement.index}:${statement.sent}`
    const latest = this.#now + 20 * millisecond * 2 ** (statement.failures - 1)
    const seen = this.#timings.sent.get(request)
    if (seen !== undefined && (seen.at < this.#now || seen.at > latest)) {
      throw new BrokenRule(`${request} was retried at ${seen.at}, and not between ${this.#now} and ${latest}`)
    }
    statement.cancel = this.#at(seen?.at ?? latest, rank.timer, seen?.order ?? 0, () => {
      if (seen === undefined) throw new BrokenRule(`${request} was to be retried by ${latest}, and was not`)
      statement.isWaiting = false
      this.#send(statement)
    })
  }

  #fail(statement: Statement, reason: string): void {
    // Once an attempt may have been applied, a later refusal makes nothing certain again.
    const outcome = statement.mayBeApplied ? "Unknown" : "NotApplied"
    const line = describeFailure(statement.index, reason, outcome, statement.sent)
    const result = { index: statement.index, isFailure: true, line }
    this.#failures.push(result)
    // Rule 4: after the first failure nothing starts.
    if (this.#case.failFast) this.#stop()
    this.#complete(statement, true, line)
  }

  #complete(statement: Statement, isFailure: boolean, line: string): void {
    statement.cancel()
    this.#open.delete(statement.index)
    const result = { index: statement.index, isFailure, line }
    this.#results.set(result.index, result)
    this.#completed.push(result)
    // Rule 2: any completion pulls the next.
    this.#fill()
  }

  #leaveOpen(statement: Statement): void {
    statement.cancel()
    this.#open.delete(statement.index)
    this.#interrupted.push(statement.index)
  }

  // Rules 4, 7, 8 and 11: how runs end.

  /** Starts nothing more, and closes the source at once. */
  #stop(): void {
    if (this.#stopping) return
    this.#stopping = true
    this.#close()
  }

  #die(): void {
    this.#defect = true
    this.#stop()
  }

  #sourceFails(fault: "throws" | "gives no input", kind: Case["source"]["kind"]): void {
    // What checks no items at run time dies of a wrong one: its type had excluded it.
    if (fault === "gives no input" && (kind === "array" || kind === "stream")) return this.#die()
    if (fault === "throws") {
      this.#isExhausted = true
      if (kind === "generator" || kind === "asyncGenerator") this.#closes++
    }
    this.#sourceFault = fault === "gives no input" ? "no input" : kind === "stream" ? "its own error" : "thrown"
    this.#stop()
  }

  /** Rule 8: not before it was opened, not after its end, and never twice. A stream's scope is closed in any case. */
  #close(): void {
    const { closeDelay, closeThrows, kind } = this.#case.source
    if (this.#closing !== undefined) return
    const isIterator = kind !== "stream"
    const hasNothingToClose = kind === "array" || !this.#isOpened || (isIterator && this.#isExhausted)
    if (!hasNothingToClose) this.#closes++
    // `return` is not awaited while a `next` is under way.
    this.#closingIsAwaited = !isIterator || !this.#isPulling
    const takesTime = !hasNothingToClose && this.#closingIsAwaited && isAsynchronous(kind)
    if (!hasNothingToClose && closeThrows) this.#logged.push("closing the source of a run failed")
    this.#closing = { doneAt: this.#now + (takesTime ? closeDelay : 0) }
  }

  /** Applies the consequences of a drain after its end, until there are no more. */
  #afterDrain(): void {
    if (this.#exit !== undefined) return
    let isStable = false
    while (!isStable) {
      for (let arrive = this.#promises.shift(); arrive !== undefined; arrive = this.#promises.shift()) arrive()
      this.#interruptWhatNeedNotFinish()
      isStable = !this.#handOver() && this.#promises.length === 0
    }
    if (this.#isOver || !this.#isDone || (this.#case.verb === "stream" && !this.#isWaiting)) return
    this.#isOver = true
    this.#close()
    this.#end(() => this.#conclusion)
  }

  get #isDone(): boolean {
    return this.#open.size === 0 && (this.#stopping || this.#isExhausted)
  }

  /** Rule 4: of the failures in one drain the lowest index wins. */
  #interruptWhatNeedNotFinish(): void {
    if (this.#defect) return this.#interruptAfter(-1)
    if (!this.#case.failFast || this.#failures.length === 0) return
    const isOrdered = this.#case.verb === "stream" && this.#case.ordered
    // In an ordered stream an earlier statement that is still under way may yet fail, and would come first.
    if (this.#failure === undefined || isOrdered) this.#failure = byIndex(this.#failures)[0]
    if (!this.#case.settle) this.#interruptAfter(isOrdered ? this.#failure!.index : -1)
  }

  #interruptAfter(index: number): void {
    for (const statement of this.#open.values()) {
      if (statement.index <= index) continue
      if (!statement.isWaiting) this.#ended.set(requestOf(statement), ["interrupted", this.#now])
      this.#leaveOpen(statement)
    }
  }

  /** The run is interrupted, or its consumer leaves. */
  #leave(exit: Exit): void {
    this.#stop()
    this.#interruptAfter(-1)
    this.#isOver = true
    this.#end(() => exit)
  }

  #interrupt(): void {
    this.#leave({ tag: "interrupted" })
  }

  /** Ends the run, once the source has closed. */
  #end(exit: () => Exit): void {
    const end = () => {
      this.#exit = exit()
      this.#endedAt = this.#now
    }
    const doneAt = this.#closing?.doneAt ?? this.#now
    if (doneAt > this.#now) this.#at(doneAt, rank.source, 1, end)
    else end()
  }

  get #conclusion(): Exit {
    const isArray = this.#case.verb === "execute"
    if (this.#defect) return { tag: "died" }
    if (this.#failure !== undefined) {
      const others = this.#failures.filter((failure) => failure.index !== this.#failure!.index)
      return { tag: "StatementFailed", failure: this.#failure.line, ...this.#account(others) }
    }
    switch (this.#sourceFault) {
      case "its own error":
        return { tag: "the error of the stream" }
      case "thrown":
      case "no input": {
        const failures = isArray ? this.#failures : []
        return { tag: "SourceError", index: this.#taken, cause: this.#sourceFault, ...this.#account(failures) }
      }
      case undefined: {
        if (this.#case.verb === "run") return { tag: "summary", summary: this.#summary }
        return isArray
          ? { tag: "results", results: byIndex([...this.#results.values()]).map(({ line }) => line) }
          : { tag: "the stream ended" }
      }
    }
  }

  #account(failures: ReadonlyArray<Result>): Account {
    return {
      startedCount: this.#started,
      failures: byIndex(failures).map(({ line }) => line),
      interrupted: this.#interrupted.toSorted((a, b) => a - b),
      summary: this.#summary
    }
  }

  get #summary(): Summary {
    return {
      started: this.#started,
      succeeded: this.#succeeded,
      failed: this.#failures.length,
      interrupted: this.#interrupted.length
    }
  }

  /** Each thing once. */
  #log(what: string): void {
    if (!this.#logged.includes(what)) this.#logged.push(what)
  }

  // Rules 1 and 6: what the consumer gets, and when.

  /** The consumer arrives at its first pull. */
  #arrive(): void {
    if (this.#isOver) return
    if (this.#case.consumer.stopAfter === 0 && this.#case.verb === "stream") {
      return this.#leave({ tag: "the consumer left" })
    }
    this.#hasBegun = true
    // Rule 9: a concurrency above the capacity is clamped, with one warning.
    const { concurrency } = this.#case
    if (typeof concurrency === "number" && concurrency > this.#concurrency) {
      this.#logged.push(
        `concurrency ${concurrency} is above the capacity of the session: running at ${this.#concurrency}`
      )
    }
    this.#ask()
  }

  /** The consumer asks for what follows: only now what it had in hand is consumed. */
  #ask(): void {
    if (this.#isOver) return
    this.#isWaiting = true
    this.#consumed += this.#inHand
    this.#inHand = 0
    this.#fill()
  }

  /** Hands over everything that is ready, for as long as the consumer waits; whether there was anything. */
  #handOver(): boolean {
    if (this.#case.verb !== "stream") return false
    let hasHandedOver = false
    while (this.#isWaiting && !this.#isOver) {
      const ready = this.#case.ordered ? this.#takeInOrder() : this.#takeAsCompleted()
      if (ready.length === 0) break
      hasHandedOver = true
      this.#handedOver.push([this.#now, this.#wanted(ready).map(({ line }) => line)])
      this.#isWaiting = false
      this.#inHand = ready.length
      this.#received += ready.length
      this.#consume(ready.length)
    }
    return hasHandedOver
  }

  /** `Stream.take` keeps what is beyond its number. */
  #wanted(ready: ReadonlyArray<Result>): ReadonlyArray<Result> {
    const { stopAfter, takes } = this.#case.consumer
    return takes && stopAfter !== undefined ? ready.slice(0, stopAfter - this.#received) : ready
  }

  #consume(results: number): void {
    const { delay, stopAfter } = this.#case.consumer
    if (stopAfter !== undefined && this.#received >= stopAfter) return this.#leave({ tag: "the consumer left" })
    if (delay === 0) return this.#ask()
    this.#at(this.#now + delay * results, rank.consumer, 0, () => {
      this.#ask()
      this.#handOver()
    })
  }

  #takeInOrder(): Array<Result> {
    const ready: Array<Result> = []
    for (
      let next = this.#results.get(this.#nextIndex);
      this.#isElement(next);
      next = this.#results.get(this.#nextIndex)
    ) {
      ready.push(next)
      this.#nextIndex++
    }
    return ready
  }

  #takeAsCompleted(): Array<Result> {
    const ready = this.#completed.filter((result) => this.#isElement(result))
    this.#completed = []
    return ready
  }

  /** A failure is an element of collect mode only. */
  #isElement(result: Result | undefined): result is Result {
    return result !== undefined && !(this.#case.failFast && result.isFailure)
  }

  #at(at: number, rank: Rank, index: number, run: () => void): () => void {
    const event = this.#events.add(at, rank, index, run)
    return () => {
      event.cancelled = true
    }
  }
}

// Timers count in milliseconds, so that one may be late by a part of one.
const timerResolution = millisecond

const mostRequests = 100_000

const byIndex = (results: ReadonlyArray<Result>): Array<Result> => results.toSorted((a, b) => a.index - b.index)

const isAsynchronous = (kind: Case["source"]["kind"]): boolean =>
  kind === "asyncIterator" || kind === "asyncGenerator" || kind === "stream"

/** The request that was sent last. */
const requestOf = ({ index, sent }: Statement): string => `${index}:${sent - 1}`
