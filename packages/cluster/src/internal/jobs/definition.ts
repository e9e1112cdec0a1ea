/**
 * Definitions of jobs, behind their schemas.
 */
import { CqlError } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Activity from "effect/workflow/Activity"
import { WorkflowInstance } from "effect/workflow/WorkflowEngine"
import type { Job, Options, StartOptions } from "../../Job.ts"
import { JobBudgetExhausted, JobConflict, JobFailed, JobNotFound } from "../../JobErrors.ts"
import { Progress } from "../../JobHandle.ts"
import type { Estimate } from "../../JobPlan.ts"
import { JobRunner } from "../../JobRunner.ts"
import { Jobs, type Stored } from "../../Jobs.ts"
import { LaneLost } from "../../Lanes.ts"
import { checkActivityNames, checkHandler, checkJobNames, checkStartNames } from "../optionNames.ts"
import { id as idRule } from "../rules.ts"
import { fingerprintOf, hash } from "./fingerprint.ts"
import * as handles from "./handle.ts"
import { changed, checkBudget, checkLimits } from "./limits.ts"
import * as plan from "./plan.ts"
import { textOf } from "./sizes.ts"

const noBounds = { concurrency: undefined, rate: undefined }
const noEstimate: Estimate = {}

export const make = <Params, Unit, E, R>(
  name: string,
  options: Options<Params, Unit, E, R>
): Job<Params, Unit, E, R> => {
  const { version } = options
  checkJobNames(options)
  check(options)
  const params = Schema.toCodecJson(options.params)
  const unit = Schema.toCodecJson(options.unit)
  const fingerprint = fingerprintOf({ name, version, params, unit, plan: options.planOptions })

  const start = (given: Params, { id, ...own }: StartOptions) =>
    Effect.suspend(() => {
      checkStartNames(own)
      Check.values({ id }, { id: idRule })
      check(own)
      // One that is removed while it is planned here is not created again.
      let planned: Stored | undefined
      return Effect.gen(function*() {
        const jobs = yield* Jobs
        const handle = handles.make(jobs, id)
        const text = yield* textOf("parameters", id, yield* Effect.orDie(Schema.encodeEffect(params)(given)))
        const wanted = { name, version, params: text, fingerprint }
        const found = yield* jobs.find(id)
        // The process that removed it may have died.
        if (found?.state === "removing") yield* jobs.remove(id)
        const known = found?.state === "removing" ? undefined : found
        if (planned !== undefined && known?.timestamp !== planned.timestamp) yield* jobs.discard(planned)
        if (known !== undefined) yield* same(known, wanted)
        else if (planned !== undefined) return handle
        if (known !== undefined && known.state !== "planning") return handle
        const units = yield* Effect.forEach(yield* options.units(given), (each) =>
          Effect.tap(Effect.orDie(Schema.encodeEffect(unit)(each)), (encoded) => textOf("unit", id, encoded)))
        const millis = yield* Clock.currentTimeMillis
        const job = yield* jobs.create({
          id,
          ...wanted,
          timestamp: BigInt(Math.floor(millis)) * 1_000n,
          lanes: lanesOf(jobs, units.length),
          units: units.length,
          run: 0,
          state: "planning",
          ...changed(changed(noBounds, options), own),
          revision: 0,
          budget: own.errorBudget ?? options.errorBudget,
          forgiven: 0,
          exhausted: undefined
        })
        yield* same(job, wanted)
        if (job.state !== "planning") {
          return handle
        }
        planned = job
        if (yield* jobs.begin(job, yield* plan.store(jobs, job, units))) {
          return handle
        }
        const now = yield* jobs.find(id)
        if (now?.timestamp !== job.timestamp || now.state === "removing") {
          yield* jobs.discard(job)
        }
        if (now !== undefined && now.timestamp !== job.timestamp) {
          yield* same(now, wanted)
        }
        return handle
      }).pipe(
        // Another process stores the units of the same job. It starts it, or this one does in the end.
        Effect.retry({
          while: (error) =>
            error instanceof LaneLost,
          times: 5,
          schedule: Schedule.spaced(Duration.seconds(1))
        })
      )
    })

  return {
    name,
    version,
    fingerprint,
    plan: (given) =>
      Effect.gen(function*() {
        const jobs = yield* Jobs
        const units = [...yield* options.units(given)]
        const estimates = yield* options.estimate?.(units, given) ?? Effect.succeed([])
        const lanes = lanesOf(jobs, units.length)
        return {
          lanes,
          units: units.map((unit, index) => ({ unit, lane: index % lanes, ...(estimates[index] ?? noEstimate) }))
        }
      }),
    start,
    activity: (given, options = {}) => {
      checkActivityNames(options)
      check(options)
      const { name: activity = name, ...own } = options
      // Effect gives an activity the result of the first one of its name. With other parameters, it must not be the same one.
      const text = Result.try(() => JSON.stringify(Schema.encodeSync(params)(given)))
      return Activity.make({
        name: `Job/${activity}/${hash(Result.getOrElse(text, () => ""))}`,
        success: Progress,
        error: ActivityError,
        execute: Effect.gen(function*() {
          const { executionId } = yield* WorkflowInstance
          const job = yield* start(given, { ...own, id: `${executionId}/${activity}` })
          return yield* job.await
        }).pipe(Effect.catch((error) => isActivityError(error) ? Effect.fail(error) : Effect.die(error)))
      })
    },
    toLayer: (handler, { attempts = 3, ...others } = {}) => {
      checkHandler({ attempts, ...others })
      return Layer.effectDiscard(Effect.gen(function*() {
        const runner = yield* JobRunner
        const context = yield* Effect.context<Effect.Services<ReturnType<typeof handler>>>()
        const { atLeastOnce = false, divide, rejects = {} } = options
        yield* runner.add({
          name,
          version,
          fingerprint,
          attempts,
          atLeastOnce,
          keeping: {
            body: rejects.body ?? false,
            retention: rejects.retention === undefined ? undefined : Duration.fromInputUnsafe(rejects.retention)
          },
          run: (encoded, { params: text, ...rest }) =>
            Effect.gen(function*() {
              const given = yield* Schema.decodeUnknownEffect(params)(JSON.parse(text))
              const decoded = yield* Schema.decodeUnknownEffect(unit)(encoded)
              const rows: unknown = yield* handler(decoded, { ...rest, params: given })
              // An effect of nothing may succeed with any value.
              return typeof rows === "number" ? rows : 0
            }).pipe(Effect.provideContext(context)),
          divide: (encoded, cursor) =>
            Effect.gen(function*() {
              const parts = divide?.(yield* Schema.decodeUnknownEffect(unit)(encoded), cursor)
              return parts && (yield* Effect.forEach(parts, (part) => Schema.encodeEffect(unit)(part)))
            })
        })
      }))
    }
  }
}

/** Errors of the activity that awaits a job. */
export const ActivityError = Schema.Union([JobFailed, JobBudgetExhausted, JobConflict, JobNotFound, CqlError.schema])

const isActivityError = Schema.is(ActivityError)

const check = (options: Omit<StartOptions, "id">): void => {
  checkLimits(options)
  if (options.errorBudget !== undefined) checkBudget(options.errorBudget)
}

const lanesOf = (jobs: Jobs["Service"], units: number): number => Math.max(1, Math.min(jobs.lanes, units))

const parts = ["name", "version", "params", "fingerprint"] as const

const differences = { name: "name", version: "version", params: "parameters", fingerprint: "schemas and plan" } as const

const same = (stored: Stored, wanted: Pick<Stored, typeof parts[number]>): Effect.Effect<void, JobConflict> => {
  const different = parts.find((part) => stored[part] !== wanted[part])
  return different === undefined
    ? Effect.void
    : Effect.fail(new JobConflict({ id: stored.id, difference: differences[different] }))
}
