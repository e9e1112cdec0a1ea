/**
 * Runs the lanes of all jobs that run, as far as this process owns them.
 */
import type { CqlError } from "@effect-cql/core"
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { Jobs, Stored } from "../../Jobs.ts"
import type { Lanes } from "../../Lanes.ts"
import { chunksOf } from "../lanes/fence.ts"
import { runLane } from "./engine.ts"
import type { Handler } from "./handler.ts"
import * as summaries from "./summary.ts"
import * as Units from "./units.ts"
import { endIfExhausted } from "./unitWork.ts"
import { JobWatch } from "./watch.ts"

export const supervise = (
  jobs: Jobs["Service"],
  lanes: Lanes["Service"],
  handlers: ReadonlyMap<string, Handler>,
  interval: Duration.Duration
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const watches = new Map<string, JobWatch>()
    const reportOther = reporter()
    const reportUnknown = reporterOfUnknown()
    const oneOfMany = Semaphore.makeUnsafe(jobsAtOnce)
    // One fiber for each job: a job whose lanes do not answer holds up no other one.
    const reading = yield* FiberMap.make<JobWatch>()

    /** Takes over the numbers of the lanes of a job, if they decide on something. */
    const learn = (watch: JobWatch) =>
      Effect.gen(function*() {
        const { job } = watch
        const seen = JobWatch.needsLanes(job) ? yield* oneOfMany.withPermit(summaries.read(jobs, job)) : undefined
        if (watch.job.run !== job.run) return
        yield* watch.learn(seen)
        yield* endIfExhausted(jobs, watch)
      }).pipe(logged(`the lanes of job ${watch.job.id} could not be read, and are read again`))

    /** Takes over the state of a job, and reads its lanes meanwhile. */
    const update = (job: Stored) =>
      Effect.gen(function*() {
        const known = watches.get(job.id)
        // A job that was removed may be followed by another one of its id.
        const isSame = known?.job.timestamp === job.timestamp
        if (!isSame) known?.end("removing")
        const watch = isSame && known !== undefined ? known : new JobWatch(job)
        yield* watch.update(job)
        watches.set(job.id, watch)
        if (!watch.isRunning) return
        if (handlers.has(job.name)) yield* FiberMap.run(reading, watch, learn(watch), { onlyIfMissing: true })
        else yield* reportUnknown(job)
      })

    // One read for all lanes of the process. If it fails, everything goes on by what was known.
    yield* Effect.suspend(() => {
      const ids = new Set<string>()
      return Effect.andThen(
        Stream.runForEach(jobs.list, (job) => Effect.andThen(Effect.sync(() => ids.add(job.id)), update(job))),
        Effect.sync(() => {
          for (const [id, watch] of watches) {
            if (ids.has(id)) continue
            // It was removed: a unit that runs notices that.
            watch.end("removing")
            watches.delete(id)
          }
        })
      )
    }).pipe(
      logged("the states of jobs could not be read, and are read again"),
      Effect.andThen(Effect.sleep(interval)),
      Effect.forever,
      Effect.forkScoped
    )

    /** Writes the summaries of all jobs whose lanes decide on something, once in an interval. */
    const summarize = Effect.scoped(Effect.gen(function*() {
      const summaryOf = new Map<JobWatch, summaries.Summary>()
      const writing = yield* FiberMap.make<JobWatch>()
      const begin = Effect.gen(function*() {
        const needed = new Set(
          [...watches.values()].filter(({ isRunning, job }) => isRunning && JobWatch.needsLanes(job))
        )
        for (const watch of summaryOf.keys()) if (!needed.has(watch)) summaryOf.delete(watch)
        for (const watch of needed) {
          const summary = summaryOf.get(watch) ?? new summaries.Summary(jobs, watch)
          summaryOf.set(watch, summary)
          const write = oneOfMany.withPermit(summary.update).pipe(
            logged(`the lanes of job ${watch.job.id} could not be summed up, and are read again`)
          )
          yield* FiberMap.run(writing, watch, write, { onlyIfMissing: true })
        }
        yield* Effect.sleep(interval)
      })
      return yield* Effect.forever(begin)
    }))

    /** The lanes of a job that belong to a lane of the process: the job may have more. */
    const lanesOf = (job: Stored, index: number) =>
      Array.from(
        { length: Math.max(0, Math.ceil((job.lanes - index) / lanes.count)) },
        (_, at) => index + at * lanes.count
      )

    const runJob = (watch: JobWatch, handler: Handler, index: number, ended: Map<string, number>) =>
      Effect.gen(function*() {
        const { id, run, timestamp } = watch.job
        let hasRun = false
        for (const lane of lanesOf(watch.job, index)) {
          const key = `${id} ${timestamp} ${lane}`
          if (ended.get(key) === run || !watch.mayRun(lane)) continue
          hasRun = true
          const hasEnded = yield* runLane(jobs, watch, lane, handler).pipe(
            // Another process has the lane: Effect is about to stop it here.
            Effect.catchTag("LaneLost", (error) => Effect.as(Effect.logInfo(error.message), false)),
            interrupted(watch)
          )
          if (hasEnded === true) ended.set(key, run)
        }
        // The lane that ends last ends the job. If its process died before it did, the owner of the first lane does.
        if (watch.isRunning && (hasRun || index === 0)) yield* finish(jobs, watch, index + 1)
      }).pipe(interrupted(watch))

    yield* lanes.register("jobs", (index) => {
      // The run of each job in which a lane has ended here.
      const ended = new Map<string, number>()
      const work = Effect.scoped(Effect.gen(function*() {
        // By job and time of its creation. One job must not wait for another, nor one that is started later for those that run.
        const running = yield* FiberMap.make<string>()
        const begin = Effect.gen(function*() {
          for (const watch of watches.values()) {
            const { job } = watch
            const handler = handlers.get(job.name)
            if (!watch.isRunning || handler === undefined) continue
            if (handler.version === job.version && handler.fingerprint === job.fingerprint) {
              yield* FiberMap.run(running, `${job.id} ${job.timestamp}`, runJob(watch, handler, index, ended), {
                onlyIfMissing: true
              })
            } else yield* reportOther(job, handler)
          }
          yield* Effect.sleep(interval)
        })
        yield* Effect.raceFirst(Effect.forever(begin), FiberMap.join(running))
      }))
      return index === 0 ? Effect.all([work, summarize], { concurrency: "unbounded", discard: true }) : work
    })
  })

const jobsAtOnce = 32

/** Logs a failure or a defect that stops nothing else. */
const logged = (message: string) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A | void, never, R> =>
  Effect.catchCause(
    self,
    (cause) => Cause.hasInterruptsOnly(cause) ? Effect.interrupt : Effect.logWarning(message, cause)
  )

const interrupted = (watch: JobWatch) => logged(`job ${watch.job.id} was interrupted by a failure, and continues`)

/**
 * Ends a job all of whose units have ended. Its lanes are read from one of them on, and no further than the first that has not ended:
 * if each of many lanes read all others at its end, their reads would grow with the square of their number.
 */
const finish = (jobs: Jobs["Service"], watch: JobWatch, from: number): Effect.Effect<void, CqlError> =>
  Effect.gen(function*() {
    const { job } = watch
    const all = new Map<number, Units.ProgressEntry>()
    for (const lanes of chunksOf(Array.from({ length: job.lanes }, (_, at) => (from + at) % job.lanes))) {
      for (const [lane, progress] of yield* summaries.progressOf(jobs, job, lanes)) {
        if (Units.hasEnded(progress)) all.set(lane, progress)
      }
      if (lanes.some((lane) => !all.has(lane))) return
    }
    yield* watch.learn(new Map(Array.from(all, ([lane, progress]) => [lane, Units.seenOf(progress)])))
    yield* endIfExhausted(jobs, watch)
    if (!watch.isRunning) return
    yield* jobs.end(job, Units.sum(all.values()).failed === 0 ? "done" : "failed")
  })

/** Reports a job that this process leaves alone, once. */
const reporter = () => {
  const reported = new Set<string>()
  return (job: Stored, handler: Handler): Effect.Effect<void> => {
    if (reported.has(job.id)) return Effect.void
    reported.add(job.id)
    return Effect.logWarning(
      handler.version === job.version
        ? `job ${job.id} does not run here: expected the schemas and the plan of ${job.name} with which it was started, got others in ` +
          "this process. Deploy the definition that has started it, or start a new job."
        : `job ${job.id} does not run here: expected version ${job.version} of ${job.name}, got ${handler.version} in this process`
    )
  }
}

/** Reports a job that this process has no handler for, once: when it is read again, since handlers are added after the first read. */
const reporterOfUnknown = () => {
  const reads = new Map<string, number>()
  return ({ id, name }: Stored): Effect.Effect<void> => {
    const read = (reads.get(id) ?? 0) + 1
    reads.set(id, read)
    return read !== 2 ? Effect.void : Effect.logWarning(
      `job ${id} does not run here: expected a handler of ${name} in this process, got none. Its units in the lanes of this process ` +
        "wait: add the layer of the job to every runner, or use another cluster name for this runner."
    )
  }
}
