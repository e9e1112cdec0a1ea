import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { makeLog } from "../src/internal/client/log.ts"
import { Repeated } from "../src/internal/request/repeated.ts"

/** The lines that are logged. */
const logged = (run: (emit: (level: string, message: string, error?: Error) => void) => void) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const capture = Logger.layer([Logger.make(({ logLevel, message }) => lines.push(`${logLevel} ${String(message)}`))])
    const log = yield* Effect.provide(makeLog({ name: "app", keyspace: "shop" }), capture)
    run((level, message, error) => Reflect.apply(log, undefined, ["log", level, "Client", message, error ?? ""]))
    yield* Effect.yieldNow
    return lines
  })

describe("the log of the driver", () => {
  it.effect("shows a line that repeats once, and counts it", () =>
    Effect.gen(function*() {
      const lines = yield* logged((emit) => {
        for (let index = 0; index < 25; index++) emit("warning", `Reconnection delay ${1_000 * 2 ** index}ms`)
      })
      assert.deepStrictEqual(lines, [
        "Warn Client: Reconnection delay 1000ms",
        "Warn Client: Reconnection delay 512000ms (10 times so far)"
      ])
    }))

  it.effect("shows a line for each node", () =>
    Effect.gen(function*() {
      const lines = yield* logged((emit) => {
        for (const node of ["10.0.0.1:9042", "10.0.0.2:9042", "10.0.0.1:9042", "[::1]:9042", "[::2]:9042"]) {
          emit("error", `Connection to ${node} could not be created`, new Error("refused"))
        }
      })
      assert.strictEqual(lines.length, 4)
    }))

  it.effect("shows one line for batches over many partitions, whatever their number", () =>
    Effect.gen(function*() {
      const lines = yield* logged((emit) => {
        for (let index = 0; index < 9; index++) {
          emit(
            "warning",
            `Received warning (1 of 1) "Unlogged batch covering ${
              index + 4
            } partitions detected against table [a.t]." for "INSERT ${index}"`
          )
        }
      })
      assert.strictEqual(lines.length, 1)
    }))

  it("shows a line again after a long silence", () => {
    const lines: Array<string> = []
    let at = 0
    const repeated = new Repeated((line) => lines.push(line), () => at)
    for (const minutes of [0, 1, 2, 60]) {
      at = minutes * 60_000
      repeated.add("Host considered as DOWN")
    }
    assert.strictEqual(lines.length, 2)
  })
})
