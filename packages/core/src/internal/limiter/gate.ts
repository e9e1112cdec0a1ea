/**
 * Gives out permits: the limiters that bound a run, each counted once, and the queue before them.
 *
 * A waiting request holds no permit. A request that needs room in two limiters takes both permits in one step, when both
 * have room. So a slow rate never holds permits of a bound in flight, and two runs cannot lock each other out. Of the
 * requests that can start, the one that came first starts.
 *
 * Effect's Semaphore does not do this:
 *
 * - It suspends a fiber. The statements of a run are slots, and only few of them have a fiber of their own.
 * - It knows one resource. Permits of several semaphores are taken one after the other, and the first is held meanwhile.
 * - A permit there is taken or free. Here an abandoned request counts as load until its answer comes or a time is over,
 *   and a rate has no permits to give back at all.
 * - A new request may overtake the waiting ones there: a free permit goes to the first request that asks.
 */
import type { State } from "../../Limiter.ts"
import type { Signal } from "../reasons.ts"
import type { Abandoned as Entry, BasicLimiter } from "./basicLimiter.ts"
import { arm, drain, touch } from "./drain.ts"
import { shared } from "./shared.ts"

/** An abandoned request. */
export interface Abandoned {
  /** Reports that the late answer has come, and the server has finished the request. Further calls do nothing. */
  readonly lateAnswer: () => void
}

interface Waiter {
  readonly ticket: number
  /** Undefined after the waiter was resumed or cancelled. */
  resume: ((now: number) => void) | undefined
  previous: Waiter | undefined
  next: Waiter | undefined
}

export class Gate {
  readonly limiters: ReadonlyArray<BasicLimiter>
  /** At least one limiter needs times. If not, all times may be zero, and no clock is read. */
  readonly timed: boolean
  /** Number of waiting requests. */
  waiting = 0
  #first: Waiter | undefined
  #last: Waiter | undefined

  constructor(limiters: ReadonlyArray<BasicLimiter>) {
    this.limiters = limiters
    this.timed = limiters.some((limiter) => limiter.timed)
  }

  /** State of the limiter that has the least room. */
  get tightest(): State {
    return tightestOf(this.limiters)
  }

  /** Ticket of the oldest waiter. */
  get ticket(): number {
    return this.#first === undefined ? Number.POSITIVE_INFINITY : this.#first.ticket
  }

  /** Monotonic time in milliseconds. Zero if no limiter needs it. */
  get now(): number {
    return this.timed ? this.limiters[0]!.time.now() : 0
  }

  /** Returns true if all limiters have room. */
  isOpen(now: number): boolean {
    for (const limiter of this.limiters) if (!limiter.hasRoom(now)) return false
    return true
  }

  /** Takes a permit if there is one and no request waits. `now` is the monotonic time. */
  tryAcquire(now: number): boolean {
    // A waiter that the running loop has not yet reached came first.
    if (shared.isDraining || this.#first !== undefined) return false
    this.#serveOthers()
    if (!this.isOpen(now)) return false
    this.#take(now)
    return true
  }

  /**
   * Waits in the queue, after `tryAcquire` has returned false. Returns a function that cancels the wait.
   *
   * `resume` is called with the time, after the permit was taken. It is never called before `wait` has returned, nor
   * after a cancellation.
   */
  wait(resume: (now: number) => void): () => void {
    const waiter: Waiter = { ticket: shared.tickets++, resume, previous: this.#last, next: undefined }
    if (this.#last === undefined) this.#first = waiter
    else this.#last.next = waiter
    this.#last = waiter
    if (this.waiting++ === 0) { for (const limiter of this.limiters) limiter.gates.add(this) }
    // There may be room by now. If the loop is running, it has to look.
    if (shared.isDraining) touch(this.limiters)
    else arm(this.limiters)
    return () => {
      if (waiter.resume === undefined) return
      this.#remove(waiter)
      arm(this.limiters)
    }
  }

  /** Releases the permit of a request that has ended. `signal` is the way in which it ended. */
  release(signal: Signal, latency: number, now: number): void {
    for (const limiter of this.limiters) limiter.release(signal, latency, now)
    this.#serveOthers()
  }

  /**
   * Releases the permit of a request that timed out or was interrupted. The server still works on it, so that it counts
   * as load until its answer comes, or for a bounded time.
   */
  abandon(timedOut: boolean, latency: number, now: number): Abandoned {
    const entries: Array<Entry> = this.limiters.map((limiter) => limiter.abandon(timedOut, latency, now))
    this.#serveOthers()
    return {
      lateAnswer: () => {
        this.limiters.forEach((limiter, index) => limiter.answered(entries[index]!))
        this.#serveOthers()
      }
    }
  }

  #serveOthers(): void {
    for (const limiter of this.limiters) {
      if (limiter.gates.size > 0) {
        drain(this.limiters)
        return
      }
    }
  }

  #take(now: number): void {
    for (const limiter of this.limiters) limiter.take(now)
  }

  /** Takes the permits for the oldest waiter, and resumes it. */
  serve(now: number): void {
    const waiter = this.#first!
    const resume = waiter.resume!
    this.#take(now)
    this.#remove(waiter)
    resume(now)
  }

  #remove(waiter: Waiter): void {
    const { next, previous } = waiter
    waiter.resume = undefined
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    if (--this.waiting === 0) { for (const limiter of this.limiters) limiter.gates.delete(this) }
  }
}

/** The state of the limiter that has the least room; unbounded without any. */
export const tightestOf = (limiters: ReadonlyArray<BasicLimiter>): State =>
  limiters.map((limiter) => limiter.state).reduce(
    (least, state) => room(state) < room(least) ? state : least,
    limiters[0]?.state ?? unbounded
  )

const unbounded: State = { limit: Number.POSITIVE_INFINITY, inFlight: 0, waiting: 0, abandoned: 0, lastMove: undefined }

const room = (state: State): number => state.limit - state.inFlight - state.abandoned

/**
 * Returns the gate of a set of limiters, each counted once. The same set has the same gate, so that all runs wait in one
 * queue. Returns undefined for the empty set.
 */
export const gateOf = (limiters: Iterable<BasicLimiter>): Gate | undefined => {
  const distinct = [...new Set(limiters)].toSorted((a, b) => a.id - b.id)
  // The newest limiter keeps the gate: an old one would keep alive what was made for one run.
  const newest = distinct.at(-1)
  if (newest === undefined) return undefined
  const key = distinct.map((limiter) => limiter.id).join()
  const known = newest.known.get(key)
  if (known !== undefined) return known
  const gate = new Gate(distinct)
  newest.known.set(key, gate)
  return gate
}
