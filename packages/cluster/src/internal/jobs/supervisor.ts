/**
 * Runs the lanes of all jobs that run, as far as this process owns them.
 */
import type { CqlError } from "@effect-cql/core"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Jobs, Stored } from "../../Jobs.ts"
import type { Lanes } from "../../Lanes.ts"
import { type Handler, runLane } from "./engine.ts"
import { progressIn } from "./units.ts"

export const supervise = (
  jobs: Jobs["Service"],
  lanes: Lanes["Service"],
  handlers: ReadonlyMap<string, Handler>,
  interval: Duration.Duration
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    let known: ReadonlyMap<string, Stored> = new Map()
    const isRunning = (id: string) => known.get(id)?.state === "running"
    const reportOther = reporter()

    // One read for all lanes of the process. If it fails, everything goes on by what was known.
    yield* jobs.all.pipe(
      Effect.map((all) => {
        known = new Map(all.map((job) => [job.id, job]))
      }),
      Effect.catch((error) => Effect.logWarning("the states of jobs could not be read, and are read again", error)),
      Effect.andThen(Effect.sleep(interval)),
      Effect.forever,
      Effect.forkScoped
    )

    /** The lanes of a job that belong to a lane of the process: the job may have more. */
    const lanesOf = (job: Stored, index: number) =>
      Array.from({ length: job.lanes }, (_, lane) => lane).filter((lane) => lane % lanes.count === index)

    const runJob = (job: Stored, handler: Handler, index: number, ended: Map<string, number>) =>
      Effect.gen(function*() {
        let hasRun = false
        for (const lane of lanesOf(job, index)) {
          const key = `${job.id} ${lane}`
          if (ended.get(key) === job.run) continue
          hasRun = true
          yield* runLane(jobs, job, lane, handler, () => isRunning(job.id))
          if (isRunning(job.id)) ended.set(key, job.run)
        }
        // The lane that ends last ends the job. If its process died before it did, the owner of the first lane does.
        if (isRunning(job.id) && (hasRun || index === 0)) yield* finish(jobs, job)
      }).pipe(
        // Another process has the lane: Effect is about to stop it here.
        Effect.catchTag("LaneLost", (error) => Effect.logInfo(error.message)),
        Effect.catch((error) => Effect.logWarning(`job ${job.id} is interrupted by a failure, and goes on`, error))
      )

    yield* lanes.register("jobs", (index) => {
      // The run of each job in which a lane has ended here.
      const ended = new Map<string, number>()
      return Effect.forever(Effect.gen(function*() {
        const running: Array<readonly [Stored, Handler]> = []
        for (const job of known.values()) {
          const handler = handlers.get(job.name)
          if (job.state !== "running") continue
          if (handler !== undefined && handler.version === job.version) running.push([job, handler])
          else yield* reportOther(job, handler)
        }
        // One job must not wait for another.
        yield* Effect.forEach(running, ([job, handler]) => runJob(job, handler, index, ended), {
          concurrency: "unbounded",
          discard: true
        })
        yield* Effect.sleep(interval)
      }))
    })
  })

/** Ends a job all of whose units have ended. */
const finish = (jobs: Jobs["Service"], job: Stored): Effect.Effect<void, CqlError> =>
  Effect.gen(function*() {
    const lanes = Array.from({ length: job.lanes }, (_, lane) => lane)
    const all = yield* Effect.forEach(lanes, (lane) => Effect.map(jobs.entries(job.id, lane), progressIn), {
      concurrency: 16
    })
    const failed = all.reduce((sum, { failed }) => sum + failed, 0)
    const done = all.reduce((sum, { done }) => sum + done, 0)
    if (done + failed === job.units) yield* jobs.move(job.id, ["running"], failed === 0 ? "done" : "failed")
  })

/** Reports a job that this process leaves alone, once. */
const reporter = () => {
  const reported = new Set<string>()
  return (job: Stored, handler: Handler | undefined): Effect.Effect<void> => {
    if (handler === undefined || reported.has(job.id)) return Effect.void
    reported.add(job.id)
    return Effect.logWarning(
      `job ${job.id} is left alone: expected version ${job.version} of ${job.name}, got ${handler.version} in this process`
    )
  }
}
