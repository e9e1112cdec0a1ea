/** Shows how far a step has come: a bar on a terminal, now and then a line elsewhere. */
import { SingleBar } from "cli-progress"
import { Clock, Console, Effect, type Scope } from "effect"
import process from "node:process"

/** Tells how many are done. */
export type Show = (done: number) => Effect.Effect<void>

/** A bar for as long as the scope is open. */
export const make = (title: string, total: number): Effect.Effect<Show, never, Scope.Scope> =>
  Effect.gen(function*() {
    const begun = yield* Clock.currentTimeMillis
    const show = process.stdout.isTTY ? yield* bar(title, total) : lines(title, total)
    return (done) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => show(done, Math.round(done / Math.max(1, now - begun) * 1_000)))
  })

type ShowWithRate = (done: number, rate: number) => Effect.Effect<void>

const bar = (title: string, total: number): Effect.Effect<ShowWithRate, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const bar = new SingleBar({
        format: `${title.padEnd(34)} {bar} {percentage}% | {value}/{total} | {rate}/s`,
        barCompleteChar: "█",
        barIncompleteChar: "░",
        hideCursor: true
      })
      bar.start(total, 0, { rate: 0 })
      return bar
    }),
    (bar) => Effect.sync(() => bar.stop())
  ).pipe(Effect.map((bar) => (done, rate) => Effect.sync(() => bar.update(done, { rate }))))

const lines = (title: string, total: number): ShowWithRate => {
  let told = 0
  return (done, rate) => {
    if (done === told || (done < told + total / 5 && done < total)) return Effect.void
    told = done
    return Console.log(`${title.padEnd(34)} ${done}/${total} | ${rate}/s`)
  }
}
