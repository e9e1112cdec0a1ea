/**
 * The snapshots of a run as points over time, in bounded memory.
 */
import type { Progress } from "@effect-cql/core"
import * as Duration from "effect/Duration"
import { percentilesOf } from "./data.ts"
import { Rounds } from "./rounds.ts"

/** The time of a point is that of its end. */
export interface Point {
  /** Seconds since the run began. */
  readonly at: number
  /** Seconds that it stands for. */
  readonly seconds: number
  /** Statements that ended, a second. */
  readonly rate: number
  /** Times of statements in milliseconds; absent if none ended. */
  readonly p50: number | undefined
  readonly p99: number | undefined
  readonly p999: number | undefined
  readonly inFlight: number
  readonly limit: number | undefined
  /** Failed statements so far, by reason. */
  readonly failures: Readonly<Record<string, number>>
}

const mostPoints = 400

export class Series {
  #points: Array<Point> = []
  // Snapshots that one point stands for, and those of the point that is not yet full.
  #stride = 1
  #pending: Array<Point> = []
  readonly #rounds = new Rounds()
  #last: Progress | undefined
  #at = 0

  add(ofRound: Progress): void {
    const progress = this.#rounds.add(ofRound)
    this.#last = progress
    this.#pending.push(pointOf(progress, this.#at))
    this.#at = secondsOf(progress)
    if (this.#pending.length < this.#stride) return
    this.#points.push(joined(this.#pending))
    this.#pending = []
    if (this.#points.length < mostPoints) return
    this.#stride *= 2
    this.#points = Array.from(
      { length: mostPoints / 2 },
      (_, index) => joined(this.#points.slice(2 * index, 2 * index + 2))
    )
  }

  get points(): ReadonlyArray<Point> {
    return this.#pending.length === 0 ? this.#points : [...this.#points, joined(this.#pending)]
  }

  /** The last snapshot, with the counts of all rounds. */
  get last(): Progress | undefined {
    return this.#last
  }
}

const secondsOf = ({ elapsed }: Progress): number => Duration.toMillis(elapsed) / 1_000

const pointOf = (progress: Progress, since: number): Point => {
  const { failures, inFlight, latency, limiter, rate } = progress
  const { p50, p99, p999 } = percentilesOf(latency)
  const isMeasured = latency.count > 0
  return {
    at: secondsOf(progress),
    seconds: secondsOf(progress) - since,
    rate,
    p50: isMeasured ? p50 : undefined,
    p99: isMeasured ? p99 : undefined,
    p999: isMeasured ? p999 : undefined,
    inFlight,
    limit: limiter !== undefined && Number.isFinite(limiter.limit) ? limiter.limit : undefined,
    failures
  }
}

const joined = (points: ReadonlyArray<Point>): Point => {
  const last = points.at(-1)!
  if (points.length === 1) return last
  const seconds = points.reduce((sum, point) => sum + point.seconds, 0)
  const ended = points.reduce((sum, point) => sum + point.rate * point.seconds, 0)
  return {
    at: last.at,
    seconds,
    rate: seconds > 0 ? ended / seconds : 0,
    p50: longest(points.map(({ p50 }) => p50)),
    p99: longest(points.map(({ p99 }) => p99)),
    p999: longest(points.map(({ p999 }) => p999)),
    inFlight: Math.max(...points.map(({ inFlight }) => inFlight)),
    limit: last.limit,
    failures: last.failures
  }
}

const longest = (times: ReadonlyArray<number | undefined>): number | undefined => {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}
