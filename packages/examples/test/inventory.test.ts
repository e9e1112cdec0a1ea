import { Statement } from "@effect-cql/core"
import { FaultPlan, MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import { sell, sellNaively, stockOf, tables } from "../src/inventory.ts"

const buyers = ["ada", "eve", "joe"]
const stocked = Statement.make("INSERT INTO shop.inventory (item, stock) VALUES ('lamp', 2)")

/** Reported sales match the stored buyers, and no lamp is sold twice. */
const invariant = (exit: Exit.Exit<ReadonlyArray<boolean | undefined>, unknown>) =>
  Effect.gen(function*() {
    if (Exit.isFailure(exit)) return
    const { first } = yield* stockOf("lamp")
    const holders = first?.buyers ?? new Set<string>()
    assert.isAtMost(holders.size, 2)
    for (const [at, reported] of exit.value.entries()) {
      if (reported !== undefined) assert.strictEqual(holders.has(buyers[at]!), reported)
    }
  })

describe("an inventory", () => {
  it.effect("sells what it has, and no more", () =>
    Effect.gen(function*() {
      yield* stocked
      assert.deepStrictEqual(yield* Effect.forEach(buyers, (buyer) => sell("lamp", buyer)), [true, true, false])
    }).pipe(Effect.provide(MockSession.memory(tables))))

  it.effect("never sells twice, nor silently, under any single fault", () =>
    Effect.gen(function*() {
      // An error reports neither a sale nor a refusal to the buyer.
      const program = Effect.andThen(
        Effect.retry(stocked, { times: 2 }),
        Effect.forEach(buyers, (buyer) => sell("lamp", buyer).pipe(Effect.catch(() => Effect.undefined)))
      )
      const { isPartial, runs } = yield* FaultPlan.explore(program, { tables, invariant })
      assert.isFalse(isPartial)
      assert.isAbove(runs, 30)
    }))

  it.effect("would, if it took every failure for a sale that did not happen", () =>
    Effect.gen(function*() {
      const program = Effect.andThen(stocked, Effect.forEach(buyers, (buyer) => sellNaively("lamp", buyer)))
      const exit = yield* Effect.exit(FaultPlan.explore(program, { tables, invariant }))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "UPDATE shop.inventory")
    }))
})
