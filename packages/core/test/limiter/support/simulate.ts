/** Load without end on a simulated server, through a limiter. */
import { Random } from "@effect-cql/test-support/random"
import { Adaptive } from "../../../src/internal/limiter/adaptive.ts"
import type { BasicLimiter } from "../../../src/internal/limiter/basicLimiter.ts"
import { Fixed } from "../../../src/internal/limiter/fixed.ts"
import { gateOf } from "../../../src/internal/limiter/gate.ts"
import type { Time } from "../../../src/internal/limiter/time.ts"
import { Events } from "./events.ts"
import type { Bounds } from "./published.ts"
import { type Node, Server } from "./server.ts"

export interface Scenario {
  readonly name: string
  readonly nodes: ReadonlyArray<Node>
  /** When the server changes, in milliseconds; the last is the end. */
  readonly phases: ReadonlyArray<number>
  /** Whether it changes within its phases, so that there is no best level to recover to. */
  readonly drifts?: boolean | undefined
  /** When a request is given up, in milliseconds. */
  readonly timeout?: number | undefined
  /** Statements that have a place at once: the concurrency of the runs together. */
  readonly places?: number | undefined
  /** Time in the network and the driver, both ways, in milliseconds. Default: 1. */
  readonly wire?: number | undefined
  /** Maximum of the limit. Default: 1,000. */
  readonly max?: number | undefined
  /** For comparisons only, not for every run of the tests. */
  readonly isLong?: boolean | undefined
}

export interface Step {
  readonly at: number
  readonly limit: number
  /** Answers before it. */
  readonly answers: number
}

export interface Simulated {
  /** When each answer came, and how long it took. */
  readonly answeredAt: Array<number>
  readonly latencies: Array<number>
  refused: number
  /** Maximum number of abandoned requests that counted as load. */
  abandoned: number
  /** The windows of an adaptive limiter. */
  readonly steps: Array<Step>
  /** The limit, every 100 ms. */
  readonly limits: Array<number>
}

/** Makes a limiter for a simulation. */
export type Law = (time: Time, bounds: Bounds) => BasicLimiter

export const fixed = (limit: number): Law => (time) => new Fixed(time, limit, 5_000)

export const adaptive: Law = (time, bounds) => new Adaptive(time, bounds, 5_000)

/** Milliseconds between two looks at the limit. */
export const tick = 100

/** Runs a scenario to its end. */
export const simulate = (scenario: Scenario, law: Law, seed: number, initial = 20): Simulated => {
  const events = new Events()
  const server = new Server(scenario.nodes, events, new Random(seed), scenario.wire)
  const max = scenario.max ?? 1_000
  const limiter = law(events, { min: 1, max, initial: Math.min(max, initial) })
  const gate = gateOf([limiter])!
  const simulated: Simulated = { answeredAt: [], latencies: [], refused: 0, abandoned: 0, steps: [], limits: [] }
  const look = (): void => {
    simulated.limits.push(limiter.limit)
    events.after(tick, look)
  }
  look()
  const observe = (): void => {
    if (!(limiter instanceof Adaptive) || limiter.windows === simulated.steps.length) return
    const answers = simulated.answeredAt.length
    simulated.steps.push({
      at: events.now(),
      limit: limiter.limit,
      answers
    })
  }
  const next = (): void => {
    if (gate.tryAcquire(events.now())) send()
    else gate.wait(send)
  }
  const send = (): void => {
    // The gate of a fixed limiter does not read the clock.
    const began = events.now()
    let isOver = false
    const giveUp = scenario.timeout === undefined ? undefined : events.after(scenario.timeout, () => {
      isOver = true
      late = gate.abandon(true, events.now() - began, events.now())
      simulated.abandoned = Math.max(simulated.abandoned, limiter.abandoned)
      observe()
      next()
    })
    let late: { readonly lateAnswer: () => void } | undefined
    server.send((answer) => {
      if (isOver) return late?.lateAnswer()
      giveUp?.()
      const latency = events.now() - began
      if (answer === "answered") {
        simulated.answeredAt.push(events.now())
        simulated.latencies.push(latency)
      } else simulated.refused++
      gate.release(answer, latency, events.now())
      observe()
      // As a retry does: without a permit.
      if (answer === "answered") next()
      else events.after(20, next)
    })
  }
  for (let place = 0; place < (scenario.places ?? 1_000); place++) next()
  events.runUntil(scenario.phases.at(-1)!)
  return simulated
}

const indexAt = (times: ReadonlyArray<number>, at: number): number => {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! < at) low = middle + 1
    else high = middle
  }
  return low
}

export interface Measured {
  /** Answers a second. */
  readonly throughput: number
  readonly p50: number
  readonly p99: number
}

/** Answers a second. */
export const throughputOf = ({ answeredAt }: Simulated, from: number, to: number): number =>
  (indexAt(answeredAt, to) - indexAt(answeredAt, from)) / (to - from) * 1_000

export const measure = (simulated: Simulated, from: number, to: number): Measured => {
  const first = indexAt(simulated.answeredAt, from)
  const last = indexAt(simulated.answeredAt, to)
  const sorted = Float64Array.from(simulated.latencies.slice(first, last)).sort()
  const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? Number.NaN
  return { throughput: throughputOf(simulated, from, to), p50: at(0.5), p99: at(0.99) }
}
