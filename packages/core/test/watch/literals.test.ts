import { Batch, executeConcurrent, Reason, runConcurrent, Session, Statement, Trace } from "@effect-cql/core"
import { keeping } from "@effect-cql/test-support/spans"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { literalsOf, withoutLiterals } from "../../src/internal/statement/withoutLiterals.ts"

/** Literals as a program may write them, and what of each has to be hidden. */
const literals: ReadonlyArray<readonly [cql: string, hidden: string]> = [
  ["'s3cret'", "s3cret"],
  ["'it''s s3cret'", "s3cret"],
  ["''''", "''"],
  ["'-- s3cret'", "s3cret"],
  ["'/* s3cret */'", "s3cret"],
  ["'? s3cret'", "s3cret"],
  ["'\"s3cret\"'", "s3cret"],
  ["'héllo s3cret 😀'", "😀"],
  ["'two\nlines s3cret'", "s3cret"],
  ["$$s3cret$$", "s3cret"],
  ["$$it's s3cret$$", "s3cret"],
  ["$$s3cret", "s3cret"],
  ["'s3cret", "s3cret"],
  ["471147", "471147"],
  ["-471147", "471147"],
  ["4711.47e+11", "4711"],
  ["0xCAFEBABE", "CAFEBABE"],
  ["7a1ffa50-cc5a-11ee-8f1a-dfb3b4a1c6a1", "cc5a"],
  ["4y7mo11w47d11h47m11s", "47"],
  ["P4Y7M11DT4H7M11S", "7M11"],
  ["P11W", "P11W"],
  ["-P4711D", "4711"],
  ["PT4711S", "4711"],
  ["{'s3cret': 4711}", "s3cret"],
  ["['s3cret', 4711]", "4711"],
  ["('s3cret', 4711)", "4711"],
  ["{street: 's3cret', zip: 4711}", "s3cret"],
  ["true", "true"],
  ["NaN", "NaN"],
  // Values that were not quoted are a mistake, which must not show them either.
  ["5f4dcc3b5aa765d6", "dcc3b"],
  ["1 -- s3cret", "s3cret"],
  ["1 // s3cret", "s3cret"],
  ["1 /* s3cret */", "s3cret"],
  ["1 /* s3cret", "s3cret"]
]

const forms: ReadonlyArray<(literal: string) => string> = [
  (literal) => `INSERT INTO app.users (id, name) VALUES (1, ${literal}\n)`,
  (literal) => `SELECT name FROM app.users WHERE id = ${literal}`,
  (literal) => `UPDATE app.users SET name = ${literal}\nWHERE id = 1`,
  (literal) => `ALTER ROLE eve WITH PASSWORD = ${literal}`,
  (literal) => `BEGIN BATCH INSERT INTO app.users (id) VALUES (${literal}\n) APPLY BATCH`
]

describe("a text without literals", () => {
  it("hides each of them, wherever it stands", () => {
    for (const [literal, hidden] of literals) {
      for (const form of forms) {
        const text = withoutLiterals(form(literal))
        assert.notInclude(text, hidden, form(literal))
        assert.include(text, "?")
      }
    }
  })

  it("keeps names and words, whatever they resemble", () => {
    const text = "SELECT p1, pt, \"it's\", p FROM ks1.p2d_x WHERE token(p) > ? ALLOW FILTERING"
    assert.strictEqual(withoutLiterals(text), text)
  })

  it("has one mark for a literal in several pieces", () => {
    assert.strictEqual(withoutLiterals("SELECT 'a''b', 1d2h, 'x"), "SELECT ?, ?, ?")
  })

  it("lists the literals that it hides, as a server would quote them", () => {
    assert.deepStrictEqual(literalsOf("SELECT 'it''s', $$a'b$$, 12, 0xCAFE, '' FROM t"), [
      "it's",
      "a'b",
      "12",
      "CAFE",
      ""
    ])
  })
})

/** Runs an effect with a tracer that keeps its spans, and gives everything that an exporter would send of them. */
const exported = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const { spans, tracer } = keeping()
    yield* Effect.exit(Effect.provideService(effect, Tracer.Tracer, tracer))
    return spans.map((span) => {
      const exit = span.status._tag === "Ended" ? span.status.exit : Exit.void
      const errors = Exit.isFailure(exit) ? Cause.prettyErrors(exit.cause, { includeCauseInStack: true }) : []
      return [
        span.name,
        JSON.stringify(
          [[...span.attributes], span.events, Exit.isFailure(exit) ? exit : ""],
          (_, value: unknown) => typeof value === "bigint" ? String(value) : value
        ),
        ...errors.flatMap(({ message, name, stack }) => [name, message, stack])
      ].join("\n")
    })
  })

describe("the error of a span", () => {
  const text = "SELECT a FROM t WHERE name = 'it''s s3cret' AND code = 471147"
  const quoting = (
    cause: unknown,
    message = "Invalid STRING constant (it's s3cret) or 471147 for \"name\" of type int"
  ) => MockSession.layer({ otherwise: MockSession.fail(new Reason.InvalidQuery({ message, cause })) })
  const calls = (statement: Statement.Input): ReadonlyArray<Effect.Effect<unknown, unknown, Session>> => [
    Session.use((session) => session.execute(statement)),
    executeConcurrent([statement]),
    executeConcurrent([statement], { spans: "all", raiseOnFirstError: false }),
    executeConcurrent([statement], { spans: "failures", raiseOnFirstError: false }),
    runConcurrent([statement], { raiseOnFirstError: false, errorBudget: { failures: 1 } })
  ]

  it.effect("has no literal that the server or the driver quotes", () =>
    Effect.gen(function*() {
      const causes: ReadonlyArray<unknown> = [
        undefined,
        new Error("Invalid STRING constant (it's s3cret) for 471147"),
        new Error("outer", { cause: new Error("it's s3cret") }),
        Object.assign(new Error("changed"), { message: "471147", stack: "Error: 471147\n    at a.js:1:2" }),
        "it's s3cret",
        { query: "it's s3cret" }
      ]
      for (const cause of causes) {
        for (const statement of [Statement.make(text), Batch.make([Statement.make(`INSERT ${text}`)])]) {
          for (const call of calls(statement)) {
            const shown = yield* exported(Effect.provide(call, quoting(cause)))
            assert.isNotEmpty(shown)
            for (const each of shown) {
              assert.notInclude(each, "s3cret")
              assert.notInclude(each, "471147")
            }
          }
        }
      }
    }))

  it.effect("has those of every host that failed", () =>
    Effect.gen(function*() {
      const reason = new Reason.InvalidQuery({ message: "no it's s3cret here" })
      const none = new Reason.NoHostAvailable({ message: "no host", hosts: [{ host: "a:1", reason }, { host: "b:2" }] })
      const [shown] = yield* exported(
        Statement.make(text).pipe(Effect.provide(MockSession.layer({ otherwise: MockSession.fail(none) })))
      )
      assert.notInclude(shown, "s3cret")
      assert.include(shown, "b:2")
    }))

  it.effect("shows the error of the driver where that quotes none, and the rest of the message", () =>
    Effect.gen(function*() {
      const [shown] = yield* exported(
        Statement.make(text).pipe(Effect.provide(quoting(new Error("from the driver"))))
      )
      assert.include(shown, "from the driver")
      assert.include(shown, "Invalid STRING constant (<value>)")
      const [bound] = yield* exported(
        Statement.make("SELECT a FROM t WHERE b = ?", [1]).pipe(
          Effect.provide(quoting(new Error("from the driver"), "x"))
        )
      )
      assert.include(bound, "from the driver")
    }))

  it.effect("has a bound, whatever the server writes", () =>
    Effect.gen(function*() {
      const [shown] = yield* exported(
        Statement.make("SELECT a FROM t").pipe(Effect.provide(quoting(undefined, "x".repeat(1_000_000))))
      )
      assert.isBelow(shown!.length, 40_000)
    }))
})

describe("the attributes of a span", () => {
  it.effect("have a bound, for texts of megabytes and batches of a thousand texts", () =>
    Effect.gen(function*() {
      const texts = Array.from({ length: 1_000 }, (_, index) => `INSERT INTO t${index} (a) VALUES ('s3cret ${index}')`)
      const statements: ReadonlyArray<Statement.Input> = [
        Batch.make(texts.map((text) => Statement.make(text))),
        Statement.make(
          `INSERT INTO t (a) VALUES (${texts.map(() => "'s3cret'").join(", ")}, '${"s3cret ".repeat(150_000)}')`
        ),
        Statement.make(
          `SELECT ${texts.map(() => "😀".repeat(100)).join()} FROM t WHERE a = ? /* ${"x".repeat(1_000_000)} */`,
          [1]
        ),
        Statement.make(`SELECT a FROM "${"t".repeat(1_000_000)}"`)
      ]
      for (const statement of statements) {
        const [shown] = yield* exported(
          Session.use((session) => session.execute(statement)).pipe(Effect.provide(MockSession.layer()))
        )
        assert.isBelow(shown!.length, 20_000)
        assert.notInclude(shown, "s3cret")
        assert.isTrue(shown!.isWellFormed())
      }
    }))
})

describe("the trace of a request", () => {
  const id = "7a1ffa50-cc5a-11ee-8f1a-dfb3b4a1c6a1"
  const traceOf = (parameters: ReadonlyMap<string, string>, activities: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const row = { command: "QUERY", duration: 5, parameters }
      const session = MockSession.layer({
        answers: [
          MockSession.when(/system_traces\.sessions/, MockSession.rows([row])),
          MockSession.when(/system_traces\.events/, MockSession.rows(activities.map((activity) => ({ activity }))))
        ]
      })
      const fiber = yield* Effect.forkChild(Effect.provide(Session.trace(id), session))
      yield* TestClock.adjust("1 second")
      const trace = yield* Fiber.join(fiber)
      assert.isDefined(trace)
      return Trace.format(trace!)
    })

  it.effect("has no literal of its text, and none that a step quotes", () =>
    Effect.gen(function*() {
      const text = "SELECT a FROM app.users WHERE name = 'it''s s3cret' AND code = 471147"
      const printed = yield* traceOf(new Map([["query", text], ["consistency_level", "ONE"]]), [
        `Parsing ${text}`,
        "Executing single-partition query on users",
        `Scanned over 100001 tombstones during query '${text} LIMIT 5000' (last key was it's s3cret); query aborted`,
        "Digest mismatch: Mismatch for key DecoratedKey(-4069959284402364209, 73336372) (a vs b)"
      ])
      assert.notInclude(printed, "s3cret")
      assert.notInclude(printed, "471147")
      assert.notInclude(printed, "73336372")
      assert.include(printed, "query: SELECT a FROM app.users WHERE name = ? AND code = ?")
      assert.include(printed, "Executing single-partition query on users")
      assert.include(printed, "DecoratedKey(-4069959284402364209, <value>)")
      assert.include(printed, "consistency_level: ONE")
    }))

  it.effect("has no bound value that a step quotes", () =>
    Effect.gen(function*() {
      const text = "UPDATE app.users SET tags = ? WHERE name = ?"
      const printed = yield* traceOf(
        new Map([["query", text], ["bound_var_0_tags", "{'s3cret', 'other''s'}"], ["bound_var_1_name", "'ada l'"]]),
        ["Updating ada l with s3cret", "Sending to other's", `Preparing ${text}`]
      )
      for (const value of ["s3cret", "other's", "ada l"]) assert.notInclude(printed, value)
      assert.include(printed, text)
    }))

  it.effect("has no row that a condition met", () =>
    Effect.gen(function*() {
      const printed = yield* traceOf(new Map([["query", "UPDATE t SET a = ? WHERE k = ? IF a = ?"]]), [
        "CAS precondition does not match current values [app.t] key=s3cret partition_deletion=x\n    Row[]: c=0ther | [v=m0re]",
        "Accepting proposal Accepted(140151976687970002:f10e26d2-eb7a-11f1-3669-a4cb5bc14e58, 1442880000000000:key=s3cret)",
        "CAS did not apply"
      ])
      for (const value of ["s3cret", "0ther", "m0re"]) assert.notInclude(printed, value)
      assert.include(printed, "CAS precondition does not match current values <value>")
      assert.include(printed, "key=<value>")
      assert.include(printed, "CAS did not apply")
    }))

  it.effect("hides what a step parses where no parameter has the text", () =>
    Effect.gen(function*() {
      const printed = yield* traceOf(new Map(), ["Parsing INSERT INTO t (a) VALUES ('s3cret')"])
      assert.include(printed, "Parsing INSERT INTO t (a) VALUES (?)")
    }))
})
