import { Outcome, type Reason } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { errors } from "cassandra-driver"
import { inspect } from "node:util"
import { Malformed } from "../src/internal/protocol/reader.ts"
import { classify } from "../src/internal/request/classify.ts"

const host = "10.0.0.1:9042"
const other = "10.0.0.2:9042"

const response = (code: number, fields: object = {}) =>
  Object.assign(new errors.ResponseError(code, `message ${code.toString(16)}`), { coordinator: host }, fields)

const socketClosed = (fields: object = {}) =>
  Object.assign(new Error("Socket was closed"), { name: "DriverError", isSocketError: true, coordinator: host }, fields)

const timedOut = new errors.OperationTimedOutError("The host did not reply before timeout 12000 ms", host)

interface Row {
  readonly name: string
  readonly error: unknown
  readonly phase?: "plan" | "prepare" | "read"
  readonly hasPageState?: boolean
  /** Whether the error is kept where no printer shows it. */
  readonly hasHiddenCause?: boolean
  readonly tag: Reason.Reason["_tag"]
  readonly fields?: object
  /** Of an unconditional write. */
  readonly outcome: Outcome.Outcome
}

const replicas = { consistencies: 6, received: 1, blockFor: 2 }
const toldReplicas = { consistency: "LOCAL_QUORUM", received: 1, blockFor: 2 }

const table: ReadonlyArray<Row> = [
  { name: "0x0000", error: response(0x0000), tag: "ServerError", outcome: "Unknown" },
  { name: "0x000A", error: response(0x000a), tag: "ProtocolError", outcome: "Unknown" },
  {
    name: "0x000A for a page state",
    error: response(0x000a),
    hasPageState: true,
    tag: "InvalidPageState",
    outcome: "NotApplied"
  },
  ...[
    "java.lang.NullPointerException",
    "java.lang.NullPointerException: Cannot invoke \"java.nio.ByteBuffer.position()\" because \"key\" is null",
    "java.lang.RuntimeException: Reading from an in-memory buffer shouldn't trigger an IOException"
  ].flatMap((message): ReadonlyArray<Row> => [
    {
      name: `0x0000 for a page state: ${message}`,
      error: response(0x0000, { message }),
      hasPageState: true,
      tag: "InvalidPageState",
      outcome: "NotApplied"
    },
    { name: `0x0000: ${message}`, error: response(0x0000, { message }), tag: "ServerError", outcome: "Unknown" }
  ]),
  {
    name: "0x0000 of a page",
    error: response(0x0000),
    hasPageState: true,
    tag: "ServerError",
    outcome: "Unknown"
  },
  { name: "0x0100", error: response(0x0100), tag: "AuthenticationFailed", outcome: "NotApplied" },
  {
    name: "0x1000",
    error: response(0x1000, { consistencies: 4, required: 2, alive: 1 }),
    tag: "Unavailable",
    fields: { consistency: "QUORUM", required: 2, alive: 1 },
    outcome: "NotApplied"
  },
  { name: "0x1001", error: response(0x1001), tag: "Overloaded", outcome: "Unknown" },
  { name: "0x1002", error: response(0x1002), tag: "IsBootstrapping", outcome: "NotApplied" },
  { name: "0x1003", error: response(0x1003), tag: "TruncateError", outcome: "Unknown" },
  {
    name: "0x1100 of a plain write",
    error: response(0x1100, { ...replicas, writeType: "SIMPLE" }),
    tag: "WriteTimeout",
    fields: { ...toldReplicas, writeType: "SIMPLE" },
    outcome: "Unknown"
  },
  {
    name: "0x1100 of a batch whose log is written",
    error: response(0x1100, { ...replicas, writeType: "BATCH" }),
    tag: "WriteTimeout",
    fields: { writeType: "BATCH" },
    outcome: "WillApply"
  },
  {
    name: "0x1200",
    error: response(0x1200, { ...replicas, isDataPresent: 1 }),
    tag: "ReadTimeout",
    fields: { ...toldReplicas, dataPresent: true },
    outcome: "Unknown"
  },
  {
    name: "0x1300",
    error: response(0x1300, { ...replicas, failures: 1, isDataPresent: 0 }),
    tag: "ReadFailure",
    fields: { ...toldReplicas, failures: 1, dataPresent: false },
    outcome: "Unknown"
  },
  {
    name: "0x1400",
    error: response(0x1400, { keyspace: "app", functionName: "area", argTypes: ["int", "text"] }),
    tag: "FunctionFailure",
    fields: { keyspace: "app", function: "area", argTypes: ["int", "text"] },
    outcome: "Unknown"
  },
  {
    name: "0x1500",
    error: response(0x1500, { ...replicas, failures: 1, writeType: "SIMPLE", reasons: { "10.0.0.3": 1 } }),
    tag: "WriteFailure",
    fields: { ...toldReplicas, failures: 1, failuresByNode: { "10.0.0.3": 1 }, writeType: "SIMPLE" },
    outcome: "Unknown"
  },
  {
    name: "0x1600",
    error: response(0x1600, replicas),
    tag: "CdcWriteFailure",
    fields: toldReplicas,
    outcome: "Unknown"
  },
  {
    name: "0x1700",
    error: response(0x1700, replicas),
    tag: "CasWriteUnknown",
    fields: toldReplicas,
    outcome: "Unknown"
  },
  { name: "0x2000", error: response(0x2000), tag: "SyntaxError", outcome: "NotApplied" },
  { name: "0x2100", error: response(0x2100), tag: "Unauthorized", outcome: "NotApplied" },
  { name: "0x2200", error: response(0x2200), tag: "InvalidQuery", outcome: "NotApplied" },
  { name: "0x2300", error: response(0x2300), tag: "ConfigError", outcome: "NotApplied" },
  {
    name: "0x2400 of a table",
    error: response(0x2400, { keyspace: "app", table: "users" }),
    tag: "AlreadyExists",
    fields: { keyspace: "app", table: "users" },
    outcome: "NotApplied"
  },
  {
    name: "0x2400 of a keyspace",
    error: response(0x2400, { keyspace: "app" }),
    tag: "AlreadyExists",
    fields: { keyspace: "app", table: "" },
    outcome: "NotApplied"
  },
  { name: "0x2500", error: response(0x2500), tag: "Unprepared", outcome: "NotApplied" },
  { name: "a code of the future", error: response(0x3000), tag: "UnknownError", outcome: "Unknown" },
  {
    name: "the timeout of the client",
    error: timedOut,
    tag: "RequestTimeout",
    fields: { host, timeout: 12_000 },
    outcome: "Unknown"
  },
  {
    name: "the timeout of the client while preparing",
    error: timedOut,
    phase: "prepare",
    tag: "NoHostAvailable",
    fields: { hosts: [{ host }] },
    outcome: "NotApplied"
  },
  {
    name: "a socket that closed",
    error: socketClosed(),
    tag: "ConnectionClosed",
    fields: { host, written: undefined },
    outcome: "Unknown"
  },
  {
    name: "a socket that closed before the request was written",
    error: socketClosed({ requestNotWritten: true }),
    tag: "ConnectionClosed",
    fields: { host, written: false },
    outcome: "NotApplied"
  },
  {
    name: "a socket that closed while preparing",
    error: socketClosed(),
    phase: "prepare",
    tag: "ConnectionClosed",
    fields: { written: false },
    outcome: "NotApplied"
  },
  {
    name: "full connections",
    error: new errors.BusyConnectionError(host, 2048, 1),
    tag: "Busy",
    fields: { host, inFlight: 2048 },
    outcome: "NotApplied"
  },
  {
    name: "no host, each left out: a text, null, and a bare Error",
    error: new errors.NoHostAvailableError({
      a: "Host considered as DOWN",
      b: null,
      c: new Error("No connection available")
    }),
    tag: "NoHostAvailable",
    fields: { hosts: [{ host: "a" }, { host: "b" }, { host: "c" }] },
    outcome: "NotApplied"
  },
  {
    name: "no host, with full connections to one",
    error: new errors.NoHostAvailableError({ [host]: new errors.BusyConnectionError(host, 2048, 1) }),
    tag: "NoHostAvailable",
    outcome: "NotApplied"
  },
  {
    name: "no host, and one may have the write",
    error: new errors.NoHostAvailableError({ [host]: "Host considered as DOWN", [other]: timedOut }),
    tag: "NoHostAvailable",
    outcome: "Unknown"
  },
  {
    name: "no host that could prepare",
    error: new errors.NoHostAvailableError({ [host]: socketClosed(), [other]: timedOut }),
    phase: "prepare",
    tag: "NoHostAvailable",
    fields: { hosts: [{ host }, { host: other }] },
    outcome: "NotApplied"
  },
  {
    name: "no host with a connection to prepare on",
    error: new Error("No connection available"),
    phase: "prepare",
    tag: "NoHostAvailable",
    fields: { hosts: [] },
    outcome: "NotApplied"
  },
  {
    name: "a client that was shut down",
    error: new errors.NoHostAvailableError(null, "Connecting after shutdown is not supported"),
    tag: "SessionClosed",
    outcome: "NotApplied"
  },
  {
    name: "an error of a load-balancing policy",
    error: new TypeError("no rack"),
    phase: "plan",
    tag: "NoHostAvailable",
    fields: { message: "the load-balancing policy failed before anything was sent: TypeError: no rack" },
    outcome: "NotApplied"
  },
  ...[TypeError, RangeError, errors.ArgumentError].map((Thrown): Row => ({
    name: `${Thrown.name} of the driver`,
    error: new Thrown("Expected Number, obtained 'secret'"),
    tag: "UnknownError",
    fields: { message: `the driver failed with a ${Thrown.name}` },
    hasHiddenCause: true,
    outcome: "Unknown"
  })),
  {
    name: "an answer that cannot be read",
    error: new Malformed("the body of the frame ends too early"),
    phase: "read",
    tag: "UnknownError",
    fields: { message: "the answer cannot be read: the body of the frame ends too early" },
    outcome: "Unknown"
  },
  { name: "login", error: new errors.AuthenticationError("no"), tag: "AuthenticationFailed", outcome: "NotApplied" },
  { name: "a bug", error: new errors.DriverInternalError("bug"), tag: "UnknownError", outcome: "Unknown" },
  { name: "not supported", error: new errors.NotSupportedError("no"), tag: "UnknownError", outcome: "Unknown" },
  { name: "an unknown error", error: new Error("what"), tag: "UnknownError", outcome: "Unknown" },
  { name: "something thrown that is no error", error: "what", tag: "UnknownError", outcome: "Unknown" }
]

describe("the reason of an error of the driver", () => {
  for (const { error, fields = {}, hasHiddenCause, hasPageState, name, outcome, phase = "execute", tag } of table) {
    it(`${name}: ${tag}, ${outcome}`, () => {
      const reason = classify(error, { phase, hasPageState, timeout: 12_000 })
      assert.strictEqual(reason._tag, tag)
      for (const [field, expected] of Object.entries(fields)) {
        assert.deepStrictEqual(Reflect.get(reason, field), expected, field)
      }
      assert.strictEqual(Outcome.fromReason(reason, { kind: "write", conditional: false }), outcome)
      assert.strictEqual(Outcome.fromReason(reason, { kind: "read", conditional: false }), "NotApplied")
      if (hasHiddenCause !== true) assert.strictEqual(reason.cause, error)
    })
  }

  it("includes the coordinator", () => {
    assert.strictEqual(classify(response(0x1001), { phase: "execute", timeout: 0 }).coordinator, host)
  })

  it("shows no value that the driver refused, wherever it looks", () => {
    for (const Refused of [TypeError, RangeError, errors.ArgumentError]) {
      for (const fields of [{}, { coordinator: host }]) {
        const error = Object.assign(new Refused("Expected Number, obtained 'secret'"), fields)
        const reason = classify(error, { phase: "execute", timeout: 0 })
        assert.notInclude(`${reason.message}${JSON.stringify(reason)}${inspect(reason)}`, "secret")
      }
    }
  })
})

describe("a message of the server that advises to USE a keyspace", () => {
  it("is followed by what a session takes instead", () => {
    const error = new errors.ResponseError(
      0x2200,
      "No keyspace has been specified. USE a keyspace, or explicitly specify t"
    )
    const reason = classify(error, { phase: "execute", timeout: 0 })
    assert.strictEqual(reason._tag, "InvalidQuery")
    assert.match(
      reason.message,
      /specify t\. A session refuses USE: set its option keyspace, or qualify the table$/
    )
    assert.notInclude(classify(response(0x2200), { phase: "execute", timeout: 0 }).message, "keyspace")
  })
})
