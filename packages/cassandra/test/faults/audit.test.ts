import type { Outcome } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { audit } from "./audit.ts"
import { tally } from "./fault.ts"
import { runFault } from "./runner.ts"
import { problemOf, render } from "./table.ts"

const audited = (outcome: Outcome.Outcome | undefined, effects: number, repeatable = false) =>
  audit(1, new Map(outcome === undefined ? [] : [[0, outcome]]), { effects: () => effects, repeatable })

describe("an audit", () => {
  it("finds what is applied by the account and not there", () => {
    assert.strictEqual(audited("Applied", 0).lost, 1)
    assert.strictEqual(audited("WillApply", 0).lost, 1)
    assert.strictEqual(audited("Applied", 1).lost, 0)
  })

  it("finds what is not applied by the account and there", () => {
    assert.strictEqual(audited("NotApplied", 1).unsafeDuplicates, 1)
    assert.strictEqual(audited("NotApplied", 0).unsafeDuplicates, 0)
  })

  it("finds what took effect twice, where that does harm", () => {
    assert.strictEqual(audited("Applied", 2).unsafeDuplicates, 1)
    assert.strictEqual(audited("Unknown", 2).unsafeDuplicates, 1)
    assert.strictEqual(audited("Applied", 2, true).unsafeDuplicates, 0)
  })

  it("finds what no account is of", () => {
    assert.strictEqual(audited(undefined, 1).lost, 1)
  })

  it("takes Unknown for what it is, either way", () => {
    for (const effects of [0, 1]) assert.deepInclude(audited("Unknown", effects), { unknown: 1, lost: 0 })
  })
})

describe("a fault", () => {
  it("has a problem where statements are lost, doubled or not accounted for", () => {
    assert.isUndefined(problemOf(tally({ statements: 2, applied: 1, unknown: 1 })))
    assert.isDefined(problemOf(tally({ statements: 1, applied: 1, lost: 1 })))
    assert.isDefined(problemOf(tally({ statements: 1, applied: 1, unsafeDuplicates: 1 })))
    assert.isDefined(problemOf(tally({ statements: 2, applied: 1 })))
  })

  it.effect("that fails or dies is marked in the table, with why", () =>
    Effect.gen(function*() {
      const failures = [Effect.fail("not as it should be"), Effect.die(new Error("not as it should be"))]
      for (const run of failures) {
        const entry = yield* runFault({ name: "bad", layer: "mock", run })
        assert.isUndefined(entry.tally)
        assert.match(render([entry]), /✗ bad[^]*not as it should be/)
      }
    }))
})
