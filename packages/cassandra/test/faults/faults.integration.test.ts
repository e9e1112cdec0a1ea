import { integration, SharedServerLayer } from "@effect-cql/test-support/server"
import { afterAll, assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import type { Fault } from "./fault.ts"
import { mocked } from "./mock/index.ts"
import { seed } from "./random.ts"
import { runFault } from "./runner.ts"
import { scriptedFaults } from "./scripted/index.ts"
import { ServersLive } from "./servers.ts"
import { type Entry, render } from "./table.ts"

const entries: Array<Entry> = []
afterAll(() => console.log(`FAULTS_SEED=${seed}\n${render(entries)}`))

const survives = <R>(fault: Fault<R>): Effect.Effect<void, never, Exclude<R, Scope.Scope>> =>
  Effect.map(runFault(fault), (entry) => {
    entries.push(entry)
    if (entry.problem !== undefined) assert.fail(entry.problem)
  })

describe("faults of mock sessions", () => {
  for (const fault of mocked) it.live(fault.name, () => survives(fault))
})

integration("faults of scripted servers", () => {
  layer(Layer.provide(ServersLive, SharedServerLayer), { excludeTestServices: true, timeout: 60_000 })((it) => {
    for (const fault of scriptedFaults) it.effect(fault.name, () => survives(fault))
  })
})
