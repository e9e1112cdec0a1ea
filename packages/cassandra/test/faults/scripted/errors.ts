/** Errors of servers, for one attempt or several attempts of a statement. */
import type { Outcome } from "@effect-cql/core"
import { executeConcurrent, RetryPolicy, Session, Settlement } from "@effect-cql/core"
import { Effect, type Scope } from "effect"
import assert from "node:assert/strict"
import { benchOn } from "../../support/bench.ts"
import { amongOthers, failing, size } from "../../support/failOne.ts"
import type { Act } from "../../support/frameProxy.ts"
import { errorBody, int, opcode, replicas, short, writeTimeout } from "../../support/frames.ts"
import { answered, lost, outcomeOf } from "../../support/outcomeTable.ts"
import type { Kind } from "../../support/subjects.ts"
import { accountOf, audit } from "../audit.ts"
import { type Fault, sum, type Tally } from "../fault.ts"
import { behindFrameProxy, Clusters, scripted, type Servers } from "../servers.ts"

/** Kinds with the most different outcomes. A separate test covers every error with every kind. */
const kinds: ReadonlyArray<Kind> = ["read", "conditional", "logged", "counterBatch"]

const everyError = Effect.gen(function*() {
  const cluster = yield* (yield* Clusters).cluster()
  const shared = yield* benchOn(cluster)
  const tallies: Array<Tally> = []
  for (const [position, row] of [...answered, ...lost].entries()) {
    for (const kind of kinds) {
      if (row.kinds !== undefined && !row.kinds.includes(kind)) continue
      const tally = yield* Effect.scoped(Effect.gen(function*() {
        const bench = lost.includes(row) ? yield* benchOn(cluster) : shared
        const before = bench.proxy.requests.length
        const results = yield* amongOthers(bench, row, kind, `t${position}_${kind}`)
        // What arrived, by the number of its statement; what the server refused took no effect.
        const arrived = bench.proxy.requests.slice(before)
          .filter(({ opcode: code }) => code === opcode.execute || code === opcode.batch)
        const times = (index: number) =>
          arrived.filter(({ body }) => body.includes(Buffer.from([0, 0, 0, 4, 0, 0, 0, index]))).length
        const effects = (index: number) => {
          const refused = index === failing && outcomeOf(row, kind) === "NotApplied"
          return refused ? 0 : times(index)
        }
        assert.equal(times(failing), 1, `${row.name} of a ${kind} was sent again`)
        return audit(size, accountOf(results), { effects, repeatable: true })
      }))
      tallies.push(tally)
    }
  }
  assert(tallies.length > 80)
  return sum(tallies)
})

const unavailable = errorBody(0x1000, short(4), int(2), int(1))
const bootstrapping = errorBody(0x1002)
const readTimeout = errorBody(0x1200, replicas({ consistency: "ONE", received: 0, blockFor: 1 }), Buffer.from([0]))

const refusals: ReadonlyArray<Act> = [
  { error: unavailable, executed: false },
  { error: bootstrapping, executed: false }
]

const openings: ReadonlyArray<Act> = [
  "loseAnswer",
  "swallow",
  { error: errorBody(0x1001), executed: true },
  { error: errorBody(0x1001), executed: false },
  { error: errorBody(0x0000), executed: true },
  { error: writeTimeout("SIMPLE"), executed: true },
  { error: writeTimeout("SIMPLE"), executed: false },
  { error: readTimeout, executed: false }
]

const patient = RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 2 }), budget: { minimum: 1_000, share: 1 } })

/** Three attempts: what may have been applied once is never certain again, unless one of them succeeds. */
const severalAttempts = Effect.gen(function*() {
  const { decide, sent, session, tables, truthOf } = yield* behindFrameProxy()
  yield* session.execute(tables.insert(9_999))
  const all = [...refusals, ...openings]
  const isSilent = (act: Act) => act === "loseAnswer" || act === "swallow"
  // The driver gives a connection up after 64 timeouts, and with it what is in flight beside them.
  let silent = 0
  const plans = all.flatMap((one) => all.flatMap((two) => all.map((three) => [one, two, three] as const)))
    .filter((_, position) => position % 3 === 0)
    .filter((plan) => {
      const more = plan.filter(isSilent).length
      if (silent + more > 50) return false
      silent += more
      return true
    })
  decide((index, attempt) => plans[index]?.[attempt - 1] ?? "forward")
  const statements = plans.map((plan, index) =>
    tables.insert(index, { requestTimeout: plan.some(isSilent) ? 300 : 20_000, retry: patient })
  )
  const results = yield* Effect.provideService(
    executeConcurrent(statements, { concurrency: 32, raiseOnFirstError: false }),
    Session,
    session
  )
  for (const result of results) {
    assert(result._tag === "Failure", `${result.index}`)
    assert.equal(sent.get(result.index), 3)
    assert.equal(result.error.attempts, 3)
    const mayHave = plans[result.index]!.some((act) => openings.includes(act))
    assert.equal(result.outcome, mayHave ? "Unknown" : "NotApplied", `${result.index}`)
  }
  return audit(plans.length, accountOf(results), truthOf(yield* tables.found("plain"), true))
})

/** After an unanswered attempt, a condition may fail because of the row that this attempt wrote. */
const conditionAfterSilence = Effect.gen(function*() {
  const { answerAll, decide, session, tables, truthOf } = yield* behindFrameProxy()
  yield* session.execute(tables.insertIfNew(9_999))
  const count = 30
  // Of every three, one is there already, one is not answered the first time, and one has no trouble.
  for (let index = 0; index < count; index += 3) yield* session.execute(tables.insert(index))
  decide((index, attempt) => index % 3 === 1 && attempt === 1 ? "loseAnswer" : "forward")
  // Idempotent by the declaration of the caller, who knows that a repetition does no harm.
  const options = { idempotent: true, retry: patient }
  const results = yield* Effect.provideService(
    executeConcurrent(
      Array.from(
        { length: count },
        (_, index) => tables.insertIfNew(index, { ...options, requestTimeout: index % 3 === 1 ? 1_000 : 20_000 })
      ),
      {
        concurrency: 8,
        raiseOnFirstError: false
      }
    ),
    Session,
    session
  )
  const expected: ReadonlyArray<Outcome.Outcome> = ["NotApplied", "Unknown", "Applied"]
  for (const result of results) {
    assert(result._tag === "Success", `${result.index}`)
    assert.equal(result.outcome, expected[result.index % 3], `${result.index}`)
    assert.equal(result.value.wasApplied, result.index % 3 === 2)
  }
  answerAll()
  const open = results.filter(({ outcome }) => outcome === "Unknown")
  const settlements = yield* Effect.provideService(Settlement.settle(open), Session, session)
  const settled = settlements.filter(({ outcome }) => outcome === "Applied").length
  const found = yield* tables.found("plain")
  const truth = truthOf(found, true)
  const effects = (index: number) => index % 3 === 0 ? 0 : truth.effects(index)
  return audit(count, accountOf(results), { effects, repeatable: true }, { settled })
})

export const errors: ReadonlyArray<Fault<Servers | Scope.Scope>> = [
  scripted("every error that a server answers, on one statement of a run", everyError),
  scripted("three errors in a row, on statements that are retried", severalAttempts),
  scripted("a condition that does not hold, after an attempt that was not answered", conditionAfterSilence)
]
