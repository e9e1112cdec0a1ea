/** `npm run fuzz -- --minutes 30`: feeds sessions hostile answers for that long. Each round has a seed of its own. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Clock, Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { fuzz } from "./fuzz.ts"

const run = Effect.fnUntraced(function*({ minutes, seed }: { readonly minutes: number; readonly seed: number }) {
  const end = (yield* Clock.currentTimeMillis) + minutes * 60_000
  let rounds = 0
  let hostile = 0
  let refused = 0
  let good = 0
  while (rounds === 0 || (yield* Clock.currentTimeMillis) < end) {
    const seen = yield* fuzz({ seed: seed + rounds, answers: 5_000 })
    rounds++
    hostile += seen.hostile
    refused += seen.refused
    good += seen.good
    yield* Console.log(
      `seed ${
        seed + rounds - 1
      }: ${hostile} hostile answers so far, ${refused} refused; ${good} good statements, all right`
    )
  }
})

const command = Command.make("fuzz", {
  minutes: Flag.Finite("minutes").pipe(Flag.withDescription("How long"), Flag.withDefault(1)),
  seed: Flag.Int("seed").pipe(Flag.withDescription("Seed of the first round"), Flag.withDefault(1))
}, run)

Command.run(command, { version: "0.0.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
