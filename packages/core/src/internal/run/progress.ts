/**
 * Reports the progress of a run.
 *
 * It reads the counters that the run keeps anyway. Only a run whose progress is reported measures its statements.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Progress } from "../../Progress.ts"
import { logOf } from "../watch/logs.ts"
import type { Environment } from "./environment.ts"
import { Measure } from "./measure.ts"
import type { Run } from "./run.ts"
import type { RunOptions } from "./runOptions.ts"

type Handler = (progress: Progress) => Effect.Effect<void>

interface Setting {
  readonly environment: Environment
  readonly options: RunOptions
  readonly concurrency: number
  /** Time of the start of the run. */
  readonly begun: number
  /** In a later round, the indexes of its statements in the source. */
  readonly indexes?: ReadonlyArray<number> | undefined
}

const defaultInterval = Duration.millis(200)
const patience = Duration.seconds(1)

export interface Reporter {
  /** Stops reporting, and gives the handler the last, exact snapshot; waits for it for a second at most. */
  readonly finish: Effect.Effect<void>
}

/** Begins to report: only what is new, and never two calls of the handler at once. */
export const report = (run: Run, handler: Handler, setting: Setting): Reporter => {
  const { environment, options } = setting
  const interval = options.progressInterval ?? defaultInterval
  const snapshot = snapshots(run, setting)
  // A handler that fails each time would fill the log.
  let failed = 0
  const call = (progress: Progress): Effect.Effect<void> =>
    Effect.suspend(() => handler(progress)).pipe(
      Effect.catchCause((cause) =>
        failed++ > 0 ? Effect.void : logOf(environment.session, "Warn", "onProgress failed", undefined, cause)
      )
    )
  const summary = Effect.suspend(() =>
    failed > 1 ? logOf(environment.session, "Warn", `onProgress failed ${failed} times during the run`) : Effect.void
  )
  // Each call runs in a fiber of its own, so that the run can bound the wait for it.
  let calling: Fiber.Fiber<void> | undefined
  const hand = (progress: Progress) =>
    Effect.suspend(() => {
      calling = environment.fork(call(progress))
      return Fiber.await(calling)
    })
  let reported = -1
  const handNews = Effect.suspend(() => {
    // Changes with every count.
    const stamp = run.started + run.succeeded + run.failed
    if (stamp === reported) return Effect.void
    reported = stamp
    return hand(snapshot())
  })
  const loop = environment.fork(Effect.forever(Effect.andThen(Effect.sleep(interval), handNews)))
  const idle = Effect.suspend(() => {
    calling?.interruptUnsafe()
    return calling === undefined ? Effect.void : Fiber.await(calling)
  })
  const last = Effect.suspend(() => hand(snapshot()))
  return {
    finish: Effect.suspend(() => {
      loop.interruptUnsafe()
      return Effect.timeoutOption(Effect.andThen(idle, last), patience).pipe(
        Effect.andThen(Effect.sync(() => calling?.interruptUnsafe())),
        Effect.andThen(summary)
      )
    })
  }
}

const snapshots = (run: Run, { begun, concurrency, environment, indexes }: Setting): () => Progress => {
  const measure = new Measure(environment, concurrency, indexes)
  run.measure = measure
  let at = environment.now
  let ended = 0
  return () => {
    const time = environment.now
    const sinceThen = run.succeeded + run.failed - ended
    const rate = time > at ? sinceThen / (time - at) * 1_000 : 0
    if (time > at) {
      at = time
      ended += sinceThen
    }
    return {
      ...run.summary,
      ...measure.details,
      inFlight: run.open,
      retried: run.retries.retried,
      elapsed: Duration.millis(time - begun),
      rate
    }
  }
}
