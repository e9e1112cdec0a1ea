import { CqlError, Outcome, Reason } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { inspect } from "node:util"
import { afterAttempt, isRetryable } from "../src/internal/reasons.ts"

const message = "x"
const replicas = { message, consistency: "QUORUM", received: 1, blockFor: 2 } as const
const failures = { ...replicas, failures: 1 }
const write = { kind: "write", conditional: false } as const
const subjects = {
  read: { kind: "read", conditional: false },
  write,
  many: { ...write, manyPartitions: true },
  conditional: { kind: "write", conditional: true },
  logged: { ...write, batch: "logged" },
  unlogged: { ...write, batch: "unlogged" },
  counter: { ...write, batch: "counter" }
} as const

const timeout = (writeType: string) => new Reason.WriteTimeout({ ...replicas, writeType })
const hosts = (...reasons: ReadonlyArray<Reason.Reason | undefined>) =>
  new Reason.NoHostAvailable({ message, hosts: reasons.map((reason) => ({ host: "127.0.0.1:9042", reason })) })

/** Each reason, and its outcome for a plain write; then what differs for other subjects. */
const table: ReadonlyArray<
  [reason: Reason.Reason, write: Outcome.Outcome, others?: Partial<Record<keyof typeof subjects, Outcome.Outcome>>]
> = [
  [new Reason.SyntaxError({ message }), "NotApplied"],
  [new Reason.Unauthorized({ message }), "NotApplied"],
  [new Reason.InvalidQuery({ message }), "NotApplied"],
  [new Reason.ConfigError({ message }), "NotApplied"],
  [new Reason.AlreadyExists({ message, keyspace: "k", table: "t" }), "NotApplied"],
  [new Reason.AuthenticationFailed({ message }), "NotApplied"],
  [new Reason.Unprepared({ message }), "NotApplied"],
  [new Reason.IsBootstrapping({ message }), "NotApplied"],
  [new Reason.Busy({ message }), "NotApplied"],
  [new Reason.ParametersRefused({ message }), "NotApplied"],
  [new Reason.SessionClosed({ message }), "NotApplied"],
  [new Reason.ConnectFailed({ message, hosts: [], check: "" }), "NotApplied"],
  [
    new Reason.Unavailable({ message, consistency: "ALL", required: 3, alive: 2 }),
    "NotApplied",
    { many: "Unknown", conditional: "Unknown", unlogged: "Unknown", counter: "Unknown" }
  ],
  [
    new Reason.Unavailable({ message, consistency: "SERIAL", required: 2, alive: 1 }),
    "NotApplied",
    { many: "Unknown", unlogged: "Unknown", counter: "Unknown" }
  ],
  [new Reason.Overloaded({ message }), "Unknown"],
  [timeout("SIMPLE"), "Unknown", { conditional: "WillApply" }],
  [timeout("CAS"), "Unknown"],
  [timeout("COUNTER"), "Unknown"],
  [timeout("VIEW"), "Unknown"],
  [timeout("CDC"), "Unknown"],
  [timeout("BATCH"), "WillApply", {
    many: "WillApply",
    conditional: "WillApply",
    logged: "WillApply",
    unlogged: "WillApply",
    counter: "WillApply"
  }],
  [timeout("BATCH_LOG"), "Unknown"],
  [timeout("UNLOGGED_BATCH"), "Unknown"],
  [new Reason.CasWriteUnknown(replicas), "Unknown"],
  [new Reason.WriteFailure({ ...failures, writeType: "SIMPLE" }), "Unknown"],
  [new Reason.CdcWriteFailure(replicas), "Unknown"],
  [new Reason.ServerError({ message }), "Unknown"],
  [new Reason.ProtocolError({ message }), "Unknown"],
  [new Reason.TruncateError({ message }), "Unknown"],
  [new Reason.FunctionFailure({ message, keyspace: "k", function: "f", argTypes: [] }), "Unknown"],
  [new Reason.ReadTimeout({ ...replicas, dataPresent: false }), "Unknown"],
  [new Reason.ReadFailure({ ...failures, dataPresent: false }), "Unknown"],
  [new Reason.RequestTimeout({ message, timeout: 1 }), "Unknown"],
  [new Reason.ConnectionClosed({ message }), "Unknown"],
  [new Reason.ConnectionClosed({ message, written: true }), "Unknown"],
  [new Reason.ConnectionClosed({ message, written: false }), "NotApplied"],
  [new Reason.UnknownError({ message }), "Unknown"],
  [new Reason.RowDecoding({ message, row: 0, issue: "" }), "Applied", { conditional: "Unknown" }],
  [new Reason.RowDecoding({ message, row: 0, issue: "", applied: true }), "Applied"],
  [new Reason.RowDecoding({ message, row: 0, issue: "", applied: false }), "Applied", { conditional: "NotApplied" }],
  [hosts(), "NotApplied"],
  [hosts(undefined, new Reason.Busy({ message })), "NotApplied"],
  [hosts(timeout("BATCH"), undefined), "WillApply", {
    many: "WillApply",
    conditional: "WillApply",
    logged: "WillApply",
    unlogged: "WillApply",
    counter: "WillApply"
  }],
  [hosts(timeout("BATCH"), new Reason.Overloaded({ message })), "Unknown"]
]

describe("the outcome of an error", () => {
  for (const [reason, expected, others] of table) {
    it(`${reason._tag} ${"writeType" in reason ? reason.writeType : ""} leaves a write ${expected}`, () => {
      for (const [name, subject] of Object.entries(subjects)) {
        const due = name === "read" ? "NotApplied" : others?.[name as keyof typeof subjects] ?? expected
        assert.strictEqual(Outcome.fromReason(reason, subject), due, name)
      }
    })
  }

  it("of a request that was not sent is NotApplied, whatever the reason", () => {
    const unsent: ReadonlyArray<Reason.Reason> = [
      new Reason.Overloaded({ message, written: false }),
      new Reason.ServerError({ message, written: false }),
      new Reason.ProtocolError({ message, written: false }),
      new Reason.WriteTimeout({ ...replicas, writeType: "SIMPLE", written: false }),
      new Reason.RequestTimeout({ message, timeout: 1, written: false }),
      new Reason.UnknownError({ message, written: false })
    ]
    for (const reason of unsent) {
      for (const [name, subject] of Object.entries(subjects)) {
        assert.strictEqual(Outcome.fromReason(reason, subject), "NotApplied", `${reason._tag} of ${name}`)
      }
      const isPassing = reason.isRetryable
      assert.strictEqual(isRetryable(reason, "NotApplied", false), isPassing, reason._tag)
      const decoded = Schema.decodeUnknownSync(Reason.schema)(Schema.encodeSync(Reason.schema)(reason))
      assert.strictEqual(decoded.written, false)
    }
  })

  it("is sticky: once Unknown, no later refusal makes it certain again", () => {
    assert.strictEqual(afterAttempt("Unknown", "NotApplied"), "Unknown")
    assert.strictEqual(afterAttempt("WillApply", "NotApplied"), "WillApply")
    assert.strictEqual(afterAttempt("NotApplied", "Unknown"), "Unknown")
    assert.strictEqual(afterAttempt(undefined, "NotApplied"), "NotApplied")
  })
})

describe("CqlError", () => {
  const secret = "s3cret"
  const error = new CqlError({
    reason: new Reason.ServerError({ message: "broken", cause: new Error(secret), coordinator: "127.0.0.1:9042" }),
    query: `INSERT INTO t (a) VALUES (?) ${"x".repeat(500)}`
  })

  it("includes its reason, its query in short and its outcome, and hides the driver's error", () => {
    assert.match(error.message, /^ServerError: broken \[INSERT INTO t .*\.\.\.\] \(Unknown, 1 attempt\)$/)
    for (
      const text of [JSON.stringify(error), inspect(error), String(error), inspect({ nested: [error] }, { depth: 9 })]
    ) {
      assert.notInclude(text, secret)
    }
    assert.strictEqual((error.reason.cause as Error).message, secret)
  })

  it("captures no stack trace", () => {
    assert.notInclude(String(error.stack), "    at ")
    assert.isTrue(Error.stackTraceLimit > 0)
  })
})
