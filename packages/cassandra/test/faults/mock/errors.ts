/** Errors of statements in the middle of a run. */
import {
  CqlError,
  executeConcurrent,
  RetryPolicy,
  runConcurrent,
  Session,
  Statement,
  StatementFailed,
  streamConcurrent
} from "@effect-cql/core"
import type { Done, Port } from "@effect-cql/core/Port"
import { errorOf, overloaded, timed, valueOf } from "@effect-cql/test-support/runs"
import { Effect, Exit, Stream } from "effect"
import assert from "node:assert/strict"
import { outcomeOf, type Row, table } from "../../support/outcomeTable.ts"
import { type Kind, kinds, subject } from "../../support/subjects.ts"
import { accountOf, accountOfStopped, audit } from "../audit.ts"
import { type Fault, sum, type Tally } from "../fault.ts"
import { indexOf, mock, type Step, world } from "./world.ts"

const size = 12
const failing = 5

const everyCase: ReadonlyArray<readonly [Row, Kind]> = table.flatMap((row) =>
  (row.kinds ?? kinds).map((kind) => [row, kind] as const)
)

/** Effect of the failing statement on the data. An unknown outcome alternates between applied and not applied. */
const effectOf = (row: Row, kind: Kind, turn: number): NonNullable<Step["effect"]> => {
  if (kind === "read") return "onAnswer"
  const outcome = outcomeOf(row, kind)
  return outcome === "WillApply" || (outcome === "Unknown" && turn % 2 === 0) ? "onAnswer" : "none"
}

const summed = (tallies: ReadonlyArray<Tally>): Tally => {
  assert.equal(tallies.length, everyCase.length)
  return sum(tallies)
}

/** Reads have no effect that could be lost. */
const truthOf = (kind: Kind, effects: (index: number) => number) => ({
  effects: kind === "read" ? () => 0 : effects,
  repeatable: false
})

const oneOfMany = Effect.fnUntraced(function*(row: Row, kind: Kind, turn: number) {
  const { layer, truth } = world({
    script: (index) => index === failing ? { answer: row.reason, effect: effectOf(row, kind, turn) } : {},
    latency: (index) => 1 + (index * 7) % 5
  })
  const statements = Array.from({ length: size }, (_, index) => subject(kind, "t", index))
  const run = executeConcurrent(statements, { concurrency: 4, raiseOnFirstError: false })
  const results = valueOf((yield* timed(Effect.provide(run, layer))).exit)
  const name = `${row.name} of a ${kind}`
  assert.deepEqual(results.map(({ index }) => index), statements.map((_, index) => index), name)
  assert.deepEqual(results.filter(({ success }) => !success).map(({ index }) => index), [failing], name)
  const failed = results[failing]!
  assert(failed._tag === "Failure")
  assert.equal(failed.error.reason, row.reason, name)
  assert.equal(failed.outcome, outcomeOf(row, kind), name)
  assert.equal(failed.statement, statements[failing], name)
  if (kind === "read") {
    return audit(size, accountOf(results), { effects: (index) => index === failing ? 0 : 1, repeatable: true })
  }
  return audit(size, accountOf(results), truthOf(kind, truth.effects))
})

const stopping = Effect.fnUntraced(function*(row: Row, kind: Kind, turn: number) {
  const starts: Array<number> = []
  let closed = 0
  const { layer, sent, truth } = world({
    script: (index) => {
      starts.push(index)
      if (index === failing) return { answer: row.reason, effect: effectOf(row, kind, turn) }
      return index % 2 === 0 ? { effect: "onArrival" } : {}
    },
    latency: (index) => index === failing ? 2 : 3
  })
  function* source() {
    try {
      for (let index = 0; index < size; index++) yield subject(kind, "t", index)
    } finally {
      closed++
    }
  }
  const onFirstError = turn % 2 === 0 ? "interrupt" as const : "settle" as const
  const run = executeConcurrent(source(), { concurrency: 4, onFirstError })
  const error = errorOf((yield* timed(Effect.provide(run, layer))).exit)
  const name = `${row.name} of a ${kind}, ${onFirstError}`
  assert(error instanceof StatementFailed, name)
  assert.equal(error.failure.index, failing, name)
  assert.equal(error.failure.outcome, outcomeOf(row, kind), name)
  assert.deepEqual(error.failures, [], name)
  assert.equal(Math.max(...starts) + 1, error.startedCount, name)
  assert.equal(sent.size, error.startedCount, name)
  assert(error.startedCount < size, name)
  assert.equal(closed, 1, name)
  assert.equal(error.interrupted.length, onFirstError === "settle" ? 0 : 3, name)
  const { failed, started, succeeded, interrupted: unknown } = error.summary
  assert.equal(started, error.startedCount, name)
  assert.equal(started, succeeded + failed + unknown, name)
  if (kind === "read") {
    return audit(size, accountOfStopped(error, size), {
      effects: (index) => error.hasSucceeded(index) ? 1 : 0,
      repeatable: true
    })
  }
  return audit(size, accountOfStopped(error, size), truthOf(kind, truth.effects))
})

const many = (count: number) => Array.from({ length: count }, (_, index) => subject("write", "t", index))

/** A port whose answers come all at once, the last one first, as those in one packet of a socket may. */
const inOnePacket = (failing: ReadonlyArray<number>) => {
  const effects = new Map<number, number>()
  let waiting: Array<readonly [index: number, done: Done]> = []
  const answer = () => {
    const packet = waiting.reverse()
    waiting = []
    for (const [index, done] of packet) {
      if (failing.includes(index)) {
        done(Exit.fail(new CqlError({ reason: overloaded, query: "" })))
        continue
      }
      effects.set(index, (effects.get(index) ?? 0) + 1)
      done(Exit.succeed({ rows: [] }))
    }
  }
  const port: Port = {
    defaults: { retry: "none" },
    send: (request, _, done) => {
      if (waiting.length === 0) setImmediate(answer)
      waiting.push([indexOf(request), done])
      return () => {}
    }
  }
  return { port, truth: { effects: (index: number) => effects.get(index) ?? 0, repeatable: false } }
}

/** Runs whose failures coincide, in each form. The lowest index stops the run, and its error includes the others. */
const inOneMoment = Effect.fnUntraced(function*(failing: ReadonlyArray<number>, count: number, concurrency: number) {
  const winner = Math.min(...failing)
  const together = failing.filter((index) => Math.floor(index / concurrency) === Math.floor(winner / concurrency))
  const over = <A, E>(run: Effect.Effect<A, E, Session>, { port }: { readonly port: Port }) =>
    Effect.flatMap(Session.make(port), (session) => Effect.provideService(run, Session, session))
  const items = many(count)
  const forms = [
    Effect.asVoid(executeConcurrent(items, { concurrency })),
    Effect.asVoid(executeConcurrent(Stream.fromIterable(items), { concurrency })),
    Effect.asVoid(runConcurrent(items, { concurrency })),
    Stream.runDrain(streamConcurrent(items, { concurrency, ordered: false })),
    Stream.runDrain(streamConcurrent(items, { concurrency, ordered: true }))
  ]
  const tallies: Array<Tally> = []
  for (const form of forms) {
    const packets = inOnePacket(failing)
    const error = yield* Effect.flip(over(form, packets))
    assert(error instanceof StatementFailed)
    assert.equal(error.failure.index, winner)
    assert.deepEqual([error.failure, ...error.failures].map(({ index }) => index), together)
    assert.equal(error.summary.failed, together.length)
    tallies.push(audit(count, accountOfStopped(error, count), packets.truth))
  }
  // In collect mode nothing stops: each is a result of its own.
  const packets = inOnePacket(failing)
  const results = yield* over(executeConcurrent(items, { concurrency, raiseOnFirstError: false }), packets)
  assert.deepEqual(results.filter(({ success }) => !success).map(({ index }) => index), failing)
  tallies.push(audit(count, accountOf(results), packets.truth))
  return sum(tallies)
})

/** If an attempt of a statement may have been applied, no later attempt makes the outcome certain. */
const sticky = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  for (const first of table) {
    for (const last of table) {
      const { layer, truth } = world({
        defaults: {
          retry: RetryPolicy.make({
            schedule: RetryPolicy.backoff({ times: 1, initial: 20, max: 20 }),
            budget: { minimum: 10, share: 1 }
          })
        },
        script: (_, attempt) => {
          const row = attempt === 1 ? first : last
          return { answer: row.reason, effect: outcomeOf(row, "write") === "NotApplied" ? "none" : "onAnswer" }
        }
      })
      const run = executeConcurrent([Statement.make("INSERT INTO app.t (id) VALUES (?)", [0])], {
        raiseOnFirstError: false
      })
      const [result] = valueOf((yield* timed(Effect.provide(run, layer))).exit)
      assert(result?._tag === "Failure")
      if (result.error.attempts < 2) continue
      const [before, after] = [outcomeOf(first, "write"), outcomeOf(last, "write")]
      if (before === "Unknown") assert.equal(result.outcome, "Unknown", `${first.name}, then ${last.name}`)
      else if (before === "WillApply" && after === "NotApplied") assert.equal(result.outcome, "WillApply")
      else assert.equal(result.outcome, after, `${first.name}, then ${last.name}`)
      tallies.push(audit(1, accountOf([result]), truth))
    }
  }
  assert(tallies.length > 100)
  return sum(tallies)
})

export const errors: ReadonlyArray<Fault> = [
  mock(
    "every error, on one statement of a run",
    Effect.map(Effect.forEach(everyCase, ([row, kind], turn) => oneOfMany(row, kind, turn)), summed)
  ),
  mock(
    "every error, where the first failure stops the run",
    Effect.map(Effect.forEach(everyCase, ([row, kind], turn) => stopping(row, kind, turn)), summed)
  ),
  mock("every error after every other, on one statement that is retried", sticky),
  mock("two failures in the same moment", inOneMoment([6, 7], 20, 4)),
  mock("the first statement fails", inOneMoment([0], 20, 4)),
  mock("the last statement fails", inOneMoment([19], 20, 4)),
  mock("all statements fail", inOneMoment(Array.from({ length: 20 }, (_, index) => index), 20, 5))
]
