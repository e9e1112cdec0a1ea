/** Faults as tests. Their table is printed at the end. */
import { integration, SharedServerLayer } from "@effect-cql/test-support/server"
import { afterAll, assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import type { Fault } from "./fault.ts"
import { seed } from "./random.ts"
import { runFault } from "./runner.ts"
import { type Servers, ServersLive } from "./servers.ts"
import { type Entry, render } from "./table.ts"

const entries: Array<Entry> = []

const survives = <R>(fault: Fault<R>): Effect.Effect<void, never, Exclude<R, Scope.Scope>> =>
  Effect.map(runFault(fault), (entry) => {
    entries.push(entry)
    if (entry.problem !== undefined) assert.fail(entry.problem)
  })

afterAll(() => console.log(`FAULTS_SEED=${seed}\n${render(entries)}`))

/** Faults that need no server. */
export const ofMockSessions = (faults: ReadonlyArray<Fault>): void => {
  describe("faults of mock sessions", () => {
    for (const fault of faults) it.live(fault.name, () => survives(fault))
  })
}

/** Faults that scripted servers make before the server of the tests. */
export const ofServers = (name: string, faults: ReadonlyArray<Fault<Servers | Scope.Scope>>): void =>
  integration(name, () => {
    layer(Layer.provide(ServersLive, SharedServerLayer), { excludeTestServices: true, timeout: 60_000 })((it) => {
      for (const fault of faults) it.effect(fault.name, () => survives(fault))
    })
  })
