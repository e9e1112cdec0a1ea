import { cql, executeConcurrent, InvalidOptions, Statement } from "@effect-cql/core"
import { FaultPlan, Fixtures, MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Schema } from "effect"

/** Calls with arguments that the types refuse, or that come from elsewhere. */
const call = (f: (...args: never) => unknown, ...args: ReadonlyArray<unknown>) => () =>
  Reflect.apply(f, undefined, args)

const busy = MockSession.overloaded()
const { memory } = MockSession

const refused: ReadonlyArray<readonly [thunk: () => unknown, message: RegExp]> = [
  [() => MockSession.nth(busy, 0), /^n: expected a positive integer, got 0/],
  [() => MockSession.every(busy, 0), /^n: expected a positive integer, got 0/],
  [() => MockSession.every(busy, 1.5), /^n: expected a positive integer, got 1\.5/],
  [call(MockSession.inTurn), /^replies: expected at least one reply/],
  [() => MockSession.sometimes(busy, 20), /^share: expected a number from 0 to 1, got 20/],
  [() => MockSession.sometimes(busy, Number.NaN), /^share: expected a number from 0 to 1, got NaN/],
  [call(MockSession.sometimes, busy, 0.5, { sed: 7 }), /^sed: expected one of the options seed/],
  [call(MockSession.randomLatency, { mea: "2 millis" }), /^mea: expected one of the options mean, min, seed/],
  [call(MockSession.randomLatency, {}), /^mean: expected a finite duration/],
  [() => MockSession.randomLatency({ mean: "-1 millis" }), /^mean: expected a finite duration/],
  [call(MockSession.delayed, busy, "soon"), /^duration: expected a finite duration/],
  [call(MockSession.layer, { latency: "soon" }), /^latency: expected a finite duration/],
  [call(FaultPlan.at, 0, "lose"), /^fault: expected one of overloaded, .*, got "lose"/],
  [() => FaultPlan.at(-1, "lost"), /^index: expected an integer of at least 0, got -1/],
  [() => FaultPlan.rate(5, ["lost"]), /^share: expected a number from 0 to 1, got 5/],
  [call(FaultPlan.rate, 0.5, ["lose"]), /^faults: expected one of overloaded, .*, got "lose"/],
  [call(FaultPlan.rate, 0.5, []), /^faults: expected at least one fault/],
  [() => FaultPlan.between("5 seconds", "1 second", "lost"), /^to: expected a time after from/],
  [call(FaultPlan.between, "5 secs", "1 minute", "lost"), /^from: expected a duration/],
  [call(FaultPlan.between, 0, 5, "lose"), /^fault: expected one of/],
  [call(FaultPlan.make, [], { sed: 5 }), /^sed: expected one of the options seed/],
  [call(FaultPlan.make, FaultPlan.at(0, "lost")), /^rules: expected a list of rules/],
  [call(FaultPlan.list, { request: 5 }), /^request: expected one of the options requests, most, kinds/],
  [() => FaultPlan.list({ requests: 0 }), /^requests: expected a positive integer, got 0/],
  [call(FaultPlan.list, { requests: 5, kinds: ["lose"] }), /^kinds: expected one of overloaded, .*, got "lose"/],
  [call(memory, [], { replicas: { cont: 3 } }), /^replicas\.cont: expected one of the options count/],
  [() => memory([], { replicas: { count: 0 } }), /^replicas\.count: expected a positive integer, got 0/],
  [() => FaultPlan.down(-1, 0, "1 minute"), /^node: expected an integer of at least 0, got -1/],
  [() => FaultPlan.down(0, "1 minute", 0), /^to: expected a time after from/],
  [call(FaultPlan.slow, 0, "soon"), /^by: expected a duration/],
  [() => memory("CREATE TABLE app.users (id int PRIMARY KEY)"), /^tables: expected a list of texts, got a string/],
  [call(memory), /^tables: expected a list of texts, got undefined/],
  [call(memory, [5]), /^tables: expected a list of texts, got a list with a number/],
  [call(MockSession.when, "SELECT 1"), /^reply: expected a reply, such as MockSession\.rows\(\[\]\), got undefined/],
  [call(MockSession.when, "SELECT 1", [{ n: 1 }]), /^reply: expected a reply, .*, got an Array/],
  [call(MockSession.when, 5, busy), /^matcher: expected a query, a text, a pattern or a function, got a number/],
  [call(MockSession.rows, { n: 1 }), /^rows: expected a list of rows, got an Object/],
  [call(MockSession.rowsFrom, []), /^f: expected a function that returns rows, got an Array/],
  [call(MockSession.delayed, [], "1 second"), /^reply: expected a reply, .*, got an Array/],
  [call(MockSession.late, "soon"), /^after: expected a finite duration/],
  [call(MockSession.late, "-1 second"), /^after: expected a finite duration/],
  [call(MockSession.late, "1 second", []), /^reply: expected a reply, .*, got an Array/],
  [call(MockSession.lostAnswer, []), /^reply: expected a reply, .*, got an Array/],
  [call(MockSession.fail, "busy"), /^reason: expected a reason, such as new Reason\.Overloaded/]
]

describe("what makes replies, faults and sessions", () => {
  it("refuses arguments with which a test would test something else", () => {
    for (const [thunk, message] of refused) assert.throws(thunk, InvalidOptions, message)
  })

  it("takes the others", () => {
    assert.doesNotThrow(() => {
      MockSession.sometimes(busy, 0)
      MockSession.sometimes(busy, 1, { seed: 7 })
      MockSession.layer({ latency: () => "1 millis" })
      MockSession.memory(new Set(["CREATE TABLE app.users (id int PRIMARY KEY)"]), { replicas: {} })
      FaultPlan.make([FaultPlan.at(0, "lost"), FaultPlan.between(0, Infinity, "lost")], { seed: 3 })
      FaultPlan.slow(2, "20 millis")
    })
  })
})

describe("the latency of a mock session", () => {
  it.effect("that is no duration ends the statement, with the name of the option", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(cql`SELECT 1`)
      assert.strictEqual(Exit.isFailure(exit), true)
      if (Exit.isFailure(exit)) {
        assert.match(Cause.pretty(exit.cause), /latency: expected a finite duration.*got "soon"/)
      }
    }).pipe(Effect.provide(MockSession.layer({ latency: () => "soon" as never }))))
})

describe("fixtures", () => {
  const User = Schema.Struct({ id: Schema.Int, name: Schema.optionalKey(Schema.String) })

  it.effect("refuse options and fields that do not exist", () =>
    Effect.gen(function*() {
      const options: ReadonlyArray<readonly [options: object, message: RegExp]> = [
        [{ cont: 2 }, /cont: expected one of the options count, seed, with/],
        [{ count: -1 }, /count: expected an integer of at least 0, got -1/],
        [{ with: { id: 3 } }, /with: expected a function/],
        [{ with: () => ({ ident: 3 }) }, /with: expected fields of the row \(id, name\), got ident/]
      ]
      for (const [wrong, message] of options) {
        const exit = yield* Effect.exit(
          Reflect.apply(Fixtures.rows, undefined, [User, wrong]) as Effect.Effect<unknown>
        )
        assert.match(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "nothing", message)
      }
      const [named] = yield* Fixtures.rows(User, { count: 1, with: () => ({ name: "ada" }) })
      assert.strictEqual(named?.name, "ada")
    }))
})

describe("an exploration", () => {
  const tables = ["CREATE TABLE app.users (id int PRIMARY KEY)"]
  const insert = Statement.make("INSERT INTO app.users (id) VALUES (1)")
  const invariant = () => Effect.void
  const defectOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.map(Effect.exit(effect), (exit) => Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "nothing")

  it.effect("of a program that sends no request to its session is refused", () =>
    Effect.gen(function*() {
      const ofItsOwn = Effect.asVoid(insert).pipe(Effect.provide(MockSession.memory(tables)))
      for (const program of [Effect.void, ofItsOwn]) {
        assert.match(
          yield* defectOf(FaultPlan.explore(program, { tables, invariant })),
          /the program sent no request to the session of the exploration.*Leave out a session of its own/
        )
      }
    }))

  it.effect("of a program that the tables refuse is refused", () =>
    Effect.gen(function*() {
      assert.match(
        yield* defectOf(FaultPlan.explore(insert, { tables: [], invariant })),
        /the program failed without any fault: CqlError: InvalidQuery: .*Correct it or its tables/
      )
      const collecting = executeConcurrent([insert], { raiseOnFirstError: false, errorBudget: { failures: 1 } })
      assert.match(
        yield* defectOf(FaultPlan.explore(collecting, { tables: [], invariant })),
        /the program failed without any fault: ErrorBudgetExhausted: .*Correct it or its tables/
      )
      const expected = Effect.gen(function*() {
        yield* insert
        return yield* Effect.fail("sold out")
      })
      assert.isAbove((yield* FaultPlan.explore(expected, { tables, invariant })).runs, 1)
      assert.isAbove((yield* FaultPlan.explore(Effect.result(insert), { tables, invariant })).runs, 1)
    }))

  it.effect("needs an invariant", () =>
    Effect.gen(function*() {
      const explore: unknown = Reflect.apply(FaultPlan.explore, undefined, [insert, { tables }])
      assert.match(
        yield* defectOf(explore as Effect.Effect<unknown>),
        /InvalidOptions.*invariant: expected a function that returns an effect/
      )
    }))
})
