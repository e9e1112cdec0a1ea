import { Random } from "@effect-cql/test-support/random"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { MockSession } from "../../src/index.ts"
import { scenarios } from "./cases/index.ts"
import { Statements, tables as randomTables } from "./generate.ts"
import { observeMemory, shownStep } from "./observe.ts"
import { digestOf, lineOf, readAnswers, readDigests, recordedCount, recordedSeed } from "./recorded.ts"

const keyspace = "ks"
const answers = readAnswers()

// The moment does not matter, but for the server's: its timestamps are large.
const now = Date.UTC(2026, 0, 1)

describe("a memory session answers as a server did", () => {
  for (const { feature, steps, tables } of scenarios) {
    it.effect(feature, () =>
      Effect.gen(function*() {
        yield* TestClock.setTime(now)
        const { session } = yield* MockSession.makeMemory(tables, { keyspace })
        const recorded = answers.get(feature) ?? []
        assert.strictEqual(recorded.length, steps.length)
        for (const [index, step] of steps.entries()) {
          // A server has done its work some time after the last statement.
          yield* TestClock.adjust(step.wait ?? 1)
          const ours = yield* observeMemory(session, step, keyspace)
          assert.strictEqual(typeof ours === "string" ? ours : lineOf(ours), recorded[index], shownStep(step))
        }
      }))
  }

  it.effect(`to ${recordedCount} random statements of seed ${recordedSeed}`, () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now)
      const { session } = yield* MockSession.makeMemory(randomTables, { keyspace, record: false })
      const statements = new Statements(new Random(recordedSeed))
      const digests = readDigests()
      assert.strictEqual(digests.length, recordedCount)
      for (const [index, digest] of digests.entries()) {
        const step = statements.next()
        yield* TestClock.adjust(1)
        const ours = yield* observeMemory(session, step, keyspace)
        const line = typeof ours === "string" ? ours : lineOf(ours)
        assert.strictEqual(digestOf(line), digest, `statement ${index}: ${shownStep(step)}\n${line}`)
      }
    }))
})
