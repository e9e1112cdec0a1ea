/**
 * The handle of a job.
 */
import { type CqlError, isCqlError } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { JobBudgetExhausted, JobFailed, JobNotFound, JobStateRefused } from "../../JobErrors.ts"
import type { Failure, Handle, Progress, State } from "../../JobHandle.ts"
import type { Jobs, Stored } from "../../Jobs.ts"
import { allLanes, lanesAtOnce } from "../lanes/fence.ts"
import { checkLimitNames, checkRetry } from "../optionNames.ts"
import { timeToLive } from "../rules.ts"
import { readableEntries } from "./damaged.ts"
import { checkLimits } from "./limits.ts"
import { reset } from "./retry.ts"
import * as Rows from "./rows.ts"
import * as summaries from "./summary.ts"
import * as Units from "./units.ts"

const second = Duration.seconds(1)

export const make = (jobs: Jobs["Service"], id: string): Handle => {
  const found: Effect.Effect<Stored, CqlError | JobNotFound> = Effect.flatMap(
    jobs.find(id),
    (job) => job === undefined ? Effect.fail(new JobNotFound({ id })) : Effect.succeed(job)
  )

  /** Fails if a job is being removed or has been since it was read: its lanes are deleted one by one, and what was read is not all. */
  const stands = (job: Stored): Effect.Effect<void, CqlError | JobNotFound> =>
    Effect.flatMap(
      found,
      ({ state, timestamp }) =>
        state === "removing" || timestamp !== job.timestamp ? Effect.fail(new JobNotFound({ id })) : Effect.void
    )

  const progressOf = (job: Stored): Effect.Effect<Progress, CqlError | JobNotFound> =>
    Effect.map(summaries.progressOf(jobs, job, allLanes(job)), (lanes) => {
      const { done, failed, rejected, rows, units } = Units.sum(lanes.values())
      return { state: job.state, units: job.state === "planning" ? job.units : units, done, failed, rows, rejected }
    }).pipe(Effect.tap(() => Rows.ended.includes(job.state) ? stands(job) : Effect.void))
  const progress = Effect.flatMap(found, progressOf)

  const move = (from: ReadonlyArray<State>, to: State): Effect.Effect<void, CqlError | JobNotFound | JobStateRefused> =>
    unlessRefused(jobs.move(id, from, to), [...from, to])

  /**
   * Makes a change of a job in some states. A change that was refused is made again if another process has brought the job into
   * one of them since.
   */
  const unlessRefused = <E>(change: Effect.Effect<boolean, CqlError | E>, from: ReadonlyArray<State>): Effect.Effect<
    void,
    CqlError | E | JobNotFound | JobStateRefused
  > =>
    Effect.flatMap(
      change,
      (isMade) =>
        isMade ?
          Effect.void :
          Effect.flatMap(found, (job) => from.includes(job.state) ? unlessRefused(change, from) : refused(from, job))
    )

  const refused = (from: ReadonlyArray<State>, { state }: Stored) =>
    Effect.fail(new JobStateRefused({ id, expected: from.join(" or "), got: state }))

  /** Repeats a read for as long as the tables cannot be read. */
  const patiently = <A, E>(self: Effect.Effect<A, CqlError | E>): Effect.Effect<A, CqlError | E> =>
    Effect.suspend(() => {
      let isReported = false
      return self.pipe(
        Effect.tapError((error) => {
          if (!isPassing(error) || isReported) return Effect.void
          isReported = true
          return Effect.logWarning(`the state of job ${id} could not be read, and its end is awaited on`, error)
        }),
        Effect.retry({ while: isPassing, schedule: Schedule.spaced(second) })
      )
    })

  // The first read fails where the tables cannot be read. A wait of hours does not end by an outage of minutes.
  const ended = Effect.flatMap(found, (job) =>
    isFinal(job.state) ? Effect.succeed(job) : patiently(found).pipe(
      Effect.delay(second),
      Effect.repeat({ until: ({ state }) => isFinal(state) })
    ))

  return {
    id,
    progress,
    watch: (interval = second) =>
      Stream.suspend(() => {
        Check.values({ interval }, { interval: timeToLive })
        return Stream.fromEffect(progress).pipe(
          Stream.repeat(Schedule.spaced(interval)),
          Stream.takeUntil(({ state }) => isFinal(state))
        )
      }),
    await: Effect.gen(function*() {
      const job = yield* ended
      const { exhausted, state } = job
      if (state === "removing") return yield* new JobNotFound({ id })
      const progress = yield* patiently(progressOf(job))
      if (state !== "failed" && state !== "cancelled") return progress
      if (state === "failed" && exhausted !== undefined) return yield* new JobBudgetExhausted({ id, ...exhausted })
      return yield* new JobFailed({ id, state, units: progress.units, failed: progress.failed })
    }),
    pause: move(["running"], "paused"),
    resume: move(["paused"], "running"),
    cancel: move(["planning", "running", "paused"], "cancelled"),
    setLimits: (limits) =>
      Effect.suspend(() => {
        checkLimitNames(limits)
        checkLimits(limits)
        return unlessRefused(jobs.setLimits(id, limits), ["planning", "running", "paused"])
      }),
    retry: (options = {}) =>
      Effect.suspend(() => {
        checkRetry(options)
        const { only = "failures" } = options
        const from: ReadonlyArray<State> = only === "rejects" ? ["failed", "done"] : ["failed"]
        const once = Effect.gen(function*() {
          const job = yield* found
          if (!from.includes(job.state)) return yield* refused(from, job)
          const { rejected } = yield* reset(jobs, job, only)
          return yield* jobs.rerun(job, rejected)
        }).pipe(
          // Another process retries it too: it has run it again, or has left the lanes.
          Effect.retry({ while: (error) => error._tag === "LaneLost", times: 5, schedule: Schedule.spaced(second) })
        )
        return unlessRefused(once, from)
      }),
    remove: unlessRefused(jobs.remove(id), ["done", "failed", "cancelled"]).pipe(
      // Another process may have removed it since.
      Effect.catchTag("JobNotFound", () => Effect.void)
    ),
    failures: Effect.gen(function*() {
      const job = yield* found
      const lanes = yield* Effect.forEach(
        allLanes(job),
        (lane) =>
          Effect.flatMap(jobs.entries(job, lane), (entries) => readableEntries(id, lane, () => Units.unitsIn(entries))),
        {
          concurrency: lanesAtOnce
        }
      )
      yield* stands(job)
      return lanes.flatMap((units) => units.flatMap(([, unit]) => failureOf(unit)))
    }),
    rejects: Stream.unwrap(
      Effect.map(found, (job) =>
        Stream.concat(
          Stream.flatMap(Stream.fromIterable(allLanes(job)), (lane) => jobs.rejects(job, lane)),
          Stream.fromEffectDrain(stands(job))
        ))
    )
  }
}

const failureOf = ({ cursor, error, state, unit }: Units.UnitEntry): ReadonlyArray<Failure> =>
  state === "failed" ? [{ unit, cursor, error: error ?? "" }] : []

/** True if a job of this state does nothing more by itself. */
const isFinal = (state: State): boolean => Rows.removable.includes(state)

const isPassing = (error: unknown): boolean => isCqlError(error) && error.isRetryable
