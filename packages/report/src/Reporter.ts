/**
 * Reporters of the progress of a run: on a terminal, as JSON lines, and through a hub.
 *
 * @since 0.1.0
 */
import type { Progress } from "@effect-cql/core"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import type * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import { dataOf } from "./internal/data.ts"
import { blockOf, lineOf } from "./internal/lines.ts"
import { checkConsole, checkJson } from "./internal/options.ts"
import { isDrawable, Screen } from "./internal/screen.ts"

/**
 * A handler for the option `onProgress` of a run.
 *
 * @category models
 * @since 0.1.0
 */
export type Reporter = (progress: Progress) => Effect.Effect<void>

/**
 * Options of {@link console}.
 *
 * @category options
 * @since 0.1.0
 */
export interface ConsoleOptions {
  /** Name of the run. Default: `"run"`. */
  readonly title?: string | undefined
  /** Number of statements of the run, for a bar, a percentage and the remaining time. Default, and with 0: unknown. */
  readonly total?: number | undefined
  /** Time between two lines if the output is not a terminal. Default: 5 seconds. */
  readonly every?: Duration.Input | undefined
}

/**
 * Shows the progress on standard output: a few lines that are redrawn on a terminal, and plain lines elsewhere, where `TERM` is `dumb` as well.
 *
 * The lines show the share that is done and the time that is left, statements a second, the percentiles of their times, the
 * statements in flight, the limit with its last move and the reason, failures by reason, and retries. They fit the width of the
 * terminal, also after it was resized. The reporter changes no mode of the terminal, not even the visibility of the cursor, and
 * after each drawing the cursor stands at the beginning of the line below. So the terminal stays usable however the process
 * ends. When its scope closes, the last snapshot has been shown. Dies with `InvalidOptions` for invalid options.
 *
 * **Example** (A load that shows its progress)
 *
 * ```ts
 * import { runConcurrent, Statement } from "@effect-cql/core"
 * import { Reporter } from "@effect-cql/report"
 * import { MockSession } from "@effect-cql/testing"
 * import { NodeServices } from "@effect/platform-node"
 * import { Effect } from "effect"
 *
 * const inserts = Array.from({ length: 100 }, (_, id) => Statement.make("INSERT INTO app.users (id) VALUES (?)", [id]))
 * const load = Effect.scoped(Effect.gen(function*() {
 *   const onProgress = yield* Reporter.console({ title: "users", total: inserts.length })
 *   return yield* runConcurrent(inserts, { onProgress })
 * }))
 * const summary = await Effect.runPromise(load.pipe(Effect.provide([MockSession.layer(), NodeServices.layer])))
 * console.assert(summary.succeeded === 100)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const console = (
  options: ConsoleOptions = {}
): Effect.Effect<Reporter, never, Scope.Scope | Stdio.Stdio | Terminal.Terminal> =>
  Effect.suspend(() => {
    checkConsole(options)
    return Effect.flatMap(isDrawable, (isDrawable) => isDrawable ? onTerminal(options) : asLines(options))
  })

const onTerminal = (options: ConsoleOptions): Effect.Effect<Reporter, never, Scope.Scope | Terminal.Terminal> =>
  Effect.gen(function*() {
    const screen = yield* Screen.make(yield* Terminal.Terminal)
    let last: Progress | undefined
    const show = (progress: Progress, isOver: boolean) =>
      screen.draw((columns) => blockOf(progress, { ...options, isOver }, columns))
    // A run that has failed has no time left.
    yield* Effect.addFinalizer(() => last === undefined ? Effect.void : show(last, true))
    return (progress) =>
      Effect.suspend(() => {
        last = progress
        return show(progress, false)
      })
  })

const asLines = ({ every = "5 seconds", ...options }: ConsoleOptions): Effect.Effect<Reporter, never, Scope.Scope> =>
  Effect.gen(function*() {
    const interval = Duration.toMillis(Duration.fromInputUnsafe(every))
    let shownAt = yield* Clock.currentTimeMillis
    let last: Progress | undefined
    const show = (progress: Progress, isOver: boolean) => {
      last = undefined
      return Console.log(lineOf(progress, { ...options, isOver }))
    }
    yield* Effect.addFinalizer(() => last === undefined ? Effect.void : show(last, true))
    return (progress) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        last = progress
        if (now - shownAt < interval) return Effect.void
        shownAt = now
        return show(progress, false)
      })
  })

/**
 * Logs each snapshot as one line of JSON on standard output. Durations are milliseconds. Throws `InvalidOptions` for invalid
 * options.
 *
 * **Example** (Lines for another program)
 *
 * ```ts
 * import { runConcurrent } from "@effect-cql/core"
 * import { Reporter } from "@effect-cql/report"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const run = runConcurrent([["INSERT INTO app.users (id) VALUES (?)", [1]]], {
 *   onProgress: Reporter.json({ title: "users" })
 * })
 * const summary = await Effect.runPromise(run.pipe(Effect.provide(MockSession.layer())))
 * console.assert(summary.succeeded === 1)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const json = (options: { readonly title?: string | undefined } = {}): Reporter => {
  const { title } = checkJson(options)
  return (progress) => Console.log(JSON.stringify(dataOf(progress, title)))
}

/**
 * Publishes each snapshot to a hub, for subscribers within the program.
 *
 * A full hub delays only the snapshots, because a run does not wait for its reporter.
 *
 * **Example** (A subscriber)
 *
 * ```ts
 * import { type Progress, runConcurrent } from "@effect-cql/core"
 * import { Reporter } from "@effect-cql/report"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, PubSub } from "effect"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const hub = yield* PubSub.sliding<Progress>(16)
 *   const subscription = yield* PubSub.subscribe(hub)
 *   yield* runConcurrent([["INSERT INTO app.users (id) VALUES (?)", [1]]], { onProgress: Reporter.toHub(hub) })
 *   return yield* PubSub.take(subscription)
 * }))
 * const progress = await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer())))
 * console.assert(progress.succeeded === 1)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const toHub = (hub: PubSub.PubSub<Progress>): Reporter => (progress) =>
  Effect.asVoid(PubSub.publish(hub, progress))

/**
 * Passes each snapshot to several reporters, one after the other.
 *
 * @category combinators
 * @since 0.1.0
 */
export const all = (reporters: ReadonlyArray<Reporter>): Reporter => (progress) =>
  Effect.forEach(reporters, (reporter) => reporter(progress), { discard: true })
