/**
 * Lines that stay at the end of a terminal and are redrawn in place, for progress that is not the progress of one run.
 *
 * @since 0.1.0
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import { cut } from "./internal/cells.ts"
import * as lines from "./internal/lines.ts"
import * as internal from "./internal/screen.ts"

/**
 * The output of a program.
 *
 * @category models
 * @since 0.1.0
 */
export interface Screen {
  /** False if the output is a file, a pipe, or a terminal with `TERM=dumb`. Nothing is drawn there. */
  readonly isTerminal: boolean
  /**
   * Draws lines in place of the lines drawn before. The function is called with the width of the terminal, and again
   * after a resize. Longer lines are cut. If there are more lines than fit, the last one is kept.
   */
  readonly draw: (lines: (columns: number) => ReadonlyArray<string>) => Effect.Effect<void>
  /** Prints a line that stays, above those that are drawn. */
  readonly print: (line: string) => Effect.Effect<void>
}

/**
 * Makes a screen on standard output.
 *
 * It changes no mode of the terminal, so that the terminal stays usable when the process is killed. After each drawing,
 * the cursor is at the beginning of the line below.
 *
 * **Example** (Two lines and a message)
 *
 * ```ts
 * import { Screen } from "@effect-cql/report"
 * import { NodeServices } from "@effect/platform-node"
 * import { Effect } from "effect"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const screen = yield* Screen.make
 *   yield* screen.draw((columns) => ["copying", Screen.bar(0.5, columns)])
 *   yield* screen.print("half of it is done")
 * }))
 * await Effect.runPromise(program.pipe(Effect.provide(NodeServices.layer)))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Screen, never, Scope.Scope | Stdio.Stdio | Terminal.Terminal> = Effect.gen(
  function*() {
    if (!(yield* internal.isDrawable)) {
      return { isTerminal: false, draw: () => Effect.void, print: (line) => Console.log(line) }
    }
    const screen = yield* internal.Screen.make(yield* Terminal.Terminal)
    return {
      isTerminal: true,
      draw: (draw) => screen.draw((columns) => draw(columns).map((line) => cut(line, columns))),
      print: (line) => screen.print(line)
    }
  }
)

/**
 * A bar of a width in columns, filled by a share from 0 to 1. Without room, also with negative columns, it is empty.
 *
 * **Example** (A quarter)
 *
 * ```ts
 * import { Screen } from "@effect-cql/report"
 *
 * console.assert(Screen.bar(0.25, 8) === "██░░░░░░")
 * ```
 *
 * @category formatting
 * @since 0.1.0
 */
export const bar = (share: number, columns: number): string =>
  // Of NaN, such as the share 0 / 0, `share > 0` is false.
  lines.bar(share > 0 ? Math.min(1, share) : 0, columns > 0 ? Math.floor(columns) : 0)
