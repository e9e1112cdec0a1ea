/**
 * A snapshot as plain data: for JSON, and for the report.
 */
import type { Latencies, Progress } from "@effect-cql/core"
import * as Duration from "effect/Duration"

/** Percentiles in milliseconds. */
export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

const millis = (duration: Duration.Duration): number => Math.round(Duration.toMillis(duration) * 1_000) / 1_000

export const percentilesOf = (latencies: Latencies): Percentiles => ({
  count: latencies.count,
  p50: millis(latencies.percentile(0.5)),
  p99: millis(latencies.percentile(0.99)),
  p999: millis(latencies.percentile(0.999)),
  max: millis(latencies.max)
})

export const dataOf = (progress: Progress, title?: string) => {
  const { failures, failuresByNode, limiter, slowest, ...counts } = progress
  const move = limiter?.lastMove
  return {
    ...(title === undefined ? undefined : { title }),
    ...counts,
    elapsed: millis(progress.elapsed),
    rate: Math.round(progress.rate * 10) / 10,
    latency: percentilesOf(progress.latency),
    latencyOverall: percentilesOf(progress.latencyOverall),
    failures,
    failuresByNode,
    // JSON has no infinity: a limiter of the rate alone has no limit in flight.
    limiter: limiter && {
      limit: Number.isFinite(limiter.limit) ? limiter.limit : null,
      inFlight: limiter.inFlight,
      waiting: limiter.waiting,
      abandoned: limiter.abandoned,
      lastMove: move && { from: move.from, to: move.to, reason: move.reason, age: millis(move.age) }
    },
    slowest: slowest.map((statement) => ({ ...statement, duration: millis(statement.duration) }))
  }
}
