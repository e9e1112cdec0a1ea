/** Writes that must not be repeated, under every way to lose their answers, and what reading them back can say. */
import type { Outcome } from "@effect-cql/core"
import { Batch, executeConcurrent, type ExecutionResult, Session, Settlement, type Statement } from "@effect-cql/core"
import { Effect, type Scope } from "effect"
import assert from "node:assert/strict"
import type { Act } from "../../support/frameProxy.ts"
import { errorBody, writeTimeout } from "../../support/frames.ts"
import { type Account, accountOf, audit } from "../audit.ts"
import { type Fault, sum, type Tally } from "../fault.ts"
import { random, seed } from "../random.ts"
import { behindFrameProxy, scripted, type Servers } from "../servers.ts"

const count = 200
const concurrency = 16

/** Faults of the statements. Most statements meet none of them. */
const mishaps = (writeType: string): ReadonlyArray<Act> => [
  "loseAnswer",
  "swallow",
  { error: writeTimeout(writeType), executed: true },
  { error: writeTimeout(writeType), executed: false },
  { error: errorBody(0x1001), executed: false },
  { error: errorBody(0x0000), executed: true }
]

const planOf = (stream: number, acts: ReadonlyArray<Act>) => {
  const next = random(stream)
  return Array.from({ length: count }, (): Act => next() < 0.75 ? "forward" : acts[Math.floor(next() * acts.length)]!)
}

type Results = ReadonlyArray<ExecutionResult.ExecutionResult<unknown>>

const runOver = (session: Session["Service"], statements: ReadonlyArray<Statement.Input>): Effect.Effect<Results> =>
  Effect.provideService(
    executeConcurrent(statements, { concurrency, raiseOnFirstError: false, statement: { requestTimeout: 300 } }),
    Session,
    session
  )

const sentOnce = (sent: ReadonlyMap<number, number>): void => {
  for (let index = 0; index < count; index++) {
    assert.equal(sent.get(index), 1, `${index} was sent ${sent.get(index)} times`)
  }
}

const counters = Effect.gen(function*() {
  const { answerAll, decide, sent, session, tables, truthOf } = yield* behindFrameProxy()
  yield* session.execute(tables.increment(9_999))
  const plan = planOf(24, mishaps("COUNTER"))
  decide((index) => plan[index]!)
  const results = yield* runOver(session, Array.from({ length: count }, (_, index) => tables.increment(index)))
  sentOnce(sent)
  yield* Effect.sleep("300 millis")
  const found = yield* tables.found("counts")
  const total = Array.from({ length: count }, (_, index) => Number(found.get(index)?.["n"] ?? 0))
    .reduce((one, other) => one + other, 0)
  const acknowledged = results.filter(({ outcome }) => outcome === "Applied").length
  const unknown = results.filter(({ outcome }) => outcome === "Unknown").length
  assert(unknown > 20, `FAULTS_SEED=${seed}: ${unknown} unknown`)
  assert(total >= acknowledged && total <= acknowledged + unknown, `${total}: ${acknowledged} and ${unknown}`)
  assert.equal(acknowledged + unknown, count)
  answerAll()
  // Counters leave nothing to recognise an increment by: nothing is settled, and it is said why.
  const settlements = yield* settle(session, results)
  assert(settlements.every(({ finding, outcome }) => finding === "notComparable" && outcome === "Unknown"))
  return audit(count, accountOf(results), truthOf(found))
})

const lists = Effect.gen(function*() {
  const { decide, sent, session, tables, truthOf } = yield* behindFrameProxy()
  yield* session.execute(tables.append(9_999))
  const plan = planOf(25, mishaps("SIMPLE"))
  decide((index) => plan[index]!)
  const results = yield* runOver(session, Array.from({ length: count }, (_, index) => tables.append(index)))
  sentOnce(sent)
  yield* Effect.sleep("300 millis")
  const found = yield* tables.found("lists")
  for (const [index, row] of found) if (index < count) assert.deepEqual(row["l"], [index])
  return audit(count, accountOf(results), truthOf(found))
})

const settle = (session: Session["Service"], results: Results) =>
  Effect.provideService(Settlement.settle(results.filter(({ outcome }) => outcome !== "Applied")), Session, session)

/** The account after settling. */
const settled = (
  account: Account,
  settlements: ReadonlyArray<{ readonly index: number; readonly outcome: Outcome.Outcome }>
) => {
  const after = new Map(account)
  for (const { index, outcome } of settlements) after.set(index, outcome)
  return after
}

const settledCount = (before: Account, after: Account): number =>
  [...before].filter(([index, outcome]) => outcome === "Unknown" && after.get(index) !== "Unknown").length

/** The tally of the run itself. Also checks the outcomes that settling determined. */
const tallyOfSettled = (
  results: Results,
  settlements: Parameters<typeof settled>[1],
  truth: Parameters<typeof audit>[2]
): Tally => {
  const before = accountOf(results)
  const after = settled(before, settlements)
  const audited = audit(count, after, truth)
  assert.deepEqual([audited.lost, audited.unsafeDuplicates], [0, 0], "what was settled is not so")
  return audit(count, before, truth, { settled: settledCount(before, after) })
}

const plain = Effect.gen(function*() {
  const { answerAll, decide, session, tables, truthOf } = yield* behindFrameProxy()
  yield* session.execute(tables.insert(9_999))
  const plan = planOf(26, mishaps("SIMPLE"))
  decide((index) => index < count ? plan[index]! : "forward")
  const options = { retry: "none" } as const
  const results = yield* runOver(session, Array.from({ length: count }, (_, index) => tables.insert(index, options)))
  answerAll()
  yield* Effect.sleep("300 millis")
  const settlements = yield* settle(session, results)
  const found = yield* tables.found("plain")
  for (const { index, outcome } of settlements) {
    // What is there is known to be; what is not may still come, by a hint.
    assert.equal(outcome, found.has(index) ? "Applied" : "Unknown", `${index}`)
  }
  return tallyOfSettled(results, settlements, truthOf(found))
})

/**
 * The outcome of a conditional write whose row is absent. A read at SERIAL ends the round of the write. The round of an
 * unanswered write may still begin after that read.
 */
const notFound = (result: Results[number] | undefined): Outcome.Outcome =>
  result?._tag === "Failure" && result.error.reason._tag === "RequestTimeout" ? "Unknown" : "NotApplied"

const conditional = Effect.gen(function*() {
  const { answerAll, decide, sent, session, tables, truthOf } = yield* behindFrameProxy()
  yield* session.execute(tables.insertIfNew(9_999))
  const plan = planOf(27, mishaps("CAS"))
  decide((index) => plan[index]!)
  const results = yield* runOver(session, Array.from({ length: count }, (_, index) => tables.insertIfNew(index)))
  sentOnce(sent)
  answerAll()
  yield* Effect.sleep("300 millis")
  const settlements = yield* settle(session, results)
  const found = yield* tables.found("plain")
  for (const { index, outcome } of settlements) {
    assert.equal(outcome, found.has(index) ? "Applied" : notFound(results[index]), `${index}`)
  }
  return tallyOfSettled(results, settlements, truthOf(found))
})

const conditionalUpdates = Effect.gen(function*() {
  const { answerAll, decide, direct, sent, session, tables } = yield* behindFrameProxy()
  yield* runOver(direct, Array.from({ length: count }, (_, index) => tables.insertIfNew(index)))
  // Rows are older than the updates by more than clocks may be apart.
  yield* Effect.sleep("1500 millis")
  yield* session.execute(tables.updateIf(9_999, 0, 1))
  const plan = planOf(28, mishaps("CAS"))
  decide((index) => plan[index]!)
  const results = yield* runOver(
    session,
    Array.from({ length: count }, (_, index) => tables.updateIf(index, index, -1 - index))
  )
  sentOnce(sent)
  answerAll()
  yield* Effect.sleep("300 millis")
  const settlements = yield* settle(session, results)
  const found = yield* tables.found("plain")
  const truth = {
    effects: (index: number) => found.get(index)?.["v"] === -1 - index ? 1 : 0,
    repeatable: false
  }
  for (const { index, outcome } of settlements) {
    assert.equal(outcome, truth.effects(index) > 0 ? "Applied" : notFound(results[index]), `${index}`)
  }
  return tallyOfSettled(results, settlements, truth)
})

const size = 60

/** Batches whose write times out in one of the three ways, executed or not. */
const batches = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  const cases = [
    { type: "logged", writeType: "BATCH", executed: true, outcome: "WillApply" },
    { type: "logged", writeType: "BATCH_LOG", executed: false, outcome: "Unknown" },
    { type: "logged", writeType: "BATCH_LOG", executed: true, outcome: "Unknown" },
    { type: "unlogged", writeType: "UNLOGGED_BATCH", executed: true, outcome: "Unknown" },
    { type: "unlogged", writeType: "UNLOGGED_BATCH", executed: false, outcome: "Unknown" }
  ] as const
  for (const { executed, outcome, type, writeType } of cases) {
    const { answerAll, decide, sent, session, tables, truthOf } = yield* behindFrameProxy()
    const fails = (index: number) => index % 6 === 2
    decide((index) => fails(index) ? { error: writeTimeout(writeType), executed } : "forward")
    // Marked, so that a batch in the batch log, which is retried by the server, is not retried by anybody else.
    const statements = Array.from(
      { length: size },
      (_, index) =>
        Batch.make([tables.insert(index), tables.insert(index + 1_000)], {
          type,
          idempotent: writeType === "BATCH",
          requestTimeout: 20_000
        })
    )
    const results = yield* runOver(session, statements)
    for (const result of results) {
      assert.equal(result.outcome, fails(result.index) ? outcome : "Applied", `${writeType} ${result.index}`)
      assert.equal(sent.get(result.index), 1)
      if (!fails(result.index)) continue
      assert(result._tag === "Failure" && result.error.reason._tag === "WriteTimeout")
      assert.equal(result.error.reason.writeType, writeType)
      assert.equal(result.error.isRetryable, false)
    }
    answerAll()
    const settlements = yield* settle(session, results)
    for (const { index, outcome: now, parts } of settlements) {
      // Each statement of a batch has its own finding, and an outcome of its own.
      assert.equal(parts.length, 2, `${index}`)
      assert(parts.every(({ finding }) => finding === (executed ? "found" : "absent")), `${index}`)
      assert.equal(now, executed ? "Applied" : outcome)
    }
    const found = yield* tables.found("plain")
    for (let index = 0; index < size; index++) assert.equal(found.has(index), found.has(index + 1_000), "half a batch")
    const before = accountOf(results)
    const after = settled(before, settlements)
    const truth = truthOf(found)
    assert.equal(audit(size, after, truth).lost, 0)
    tallies.push(audit(size, before, truth, { settled: settledCount(before, after) }))
  }
  return sum(tallies)
})

export const writes: ReadonlyArray<Fault<Servers | Scope.Scope>> = [
  scripted("counters, with answers that are lost or say timeout", counters),
  scripted("appends to lists, with answers that are lost or say timeout", lists),
  scripted("plain writes, with answers that are lost or say timeout, read back", plain),
  scripted("inserts under a condition, with answers that are lost or say timeout, read back", conditional),
  scripted("updates under a condition, with answers that are lost or say timeout, read back", conditionalUpdates),
  scripted("batches that time out in the batch, in the batch log, and without one", batches)
]
