import { type CqlError, executeConcurrent, Query, RetryPolicy, type Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Cause, Effect, Exit, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { FaultPlan, MockSession } from "../src/index.ts"

const stock = "CREATE TABLE shop.stock (item text PRIMARY KEY, left int, holders set<text>)"
const messageOf = (exit: Exit.Exit<unknown, unknown>) => Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""

const read = Query.make("SELECT left, holders FROM shop.stock WHERE item = ?", {
  params: Schema.Tuple([Schema.String])
})
const take = "UPDATE shop.stock SET left = ?, holders = holders + ? WHERE item = ? IF left = ?"

const prepare = Statement.make("INSERT INTO shop.stock (item, left) VALUES ('seat', 1)")

const leftOf = Effect.map(read("seat"), ({ first }) => Number(first?.["left"] ?? 0))
const holdersOf = Effect.map(read("seat"), ({ first }) => (first?.["holders"] ?? new Set()) as ReadonlySet<string>)

/** Takes what is left, and takes every failure for a sale that did not happen. */
const naiveSale = (buyer: string) =>
  Effect.gen(function*() {
    const left = yield* leftOf
    if (left === 0) return false
    const { wasApplied } = yield* Statement.make(take, [left - 1, new Set([buyer]), "seat", left])
    return wasApplied
  }).pipe(Effect.catch(() => Effect.succeed(false)))

/** The same, but after an unknown outcome it reads the holders again. */
const carefulSale = (buyer: string) =>
  Effect.gen(function*() {
    const left = yield* leftOf
    if (left === 0) return (yield* holdersOf).has(buyer)
    const { wasApplied } = yield* Statement.make(take, [left - 1, new Set([buyer]), "seat", left])
    return wasApplied
  }).pipe(
    Effect.catch((error: CqlError) =>
      error.outcome === "NotApplied"
        ? Effect.succeed(false)
        : Effect.map(Effect.delay(holdersOf, "1 minute"), (holders) => holders.has(buyer)).pipe(
          Effect.retry({ times: 3 })
        )
    )
  )

const buyers = ["ada", "eve"]
const sellBy = (sale: (buyer: string) => Effect.Effect<boolean, CqlError, Session>) =>
  Effect.andThen(Effect.retry(prepare, { times: 3 }), Effect.forEach(buyers, sale))

/** Reported sales match the holders in the table. */
const toldTheTruth = (exit: Exit.Exit<ReadonlyArray<boolean>, CqlError>) =>
  Effect.gen(function*() {
    if (Exit.isFailure(exit)) return
    const holders = yield* holdersOf
    assert.deepStrictEqual(buyers.filter((_, at) => exit.value[at]), buyers.filter((buyer) => holders.has(buyer)))
  })

describe("explore", () => {
  it.effect("finds the shortest history in which a naive sale reports a wrong result to a buyer", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(
        FaultPlan.explore(sellBy(naiveSale), { tables: [stock], invariant: toldTheTruth })
      )
      const message = messageOf(exit)
      assert.include(message, "an invariant broke under one fault")
      assert.match(message, /UPDATE shop\.stock .* {2}<- (lost|timeoutApplied|late|commitTimeout)/)
    }))

  it.effect("passes a sale that looks after an unknown outcome", () =>
    Effect.gen(function*() {
      const explored = yield* FaultPlan.explore(sellBy(carefulSale), { tables: [stock], invariant: toldTheTruth })
      assert.isFalse(explored.isPartial)
      assert.isAbove(explored.runs, 20)
    }))

  it.effect("tries pairs, up to a bound", () =>
    Effect.gen(function*() {
      const kinds = ["lost", "dropped"] as const
      const program = Effect.forEach([1, 2, 3], (left) =>
        Effect.ignore(Statement.make("INSERT INTO shop.stock (item, left) VALUES ('a', ?)", [left])))
      const options = {
        tables: [stock],
        invariant: () =>
          Effect.void,
        kinds,
        faults: 2
      } as const
      // Three inserts, two kinds: 6 single faults and 3 pairs of requests with 4 pairs of kinds each.
      assert.deepStrictEqual(yield* FaultPlan.explore(program, options), { runs: 19, requests: 3, isPartial: false })
      assert.deepStrictEqual(yield* FaultPlan.explore(program, { ...options, maxRuns: 9 }), {
        runs: 9,
        requests: 3,
        isPartial: true
      })
    }))

  it.effect("is partial only if the bound left a fault untried", () =>
    Effect.gen(function*() {
      const read = Effect.ignore(Statement.make("SELECT * FROM shop.stock"))
      const explored = (maxRuns: number, faults: 1 | 2) =>
        Effect.map(
          FaultPlan.explore(read, { tables: [stock], invariant: () => Effect.void, maxRuns, faults }),
          ({ isPartial, runs }) => [runs, isPartial]
        )
      // One read, four faults.
      assert.deepStrictEqual(yield* explored(1, 1), [1, true])
      assert.deepStrictEqual(yield* explored(4, 1), [4, true])
      assert.deepStrictEqual(yield* explored(5, 1), [5, false])
      assert.deepStrictEqual(yield* explored(5, 2), [5, false])
      assert.deepStrictEqual(yield* explored(6, 1), [5, false])
    }))

  it.effect("is partial if the bound left only pairs untried", () =>
    Effect.gen(function*() {
      const reads = Effect.forEach([1, 2], () => Effect.ignore(Statement.make("SELECT * FROM shop.stock")))
      const options = { tables: [stock], invariant: () => Effect.void, kinds: ["dropped"], maxRuns: 3 } as const
      assert.deepStrictEqual(yield* FaultPlan.explore(reads, options), { runs: 3, requests: 2, isPartial: false })
      const { isPartial, runs } = yield* FaultPlan.explore(reads, { ...options, faults: 2 })
      assert.deepStrictEqual([runs, isPartial], [3, true])
    }))

  it.effect("finds what only a pair of faults breaks", () =>
    Effect.gen(function*() {
      const insert = Statement.make("INSERT INTO shop.stock (item, left) VALUES ('a', 1)")
      const program = Effect.retry(insert, { times: 1 })
      const options = {
        tables: [stock],
        kinds: ["dropped"],
        invariant: () =>
          Effect.map(Statement.make("SELECT * FROM shop.stock"), ({ length }) => assert.strictEqual(length, 1))
      } as const
      assert.strictEqual((yield* FaultPlan.explore(program, options)).runs, 2)
      const exit = yield* Effect.exit(FaultPlan.explore(program, { ...options, faults: 2 }))
      assert.include(messageOf(exit), "under 2 faults")
    }))

  it.effect("says so where the program hangs or dies, and where the invariant never held", () =>
    Effect.gen(function*() {
      const of = (program: Effect.Effect<unknown>, invariant: Effect.Effect<unknown, string> = Effect.void) =>
        Effect.map(Effect.exit(FaultPlan.explore(program, { tables: [stock], invariant: () => invariant })), messageOf)
      assert.include(yield* of(Effect.never), "did not end within a day")
      assert.include(yield* of(Effect.die(new Error("broken program"))), "broken program")
      assert.include(yield* of(Effect.void, Effect.fail("never held")), "without any fault")
    }))

  it.effect("gives retries the time that they wait", () =>
    Effect.gen(function*() {
      const { runs } = yield* FaultPlan.explore(
        Statement.make("SELECT * FROM shop.stock"),
        {
          tables: [stock],
          defaults: { retry: RetryPolicy.standard },
          invariant: (exit) => Effect.sync(() => assert.isTrue(Exit.isSuccess(exit)))
        }
      )
      assert.strictEqual(runs, 5)
    }))
})

const outcomesUnder = (plan: FaultPlan.FaultPlan) =>
  Effect.gen(function*() {
    const inserts = Array.from({ length: 40 }, (_, id) =>
      ["INSERT INTO shop.stock (item, left) VALUES (?, 1)", [`i${id}`]] as const)
    const results = yield* executeConcurrent(inserts, { raiseOnFirstError: false, concurrency: 1 })
    const { first } = yield* Statement.make("SELECT count(*) AS n FROM shop.stock", [], { idempotent: true }).pipe(
      Effect.retry({ times: 20 })
    )
    return {
      failed: results.flatMap(({ _tag, index }) =>
        _tag === "Failure" ? [index] : []
      ),
      rows: Number(first?.["n"])
    }
  }).pipe(Effect.provide(MockSession.memory([stock], { faults: plan })))

describe("a plan", () => {
  it.effect("injects the same faults for the same seed", () =>
    Effect.gen(function*() {
      const plan = (seed: number) => FaultPlan.make([FaultPlan.rate(0.3, ["lost", "dropped"])], { seed })
      const [first, again, other] = [
        yield* outcomesUnder(plan(1)),
        yield* outcomesUnder(plan(1)),
        yield* outcomesUnder(plan(2))
      ]
      assert.deepStrictEqual(first, again)
      assert.notDeepEqual(first.failed, other.failed)
      // Lost ones are there, dropped ones are not.
      assert.isTrue(first.rows > 40 - first.failed.length && first.rows < 40)
    }))

  it.effect("refuses options with which it would try nothing, or something else", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [object, RegExp]> = [
        [{ fault: 2 }, /fault: .*nearest is faults\)/],
        [{ faults: 0 }, /faults: expected 1 or 2, got 0/],
        [{ faults: Number.NaN }, /faults: /],
        [{ maxRuns: 0 }, /maxRuns: /],
        [{ kinds: [] }, /kinds: /],
        [{ kinds: ["nope"] }, /kinds: /]
      ]
      for (const [options, message] of wrong) {
        const exit = yield* Effect.exit(
          FaultPlan.explore(Effect.void, { tables: [stock], invariant: () => Effect.void, ...options })
        )
        assert.match(messageOf(exit), message)
      }
      const misspelt = { fault: FaultPlan.make([]) }
      const sessions = [
        () => MockSession.layer(misspelt as never),
        () => MockSession.memory([stock], misspelt as never)
      ]
      for (const session of sessions) {
        const exit = yield* Effect.exit(Effect.provide(Effect.void, Layer.suspend(session)))
        assert.match(messageOf(exit), /fault: .*nearest is faults\)/)
      }
    }))

  it.effect("breaks the request at an index, and those of a span of time", () =>
    Effect.gen(function*() {
      const session = (plan: FaultPlan.FaultPlan) => Effect.provide(MockSession.memory([stock], { faults: plan }))
      const all = Statement.make("SELECT * FROM shop.stock")
      const second = Effect.all([Effect.exit(all), Effect.exit(all), Effect.exit(all)]).pipe(
        session(FaultPlan.make([FaultPlan.at(1, "unavailable")]))
      )
      assert.deepStrictEqual((yield* second).map(Exit.isSuccess), [true, false, true])
      const span = Effect.gen(function*() {
        const exits = []
        for (let step = 0; step < 4; step++) {
          exits.push(Exit.isSuccess(yield* Effect.exit(all)))
          yield* TestClock.adjust("1 second")
        }
        return exits
      }).pipe(session(FaultPlan.make([FaultPlan.between("1 second", "3 seconds", "overloaded")])))
      assert.deepStrictEqual(yield* span, [true, false, false, true])
    }))

  it.effect("applies no late write after the end of its session", () =>
    Effect.gen(function*() {
      let applied = 0
      const reply = () =>
        Effect.sync(() => {
          applied++
          return { rows: [] }
        })
      const session = MockSession.layer({ otherwise: reply, faults: FaultPlan.make([FaultPlan.at(0, "late")]) })
      yield* Effect.flip(prepare).pipe(Effect.provide(session))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(applied, 0)
    }))

  it.effect("applies a late write after the client has given up", () =>
    Effect.gen(function*() {
      const all = Statement.make("SELECT * FROM shop.stock")
      const insert = Statement.make("INSERT INTO shop.stock (item) VALUES ('a')")
      assert.strictEqual((yield* Effect.flip(insert)).outcome, "Unknown")
      assert.strictEqual((yield* all).length, 0)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* all).length, 1)
    }).pipe(Effect.provide(MockSession.memory([stock], { faults: FaultPlan.make([FaultPlan.at(0, "late")]) }))))

  it.effect("times out the commit of a condition that held, and answers one that did not", () =>
    Effect.gen(function*() {
      const insert = Statement.make("INSERT INTO shop.stock (item) VALUES ('a') IF NOT EXISTS")
      const error = yield* Effect.flip(insert)
      assert.deepStrictEqual([error.reason._tag, error.outcome], ["WriteTimeout", "WillApply"])
      assert.isFalse((yield* insert).wasApplied)
    }).pipe(Effect.provide(MockSession.memory([stock], {
      faults: FaultPlan.make([FaultPlan.only(({ conditional }) => conditional, FaultPlan.rate(1, ["commitTimeout"]))])
    }))))
})

describe("a list of faults", () => {
  const kinds = ["lost", "dropped", "late", "commitTimeout"] as const
  const faults = FaultPlan.list({ requests: 6, kinds })
  const soldUnder = (
    sale: (buyer: string) => Effect.Effect<boolean, CqlError, Session>,
    faults: ReadonlyArray<FaultPlan.FaultAt>
  ) =>
    Effect.gen(function*() {
      yield* prepare
      const fiber = yield* Effect.forkChild(Effect.exit(Effect.forEach(buyers, sale)))
      yield* TestClock.adjust("1 hour")
      const exit = yield* Fiber.join(fiber)
      // A fault may also meet the read that checks.
      return yield* Effect.match(Effect.retry(toldTheTruth(exit), { times: 6 }), {
        onSuccess: () => true,
        onFailure: () => false
      }).pipe(
        Effect.catchDefect(() => Effect.succeed(false))
      )
    }).pipe(Effect.provide(MockSession.memory([stock], {
      faults: FaultPlan.fromList(faults.map(({ at, fault }) => ({ at: at + 1, fault })))
    })))

  it.effect.prop(
    "does not break a sale that looks after an unknown outcome",
    [faults],
    ([faults]) => soldUnder(carefulSale, faults)
  )

  it.effect("is shrunk to the one fault that breaks a naive sale", () =>
    Effect.gen(function*() {
      const result = yield* Arbitrary.checkEffect(
        Arbitrary.schema(faults),
        (faults) => soldUnder(naiveSale, faults),
        { seed: 3, runs: 200 }
      )
      assert.strictEqual(result._tag, "Falsified")
      if (result._tag !== "Falsified") return
      assert.strictEqual(result.shrunkInput.length, 1)
      assert.include(["lost", "late", "commitTimeout"], result.shrunkInput[0]?.fault)
    }))
})
