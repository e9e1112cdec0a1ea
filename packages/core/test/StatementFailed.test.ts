import { executeConcurrent, executeConcurrentWithArgs } from "@effect-cql/core"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { errorOf, insert, sessionOf, statements, timed } from "./support/runs.ts"

it.effect("what remains of a stopped run is exactly what has not succeeded", () =>
  Effect.gen(function*() {
    const all = statements(40)
    const error = errorOf((yield* timed(executeConcurrent(all, { concurrency: 6 }))).exit)
    const remaining = [...error.remaining(all)]
    assert.deepStrictEqual(remaining, all.filter((_, index) => !error.hasSucceeded(index)))
    assert.strictEqual(remaining.length, 40 - error.summary.succeeded)
    assert.include(remaining, all[error.failure.index])
    for (const index of error.unknown) assert.include(remaining, all[index])
  }).pipe(Effect.provide(sessionOf({ latency: (index) => 10 + index % 7, failing: [13, 14] }))))

it.effect("the parameters of with-args remain as well", () =>
  Effect.gen(function*() {
    const parameters = Array.from({ length: 5 }, (_, index) => [index])
    const { exit } = yield* timed(executeConcurrentWithArgs(insert, parameters, { concurrency: 1 }))
    assert.deepStrictEqual([...errorOf(exit).remaining(parameters)], [[2], [3], [4]])
  }).pipe(Effect.provide(sessionOf({ failing: [2] }))))
