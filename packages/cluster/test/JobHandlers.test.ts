/** Handlers that do not do what they should, on the virtual clock. */
import { Job } from "@effect-cql/cluster"
import { assert, describe, it } from "@effect/vitest"
import { Data, Effect, Fiber, Schema } from "effect"
import { after, memory, numbered, process, rejectsOf } from "./support/jobs.ts"

const untyped = (value: unknown): Effect.Effect<number> => value as Effect.Effect<number>

describe("a handler that", () => {
  const broken: ReadonlyArray<readonly [string, () => Effect.Effect<number | void, unknown>, string]> = [
    ["throws", () => {
      throw new Error("thrown")
    }, "Error: thrown"],
    ["dies", () => Effect.die("dead"), "dead"],
    ["interrupts itself", () => Effect.interrupt, "interrupt"],
    ["interrupts its fiber", () => Effect.withFiber((fiber) => Fiber.interrupt(fiber)), "interrupt"],
    ["fails with nothing", () => Effect.fail(undefined), "undefined"],
    ["fails with null", () => Effect.fail(null), "null"],
    ["returns no effect", () => untyped(5), ""],
    ["returns nothing", () => untyped(undefined), ""]
  ]
  for (const [name, handler, error] of broken) {
    it.effect(`${name} fails its unit, and no other one`, () =>
      Effect.gen(function*() {
        const job = numbered()
        yield* process(job.toLayer((unit) => unit === 1 ? handler() : Effect.succeed(1)))
        const handle = yield* job.start({ units: 12 }, { id: "a" })
        yield* after(1, Effect.flip(handle.await))
        assert.deepInclude(yield* handle.progress, { state: "failed", done: 11, failed: 1, rows: 11 })
        const [failure] = yield* handle.failures
        assert.strictEqual(failure?.unit, 1)
        assert.include(failure?.error, error)
      }).pipe(Effect.scoped, Effect.provide(memory())))
  }

  for (const tag of ["LaneLost", "JobStopped", "StatementNotIdempotent"]) {
    class Other extends Data.TaggedError(tag)<{}> {}
    it.effect(`fails with an error of its own named ${tag} fails its unit after all its attempts`, () =>
      Effect.gen(function*() {
        let attempts = 0
        const job = numbered()
        yield* process(
          job.toLayer((unit) =>
            unit === 1 ? Effect.andThen(Effect.sync(() => ++attempts), Effect.fail(new Other())) : Effect.succeed(1)
          )
        )
        const handle = yield* job.start({ units: 12 }, { id: "a" })
        yield* after(1, Effect.flip(handle.await))
        assert.deepInclude(yield* handle.progress, { state: "failed", done: 11, failed: 1, rows: 11 })
        assert.strictEqual(attempts, 3)
      }).pipe(Effect.scoped, Effect.provide(memory())))
  }

  it.effect("changes its cursor after a checkpoint skips nothing", () =>
    Effect.gen(function*() {
      let attempt = 0
      const done: Array<number> = []
      const job = numbered()
      yield* process(job.toLayer((_, { checkpoint, cursor }) =>
        Effect.gen(function*() {
          attempt++
          const state = (cursor ?? { next: 0 }) as { next: number }
          while (state.next < 6) {
            const at = state.next++
            if (attempt < 3 && at === 2 * attempt) return yield* Effect.fail("broken")
            done.push(at)
            yield* checkpoint({ cursor: state, rows: 1 })
          }
        })
      ))
      const handle = yield* job.start({ units: 1 }, { id: "a" })
      assert.strictEqual((yield* after(1, handle.await)).rows, 6)
      assert.deepStrictEqual(done, [0, 1, 2, 3, 4, 5])
    }).pipe(Effect.scoped, Effect.provide(memory())))

  it.effect("changes its unit leaves the stored one as it is", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const job = Job.make("Open", {
        version: "1",
        params: Schema.Null,
        unit: Schema.Unknown,
        units: () => Effect.succeed([{ files: ["a", "b"] }])
      })
      yield* process(job.toLayer((unit) =>
        Effect.suspend(() => {
          const { files } = unit as { files: Array<string> }
          seen.push([...files])
          files.pop()
          return Effect.fail("broken")
        })
      ))
      const handle = yield* job.start(null, { id: "a" })
      yield* after(1, Effect.flip(handle.await))
      assert.deepStrictEqual(seen, [["a", "b"], ["a", "b"], ["a", "b"]])
      assert.deepStrictEqual((yield* handle.failures)[0]?.unit, { files: ["a", "b"] })
    }).pipe(Effect.scoped, Effect.provide(memory())))

  it.effect("makes checkpoints at the same time counts each of them", () =>
    Effect.gen(function*() {
      const job = numbered()
      yield* process(job.toLayer((_, { checkpoint, reject }) =>
        Effect.forEach(Array.from({ length: 10 }, (_, at) => at), (at) =>
          Effect.andThen(
            reject({ position: `${at}`, error: "no" }),
            checkpoint({ cursor: at, rows: 3 })
          ), { concurrency: 5, discard: true })
      ))
      const handle = yield* job.start({ units: 2 }, { id: "a" })
      assert.deepInclude(yield* after(1, handle.await), { rows: 60, rejected: 20 })
      assert.strictEqual((yield* rejectsOf(handle)).length, 20)
    }).pipe(Effect.scoped, Effect.provide(memory())))

  it.effect("counts more rows than a number has fails its unit, and its lane goes on", () =>
    Effect.gen(function*() {
      const job = numbered()
      yield* process(job.toLayer((unit) => Effect.succeed(unit < 8 ? Number.MAX_SAFE_INTEGER : 0)))
      const handle = yield* job.start({ units: 12 }, { id: "a" })
      yield* after(1, Effect.flip(handle.await))
      assert.deepInclude(yield* handle.progress, { state: "failed", done: 8, failed: 4 })
    }).pipe(Effect.scoped, Effect.provide(memory())))
})

describe("a unit whose parts are the unit itself", () => {
  it.effect("is not divided for ever", () =>
    Effect.gen(function*() {
      const job = numbered({ divide: (unit) => [unit, unit] })
      yield* process(job.toLayer(() => Effect.fail("broken")))
      const handle = yield* job.start({ units: 1 }, { id: "a" })
      yield* after(12, Effect.flip(handle.await))
      assert.deepInclude(yield* handle.progress, { state: "failed", done: 0 })
    }).pipe(Effect.scoped, Effect.provide(memory())))
})
