/**
 * The handle of a job.
 */
import type { CqlError } from "@effect-cql/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { Failure, Handle, Progress } from "../../Job.ts"
import type { Jobs, State, Stored } from "../../Jobs.ts"
import { JobFailed, JobStateRefused } from "./errors.ts"
import * as plan from "./plan.ts"
import * as Units from "./units.ts"

const lanesAtOnce = 16
const second = Duration.seconds(1)

export const make = (jobs: Jobs["Service"], id: string): Handle => {
  const found: Effect.Effect<Stored, CqlError> = Effect.flatMap(
    jobs.find(id),
    (job) => job === undefined ? Effect.die(new Error(`there is no job ${id}: start it first`)) : Effect.succeed(job)
  )

  const entries = (job: Stored) =>
    Effect.forEach(Array.from({ length: job.lanes }, (_, lane) => lane), (lane) => jobs.entries(id, lane), {
      concurrency: lanesAtOnce
    })

  const progress: Effect.Effect<Progress, CqlError> = Effect.gen(function*() {
    const job = yield* found
    const lanes = (yield* entries(job)).map(Units.progressIn)
    const sum = (part: "done" | "failed" | "rows") => lanes.reduce((sum, lane) => sum + lane[part], 0)
    return { state: job.state, units: job.units, done: sum("done"), failed: sum("failed"), rows: sum("rows") }
  })

  const move = (from: ReadonlyArray<State>, to: State) =>
    Effect.flatMap(jobs.move(id, from, to), (isMoved) => isMoved ? Effect.void : refused(from.join(" or ")))

  const refused = (expected: string) =>
    Effect.flatMap(found, ({ state }) => Effect.fail(new JobStateRefused({ id, expected, got: state })))

  return {
    id,
    progress,
    watch: (interval = second) =>
      Stream.fromEffect(progress).pipe(
        Stream.repeat(Schedule.spaced(interval)),
        Stream.takeUntil(({ state }) => hasEnded(state))
      ),
    await: progress.pipe(
      Effect.repeat({ until: ({ state }) => hasEnded(state), schedule: Schedule.spaced(second) }),
      Effect.flatMap((end) =>
        end.state === "failed" || end.state === "cancelled"
          ? Effect.fail(new JobFailed({ id, state: end.state, units: end.units, failed: end.failed }))
          : Effect.succeed(end)
      )
    ),
    pause: move(["running"], "paused"),
    resume: move(["paused"], "running"),
    cancel: move(["planning", "running", "paused"], "cancelled"),
    retry: Effect.gen(function*() {
      const job = yield* found
      if (job.state !== "failed") return yield* refused("failed")
      yield* plan.reset(jobs, job)
      if (!(yield* jobs.rerun(job))) return yield* refused("failed")
    }),
    failures: Effect.map(
      Effect.flatMap(found, entries),
      (lanes) =>
        lanes.flatMap((lane) =>
          Units.unitsIn(lane).flatMap(([, { error, state, unit }]): ReadonlyArray<Failure> =>
            state === "failed" ? [{ unit, error: error ?? "" }] : []
          )
        )
    )
  }
}

const hasEnded = (state: State): boolean => state === "done" || state === "failed" || state === "cancelled"
