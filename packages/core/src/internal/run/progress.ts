/**
 * Reports the progress of a run.
 *
 * It reads the counters that the run keeps anyway, so that nothing on the path of a statement knows of it.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Progress } from "../../Progress.ts"
import type { Environment } from "./environment.ts"
import type { Run } from "./run.ts"

type Handler = (progress: Progress) => Effect.Effect<void>

const interval = Duration.millis(200)
const patience = Duration.seconds(1)

export interface Reporter {
  /** Stops reporting, and gives the handler the last, exact snapshot; waits for it for a second at most. */
  readonly finish: Effect.Effect<void>
}

/** Begins to report: at most every 200 ms, only what is new, and never two calls of the handler at once. */
export const report = (environment: Environment, run: Run, handler: Handler, begun: number): Reporter => {
  const snapshot = snapshots(environment, run, begun)
  const call = (progress: Progress): Effect.Effect<void> =>
    Effect.suspend(() => handler(progress)).pipe(
      Effect.catchCause((cause) => Effect.logWarning("onProgress failed", cause))
    )
  // Each call runs in a fiber of its own, so that the run can bound the wait for it.
  let calling: Fiber.Fiber<void> | undefined
  const tell = (progress: Progress) =>
    Effect.suspend(() => {
      calling = environment.fork(call(progress))
      return Fiber.await(calling)
    })
  let told = -1
  const tellNews = Effect.suspend(() => {
    const progress = snapshot()
    // Changes with every count.
    const stamp = progress.started + progress.succeeded + progress.failed
    if (stamp === told) return Effect.void
    told = stamp
    return tell(progress)
  })
  const loop = environment.fork(Effect.forever(Effect.andThen(Effect.sleep(interval), tellNews)))
  const idle = Effect.suspend(() => {
    calling?.interruptUnsafe()
    return calling === undefined ? Effect.void : Fiber.await(calling)
  })
  const last = Effect.suspend(() => tell(snapshot()))
  return {
    finish: Effect.suspend(() => {
      loop.interruptUnsafe()
      return Effect.timeoutOption(Effect.andThen(idle, last), patience).pipe(
        Effect.andThen(Effect.sync(() => calling?.interruptUnsafe()))
      )
    })
  }
}

const snapshots = (environment: Environment, run: Run, begun: number): () => Progress => {
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
      inFlight: run.open,
      retried: run.retries.retried,
      elapsed: Duration.millis(time - begun),
      rate
    }
  }
}
