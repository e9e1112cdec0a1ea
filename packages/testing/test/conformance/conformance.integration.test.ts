import { CassandraSession } from "@effect-cql/cassandra"
import type { Session } from "@effect-cql/core"
import { integration } from "@effect-cql/test-support/server"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { MockSession } from "../../src/index.ts"
import { scenarios } from "./cases/index.ts"
import { observe, observeMemory, shownStep } from "./observe.ts"
import { isRecording, lineOf, readAnswers, writeAnswers } from "./recorded.ts"
import type { Step } from "./scenario.ts"

const keyspace = `conformance_${process.pid}`

/** The answer of a server, once it has built its indexes. Until then it refuses what they have to answer. */
const observeServer = (real: Session["Service"], step: Step) =>
  Effect.repeat(observe(real, step, keyspace), {
    until: (answer) => answer._tag === "Answer" || !answer.message.includes("INDEX_NOT_AVAILABLE"),
    schedule: Schedule.spaced("100 millis"),
    times: 300
  })

integration("a memory session answers as a server does", ({ contactPoints, credentials, localDataCenter }) => {
  const options = {
    contactPoints,
    localDataCenter,
    username: credentials?.username,
    password: credentials?.password
  }
  const replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
  const withKeyspace = <A, E>(use: (real: Session["Service"]) => Effect.Effect<A, E>) =>
    Effect.scoped(Effect.gen(function*() {
      const admin = yield* CassandraSession.make(options)
      yield* admin.execute([`DROP KEYSPACE IF EXISTS ${keyspace}`])
      yield* admin.execute([`CREATE KEYSPACE ${keyspace} WITH replication = ${replication}`])
      yield* Effect.addFinalizer(() => Effect.ignore(admin.execute([`DROP KEYSPACE ${keyspace}`])))
      return yield* use(yield* CassandraSession.make({ ...options, keyspace }))
    }))

  const recorded = isRecording ? undefined : readAnswers()
  const answers = new Map<string, ReadonlyArray<string>>()
  afterAll(() => {
    // A part of the suite records a part.
    if (isRecording) writeAnswers(scenarios, new Map([...readAnswers(), ...answers]))
  })

  describe("with the same rows, order, types, reasons and kinds of messages", () => {
    for (const { feature, steps, tables } of scenarios) {
      it.live(feature, () =>
        withKeyspace((real) =>
          Effect.scoped(Effect.gen(function*() {
            const { session } = yield* MockSession.makeMemory(tables, { keyspace })
            for (const table of tables) yield* real.execute([table])
            const lines: Array<string> = []
            for (const step of steps) {
              if (step.wait !== undefined) yield* Effect.sleep(step.wait)
              const [ours, theirs] = [
                yield* observeMemory(session, step, keyspace),
                yield* observeServer(real, step)
              ]
              assert.deepStrictEqual(ours, theirs, shownStep(step))
              lines.push(lineOf(theirs).replaceAll(keyspace, "ks"))
            }
            answers.set(feature, lines)
            if (recorded !== undefined) assert.deepStrictEqual(recorded.get(feature), lines)
          }))
        ), 120_000)
    }
  })
})
