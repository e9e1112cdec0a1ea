/**
 * The summary of the lanes of a job: their numbers in one entry.
 *
 * Limits and error budgets depend on the numbers of all lanes. If each runner read them all in each interval, the reads would grow with
 * the product of runners and lanes. So the process that has the first lane of the runners reads them, as far as they have not
 * ended, and writes the summary behind a fence of its own. All others read this entry.
 */
import type { CqlError } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import type { Jobs, Stored } from "../../Jobs.ts"
import type { Lane, LaneLost } from "../../Lanes.ts"
import { allLanes } from "../lanes/fence.ts"
import { hasFields, isCount, isText, jsonBy, readableEntries } from "./damaged.ts"
import type { Seen } from "./seen.ts"
import * as Units from "./units.ts"
import type { JobWatch } from "./watch.ts"

/** A lane behind the others, in whose partition the summary is. */
export const summaryLane = -1
const summaryName = "summary"

interface Entry {
  readonly run: number
  /** A digit for each lane: 1 if it has ended. */
  readonly ended: string
  /** Rows and rejects of each lane, if the job has an error budget. */
  readonly counts?: ReadonlyArray<readonly [rows: number, rejected: number]>
}

/** Reads the numbers of the lanes in the run of a job, as far as they are known. */
export const read = (jobs: Jobs["Service"], job: Stored): Effect.Effect<ReadonlyMap<number, Seen>, CqlError> =>
  Effect.gen(function*() {
    const entries = yield* jobs.entryOfEach(job, summaryName, [summaryLane])
    const text = entries.get(summaryLane)
    const { counts, ended, run } = text === undefined ? none : yield* readableEntries(
      job.id,
      summaryLane,
      () => entryBy(`the entry ${summaryName}`, text)
    )
    if (run !== job.run) return new Map()
    return new Map(
      Array.from(ended, (digit, lane) => {
        const [rows, rejected] = counts?.[lane] ?? noCounts
        return [lane, { rows, rejected, hasEnded: digit === "1" }]
      })
    )
  })

const entryBy = jsonBy((value): value is Entry =>
  hasFields(value, {
    run: isCount,
    ended: isText,
    counts: (counts) => counts === undefined || (Array.isArray(counts) && counts.every(isPair))
  })
)

const isPair = (value: unknown): boolean => Array.isArray(value) && isCount(value[0]) && isCount(value[1])

const none: Entry = { run: -1, ended: "" }
const noCounts = [0, 0] as const

export const progressOf = (
  jobs: Jobs["Service"],
  job: Stored,
  lanes: ReadonlyArray<number>
): Effect.Effect<ReadonlyMap<number, Units.ProgressEntry>, CqlError> =>
  Effect.flatMap(jobs.entryOfEach(job, Units.progressName, lanes), (entries) =>
    Effect.map(
      Effect.forEach(entries, ([lane, text]) =>
        Effect.map(
          readableEntries(job.id, lane, () => Units.progressOf(text)),
          (progress) => [lane, progress] as const
        )),
      (read) => new Map(read)
    ))

/** Writes the summary of a job for as long as a process is the one to do so. */
export class Summary {
  readonly #jobs: Jobs["Service"]
  readonly #watch: JobWatch
  readonly #lanes = new Map<number, Units.ProgressEntry>()
  #run = -1
  #fence: Lane | undefined
  #written = ""

  constructor(jobs: Jobs["Service"], watch: JobWatch) {
    this.#jobs = jobs
    this.#watch = watch
  }

  /** Reads the lanes that have not ended, and writes the summary if it has changed. */
  readonly update: Effect.Effect<void, CqlError | LaneLost> = Effect.gen({ self: this }, function*() {
    const { job } = this.#watch
    if (job.run !== this.#run) this.#lanes.clear()
    this.#run = job.run
    const open = allLanes(job).filter((lane) => {
      const progress = this.#lanes.get(lane)
      return progress === undefined || !Units.hasEnded(progress)
    })
    for (const [lane, progress] of yield* progressOf(this.#jobs, job, open)) this.#lanes.set(lane, progress)
    const text = JSON.stringify(entryOf(job, this.#lanes))
    if (text === this.#written) return
    const fence = this.#fence ??= yield* this.#jobs.take(job, summaryLane)
    yield* fence.save([[summaryName, text]])
    this.#written = text
  }).pipe(
    Effect.tapError((error) =>
      Effect.sync(() => {
        if (error._tag === "LaneLost") this.#fence = undefined
      })
    )
  )
}

const entryOf = ({ budget, lanes, run }: Stored, progress: ReadonlyMap<number, Units.ProgressEntry>): Entry => {
  const all = Array.from({ length: lanes }, (_, lane) => progress.get(lane))
  return {
    run,
    ended: all.map((each) => each !== undefined && Units.hasEnded(each) ? "1" : "0").join(""),
    ...(budget === undefined ? {} : { counts: all.map((each) => [each?.rows ?? 0, each?.rejected ?? 0] as const) })
  }
}
