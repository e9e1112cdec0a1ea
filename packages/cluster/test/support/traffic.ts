/** The statements of a job with limits: when each was in flight, from which process, and which limits were in force. */
import type { Jobs } from "@effect-cql/cluster"
import type { CqlError } from "@effect-cql/core"
import type { Page, Request } from "@effect-cql/core/Port"
import { Effect } from "effect"
import type { VirtualTime } from "./virtualTime.ts"

/** The id of the job. */
export const limited = "limited"

/** Milliseconds between two reads of the jobs by a runner. */
export const interval = 5_000

/**
 * Milliseconds until a process that can read goes by limits that were changed: an interval, and what the read may take, since answers
 * may be late.
 */
const adoption = interval + 10_500

export interface Sent {
  readonly lane: number
  readonly process: number
  readonly at: number
  /** The time of the answer of the server. */
  until: number
}

/** Limits since a time. */
interface Since {
  readonly at: number
  readonly concurrency: number
  readonly rate: number
}

/** A span of time in which processes could not read: the storage was away, or one of them was frozen. */
interface Span {
  readonly from: number
  until: number
}

export class Traffic {
  readonly sent: Array<Sent> = []
  /** The processes that have taken a lane, in their order. */
  readonly taken: Array<{ readonly lane: number; readonly process: number; readonly at: number }> = []
  readonly limits: Array<Since> = []
  readonly disturbed: Array<Span> = []
  readonly thawed: Array<{ readonly process: number; readonly at: number }> = []
  readonly #time: VirtualTime

  constructor(time: VirtualTime) {
    this.#time = time
  }

  /** Notes the limits that a job has from now on. */
  limit({ concurrency, rate }: Pick<Jobs.Stored, "concurrency" | "rate">): void {
    const unbounded = Number.POSITIVE_INFINITY
    this.limits.push({ at: this.#time.now, concurrency: concurrency ?? unbounded, rate: rate ?? unbounded })
  }

  /** Notes the beginning of a span in which processes cannot read. The result notes its end. */
  disturb(): () => void {
    const span: Span = { from: this.#time.now, until: Number.POSITIVE_INFINITY }
    this.disturbed.push(span)
    return () => {
      span.until = this.#time.now
    }
  }

  thaw(process: number): void {
    this.thawed.push({ process, at: this.#time.now })
  }

  /** Notes a request that a process sends. The result notes its answer. */
  send(process: number, request: Request): () => void {
    if (request._tag !== "Statement" || !isLimited(request)) return () => {}
    const [, lane] = request.params
    const sent: Sent = { process, lane: Number(lane), at: this.#time.now, until: Number.POSITIVE_INFINITY }
    this.sent.push(sent)
    return () => {
      sent.until = Math.min(sent.until, this.#time.now)
    }
  }

  /** Notes that a process has taken a lane, where the server says so. */
  observed(process: number, request: Request, execute: Effect.Effect<Page, CqlError>): Effect.Effect<Page, CqlError> {
    if (request._tag !== "Statement" || !request.text.includes("cluster_lanes SET epoch = ?, owner")) return execute
    const [, , , name, lane] = request.params
    if (!String(name).startsWith(`job/${limited}/`) || Number(lane) < 0) return execute
    return Effect.tap(execute, ({ wasApplied }) =>
      Effect.sync(() => {
        if (wasApplied !== false) this.taken.push({ process, lane: Number(lane), at: this.#time.now })
      }))
  }

  /** The owner of a lane at a time, the one before it, and the time at which another process takes the lane. */
  ownerAt(lane: number, at: number): {
    readonly process: number | undefined
    readonly former: number | undefined
    readonly until: number
  } {
    let process: number | undefined
    let former: number | undefined
    for (const each of this.taken) {
      if (each.lane !== lane || each.process === process) continue
      if (each.at > at) return { process, former, until: each.at }
      former = process
      process = each.process
    }
    return { process, former, until: Number.POSITIVE_INFINITY }
  }

  /** The highest limits that a process may go by from one time to another. */
  allowed(from: number, until: number): Pick<Since, "concurrency" | "rate"> {
    let start = from - adoption
    // Who could not read goes by what it had read before.
    for (let moved = true; moved;) {
      moved = false
      for (const span of this.disturbed) {
        if (span.from > until || span.until < start || span.from - adoption >= start) continue
        start = span.from - adoption
        moved = true
      }
    }
    let [concurrency, rate] = [0, 0]
    for (const [index, limits] of this.limits.entries()) {
      const end = this.limits[index + 1]?.at ?? Number.POSITIVE_INFINITY
      if (limits.at > until || end < start) continue
      concurrency = Math.max(concurrency, limits.concurrency)
      rate = Math.max(rate, limits.rate)
    }
    return { concurrency, rate }
  }
}

/** The statement of the job. */
export const text = "INSERT INTO app.rows (id, lane) VALUES (?, ?)"

export const isLimited = (request: Request): boolean => request._tag === "Statement" && request.text === text
