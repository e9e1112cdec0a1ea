/** Units that are interrupted while an answer to one of their writes is awaited: the write stays, and what follows counts on. */
import type { Job } from "@effect-cql/cluster"
import type { Session } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { after, memory, numbered, process, rejectsOf } from "./support/jobs.ts"
import { gated } from "./support/port.ts"

type Handler = (unit: number, context: Job.Context<unknown>) => Effect.Effect<number | void, unknown, Session>

const job = numbered()

/** A process in which a unit has one attempt. */
const processOf = (handler: Handler) => process(job.toLayer(handler, { attempts: 1 }), { interval: 100 })

/** The same, where the answers to writes that contain a text come a second late. */
const late = (text: string, handler: Handler) =>
  Effect.gen(function*() {
    const session = yield* Layer.build(gated((request, send) => {
      const writes = request._tag === "Batch" ? request.statements : request.kind === "write" ? [request] : []
      const isLate = writes.some(({ params }) =>
        params.some((param) => typeof param === "string" && param.includes(text))
      )
      return isLate ? Effect.tap(send(request), () => Effect.sleep(1_000)) : send(request)
    }))
    return yield* Effect.provideContext(processOf(handler), session)
  })

describe("a unit that is interrupted", () => {
  // One row at a checkpoint, and two at the end.
  const handler: Handler = (_, { checkpoint, cursor }) =>
    cursor === undefined ? Effect.as(checkpoint({ cursor: 1, rows: 1 }), 2) : Effect.succeed(2)
  const writes = { start: "\"starts\":1", checkpoint: "\"cursor\":1", end: "\"state\":\"done\"" }

  for (const [write, text] of Object.entries(writes)) {
    it.effect(`while its ${write} is written counts each row once, and has lost no attempt`, () =>
      Effect.gen(function*() {
        const stopped = yield* late(text, handler)
        const handle = yield* job.start({ units: 1 }, { id: "a" })
        yield* TestClock.adjust(500)
        const stopping = yield* Effect.forkChild(stopped.kill)
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(stopping)
        const { done, rows } = yield* handle.progress
        const expected = { start: [0, 0], checkpoint: [0, 1], end: [1, 3] }
        assert.deepStrictEqual([done, rows], expected[write as keyof typeof writes])
        yield* processOf(handler)
        assert.deepInclude(yield* after(1, handle.await), { state: "done", done: 1, rows: 3 })
      }).pipe(Effect.scoped, Effect.provide(memory())))
  }
})

describe("what its handler gives up", () => {
  it.effect("counts where it is written: a reject", () =>
    Effect.gen(function*() {
      yield* late("Late", (_, { checkpoint, reject }) =>
        Effect.gen(function*() {
          const error = new TypeError("late")
          yield* Effect.timeoutOption(reject({ position: "Late 1", error }), 100)
          yield* checkpoint({ cursor: 1, rows: 1 })
          yield* reject({ position: "2", error })
          return 2
        }))
      const handle = yield* job.start({ units: 1 }, { id: "a" })
      assert.deepInclude(yield* after(1, handle.await), { state: "done", rows: 3, rejected: 2 })
      assert.deepStrictEqual((yield* rejectsOf(handle)).map(({ position }) => position), ["2", "Late 1"])
    }).pipe(Effect.scoped, Effect.provide(memory())))

  it.effect("counts where it is written: a checkpoint, and the next one on top of it", () =>
    Effect.gen(function*() {
      yield* late("\"cursor\":1", (_, { checkpoint }) =>
        Effect.gen(function*() {
          yield* Effect.timeoutOption(checkpoint({ cursor: 1, rows: 10 }), 100)
          yield* checkpoint({ cursor: 2, rows: 2 })
        }))
      const handle = yield* job.start({ units: 1 }, { id: "a" })
      assert.deepInclude(yield* after(1, handle.await), { state: "done", done: 1, rows: 12 })
    }).pipe(Effect.scoped, Effect.provide(memory())))
})
