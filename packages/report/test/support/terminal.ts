/** A program on a real pseudo-terminal, and the screen that its user sees. */
import { type IPty, spawn } from "@lydell/node-pty"
import { Terminal } from "@xterm/headless"
import { Effect } from "effect"

export interface Shown {
  /** The lines of the screen that are not empty. */
  readonly lines: Effect.Effect<ReadonlyArray<string>>
  /** Everything that the program has written. */
  readonly output: () => string
  readonly isCursorAtBegin: () => boolean
  readonly resize: (columns: number) => Effect.Effect<void>
  readonly signal: (signal: string) => Effect.Effect<void>
  /** The exit code of the program. */
  readonly exit: Effect.Effect<number>
}

/** Runs a program of this folder on a terminal of 100 columns, until the scope closes. */
export const run = (file: string, args: ReadonlyArray<string> = []) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const columns = 100
        const program = new URL(file, import.meta.url).pathname
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

/** Waits until a condition on the screen holds: at most a minute. */
export const until = (shown: Shown, holds: (lines: ReadonlyArray<string>) => boolean) =>
  Effect.gen(function*() {
    for (let attempt = 0; attempt < 1_200; attempt++) {
      const lines = yield* shown.lines
      if (holds(lines)) return lines
      yield* Effect.sleep("50 millis")
    }
    return yield* Effect.die(new Error(`the screen does not show it:\n${(yield* shown.lines).join("\n")}`))
  })
