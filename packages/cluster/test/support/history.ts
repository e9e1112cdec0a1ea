/** The history of a world: its events, and the writes of lanes that the server has applied. */
import type { Job } from "@effect-cql/cluster"
import type { CqlError } from "@effect-cql/core"
import type { Page, Request, StatementRequest } from "@effect-cql/core/Port"
import { Effect } from "effect"
import { Traffic } from "./traffic.ts"
import type { VirtualTime } from "./virtualTime.ts"

/** The settings of the cluster in milliseconds. */
export const lease = 9_000
export const refresh = 3_000
export const members = 3_000

/** A write of a lane that the server has applied. */
export interface Saved {
  readonly lane: number
  readonly epoch: number
  /** Number of the process. */
  readonly process: number
  readonly counted: number
  readonly at: number
}

/** The beginning of the condition of each write of a lane. */
export const fence = "cluster_lanes SET epoch"

/** A span of time without events: each lane has to be owned within some time after its beginning. */
export interface Calm {
  readonly from: number
  readonly until: number
}

/** Milliseconds after an event within which each lane has an owner that works: the lease and two refreshes, and one step. */
export const soon = lease + 1_000 + 2 * Math.max(refresh, members) + 4_000

export class History {
  readonly events: Array<string> = []
  readonly saved: Array<Saved> = []
  readonly calms: Array<Calm> = []
  /** Units of the job that have ended, each as often as the server applied its end. */
  readonly endedUnits: Array<string> = []
  /** Locks that were given to a process while another one had them. */
  readonly contended: Array<string> = []
  /** Writes that the fence has refused. */
  refused = 0
  /** Rows that the job has. */
  planned = 0
  progress: Job.Progress | undefined
  /** Rows that the job with limits has. */
  limitedRows = 0
  limitedProgress: Job.Progress | undefined
  readonly traffic: Traffic
  live: ReadonlySet<number> = new Set()
  ended = 0
  readonly #locks = new Map<unknown, { readonly owner: unknown; readonly until: number }>()
  readonly #time: VirtualTime
  readonly #options: { readonly seed: number; readonly lanes: number }

  constructor(time: VirtualTime, options: { readonly seed: number; readonly lanes: number }) {
    this.#time = time
    this.#options = options
    this.traffic = new Traffic(time)
  }

  get lanes(): number {
    return this.#options.lanes
  }

  event(event: string): void {
    this.events.push(`${String(this.#time.now).padStart(7)} ms  ${event}`)
  }

  /** Waits for as long as lanes may take to have owners, and then for some of their steps. */
  get calm(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const [from, events] = [this.#time.now, this.events.length]
      return Effect.map(Effect.sleep(soon + 6_000), () => {
        // A process that goes on meanwhile takes lanes back.
        if (this.events.length === events) this.calms.push({ from, until: this.#time.now })
      })
    })
  }

  end(progress: Job.Progress, limitedProgress: Job.Progress, live: ReadonlyArray<number>): void {
    this.progress = progress
    this.limitedProgress = limitedProgress
    this.live = new Set(live)
    this.ended = this.#time.now
  }

  /** Runs a request at the server, and notes what it has applied. */
  observed(process: number, request: Request, execute: Effect.Effect<Page, CqlError>): Effect.Effect<Page, CqlError> {
    if (request._tag !== "Batch") {
      return this.#observedLock(request, this.traffic.observed(process, request, execute))
    }
    const [first, ...writes] = request.statements
    if (first === undefined || !first.text.includes(fence)) return execute
    const [epoch, , , name, lane] = first.params
    return Effect.map(execute, (page) => {
      if (page.wasApplied === false) this.refused++
      else {
        for (const { params } of writes) {
          const [entry, body] = params.slice(3)
          if (name === "work") {
            this.saved.push({
              lane: Number(lane),
              epoch: Number(epoch),
              process,
              counted: Number(body),
              at: this.#time.now
            })
          } else if (
            String(name).startsWith("job/steps/") && String(entry).startsWith("unit/") &&
            JSON.parse(String(body)).state === "done"
          ) {
            this.endedUnits.push(String(entry))
          }
        }
      }
      return page
    })
  }

  #observedLock({ params, text }: StatementRequest, execute: Effect.Effect<Page, CqlError>) {
    if (!text.includes("cluster_locks")) return execute
    return Effect.map(execute, (page) => {
      if (page.wasApplied === false || text.startsWith("SELECT")) return page
      const isInsert = text.startsWith("INSERT")
      const [key, owner, seconds, former] = isInsert
        ? [params[1], params[2], params[3], undefined]
        : text.startsWith("UPDATE")
        ? [params[3], params[1], params[0], params[4]]
        : [params[1], undefined, 0, params[2]]
      const known = this.#locks.get(key)
      if (known !== undefined && this.#time.now < known.until && known.owner !== former) {
        this.contended.push(
          `${key}: ${owner} at ${this.#time.now} ms, while ${known.owner} has it until ${known.until} ms`
        )
      }
      // Servers round to seconds.
      if (owner === undefined) this.#locks.delete(key)
      else this.#locks.set(key, { owner, until: this.#time.now + (Number(seconds) - 1) * 1_000 })
      return page
    })
  }

  get story(): string {
    return `world of seed ${this.#options.seed}, ${this.#options.lanes} lanes:\n${this.events.join("\n")}`
  }
}
