/** Claims of the README about the driver's `executeConcurrent`. If a test fails, the README is out of date. */
import { assert, describe, it } from "@effect/vitest"
import cassandra, { Client } from "cassandra-driver"
import { Effect } from "effect"
import { Readable } from "node:stream"

/** A client whose statements are executed by a function of their first parameter. */
const clientOf = (execute: (id: number) => Promise<unknown>) =>
  Object.assign(new Client({ contactPoints: ["127.0.0.1:1"], localDataCenter: "dc1" }), {
    execute: (_: string, [id]: ReadonlyArray<unknown>) => execute(Number(id))
  })

const { executeConcurrent } = cassandra.concurrent
const text = "INSERT INTO app.t (id) VALUES (?)"
const parameters = (count: number) => Array.from({ length: count }, (_, id) => [id])
const never = () => new Promise<never>(() => {})
const answered = Promise.resolve({ rows: [] })
const ended = (run: Promise<unknown>) =>
  Effect.promise(() => run.then(() => "succeeded", () => "failed")).pipe(
    Effect.timeoutOrElse({ duration: "300 millis", orElse: () => Effect.succeed("hangs") })
  )

describe("executeConcurrent of the driver", () => {
  it.live("executes an array in lanes: one stuck statement strands its whole lane", () =>
    Effect.gen(function*() {
      const executed: Array<number> = []
      const client = clientOf((id) => {
        executed.push(id)
        return id === 0 ? never() : answered
      })
      assert.strictEqual(
        yield* ended(executeConcurrent(client, text, parameters(10), { concurrencyLevel: 2 })),
        "hangs"
      )
      assert.deepStrictEqual(executed, [0, 1, 3, 5, 7, 9])
    }))

  it.live("takes concurrency 0 and NaN for 100", () =>
    Effect.gen(function*() {
      for (const concurrencyLevel of [0, Number.NaN]) {
        let inFlight = 0
        const client = clientOf(() => {
          inFlight++
          return never()
        })
        yield* ended(executeConcurrent(client, text, parameters(500), { concurrencyLevel }))
        assert.strictEqual(inFlight, 100)
      }
    }))

  it.live("keeps the first 100 errors, without their indexes", () =>
    Effect.gen(function*() {
      const client = clientOf((id) => id % 2 === 0 ? answered : Promise.reject(new Error("no")))
      const result = yield* Effect.promise(() =>
        executeConcurrent(client, text, parameters(500), { raiseOnFirstError: false })
      )
      assert.strictEqual(result.errors.length, 100)
      assert.isTrue(result.errors.every((error) => !("index" in error)))
    }))

  it.live("takes no iterable, hangs where its source is destroyed, and reads it on after a failure", () =>
    Effect.gen(function*() {
      const iterable: object = new Set(parameters(3))
      const given = iterable as Array<Array<unknown>>
      assert.throws(() => void executeConcurrent(clientOf(() => answered), text, given), TypeError)

      const source = new Readable({ objectMode: true, read: () => {} })
      source.push([1])
      const run = executeConcurrent(clientOf(() => answered), text, source)
      yield* Effect.sleep("20 millis")
      source.destroy()
      assert.strictEqual(yield* ended(run), "hangs")

      let read = 0
      const items = function*() {
        for (; read < 5_000; read++) yield [read]
      }
      const failing = clientOf(() => Promise.reject(new Error("no")))
      assert.strictEqual(yield* ended(executeConcurrent(failing, text, Readable.from(items()))), "failed")
      yield* Effect.sleep("200 millis")
      assert.strictEqual(read, 5_000)
    }))
})
