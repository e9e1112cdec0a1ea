/** Shows how far a run has come: a bar on a terminal, now and then a line elsewhere. */
import type { Progress } from "@effect-cql/core"
import { SingleBar } from "cli-progress"
import { Console, Effect, type Scope } from "effect"
import process from "node:process"

export type Show = (done: number, rate: number) => Effect.Effect<void>

/** A bar for as long as the scope is open. */
export const make = (title: string, total: number): Effect.Effect<Show, never, Scope.Scope> =>
  process.stdout.isTTY ? bar(title, total) : Effect.sync(() => lines(title, total))

/** Handles the progress of a run. */
export const onProgress = (show: Show) => ({ failed, rate, succeeded }: Progress): Effect.Effect<void> =>
  show(succeeded + failed, rate)

const bar = (title: string, total: number): Effect.Effect<Show, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const bar = new SingleBar({
        format: `${title.padEnd(22)} {bar} {percentage}% | {value}/{total} | {rate}/s`,
        barCompleteChar: "█",
        barIncompleteChar: "░",
        hideCursor: true
      })
      bar.start(total, 0, { rate: 0 })
      return bar
    }),
    (bar) => Effect.sync(() => bar.stop())
  ).pipe(Effect.map((bar) => (done, rate) => Effect.sync(() => bar.update(done, { rate: Math.round(rate) }))))

const lines = (title: string, total: number): Show => {
  let told = 0
  return (done, rate) => {
    if (done < told + total / 5 && done < total) return Effect.void
    if (done === told) return Effect.void
    told = done
    return Console.log(`${title.padEnd(22)} ${done}/${total} | ${Math.round(rate)}/s`)
  }
}
