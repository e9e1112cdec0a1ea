/**
 * Lines at the end of a terminal that are drawn again in their place.
 *
 * No mode of the terminal is changed, and after each drawing the cursor stands below the lines: there is nothing to restore,
 * however the process ends.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"
import type * as Terminal from "effect/Terminal"
import { widthOf } from "./cells.ts"

type Draw = (columns: number) => ReadonlyArray<string>

const toBegin = "\r"
const up = (rows: number): string => rows === 0 ? "" : `\u001b[${rows}A`
const eraseBelow = "\u001b[J"

/** True if standard output is a terminal on which the cursor moves: one of `TERM=dumb` prints its commands. */
export const isDrawable: Effect.Effect<boolean, never, Stdio.Stdio> = Effect.gen(function*() {
  const { stdoutIsTerminal } = yield* Stdio.Stdio
  if (!(yield* stdoutIsTerminal)) return false
  const term = yield* Effect.orElseSucceed(Config.String("TERM"), () => "")
  return term !== "dumb"
})

const defaultColumns = 80
const defaultRows = 24

/** Lines that have room above the cursor: what has left the screen cannot be drawn again. The last line sums up the others. */
const fitting = (lines: ReadonlyArray<string>, rows: number): ReadonlyArray<string> => {
  const room = Math.max(1, rows - 1)
  return lines.length <= room ? lines : [...lines.slice(0, room - 1), lines.at(-1)!]
}

export class Screen {
  readonly #terminal: Terminal.Terminal
  // The lines on the screen, and the function that made them.
  #lines: ReadonlyArray<string> = []
  #draw: Draw | undefined

  private constructor(terminal: Terminal.Terminal) {
    this.#terminal = terminal
  }

  /** A screen that draws its lines again when the terminal is resized, until the scope closes. */
  static make(terminal: Terminal.Terminal): Effect.Effect<Screen, never, Scope.Scope> {
    return Effect.gen(function*() {
      const screen = new Screen(terminal)
      const sizes = yield* terminal.size
      yield* Effect.forkScoped(
        Effect.forever(Effect.andThen(Queue.take(sizes), Effect.suspend(() => screen.#redraw()))).pipe(Effect.ignore)
      )
      return screen
    })
  }

  /** Draws lines in the place of those before. */
  draw(draw: Draw): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#draw = draw
      return this.#redraw()
    })
  }

  /** Prints a line above the others, which stays. */
  print(line: string): Effect.Effect<void> {
    return Effect.suspend(() => this.#redraw(`${line}\n`))
  }

  #redraw(above = ""): Effect.Effect<void> {
    const draw = this.#draw
    if (draw === undefined) return above === "" ? Effect.void : Effect.ignore(this.#terminal.display(above))
    return Effect.flatMap(Effect.all([this.#terminal.columns, this.#terminal.rows]), ([width, height]) => {
      const columns = width > 0 ? width : defaultColumns
      // A terminal that became narrower has wrapped what stood there.
      const rows = this.#lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0)
      // The last column stays free: a line that fills the row would wrap on some terminals.
      this.#lines = fitting(draw(columns - 1), height > 0 ? height : defaultRows)
      const text = this.#lines.map((line) => `${line}\n`).join("")
      return Effect.ignore(this.#terminal.display(toBegin + up(rows) + eraseBelow + above + text))
    })
  }
}
