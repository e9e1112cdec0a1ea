/** A program on a real pseudo-terminal, and the screen that its user sees. */
import { type IPty, spawn } from "@lydell/node-pty"
import { Terminal } from "@xterm/headless"
import { Effect } from "effect"

// oxlint-disable-next-line no-control-regex
const mode = /\u001b\[\?|\u001b\[[\d;]*m|\u001bc/

export interface Shown {
  /** The lines of the screen that are not empty. */
  readonly lines: Effect.Effect<ReadonlyArray<string>>
  /** Everything that the program has written. */
  readonly output: () => string
  readonly isCursorAtBegin: () => boolean
  /** Sequences that change a mode of the terminal: the cursor, the alternate screen, wrapping, colours. */
  readonly changesMode: () => boolean
  readonly pid: number
  readonly resize: (columns: number) => Effect.Effect<void>
  readonly signal: (signal: string) => Effect.Effect<void>
  /** Types a text, such as Ctrl-C: `\u0003`. */
  readonly type: (text: string) => Effect.Effect<void>
  /** The exit code of the program. */
  readonly exit: Effect.Effect<number>
}

/** Runs a program on a terminal, until the scope closes. */
export const run = (program: string, args: ReadonlyArray<string> = [], columns = 100) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const pty = spawn(process.execPath, [program, ...args], { cols: columns, rows: 30, name: "xterm-256color" })
        return { pty, screen: new Terminal({ cols: columns, rows: 30, allowProposedApi: true }) }
      }),
      ({ pty, screen }) =>
        Effect.sync(() => {
          kill(pty)
          screen.dispose()
        })
    ),
    ({ pty, screen }): Shown => {
      let output = ""
      const exited = new Promise<number>((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode)))
      pty.onData((data) => {
        output += data
        screen.write(data)
      })
      const buffer = () => screen.buffer.active
      return {
        output: () => output,
        isCursorAtBegin: () => buffer().cursorX === 0,
        changesMode: () => mode.test(output),
        pid: pty.pid,
        lines: Effect.map(
          Effect.callback<void>((resume) => screen.write("", () => resume(Effect.void))),
          () =>
            Array.from({ length: buffer().length }, (_, row) => buffer().getLine(row)?.translateToString(true) ?? "")
              .filter((line) => line !== "")
        ),
        resize: (columns) =>
          Effect.sync(() => {
            screen.resize(columns, 30)
            pty.resize(columns, 30)
          }),
        signal: (signal) => Effect.sync(() => pty.kill(signal)),
        type: (text) => Effect.sync(() => pty.write(text)),
        exit: Effect.promise(() => exited)
      }
    }
  )

const kill = (pty: IPty): void => {
  // It may have ended.
  try {
    pty.kill("SIGKILL")
  } catch {
    // Nothing is left to end.
  }
}

/** Waits until a condition on the screen holds: at most a minute, unless more are given. */
export const until = (shown: Shown, holds: (lines: ReadonlyArray<string>) => boolean, minutes = 1) =>
  Effect.gen(function*() {
    for (let attempt = 0; attempt < 1_200 * minutes; attempt++) {
      const lines = yield* shown.lines
      if (holds(lines)) return lines
      yield* Effect.sleep("50 millis")
    }
    return yield* Effect.die(new Error(`the screen does not show it:\n${(yield* shown.lines).join("\n")}`))
  })
