/**
 * The progress of a run as text.
 */
import type { Progress } from "@effect-cql/core"
import * as Duration from "effect/Duration"
import { cut, printable, widthOf } from "./cells.ts"
import { percentilesOf } from "./data.ts"

export interface Setting {
  readonly title?: string | undefined
  readonly total?: number | undefined
  /** True once the run is over, whatever is missing. */
  readonly isOver?: boolean | undefined
}

/** Lines for a terminal of a width, none longer than that. */
export const blockOf = (progress: Progress, setting: Setting, columns: number): ReadonlyArray<string> =>
  [
    headOf(progress, setting, columns),
    `${speed(progress)}   ${times(progress)}`,
    load(progress),
    ...problems(progress)
  ].map((line) => cut(line, columns))

/** One line for a log. */
export const lineOf = (progress: Progress, setting: Setting): string =>
  [
    `${titleOf(setting)}: ${done(progress, setting)}`,
    speed(progress),
    times(progress),
    load(progress),
    ...problems(progress)
  ].join(", ")

const titleOf = ({ title = "run" }: Setting): string => printable(title)

const headOf = (progress: Progress, setting: Setting, columns: number): string => {
  const title = titleOf(setting)
  const text = done(progress, setting)
  const share = shareOf(progress, setting.total)
  if (share === undefined) return `${title}  ${text}`
  const width = Math.min(40, columns - widthOf(title) - text.length - 4)
  return width < 5 ? `${title}  ${text}` : `${title}  ${bar(share, width)}  ${text}`
}

export const bar = (share: number, width: number): string => {
  const full = Math.floor(share * width)
  return "█".repeat(full) + "░".repeat(width - full)
}

const endedOf = ({ failed, succeeded }: Progress): number => succeeded + failed

// A later round repeats a part of the run, and has no total of its own.
const shareOf = (progress: Progress, total = 0): number | undefined =>
  Number.isFinite(total) && total > 0 && (progress.rounds ?? 1) === 1
    ? Math.min(1, endedOf(progress) / total)
    : undefined

const done = (progress: Progress, { isOver, total }: Setting): string => {
  const ended = endedOf(progress)
  const round = (progress.rounds ?? 1) > 1 ? ` of round ${progress.rounds}` : ""
  const share = shareOf(progress, total)
  if (share === undefined) return `${grouped(ended)} done${round} in ${lasting(progress.elapsed)}`
  const end = share < 1 && isOver !== true ? left(progress, share) : ` in ${lasting(progress.elapsed)}`
  return `${grouped(ended)}/${grouped(total ?? 0)} ${Math.floor(share * 100)}%${end}`
}

const left = ({ elapsed }: Progress, share: number): string =>
  share === 0 ? "" : ` ${lasting(Duration.millis(Duration.toMillis(elapsed) * (1 - share) / share))} left`

const speed = (progress: Progress): string => {
  const seconds = Duration.toMillis(progress.elapsed) / 1_000
  const overall = seconds > 0 ? endedOf(progress) / seconds : 0
  const now = `${grouped(progress.rate)}/s now`
  // A later round counts its own statements, and its time is that of the run.
  return (progress.rounds ?? 1) > 1 ? now : `${now}, ${grouped(overall)}/s overall`
}

const times = ({ latency, latencyOverall }: Progress): string => {
  const { p50, p99, p999 } = percentilesOf(latency.count > 0 ? latency : latencyOverall)
  return `p50 ${short(p50)}, p99 ${short(p99)}, p99.9 ${short(p999)}`
}

const load = ({ concurrency, inFlight, limiter }: Progress): string => {
  const flight = `${grouped(inFlight)} of ${
    Number.isFinite(concurrency) ? grouped(concurrency) : "any number"
  } in flight`
  if (limiter === undefined || !Number.isFinite(limiter.limit)) return flight
  const { lastMove, limit, waiting } = limiter
  const move = lastMove === undefined
    ? ""
    : ` (${grouped(lastMove.from)} to ${grouped(lastMove.to)} ${lasting(lastMove.age)} ago: ${lastMove.reason})`
  return `${flight}, limit ${grouped(limit)}${move}${waiting > 0 ? `, ${grouped(waiting)} waiting` : ""}`
}

const problems = ({ failures, interrupted, retried }: Progress): ReadonlyArray<string> => {
  const parts = Object.entries(failures)
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${grouped(count)} ${reason}`)
  const failed = parts.length === 0 ? [] : [`failed: ${parts.join(", ")}`]
  const stopped = interrupted === 0 ? [] : [`${grouped(interrupted)} interrupted`]
  const again = retried === 0 ? [] : [`${grouped(retried)} retried`]
  const line = [...failed, ...again, ...stopped].join("; ")
  return line === "" ? [] : [line]
}

const grouped = (count: number): string => Math.round(count).toLocaleString("en-US")

/** A time in milliseconds with two or three digits. */
export const short = (millis: number): string => {
  if (millis >= 10_000) return `${(millis / 1_000).toFixed(0)} s`
  if (millis >= 1_000) return `${(millis / 1_000).toFixed(1)} s`
  return millis >= 10 ? `${millis.toFixed(0)} ms` : `${millis.toFixed(1)} ms`
}

/** A duration in its two largest units. */
export const lasting = (duration: Duration.Duration): string => {
  const seconds = Duration.toMillis(duration) / 1_000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 100) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
