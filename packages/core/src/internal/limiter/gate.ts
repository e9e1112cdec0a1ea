/**
 * Where requests get their permits: the limiters that bound a run, each counted once, and the queue before them.
 *
 * Who waits holds nothing. A request that needs room in two limiters takes both permits in one step when both have room,
 * so that a slow rate cannot sit on the permits of a bound in flight, and nobody can lock anybody out. Among those that
 * could go, the one that came first goes.
 */
import type { Signal } from "../reasons.ts"
import type { Abandoned as Entry, BasicLimiter } from "./basicLimiter.ts"

/** An abandoned request, for the day its answer comes. */
export interface Abandoned {
  /** The late answer has come: the server is done with it. Further calls do nothing. */
  readonly lateAnswer: () => void
}

interface Waiter {
  readonly ticket: number
  /** Absent once it has been resumed or has given up. */
  resume: ((now: number) => void) | undefined
  previous: Waiter | undefined
  next: Waiter | undefined
}

let tickets = 0

export class Gate {
  readonly limiters: ReadonlyArray<BasicLimiter>
  /** Whether it matters which times it is told. If not, zeros will do, and nobody has to look at a clock. */
  readonly timed: boolean
  /** How many wait here. */
  waiting = 0
  #first: Waiter | undefined
  #last: Waiter | undefined

  constructor(limiters: ReadonlyArray<BasicLimiter>) {
    this.limiters = limiters
    this.timed = limiters.some((limiter) => limiter.timed)
  }

  /** When the first of those who wait came. */
  get ticket(): number {
    return this.#first === undefined ? Number.POSITIVE_INFINITY : this.#first.ticket
  }

  /** The time, where it matters. */
  get now(): number {
    return this.timed ? this.limiters[0]!.time.now() : 0
  }

  /** Whether all of the limiters have room. */
  isOpen(now: number): boolean {
    for (const limiter of this.limiters) if (!limiter.hasRoom(now)) return false
    return true
  }

  /** Takes a permit when there is one and nobody is before this request. The time is that of the monotonic clock. */
  tryAcquire(now: number): boolean {
    // Whom the drain has not yet come to was first.
    if (draining || this.#first !== undefined) return false
    this.#serveOthers()
    if (!this.isOpen(now)) return false
    this.#take(now)
    return true
  }

  /**
   * Waits in line, after `tryAcquire` has refused. The permit is taken before `resume` is called, with the time; not
   * before this has returned, and never after what it gives back has been called.
   */
  wait(resume: (now: number) => void): () => void {
    const waiter: Waiter = { ticket: tickets++, resume, previous: this.#last, next: undefined }
    if (this.#last === undefined) this.#first = waiter
    else this.#last.next = waiter
    this.#last = waiter
    if (this.waiting++ === 0) { for (const limiter of this.limiters) limiter.gates.add(this) }
    // Within a drain there may be room by now, and it is the drain that looks.
    if (draining) touch(this.limiters)
    else for (const limiter of this.limiters) limiter.arm(wake)
    return () => {
      if (waiter.resume === undefined) return
      this.#remove(waiter)
      for (const limiter of this.limiters) limiter.arm(wake)
    }
  }

  /** Gives the permit of a request back that has ended, and says how. */
  release(signal: Signal, latency: number, now: number): void {
    for (const limiter of this.limiters) limiter.release(signal, latency, now)
    this.#serveOthers()
  }

  /**
   * Gives the permit of a request back that nobody waits for any more, because it timed out or was interrupted. The server
   * still has it, so that it goes on counting as load until its answer comes, or for a bounded time.
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

  /** Gives the first in line its permits. */
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

// One drain for all limiters: whoever is resumed may end at once, release and wait again, also elsewhere. That is noted
// and done in the loop that is under way, so that the stack stays flat however many wait.
let draining = false
const touched = new Set<BasicLimiter>()

const touch = (limiters: ReadonlyArray<BasicLimiter>): void => {
  for (const limiter of limiters) touched.add(limiter)
}

const wake = (limiter: BasicLimiter): void => drain([limiter])

/** Resumes all those waiting for these limiters that can go, in the order in which they came. */
const drain = (limiters: ReadonlyArray<BasicLimiter>): void => {
  touch(limiters)
  if (draining) return
  draining = true
  // A callback that throws is a defect of its run, and must not shut all limiters for ever.
  try {
    for (;;) {
      const gate = nextGate()
      if (gate === undefined) break
      gate.serve(gate.now)
    }
  } finally {
    draining = false
    const looked = [...touched]
    touched.clear()
    for (const limiter of looked) {
      limiter.arm(wake)
      // A gate that found room here may now be waiting for another limiter.
      for (const gate of limiter.gates) for (const other of gate.limiters) other.arm(wake)
    }
  }
}

/** Of the gates that could let someone go, the one whose first has waited longest. */
const nextGate = (): Gate | undefined => {
  let found: Gate | undefined
  for (const limiter of touched) {
    for (const gate of limiter.gates) {
      if (gate === found || (found !== undefined && gate.ticket > found.ticket)) continue
      if (gate.isOpen(gate.now)) found = gate
    }
  }
  return found
}

/**
 * The gate of a set of limiters, each counted once; the same one for the same set, so that all runs stand in one line.
 * Nothing when there is nothing that bounds.
 */
export const gateOf = (limiters: Iterable<BasicLimiter>): Gate | undefined => {
  const distinct = [...new Set(limiters)].toSorted((a, b) => a.id - b.id)
  // Kept by the youngest: an old limiter must not keep alive what was made for one run.
  const youngest = distinct.at(-1)
  if (youngest === undefined) return undefined
  const key = distinct.map((limiter) => limiter.id).join()
  const known = youngest.known.get(key)
  if (known !== undefined) return known
  const gate = new Gate(distinct)
  youngest.known.set(key, gate)
  return gate
}
