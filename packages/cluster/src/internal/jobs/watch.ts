/**
 * The view of a process on a job: the state that it has last read, and the numbers of its own lanes, which are newer.
 */
import { Limiter } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import type { Stored } from "../../Jobs.ts"
import { allowed, type Bounds, type Share, shareOf, smallerOf } from "./limits.ts"
import { type Seen, SeenLanes } from "./seen.ts"
import * as Units from "./units.ts"

/**
 * Reads of a job for which a share does not grow by a change of the limits. Other runners still go by the former limits until they
 * read the job too. Of two runners with different limits, the share of each lane would be right by its own, and the sum of all too large.
 */
const readsUntilGrowth = 2

export class JobWatch {
  #job: Stored
  /** Limits that other runners may still go by, each with the number of reads that are left until none does. */
  #former: ReadonlyArray<{ readonly bounds: Bounds; readonly reads: number }> = []
  /** The lanes in the present run. */
  #lanes: SeenLanes
  readonly #limiters = new Map<number, Limiter.Adjustable>()

  constructor(job: Stored) {
    this.#job = job
    this.#lanes = new SeenLanes(job.lanes)
  }

  get job(): Stored {
    return this.#job
  }

  get isRunning(): boolean {
    return this.#job.state === "running"
  }

  /** Returns true if the numbers of the lanes decide on something while a job runs. */
  static needsLanes(job: Stored): boolean {
    return job.budget !== undefined || isBounded(job)
  }

  /** Takes over a job as it was read. */
  update(job: Stored): Effect.Effect<void> {
    const { revision, run } = this.#job
    if (job.run !== run) this.#lanes = new SeenLanes(job.lanes)
    this.#former = this.#former.flatMap(({ bounds, reads }) => reads > 1 ? [{ bounds, reads: reads - 1 }] : [])
    if (job.revision !== revision) this.#former = [...this.#former, { bounds: this.#job, reads: readsUntilGrowth }]
    this.#job = job
    return this.learn(undefined)
  }

  /** Takes over the numbers of lanes that were read in the present run, and adjusts the shares. */
  learn(lanes: ReadonlyMap<number, Seen> | undefined): Effect.Effect<void> {
    for (const [lane, seen] of lanes ?? []) this.#lanes.add(lane, seen)
    return Effect.forEach(this.#limiters, ([lane, limiter]) => limiter.adjust(boundsOf(this.shareOf(lane))), {
      discard: true
    })
  }

  /** Takes over the state that this process has given to the job. */
  end(state: Stored["state"]): void {
    this.#job = { ...this.#job, state }
  }

  /**
   * Counts the progress of a lane of this process in a run, and the rejects that no checkpoint has counted. The numbers of a former run
   * may be higher than those of the present one, where units with rejects run again.
   */
  count(lane: number, run: number, progress: Units.ProgressEntry, pending: number): void {
    if (run !== this.#job.run) return
    this.#lanes.add(lane, Units.seenOf(progress))
    this.#lanes.pend(lane, pending)
  }

  /** Forgets the rejects of a lane that no checkpoint has counted: its work has ended here. */
  leave(lane: number): void {
    this.#lanes.pend(lane, 0)
  }

  /** The share of a lane in the limits; undefined if it has to wait for its turn. */
  shareOf(lane: number): Share | undefined {
    if (this.#former.length === 0 && !isBounded(this.#job)) return unbounded
    const { left, rank } = this.#lanes.placeOf(lane)
    return this.#former.reduce<Share | undefined>(
      (share, { bounds }) => smallerOf(share, shareOf(bounds, rank, left)),
      shareOf(this.#job, rank, left)
    )
  }

  /** Returns true if a lane may go on, in a run in which its work has begun. */
  mayRun(lane: number, run = this.#job.run): boolean {
    return this.isRunning && run === this.#job.run && this.shareOf(lane) !== undefined
  }

  /** Bounds the statements of a lane by its share. */
  limiterOf(lane: number): Effect.Effect<Limiter.Adjustable> {
    const known = this.#limiters.get(lane)
    if (known !== undefined) return Effect.succeed(known)
    return Effect.tap(
      Limiter.adjustable(boundsOf(this.shareOf(lane))),
      (limiter) => Effect.sync(() => this.#limiters.set(lane, limiter))
    )
  }

  /** The rejects that the budget counts, and how many it allows; undefined if it is not exceeded. */
  get exceeded(): { readonly rejected: number; readonly allowed: number } | undefined {
    const { rejected, rows } = this.#lanes
    const most = allowed(this.#job.budget, rows)
    const counted = rejected - this.#job.forgiven
    return counted > most ? { rejected: counted, allowed: most } : undefined
  }
}

const isBounded = ({ concurrency, rate }: Bounds): boolean => concurrency !== undefined || rate !== undefined

const unbounded: Share = { concurrency: undefined, rate: undefined }

// Requests that start after an idle time: those of ten milliseconds, at least one.
const boundsOf = (share: Share | undefined): Limiter.Bounds => {
  if (share === undefined) return { inFlight: 0 }
  const { concurrency, rate } = share
  return {
    inFlight: concurrency,
    rate: rate === undefined ? undefined : {
      statements: 1_000_000,
      per: 1e9 / rate,
      burst: Math.max(1, Math.floor(rate / 100))
    }
  }
}
