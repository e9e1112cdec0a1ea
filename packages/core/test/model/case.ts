/**
 * A case: one run of one verb, with everything that happens to it, as plain data.
 *
 * All times are whole nanoseconds of a virtual clock, unless a name says otherwise.
 */
import { type Random, randomAt } from "@effect-cql/test-support/random"

export interface Case {
  readonly seed: number
  readonly verb: "execute" | "stream" | "run"
  /** Whether the verb takes one query and a source of parameters. */
  readonly withArgs: boolean
  /** Whether the statements are writes, whose errors may leave them unknown. */
  readonly writes: boolean
  /** Items of the source; infinite for an endless one. */
  readonly size: number
  readonly source: Source
  readonly concurrency: number | "unbounded"
  /** Capacity that the session reports; undefined if it has no bound. */
  readonly capacity: number | undefined
  readonly failFast: boolean
  readonly settle: boolean
  /** Of streams. */
  readonly ordered: boolean
  /** Of streams; the default of the library when absent. */
  readonly bufferSize: number | undefined
  /** Milliseconds. */
  readonly requestTimeout: number | undefined
  /** Whether the standard policy of retries holds, or none. */
  readonly retries: boolean
  /** Whether writes may be sent twice; reads always may. */
  readonly idempotent: boolean
  readonly answers: Answers
  readonly consumer: Consumer
  /** When the run is interrupted from outside. */
  readonly interruptAt: number | undefined
  readonly reportsProgress: boolean
  /** Whether the port answers by callback, and not by an effect. */
  readonly callbacks: boolean
}

export interface Source {
  readonly kind: "array" | "iterator" | "generator" | "asyncIterator" | "asyncGenerator" | "stream"
  /** The longest that an asynchronous source takes for an item, or a stream for an array. */
  readonly delay: number
  /** Items in an array of a stream. */
  readonly chunk: number
  readonly fault: Fault | undefined
  /** How long it takes to close an asynchronous source. */
  readonly closeDelay: number
  /** Whether closing it throws. */
  readonly closeThrows: boolean
  /** Whether it takes its time by querying the session of the run. */
  readonly asksSession: boolean
}

/** A fault at an item of the source. */
export interface Fault {
  readonly at: number
  readonly kind: "throws" | "gives no input"
}

export interface Consumer {
  /** Time before the first pull. */
  readonly before: number
  /** Time for each element, before the consumer asks for what follows. */
  readonly delay: number
  /** Leaves when it has got this many. */
  readonly stopAfter: number | undefined
  /** Whether it leaves by `Stream.take`, which gives it no more than it wants, or else with all that it was handed. */
  readonly takes: boolean
  /** Whether it takes its time by querying the session of the run. */
  readonly asksSession: boolean
}

/** How the session answers: of each statement a random plan, by these probabilities. */
export interface Answers {
  readonly latency: "exit" | "sync" | "zero" | "constant" | "uniform" | "skewed" | "ties" | "mixed"
  readonly fails: number
  readonly refused: number
  readonly dies: number
  readonly hangs: number
  /** The probability that a page is followed by another. */
  readonly pages: number
  /** Statements that fail, whatever the probabilities say. */
  readonly failing: ReadonlyArray<number>
}

export const millisecond = 1_000_000

/** The course of one statement that nothing stops. */
export interface Plan {
  /** Its parameters do not fit its markers, so that nothing is sent. */
  readonly refused: boolean
  /**
   * In the order in which they are made: what follows a page is for the next one, what follows a failure is a retry. The
   * last is repeated.
   */
  readonly attempts: ReadonlyArray<Attempt>
}

export interface Attempt {
  /**
   * How long it takes: 0 is an answer at the same instant, but later. `exit` and `sync` are answers before `execute`
   * returns, as a finished effect and as one that has to be run.
   */
  readonly latency: number | "exit" | "sync" | "never"
  readonly end: "page" | "rows" | "Overloaded" | "InvalidQuery" | "dies" | "throws" | "is interrupted"
}

export const planOf = (self: Case, index: number): Plan => {
  const random = randomAt(self.seed, index)
  const { answers } = self
  const draw = random.next()
  const refused = draw < answers.refused
  const fails = draw < answers.refused + answers.fails || answers.failing.includes(index)
  const dies = draw > 1 - answers.dies
  const hangs = random.chance(answers.hangs)
  let pages = 1
  while (pages < 5 && random.chance(answers.pages)) pages++
  const failingPage = fails || hangs ? random.between(0, pages - 1) : undefined
  const attempts: Array<Attempt> = []
  for (let page = 0; page < pages; page++) {
    let again = page === failingPage
    for (let failures = 0; again && failures < 5; failures++) {
      const latency = latencyOf(answers, random)
      const isHanging = hangs && (!fails || random.chance(0.5))
      attempts.push(isHanging ? { latency: "never", end: "rows" } : { latency, end: failureOf(random) })
      again = random.chance(0.5)
    }
    const isLast = page === pages - 1
    attempts.push(
      isLast && dies ? defectOf(answers, random) : {
        latency: latencyOf(answers, random),
        end: isLast ? "rows" : "page"
      }
    )
  }
  return { refused, attempts }
}

/** The attempt of a number, counted from 0. */
export const attemptOf = ({ attempts }: Plan, number: number): Attempt =>
  attempts[Math.min(number, attempts.length - 1)]!

const failureOf = (random: Random): Attempt["end"] => random.chance(0.75) ? "Overloaded" : "InvalidQuery"

const defectOf = (answers: Answers, random: Random): Attempt =>
  random.chance(0.3)
    ? { latency: "exit", end: "throws" }
    : { latency: latencyOf(answers, random), end: random.pick(["dies", "is interrupted"]) }

const latencyOf = ({ latency }: Answers, random: Random): Attempt["latency"] => {
  switch (latency) {
    case "exit":
    case "sync":
      return latency
    case "zero":
      return 0
    case "constant":
      return 5 * millisecond
    case "uniform":
      return random.between(1, 50 * millisecond)
    case "skewed":
      return random.between(millisecond, 2 * millisecond) * (random.chance(0.01) ? 20 : 1)
    case "ties":
      return random.between(1, 4) * millisecond
    case "mixed":
      return random.pick<Attempt["latency"]>(["exit", "sync", 0, random.between(1, 10 * millisecond)])
  }
}

/** How long an asynchronous source takes for its pull of this number. */
export const sourceDelayOf = (self: Case, pull: number): number =>
  self.source.delay === 0 ? 0 : randomAt(self.seed + 1, pull).between(1, self.source.delay)

/** The concurrency at which the case has to run: within the capacity of the session, which is never taken for less than 1. */
export const concurrencyOf = ({ capacity, concurrency }: Case): number => {
  const most = capacity === undefined ? Number.POSITIVE_INFINITY : Math.max(1, capacity)
  return Math.min(concurrency === "unbounded" ? most : concurrency, most)
}

/** Finished results that may wait. */
export const bufferOf = (self: Case): number =>
  self.verb !== "stream"
    ? Number.POSITIVE_INFINITY
    : self.bufferSize ?? (self.ordered ? Math.max(4_096, 16 * concurrencyOf(self)) : concurrencyOf(self))
