/** Standard output for tests. */
import { ConfigProvider, Effect, Layer, Queue, Stdio, Terminal } from "effect"

/** A terminal that keeps what is displayed, or standard output that is none. */
export const outputOf = (isTerminal: boolean, columns = 80, rows = 24, term = "xterm") => {
  const displayed: Array<string> = []
  const layer = Layer.mergeAll(
    ConfigProvider.layer(ConfigProvider.fromEnv({ env: { TERM: term } })),
    Stdio.layerTest({ stdoutIsTerminal: Effect.succeed(isTerminal) }),
    Layer.succeed(
      Terminal.Terminal,
      Terminal.make({
        columns: Effect.succeed(columns),
        rows: Effect.succeed(rows),
        size: Queue.unbounded(),
        readInput: Queue.unbounded(),
        readLine: Effect.never,
        display: (text) => Effect.sync(() => void displayed.push(text))
      })
    )
  )
  return { displayed, layer }
}
