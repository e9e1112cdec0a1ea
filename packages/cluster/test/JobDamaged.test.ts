/** Rows of the tables of jobs that were changed by hand: what reads them names them, and other jobs go on. */
import { type Job, Jobs } from "@effect-cql/cluster"
import { type CqlError, type Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { memory, numbered, process } from "./support/jobs.ts"

const write = (text: string, params: ReadonlyArray<unknown> = []) => Effect.asVoid(Statement.make(text, params))
const job = numbered({ errorBudget: { rejects: 10 }, concurrency: 8 })
const setOf = (column: string, value: string) => ({
  column,
  value,
  damage: write(`UPDATE app.cluster_jobs SET ${column} = ${value} WHERE cluster = 'default' AND job = 'm'`)
})

const damages = [
  ...["name", "version", "fingerprint", "params", "timestamp", "lanes", "units", "run", "state", "revision", "forgiven"]
    .map((column) => setOf(column, "null")),
  setOf("state", "'runing'"),
  setOf("lanes", "0"),
  setOf("lanes", "-3"),
  setOf("units", "-1"),
  setOf("concurrency", "-1"),
  setOf("rate", "NaN"),
  setOf("budget", "'{'"),
  setOf("budget", "'{}'"),
  setOf("budget", "'null'"),
  setOf("exhausted", "'[]'")
]

/** The error of what reads a damaged row. */
const refused = <A, E, R>(effect: Effect.Effect<A, E | CqlError, R>, part: string) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.deepInclude(error, { _tag: "CqlError" })
    const { reason } = error as CqlError
    assert.strictEqual(reason._tag, "RowDecoding")
    assert.include(reason.message, "job m")
    assert.include(reason.message, part)
  })

describe("a job whose row is damaged", () => {
  for (const { column, damage, value } of damages) {
    it.effect(`is refused by all that reads it, and hides no other one: ${column} = ${value}`, () =>
      Effect.gen(function*() {
        const { find, list, remove } = yield* Jobs.Jobs
        const handle = yield* job.start({ units: 2 }, { id: "m" })
        yield* handle.pause
        yield* damage
        yield* process(job.toLayer(() => Effect.succeed(1)))
        const other = yield* job.start({ units: 3 }, { id: "z" })
        const reads: ReadonlyArray<Effect.Effect<unknown, unknown, Jobs.Jobs | Session>> = [
          find("m"),
          handle.progress,
          handle.await,
          Stream.runDrain(handle.watch()),
          handle.setLimits({ rate: 1 }),
          handle.retry(),
          handle.failures,
          Stream.runDrain(handle.rejects),
          handle.remove,
          remove("m"),
          job.start({ units: 2 }, { id: "m" })
        ]
        for (const read of reads) yield* refused(read, column)
        yield* TestClock.adjust("20 seconds")
        assert.deepInclude(yield* other.progress, { state: "done", rows: 3 })
        assert.deepStrictEqual((yield* Stream.runCollect(list)).map(({ id }) => id), ["z"])
        if (column === "state") {
          for (const change of [handle.pause, handle.resume, handle.cancel]) yield* refused(change, column)
        }
      }).pipe(Effect.provide(memory())))
  }

  const entries = [
    ["progress", "'{'"],
    ["progress", "'{}'"],
    ["progress", "'null'"],
    ["progress", "'{\"units\":1,\"done\":0,\"failed\":0,\"rows\":null,\"rejected\":0}'"],
    ["unit/000000000", "'5'"],
    ["unit/000000000", "'{\"unit\":0,\"state\":\"wating\"}'"]
  ] as const
  for (const [entry, body] of entries) {
    it.effect(`or has a damaged entry of a lane, is named: ${entry} = ${body}`, () =>
      Effect.gen(function*() {
        const jobs = yield* Jobs.Jobs
        const { kill } = yield* process(job.toLayer((unit) => unit === 0 ? Effect.fail("no") : Effect.succeed(1)))
        const handle = yield* job.start({ units: 4 }, { id: "m" })
        yield* TestClock.adjust("20 seconds")
        yield* kill
        const stored = yield* jobs.find("m")
        yield* write(
          `INSERT INTO app.cluster_lanes (cluster, name, lane, entry, body) VALUES ('default', ?, 0, ?, ${body})`,
          [`job/m/${stored?.timestamp}`, entry]
        )
        const reads: ReadonlyArray<Effect.Effect<unknown, unknown, Jobs.Jobs>> = entry === "progress"
          ? [handle.progress, handle.await, handle.retry()]
          : [handle.failures, Stream.runDrain(handle.rejects), handle.retry()]
        for (const read of reads) yield* refused(read, `lane 0 of job m: the entry ${entry}`)
        yield* handle.remove
        assert.isUndefined(yield* jobs.find("m"))
      }).pipe(Effect.provide(memory())))
  }
})

describe("a handler that counts what is no number of rows", () => {
  for (const rows of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY]) {
    it.effect(`fails its unit, and the others count: ${rows}`, () =>
      Effect.gen(function*() {
        yield* process(job.toLayer((unit, { checkpoint }) =>
          unit === 0 ? checkpoint({ cursor: 1, rows }) : Effect.succeed(unit === 1 ? rows : 1)
        ))
        const handle: Job.Handle = yield* job.start({ units: 4 }, { id: "a" })
        yield* TestClock.adjust("1 minute")
        assert.deepInclude(yield* handle.progress, { state: "failed", done: 2, failed: 2, rows: 2 })
        for (const { error } of yield* handle.failures) {
          assert.include(error, "an integer of at least 0")
        }
      }).pipe(Effect.provide(memory())))
  }

  it.effect("counts nothing where its effect succeeds with another value", () =>
    Effect.gen(function*() {
      yield* process(job.toLayer((unit, { reject }) =>
        unit === 0 ? reject({ position: "0", error: "no" }) : Effect.succeed<number | void>(Object.create(null))
      ))
      const handle = yield* job.start({ units: 2 }, { id: "a" })
      yield* TestClock.adjust("1 minute")
      assert.deepInclude(yield* handle.progress, { state: "done", done: 2, rows: 0, rejected: 1 })
    }).pipe(Effect.provide(memory())))
})

describe("a handler that fails with a value that is no error", () => {
  const broken = new Error("x")
  Object.defineProperty(broken, "message", {
    get: () => {
      throw new Error("unreadable")
    }
  })
  const values: ReadonlyArray<readonly [unknown, string]> = [
    [Object.create(null), "object"],
    [{ _tag: "Refused", message: "no" }, "Refused: no"],
    [{ code: 5 }, "Object"],
    [broken, "Error"],
    [undefined, "undefined"],
    [Symbol("s"), "Symbol(s)"]
  ]
  for (const [at, [value, text]] of values.entries()) {
    it.effect(`has its text in the failure and in the reject: ${at}`, () =>
      Effect.gen(function*() {
        yield* process(
          job.toLayer((unit, { reject }) => unit === 0 ? reject({ position: "0", error: value }) : Effect.fail(value))
        )
        const handle = yield* job.start({ units: 2 }, { id: "a" })
        yield* TestClock.adjust("1 minute")
        assert.deepInclude(yield* handle.progress, { state: "failed", done: 1, failed: 1, rejected: 1 })
        assert.deepStrictEqual((yield* handle.failures).map(({ error }) => error), [text])
        assert.deepStrictEqual((yield* Stream.runCollect(handle.rejects)).map(({ error }) => error), [text])
      }).pipe(Effect.provide(memory())))
  }
})
