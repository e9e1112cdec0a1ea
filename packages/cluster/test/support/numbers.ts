/** A job over ranges of numbers. Some numbers fail. */
import { Job } from "@effect-cql/cluster"
import { assert } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { after, memory, process } from "./jobs.ts"

export const Range = Schema.Struct({ from: Schema.Int, to: Schema.Int })
export type Range = typeof Range.Type

/** Ranges of numbers, ten pages of a unit at most. */
export const Numbers = Job.make("Numbers", {
  version: "1",
  params: Schema.Struct({ units: Schema.Int, size: Schema.Int }),
  unit: Range,
  units: ({ size, units }) =>
    Effect.succeed(Array.from({ length: units }, (_, unit): Range => ({ from: unit * size, to: (unit + 1) * size }))),
  divide: ({ from, to }, cursor) => {
    const start = cursor === undefined ? from : Number(cursor)
    const middle = Math.floor((start + to) / 2)
    return middle === start ? undefined : [{ from: start, to: middle }, { from: middle, to }]
  }
})

export const handler =
  (isPoison: (n: number) => boolean, rejects: (n: number) => boolean = () => false) =>
  ({ from, to }: Range, { checkpoint, cursor, reject }: Job.Context<unknown>) =>
    Effect.gen(function*() {
      const page = Math.max(1, Math.ceil((to - from) / 10))
      for (let at = cursor === undefined ? from : Number(cursor); at < to; at += page) {
        const end = Math.min(to, at + page)
        yield* Effect.sleep("20 millis")
        for (let n = at; n < end; n++) {
          if (isPoison(n)) return yield* Effect.fail("poison")
          if (rejects(n)) yield* reject({ position: `${n}`, error: "rejected" })
        }
        yield* checkpoint({ cursor: end, rows: end - at })
      }
    })

const number = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 47 }))

/** Numbers that cannot be done, numbers that are rejected, and times after which a runner is stopped. */
export const Poison = Schema.Struct({
  poison: Schema.Array(number).check(Schema.isMaxLength(4)),
  rejects: Schema.Array(number).check(Schema.isMaxLength(6)),
  deaths: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 20_000 }))).check(
    Schema.isMaxLength(4)
  )
})

/** Runs the job, and checks that everything else is done and counted once; and again after its rejects were retried. */
export const poisoned = (given: typeof Poison.Type) =>
  Effect.gen(function*() {
    const poison = new Set(given.poison)
    const rejects = new Set(given.rejects.filter((n) => !poison.has(n)))
    const layer = Numbers.toLayer(handler((n) => poison.has(n), (n) => rejects.has(n)))
    const handle = yield* Numbers.start({ units: 3, size: 16 }, { id: "a" })
    for (const millis of given.deaths) {
      const { kill } = yield* process(layer)
      yield* TestClock.adjust(millis)
      yield* kill
    }
    yield* process(layer)
    yield* after(2, Effect.exit(handle.await))
    const check = Effect.gen(function*() {
      const { done, failed, rejected, rows, state, units } = yield* handle.progress
      assert.deepStrictEqual([rows, rejected, failed], [48 - poison.size, rejects.size, poison.size])
      assert.deepStrictEqual([state, done + failed], [poison.size === 0 ? "done" : "failed", units])
      const standing = (yield* Stream.runCollect(handle.rejects)).map(({ position }) => Number(position))
      assert.deepStrictEqual(standing.sort((a, b) => a - b), [...rejects].sort((a, b) => a - b))
    })
    yield* check
    // Units with rejects are done again: those that were divided, with all of their parts.
    yield* handle.retry({ only: "rejects" }).pipe(Effect.catchTag("JobStateRefused", () => Effect.void))
    yield* after(2, Effect.exit(handle.await))
    yield* check
  }).pipe(Effect.scoped, Effect.provide(memory()))
