/**
 * A page about a run: one HTML file with charts, without scripts, which needs no network.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import { checkReport } from "./internal/options.ts"
import { pageOf } from "./internal/page.ts"
import { Series } from "./internal/series.ts"
import type { Reporter } from "./Reporter.ts"

/**
 * Options of a report.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Title of the page. Default: `"Run"`. */
  readonly title?: string | undefined
  /**
   * Settings of the run to show, such as its concurrency, its limiter and the cluster. They must not contain secrets.
   */
  readonly settings?: Readonly<Record<string, string | number | boolean>> | undefined
}

/**
 * A report that collects the snapshots of a run.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunReport {
  /** The handler for the option `onProgress` of the run. */
  readonly onProgress: Reporter
  /** The page with the snapshots collected so far. */
  readonly toHtml: Effect.Effect<string>
}

/**
 * Makes a report. It keeps a few hundred points for a run of any length: neighbours are combined to their mean rate and
 * their longest times. Dies with `InvalidOptions` for invalid options.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<RunReport> =>
  Effect.map(DateTime.now, (begun) => {
    checkReport(options)
    const series = new Series()
    return {
      onProgress: (progress) => Effect.sync(() => series.add(progress)),
      toHtml: Effect.suspend(() =>
        pageOf({ ...options, title: options.title ?? "Run" }, DateTime.formatIso(begun), series)
      )
    }
  })

/**
 * Reports a run into a file of HTML, which is written when the scope closes, however the run ended. Missing directories are
 * made.
 *
 * The page shows throughput, percentiles of the times of statements, statements in flight and the limit over time, failures by
 * reason and by node, the slowest statements (with `?` in the place of their literals), and the settings. It adapts to light and
 * dark displays and to narrow ones. If the file cannot be written, that is logged as an error: the run is over by then, and its
 * result matters more. Dies with `InvalidOptions` for invalid options, before the run.
 *
 * **Example** (A page about a load)
 *
 * ```ts
 * import { runConcurrent, Statement } from "@effect-cql/core"
 * import { RunReport } from "@effect-cql/report"
 * import { MockSession } from "@effect-cql/testing"
 * import { NodeServices } from "@effect/platform-node"
 * import { Effect, FileSystem } from "effect"
 *
 * const inserts = Array.from({ length: 100 }, (_, id) => Statement.make("INSERT INTO app.users (id) VALUES (?)", [id]))
 * const program = Effect.gen(function*() {
 *   const files = yield* FileSystem.FileSystem
 *   const file = `${yield* files.makeTempDirectoryScoped()}/report.html`
 *   yield* Effect.scoped(Effect.gen(function*() {
 *     const onProgress = yield* RunReport.html(file, { title: "Users", settings: { concurrency: 100 } })
 *     return yield* runConcurrent(inserts, { onProgress })
 *   }))
 *   return yield* files.readFileString(file)
 * })
 * const page = await Effect.runPromise(
 *   Effect.scoped(program).pipe(Effect.provide([MockSession.layer(), NodeServices.layer]))
 * )
 * console.assert(page.includes("<title>Users</title>"))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const html = (
  file: string,
  options?: Options
): Effect.Effect<Reporter, never, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const report = yield* make(options)
    const files = yield* FileSystem.FileSystem
    yield* Effect.addFinalizer(() =>
      Effect.catchCause(
        write(files, file, report),
        (cause) => Effect.logError(`the report of the run was not written to ${file}`, cause)
      )
    )
    return report.onProgress
  })

const write = (files: FileSystem.FileSystem, file: string, report: RunReport): Effect.Effect<void, PlatformError> =>
  Effect.flatMap(report.toHtml, (page) => {
    const written = files.writeFileString(file, page)
    const directory = /^(.+)[\\/]/s.exec(file)?.[1]
    return directory === undefined ? written : Effect.catchIf(
      written,
      ({ reason }) => reason._tag === "NotFound",
      () => Effect.andThen(files.makeDirectory(directory, { recursive: true }), written)
    )
  })
