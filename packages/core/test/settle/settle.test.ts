import type { Outcome } from "@effect-cql/core"
import { Batch, CqlError, executeConcurrent, Query, Reason, RetryPolicy, Settlement, Statement } from "@effect-cql/core"
import { defectOf, errorOf, timed, valueOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { completed } from "../../src/internal/execution/completion.ts"

/** Contents of one row: values with their write times, in microseconds. */
type Row = Readonly<Record<string, readonly [value: unknown, time: bigint | null]>>

const columns = (types: Readonly<Record<string, string>>) => [
  { column_name: "id", kind: "partition_key", type: "int" },
  { column_name: "k", kind: "clustering", type: "int" },
  ...Object.entries(types).map(([column_name, type]) => ({ column_name, kind: "regular", type }))
]

/** A database that holds one row at most, and answers what reads it back. */
const holding = (
  row: Row | undefined,
  types: Readonly<Record<string, string>> = { a: "int", b: "text" },
  default_time_to_live = 0
) =>
  MockSession.layer({
    lenient: true,
    answers: [
      MockSession.when(/system_schema\.tables/, MockSession.rows([{ default_time_to_live }])),
      MockSession.when(/system_schema\.columns/, MockSession.rows(columns(types))),
      MockSession.when(/^SELECT/, (request) => {
        const text = request._tag === "Statement" ? request.text : ""
        const asked = [...text.matchAll(/"(\w+)" AS "value (\d+)"/g)]
        const found = row === undefined ? [] : [Object.fromEntries(asked.flatMap(([, name, at]) => {
          const [value, time] = row[name!] ?? [null, null]
          return [[`value ${at}`, value], [`time ${at}`, time]]
        }))]
        return Effect.succeed({ rows: found })
      })
    ]
  })

const timeout = new Reason.RequestTimeout({ message: "no answer", timeout: 12_000 })

const unknown = (statement: Statement.Statement<unknown> | Batch.Batch, timestamp?: bigint): Settlement.Unsettled => ({
  statement,
  outcome: "Unknown",
  timestamp
})

const lost = new Reason.WriteTimeout({
  message: "1 of 2 replicas accepted",
  consistency: "SERIAL",
  received: 1,
  blockFor: 2,
  writeType: "CAS"
})

/** A write with an unknown outcome. The server reported at its last attempt that it gave the write up. */
const answered = (
  statement: Statement.Statement<unknown> | Batch.Batch,
  reason: Reason.Reason = lost,
  attempts = 1
) => ({
  statement,
  outcome: "Unknown" as const,
  error: completed(new CqlError({ reason, query: statement.text }), "Unknown", attempts, false, { timestamp: now })
})

const settleOne = (unsettled: Settlement.Unsettled, options?: Settlement.SettleOptions) =>
  Effect.map(Settlement.settle([unsettled], options), ([settlement, ...others]) => {
    assert.lengthOf(others, 0)
    return settlement!
  })

const second = 1_000_000n
const now = 1_000n * second
const insert = Statement.make("INSERT INTO app.t (id, k, a, b) VALUES (?, ?, ?, ?)", [1, 2, 3, "x"])
const update = Statement.make("UPDATE app.t SET a = ?, b = ? WHERE id = ? AND k = ?", [3, "x", 1, 2])

type Case = readonly [name: string, row: Row | undefined, outcome: Outcome.Outcome, finding: Settlement.Finding]

describe("a write without a condition", () => {
  const cases: ReadonlyArray<Case> = [
    ["its values at its time", { a: [3, now], b: ["x", now] }, "Applied", "found"],
    ["one of its values at its time, the other overwritten", { a: [3, now], b: ["y", now + 1n] }, "Applied", "found"],
    ["its values, written before", { a: [3, now - 1n], b: ["x", now - 1n] }, "Unknown", "older"],
    ["other values, written before", { a: [4, now - 1n], b: ["y", now - 1n] }, "Unknown", "older"],
    ["one of its values at its time, the other older", { a: [3, now], b: ["y", now - 1n] }, "Unknown", "older"],
    ["one of its values at its time, another at the same", { a: [3, now], b: ["y", now] }, "Unknown", "overwritten"],
    ["one of its values at its time, the other deleted", { a: [3, now], b: [null, null] }, "Applied", "found"],
    ["newer values", { a: [3, now + 1n], b: ["y", now + 5n] }, "Unknown", "overwritten"],
    ["other values at its very time", { a: [4, now], b: ["y", now] }, "Unknown", "overwritten"],
    ["empty columns", { a: [null, null], b: [null, null] }, "Unknown", "absent"],
    ["no row", undefined, "Unknown", "absent"]
  ]
  for (const [name, row, outcome, finding] of cases) {
    it.effect(`${name}: ${outcome}`, () =>
      Effect.gen(function*() {
        for (const statement of [insert, update]) {
          const settlement = yield* settleOne(unknown(statement, now))
          assert.deepInclude(settlement, { before: "Unknown", outcome, finding, statement, index: 0 })
          assert.strictEqual(settlement.isCertain, outcome === "Applied")
        }
      }).pipe(Effect.provide(holding(row))))
  }

  it.effect("the timestamp of its text goes before that of the client", () =>
    Effect.gen(function*() {
      const own = Statement.make("UPDATE app.t USING TIMESTAMP ? SET a = ? WHERE id = 1 AND k = 2", [77n, 3])
      assert.strictEqual((yield* settleOne(unknown(own, now))).outcome, "Applied")
      const literal = Statement.make("INSERT INTO app.t (id, k, a) VALUES (1, 2, 3) USING TIMESTAMP 77")
      assert.strictEqual((yield* settleOne(unknown(literal, now))).outcome, "Applied")
    }).pipe(Effect.provide(holding({ a: [3, 77n] }))))

  it.effect("is read by the key alone, at QUORUM unless an option says otherwise, and never from its text", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      yield* settleOne(unknown(insert, now))
      yield* settleOne(unknown(update, now), { consistency: "ALL" })
      const reads = (yield* mock.calls)
        .map(({ request }) => request)
        .filter(({ options }) => options.consistency !== undefined)
      for (const [at, consistency] of (["QUORUM", "ALL"] as const).entries()) {
        const read = reads[at]!
        assert.deepInclude(read, {
          text:
            "SELECT \"a\" AS \"value 0\", WRITETIME(\"a\") AS \"time 0\", \"b\" AS \"value 1\", WRITETIME(\"b\") AS \"time 1\" " +
            "FROM \"app\".\"t\" WHERE \"id\" = ? AND \"k\" = ? LIMIT 1",
          params: [1, 2]
        })
        assert.strictEqual(read.options.consistency, consistency)
      }
    }).pipe(Effect.provide(holding(undefined))))
})

describe("a conditional write, read at a serial level", () => {
  const cases: ReadonlyArray<Case> = [
    ["its values, written since", { a: [3, now + 5n], b: ["x", now + 5n] }, "Applied", "found"],
    ["its values, written by a clock a little behind", { a: [3, now - 5n], b: ["x", now - 5n] }, "Applied", "found"],
    ["its values, written long before", { a: [3, 5n], b: ["x", 5n] }, "NotApplied", "older"],
    ["other values, written long before", { a: [4, 5n], b: ["y", 5n] }, "NotApplied", "older"],
    ["one column of another since, one of before", { a: [4, now], b: ["y", 5n] }, "NotApplied", "older"],
    ["other values, written since", { a: [4, now], b: ["x", now] }, "Unknown", "overwritten"],
    ["no row", undefined, "NotApplied", "absent"],
    ["empty columns", { a: [null, null], b: [null, null] }, "NotApplied", "absent"]
  ]
  const conditional = [
    Statement.make("INSERT INTO app.t (id, k, a, b) VALUES (?, ?, ?, ?) IF NOT EXISTS", [1, 2, 3, "x"]),
    Statement.make("UPDATE app.t SET a = ?, b = ? WHERE id = ? AND k = ? IF a = ?", [3, "x", 1, 2, 9])
  ]
  for (const [name, row, outcome, finding] of cases) {
    it.effect(`${name}: ${outcome} where the server has answered`, () =>
      Effect.gen(function*() {
        for (const statement of conditional) {
          const settlement = yield* settleOne(answered(statement))
          assert.deepInclude(settlement, { outcome, finding })
          assert.deepStrictEqual(
            settlement.row,
            row === undefined ? undefined : { a: row["a"]![0], b: row["b"]![0] }
          )
        }
      }).pipe(Effect.provide(holding(row))))

    it.effect(`${name}: ${outcome === "Applied" ? "Applied" : "open"} where it has not`, () =>
      Effect.gen(function*() {
        for (const statement of conditional) {
          for (const open of [unknown(statement, now), answered(statement, timeout), answered(statement, lost, 2)]) {
            const settlement = yield* settleOne(open)
            assert.deepInclude(settlement, { outcome: outcome === "Applied" ? "Applied" : "Unknown", finding })
          }
        }
      }).pipe(Effect.provide(holding(row))))
  }

  it.effect("what is not there may have expired, by its text or by its table", () =>
    Effect.gen(function*() {
      const leased = Statement.make("INSERT INTO app.t (id, k, a) VALUES (1, 2, 3) IF NOT EXISTS USING TTL 60")
      assert.strictEqual(
        (yield* settleOne(answered(leased)).pipe(Effect.provide(holding(undefined)))).outcome,
        "Unknown"
      )
      const expiring = holding(undefined, { a: "int", b: "text" }, 60)
      assert.strictEqual(
        (yield* settleOne(answered(conditional[0]!)).pipe(Effect.provide(expiring))).outcome,
        "Unknown"
      )
    }))

  it.effect("what only empties columns leaves no row to find", () =>
    Effect.gen(function*() {
      const release = Statement.make("UPDATE app.t SET a = ? WHERE id = 1 AND k = 2 IF a = 3", [null])
      assert.strictEqual((yield* settleOne(answered(release))).outcome, "Unknown")
    }).pipe(Effect.provide(holding(undefined))))

  it.effect("the same values prove nothing where it sets more than can be compared", () =>
    Effect.gen(function*() {
      for (const set of ["b = 'x', owners = {'me'}", "b = 'x', owners['me'] = 1", "b = 'x', a = (int)3"]) {
        const claim = Statement.make(`UPDATE app.t SET ${set} WHERE id = 1 AND k = 2 IF b = null`)
        assert.deepInclude(yield* settleOne(answered(claim)), { outcome: "Unknown", finding: "notComparable" })
      }
    }).pipe(Effect.provide(holding({ b: ["x", now] }, { a: "int", b: "text", owners: "set<text>" }))))

  it.effect("a literal whose value only the server knows may be the one that distinguishes two writers", () =>
    Effect.gen(function*() {
      const claims = ["0xaa01", "1d12h", "'2026-01-02'"].flatMap((owner) => [
        `INSERT INTO app.t (id, k, b, owner) VALUES (1, 2, 'x', ${owner}) IF NOT EXISTS`,
        `UPDATE app.t SET b = 'x', owner = ${owner} WHERE id = 1 AND k = 2 IF owner = null`
      ])
      for (const claim of claims) {
        assert.deepInclude(yield* settleOne(answered(Statement.make(claim))), {
          outcome: "Unknown",
          finding: "notComparable"
        })
      }
      const dated = Statement.make(
        "UPDATE app.t USING TIMESTAMP 1000000000 SET b = 'x', owner = 0xaa01 WHERE id = 1 AND k = 2"
      )
      assert.deepInclude(yield* settleOne(unknown(dated)), { outcome: "Unknown", finding: "notComparable" })
    }).pipe(Effect.provide(holding({ b: ["x", now] }, { b: "text", owner: "blob" }))))

  it.effect("the level is that of the attempt, also where the run has said it", () =>
    Effect.gen(function*() {
      const statement = Statement.make("UPDATE app.t SET a = 1 WHERE id = 1 IF a = 2")
      const results = yield* executeConcurrent([statement], {
        raiseOnFirstError: false,
        statement: { serialConsistency: "LOCAL_SERIAL" }
      })
      yield* Settlement.settle(results)
      const mock = yield* MockSession.MockSession
      const levels = (yield* mock.calls).map(({ request }) => request.options.consistency)
      assert.deepStrictEqual(levels.at(-1), "LOCAL_SERIAL")
    }).pipe(Effect.provide(MockSession.layer({
      lenient: true,
      answers: [
        MockSession.when(/^UPDATE/, MockSession.fail(timeout)),
        MockSession.when(
          /system_schema\.columns/,
          MockSession.rows([
            { column_name: "id", kind: "partition_key", type: "int" },
            { column_name: "a", kind: "regular", type: "int" }
          ])
        )
      ]
    }))))

  it.effect("a condition lost after an unknown attempt is settled like a failure", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000)
      const statement = Statement.make("INSERT INTO app.t (id, a) VALUES (1, 3) IF NOT EXISTS", [], {
        idempotent: true,
        retry: RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 2, initial: 0 }) })
      })
      const [result] = valueOf((yield* timed(executeConcurrent([statement]))).exit)
      assert.deepInclude(result, { _tag: "Success", outcome: "Unknown" })
      assert.deepInclude(yield* settleOne(result!), { outcome: "Applied", finding: "found" })
    }).pipe(Effect.provide(MockSession.layer({
      lenient: true,
      answers: [
        MockSession.when(
          /^INSERT/,
          MockSession.inTurn(MockSession.fail(timeout), () => Effect.succeed({ rows: [], wasApplied: false }))
        ),
        MockSession.when(
          /system_schema\.columns/,
          MockSession.rows([
            { column_name: "id", kind: "partition_key", type: "int" },
            { column_name: "a", kind: "regular", type: "int" }
          ])
        ),
        MockSession.when(/"value 0"/, MockSession.rows([{ "value 0": 3, "time 0": now }]))
      ]
    }))))

  it.effect("the level is that of the statement, SERIAL by default", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const local = Statement.withOptions(conditional[0]!, { serialConsistency: "LOCAL_SERIAL" })
      yield* settleOne(unknown(conditional[0]!, now))
      yield* settleOne(unknown(local, now))
      yield* settleOne(unknown(local, now), { serialConsistency: "SERIAL" })
      const levels = (yield* mock.calls).filter(({ request }) => request.options.consistency !== undefined)
      assert.deepStrictEqual(levels.map(({ request }) => request.options.consistency), [
        "SERIAL",
        "LOCAL_SERIAL",
        "SERIAL"
      ])
    }).pipe(Effect.provide(holding(undefined))))

  it.effect("clocks may be further apart where that is said", () =>
    Effect.gen(function*() {
      const settled = (clockSkew: number) => settleOne(answered(conditional[0]!), { clockSkew })
      assert.strictEqual((yield* settled(1_000)).outcome, "NotApplied")
      assert.strictEqual((yield* settled(10_000)).outcome, "Applied")
    }).pipe(Effect.provide(holding({ a: [3, now - 5n * second], b: ["x", now - 5n * second] }))))

  it.effect("one that was decided is Applied once it was read, whatever stands there now", () =>
    Effect.gen(function*() {
      for (const [row, outcome] of [[{ a: [4, now], b: ["y", now] }, "Applied"], [undefined, "WillApply"]] as const) {
        const settlement = yield* settleOne({ ...unknown(conditional[1]!, now), outcome: "WillApply" }).pipe(
          Effect.provide(holding(row))
        )
        assert.strictEqual(settlement.outcome, outcome)
      }
    }))

  it.effect("a deletion is NotApplied where what it deletes stands, and open where nothing does", () =>
    Effect.gen(function*() {
      const remove = Statement.make("DELETE FROM app.t WHERE id = ? AND k = ? IF EXISTS", [1, 2])
      const settled = (row: Row | undefined) =>
        Effect.map(settleOne(answered(remove)), ({ outcome }) => outcome).pipe(Effect.provide(holding(row)))
      assert.strictEqual(yield* settled({ a: [3, 5n], b: [null, null] }), "NotApplied")
      assert.strictEqual(yield* settled({ a: [3, now], b: [null, null] }), "Unknown")
      assert.strictEqual(yield* settled(undefined), "Unknown")
    }))
})

describe("batches", () => {
  const other = Statement.make("INSERT INTO app.t (id, k, b) VALUES (2, 2, ?)", ["z"])
  const all: Row = { a: [3, now], b: ["x", now] }
  const types = { a: "int", b: "text" }

  it.effect("all of it found: Applied, of any type", () =>
    Effect.gen(function*() {
      for (const type of ["logged", "unlogged"] as const) {
        const settlement = yield* settleOne(unknown(Batch.make([insert, update], { type }), now))
        assert.strictEqual(settlement.outcome, "Applied")
        assert.deepStrictEqual(settlement.parts.map(({ index, outcome }) => [index, outcome]), [[0, "Applied"], [
          1,
          "Applied"
        ]])
      }
    }).pipe(Effect.provide(holding(all, types))))

  it.effect("some of it found: open, and its parts say what is there", () =>
    Effect.gen(function*() {
      const outcomes = yield* Effect.forEach(["logged", "unlogged"] as const, (type) =>
        Effect.map(
          settleOne(unknown(Batch.make([insert, other], { type }), now)),
          ({ outcome, parts }) => [outcome, ...parts.map(({ outcome }) => outcome)]
        ))
      assert.deepStrictEqual(outcomes, [["Unknown", "Applied", "Unknown"], ["Unknown", "Applied", "Unknown"]])
    }).pipe(Effect.provide(holding(all, types))))

  it.effect("a conditional one is all or nothing", () =>
    Effect.gen(function*() {
      const batch = Batch.make([
        ["INSERT INTO app.t (id, k, a) VALUES (1, 2, 3) IF NOT EXISTS"],
        ["UPDATE app.t SET b = 'x' WHERE id = 1 AND k = 2"]
      ])
      const settled = (row: Row | undefined) =>
        Effect.map(settleOne(answered(batch)), ({ outcome }) => outcome).pipe(Effect.provide(holding(row)))
      assert.strictEqual(yield* settled(undefined), "Unknown")
      assert.strictEqual(yield* settled({ a: [3, now + 9n], b: ["x", now + 9n] }), "Applied")
      assert.strictEqual(yield* settled({ a: [3, now + 9n], b: ["y", now + 99n] }), "Applied")
      assert.strictEqual(yield* settled({ a: [3, 9n], b: ["x", 9n] }), "NotApplied")
      assert.strictEqual(yield* settled({ a: [3, now + 9n], b: ["x", 9n] }), "Unknown")
    }))

  it.effect("a conditional one with a missing statement stays unknown", () =>
    Effect.gen(function*() {
      const batch = Batch.make([
        ["INSERT INTO app.t (id, k, a) VALUES (1, 2, 3) IF NOT EXISTS"],
        ["UPDATE app.t SET b = 'x' WHERE id = 1 AND k = 2"]
      ])
      assert.strictEqual((yield* settleOne(answered(batch))).outcome, "Unknown")
    }).pipe(Effect.provide(holding({ a: [3, now + 9n] }))))

  it.effect("one of counters leaves nothing to recognise, and is not read", () =>
    Effect.gen(function*() {
      const batch = Batch.make([["UPDATE app.c SET n = n + 1 WHERE id = 1"]], { type: "counter" })
      assert.deepInclude(yield* settleOne(unknown(batch)), { outcome: "Unknown", finding: "notComparable" })
      assert.lengthOf(yield* (yield* MockSession.MockSession).calls, 0)
    }).pipe(Effect.provide(holding(undefined))))
})

describe("what cannot be determined stays unknown, and says why", () => {
  const cases: ReadonlyArray<
    readonly [statement: Statement.Statement<unknown>, timestamp: bigint | undefined, why: RegExp]
  > = [
    [Statement.make("UPDATE app.t SET a = a + 1 WHERE id = 1 AND k = 2"), undefined, /timestamp is not known/],
    [Statement.make("INSERT INTO app.t (id, k) VALUES (1, 2)"), now, /no single-value column/],
    [Statement.make("INSERT INTO app.t (id, k) VALUES (1, 2) IF NOT EXISTS"), now, /no single-value column/],
    [Statement.make("INSERT INTO app.t (id, k, a) VALUES (1, 2, ?)", [null]), now, /no single-value column/],
    [Statement.make("INSERT INTO app.t (id, k, a) VALUES (1, 2, ?)", [Statement.unset]), now, /no single-value column/],
    [Statement.make("INSERT INTO app.t (id, k, tags) VALUES (1, 2, ?)", [["x"]]), now, /no single-value column/],
    [Statement.make("INSERT INTO app.t (id, k, udt) VALUES (1, 2, ?)", [{}]), now, /no single-value column/],
    [Statement.make("INSERT INTO app.t (id, k, w) VALUES (1, 2, '2024-01-01')"), now, /no single-value column/],
    [Statement.make("INSERT INTO app.t (k, a) VALUES (1, 2)"), now, /key does not consist of plain values/],
    [Statement.make("INSERT INTO app.t (id, k, a) VALUES (now(), 1, 2)"), now, /key does not consist of plain values/],
    [Statement.make("INSERT INTO t (id, a) VALUES (1, 2)"), now, /not qualified/],
    [Statement.make("DELETE FROM app.t WHERE id = 1 AND k = 2"), now, /newer|no column|nothing/],
    [Statement.make("TRUNCATE app.t"), undefined, /only INSERT, UPDATE and DELETE/]
  ]
  for (const [statement, timestamp, why] of cases) {
    it.effect(statement.text, () =>
      Effect.gen(function*() {
        const settlement = yield* settleOne(unknown(statement, timestamp))
        assert.strictEqual(settlement.outcome, "Unknown")
        assert.match(settlement.message, why)
      }).pipe(
        Effect.provide(holding({ a: [3, 5n] }, { a: "int", tags: "list<text>", udt: "address", w: "timestamp" }))
      ))
  }

  it.effect("an increment of a counter, which is not read", () =>
    Effect.gen(function*() {
      const increment = Statement.make("UPDATE app.t SET n = n + 1 WHERE id = 1 AND k = 2")
      const settlement = yield* settleOne(unknown(increment))
      assert.deepInclude(settlement, { outcome: "Unknown", finding: "notComparable" })
      assert.match(settlement.message, /counters leave nothing/)
      const calls = yield* (yield* MockSession.MockSession).calls
      assert.isFalse(calls.some(({ request }) => request._tag === "Statement" && /FROM "?app/.test(request.text)))
    }).pipe(Effect.provide(holding(undefined, { n: "counter" }))))

  it.effect("a table that is not there", () =>
    Effect.gen(function*() {
      assert.match((yield* settleOne(unknown(insert, now))).message, /no table app\.t/)
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("a read that fails is reported, and the schema is asked for once", () =>
    Effect.gen(function*() {
      const mock = yield* MockSession.MockSession
      const settlements = yield* Settlement.settle([unknown(insert, now), unknown(update, now)])
      assert.deepStrictEqual(settlements.map(({ error, finding }) => [finding, error?.reason._tag]), [
        ["unreadable", "RequestTimeout"],
        ["unreadable", "RequestTimeout"]
      ])
      const asked = (yield* mock.calls).filter(({ request }) =>
        JSON.stringify(request).includes("system_schema.columns")
      )
      assert.lengthOf(asked, 1)
    }).pipe(Effect.provide(MockSession.layer({
      lenient: true,
      answers: [MockSession.when(/system_schema/, MockSession.rows(columns({ a: "int", b: "text" })))],
      otherwise: MockSession.fail(timeout)
    }))))
})

describe("values are the same whatever their form", () => {
  const float = Math.fround(0.1)
  const uuid = "6ab09bec-e68e-48d9-a5f8-97e6fb4c9b47"
  const one = new Uint8Array([1])
  const same: ReadonlyArray<readonly [type: string, given: unknown, found: unknown]> = [
    ["int", 5, 5],
    ["bigint", 5n, 5n],
    ["varint", 12345678901234567890n, 12345678901234567890n],
    ["float", 0.1, float],
    ["vector<float, 2>", [0.1, 1], [float, 1]],
    ["double", Number.NaN, Number.NaN],
    ["text", "ä", "ä"],
    ["uuid", "6AB09BEC-E68E-48D9-A5F8-97E6FB4C9B47", uuid],
    ["decimal", BigDecimal.fromStringUnsafe("1.50"), BigDecimal.fromStringUnsafe("1.5")],
    ["blob", new DataView(new Uint8Array([0, 1, 2]).buffer, 1), new Uint8Array([1, 2])],
    ["timestamp", new Date(5), new Date(5)],
    ["frozen<map<text, int>>", new Map([["a", 1], ["b", 2]]), new Map([["a", 1], ["b", 2]])],
    ["frozen<set<int>>", new Set([1, 2]), new Set([1, 2])],
    ["frozen<address>", { street: "x", no: 1 }, { street: "x", no: 1 }],
    ["frozen<address>", { no: 1 }, { street: null, no: 1 }],
    ["inet", "::ffff:10.0.0.1", "10.0.0.1"],
    ["inet", "2001:0DB8:0::1", "2001:db8::1"],
    ["inet", "0:0:0:0:0:0:0:1", "::1"],
    ["frozen<set<inet>>", new Set(["0::1"]), new Set(["::1"])],
    ["blob", new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2])],
    ["blob", new Uint16Array([1]), new Uint8Array([1, 0])],
    ["vector<float, 2>", new Float32Array([0.1, 1]), [float, 1]],
    ["vector<float, 2>", Float64Array.of(0.1, 1), [float, 1]],
    ["frozen<set<float>>", new Set([0.1]), new Set([float])],
    ["frozen<list<float>>", [0.1], [float]],
    ["tuple<text, float>", ["a", 0.1], ["a", float]],
    ["frozen<map<text, float>>", new Map([["a", 0.1]]), new Map([["a", float]])],
    ["frozen<map<text, bigint>>", new Map([["a", 1]]), new Map([["a", 1n]])],
    ["frozen<set<uuid>>", new Set(["6AB09BEC-E68E-48D9-A5F8-97E6FB4C9B47"]), new Set([uuid])],
    [
      "frozen<map<uuid, frozen<set<blob>>>>",
      new Map([[uuid, new Set([one])]]),
      new Map([[uuid, new Set([one.slice()])]])
    ],
    ["duration", { months: 1, days: 2, nanoseconds: 3n }, { months: 1, days: 2, nanoseconds: 3n }]
  ]
  const different: typeof same = [
    ["int", 5, 6],
    ["double", 0.1, float],
    ["text", "A", "a"],
    ["blob", new Uint8Array([1, 2]), new Uint8Array([1, 2, 3])],
    ["timestamp", new Date(5), new Date(6)],
    ["frozen<list<int>>", [1, 2], [1]],
    ["text", "5", 5],
    ["text", "6AB09BEC-E68E-48D9-A5F8-97E6FB4C9B47", uuid],
    ["inet", "10.0.0.1", "10.0.0.2"],
    ["inet", "::1", "::2"],
    ["blob", new Uint8Array([1, 2]).buffer, new Uint8Array([2, 1])],
    ["vector<double, 1>", [0.1], [float]],
    ["tuple<double, float>", [0.1, 1], [float, 1]],
    ["frozen<list<text>>", ["a", "b"], ["a, b"]],
    ["frozen<set<text>>", new Set(["a"]), new Set(["A"])],
    ["frozen<map<text, float>>", new Map([["a", 0.2]]), new Map([["a", float]])],
    ["frozen<map<text, int>>", new Map([["a", 1]]), new Map([["a", 1], ["b", 1]])],
    ["frozen<address>", { no: 1 }, { street: "x", no: 1 }]
  ]
  for (
    const [type, given, found, expected] of [
      ...same.map((pair) => [...pair, "Applied"] as const),
      ...different.map((pair) => [...pair, "Unknown"] as const)
    ]
  ) {
    it.effect(`${type}: ${inspect(given)} and ${inspect(found)}: ${expected}`, () =>
      Effect.gen(function*() {
        const statement = Statement.make("INSERT INTO app.t (id, a) VALUES (1, ?)", [given])
        assert.strictEqual((yield* settleOne(unknown(statement, now))).outcome, expected)
      }).pipe(Effect.provide(holding({ a: [found, now] }, { a: type }))))
  }
})

describe("a timestamp that is its user's own may be that of another write", () => {
  const dated = Statement.make("UPDATE app.t USING TIMESTAMP 77 SET a = 3, b = 'x' WHERE id = 1 AND k = 2")
  for (const statement of [dated, Statement.withOptions(update, { timestamp: 77n })]) {
    it.effect(`${statement.text}: all that it sets has to be there`, () =>
      Effect.gen(function*() {
        const settled = (row: Row) =>
          settleOne(unknown(statement, statement.options.timestamp)).pipe(Effect.provide(holding(row)))
        assert.strictEqual((yield* settled({ a: [3, 77n], b: ["x", 77n] })).outcome, "Applied")
        const part = yield* settled({ a: [3, 77n] })
        assert.deepInclude(part, { outcome: "Unknown", finding: "notComparable" })
        assert.isDefined(part.again)
      }))
  }
})

describe("a write with a time of its user's", () => {
  const insertAt = (params: ReadonlyArray<unknown>) => Statement.make(insert.text, params, { timestamp: 77n })
  const cases: ReadonlyArray<readonly [name: string, params: ReadonlyArray<unknown>, row: Row, outcome: string]> = [
    ["all its values at its time", [1, 2, 3, "x"], { a: [3, 77n], b: ["x", 77n] }, "Applied"],
    ["one of its values at its time, another since", [1, 2, 3, "x"], { a: [3, 77n], b: ["y", 99n] }, "Unknown"],
    ["one of its values at its time, the same since", [1, 2, 3, "x"], { a: [3, 77n], b: ["x", 99n] }, "Unknown"],
    ["its only value at its time, while it empties another", [1, 2, 3, null], { a: [3, 77n], b: ["w", 5n] }, "Unknown"],
    ["its only value at its time, another left alone", [1, 2, 3, Statement.unset], { a: [3, 77n] }, "Applied"]
  ]
  for (const [name, params, row, outcome] of cases) {
    it.effect(`${name}: ${outcome}`, () =>
      Effect.gen(function*() {
        const statement = insertAt(params)
        assert.strictEqual((yield* settleOne(unknown(statement, 77n))).outcome, outcome)
        const part = Statement.make(insert.text, params)
        const batch = Batch.make([part, part], { timestamp: 77n })
        assert.strictEqual((yield* settleOne(unknown(batch, 77n))).outcome, outcome)
      }).pipe(Effect.provide(holding(row))))
  }
})

it.effect("a conditional write is none of the millisecond before it, however exact the clocks are", () =>
  Effect.gen(function*() {
    const statement = Statement.make(`${insert.text} IF NOT EXISTS`, [1, 2, 3, "x"])
    // Sent within a millisecond, and dated at its beginning.
    const open = { ...answered(statement), timestamp: 5_000_726n, error: undefined }
    for (const at of [5_000_000n, 4_999_999n]) {
      const settled = yield* settleOne(open, { clockSkew: 0 }).pipe(
        Effect.provide(holding({ a: [3, at], b: ["x", at] }))
      )
      assert.strictEqual(settled.outcome, "Applied")
    }
  }))

it.effect("what is open still after it was settled can be settled again", () =>
  Effect.gen(function*() {
    const [first] = yield* Settlement.settle([answered(insert, timeout)]).pipe(Effect.provide(holding(undefined)))
    assert.deepInclude(first, { outcome: "Unknown", finding: "absent" })
    const broken = MockSession.layer({ otherwise: MockSession.fail(timeout) })
    const [second] = yield* Settlement.settle([first!]).pipe(Effect.provide(broken))
    assert.deepInclude(second, { outcome: "Unknown", finding: "unreadable" })
    const [third] = yield* Settlement.settle([second!]).pipe(
      Effect.provide(holding({ a: [3, now], b: ["x", now] }))
    )
    assert.deepInclude(third, { before: "Unknown", outcome: "Applied", statement: insert, index: 0 })
  }))

it.effect("a write is read back by the execution profile that it was sent by", () =>
  Effect.gen(function*() {
    const options = { executionProfile: "dc2", serialConsistency: "LOCAL_SERIAL" } as const
    for (const text of [update.text, `${update.text} IF a = 4`]) {
      const results = yield* executeConcurrent([Statement.make(text, [3, "x", 1, 2], options)], {
        raiseOnFirstError: false
      })
      yield* Settlement.settle(results)
    }
    const requests = (yield* (yield* MockSession.MockSession).calls).map(({ request }) => request)
    const reads = requests.filter((request) => request._tag === "Statement" && /"value 0"/.test(request.text))
    assert.deepStrictEqual(reads.map(({ options }) => [options.executionProfile, options.consistency]), [
      ["dc2", "QUORUM"],
      ["dc2", "LOCAL_SERIAL"]
    ])
  }).pipe(Effect.provide(MockSession.layer({
    lenient: true,
    answers: [
      MockSession.when(/^UPDATE/, MockSession.fail(lost)),
      MockSession.when(/system_schema/, MockSession.rows(columns({ a: "int", b: "text" }))),
      MockSession.when(/"value 0"/, MockSession.rows([]))
    ]
  }))))

it.effect("what is executed again keeps its time, and is known by it", () =>
  Effect.gen(function*() {
    const texts = [
      "BEGIN UNLOGGED BATCH INSERT INTO app.t (id, a) VALUES (1, 2) USING TIMESTAMP 5; INSERT INTO app.t (id, a) VALUES (2, 2); " +
      "APPLY BATCH",
      insert.text
    ]
    for (const text of texts) {
      const statement = Statement.make(text, text === insert.text ? insert.params : [])
      const results = yield* executeConcurrent([statement], { raiseOnFirstError: false })
      const [settled] = yield* Settlement.settle(results)
      const second = yield* executeConcurrent([settled!.again!], { raiseOnFirstError: false })
      const [again] = yield* Settlement.settle(second)
      assert.isDefined(again?.again)
    }
    const calls = (yield* (yield* MockSession.MockSession).calls).map(({ request }) => request)
    const times = calls.filter((request) => request._tag === "Statement" && texts.includes(request.text)).map(
      ({ options }) => options.timestamp
    )
    assert.lengthOf(times, 4)
    assert.deepStrictEqual([times[0], times[2]], [times[1], times[3]])
    // One column of the two is there, at its time: that is enough only for a time that no other write can bear.
    const [first] = yield* executeConcurrent([insert], { raiseOnFirstError: false })
    const [open] = yield* Settlement.settle([first!])
    const [failed] = yield* executeConcurrent([open!.again!], { raiseOnFirstError: false })
    const at = failed?._tag === "Failure" ? failed.error.timestamp! : 0n
    const [end] = yield* Settlement.settle([failed!]).pipe(Effect.provide(holding({ a: [3, at] })))
    assert.strictEqual(end?.outcome, "Applied")
  }).pipe(Effect.provide(MockSession.layer({
    lenient: true,
    answers: [
      MockSession.when(/^(INSERT|BEGIN)/, MockSession.fail(timeout)),
      MockSession.when(/system_schema/, MockSession.rows(columns({ a: "int", b: "text" }))),
      MockSession.when(/"value 0"/, MockSession.rows([]))
    ]
  }))))

describe("what is open still can be executed again where that is harmless", () => {
  const again = (statement: Statement.Statement<unknown> | Batch.Batch, timestamp: bigint | undefined, row?: Row) =>
    Effect.map(settleOne(unknown(statement, timestamp)), (settlement) => settlement.again).pipe(
      Effect.provide(holding(row))
    )

  it.effect("with the timestamp of its first attempt, and all that it was bound with", () =>
    Effect.gen(function*() {
      const first = yield* again(Statement.withOptions(insert, { consistency: "ALL" }), now)
      assert.deepInclude(first?.options, { consistency: "ALL", timestamp: now })
      assert.strictEqual(first?.text, insert.text)
      assert.deepStrictEqual((first as Statement.Statement<unknown>).params, insert.params)
      const batch = yield* again(Batch.make([insert, update], { type: "unlogged" }), now)
      assert.deepInclude(batch, { _tag: "Batch", type: "unlogged" })
      assert.strictEqual(batch?.options.timestamp, now)
    }))

  it.effect("not what is certain, conditional, not idempotent, or of a time that is not known", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* again(insert, now, { a: [3, now] }))
      assert.isUndefined(yield* again(insert, undefined))
      const overwritten: Row = { a: [4, now + 1n] }
      const conditional = "UPDATE app.t SET a = 3 WHERE id = 1 AND k = 2 IF a = 4"
      assert.isUndefined(yield* again(Statement.make(conditional), now, overwritten))
      assert.isUndefined(yield* again(Statement.make(conditional, [], { idempotent: true }), now, overwritten))
      assert.isUndefined(yield* again(Statement.make("INSERT INTO app.t (id, k, a) VALUES (1, now(), 2)"), now))
      assert.isUndefined(yield* again(Statement.withOptions(insert, { idempotent: false }), now))
      assert.isUndefined(yield* again(Batch.make([insert, Statement.withOptions(update, { idempotent: false })]), now))
    }))
})

it.effect("of the results of a run only those are read back whose outcome is open, and they keep their index", () =>
  Effect.gen(function*() {
    const select = Statement.make("SELECT a FROM app.t")
    const results = yield* executeConcurrent([select, insert, update], { raiseOnFirstError: false })
    assert.deepStrictEqual(results.map(({ outcome }) => outcome), ["Applied", "Unknown", "Unknown"])
    const settlements = yield* Settlement.settle(results)
    assert.deepStrictEqual(settlements.map(({ index }) => index), [1, 2])
    assert.isTrue(settlements.every(({ isCertain }) => isCertain))
  }).pipe(Effect.provide(MockSession.layer({
    defaults: { timestamp: now },
    lenient: true,
    answers: [
      MockSession.when(/^(INSERT|UPDATE)/, MockSession.fail(timeout)),
      MockSession.when(/system_schema/, MockSession.rows(columns({ a: "int", b: "text" }))),
      MockSession.when(/"value 0"/, MockSession.rows([{ "value 0": 3, "time 0": now, "value 1": "x", "time 1": now }]))
    ]
  }))))

it.effect("the error of a stopped run includes what can be settled: what failed and what it interrupted", () =>
  Effect.gen(function*() {
    const { exit } = yield* timed(executeConcurrent([insert, Statement.make("SELECT a FROM app.t"), update]))
    const error = errorOf(exit)
    assert.deepStrictEqual(error.unsettled.map(({ index }) => index), [0, 2])
    const settlements = yield* Settlement.settle(error.unsettled).pipe(
      Effect.provide(
        holding({ a: [3, error.unsettled[1]!._tag === "Interrupted" ? error.unsettled[1]!.timestamp! : 0n] })
      )
    )
    assert.deepStrictEqual(settlements.map(({ index, outcome }) => [index, outcome]), [[0, "Unknown"], [2, "Applied"]])
  }).pipe(Effect.provide(MockSession.layer({
    latency: (request) => request._tag === "Statement" && request.text === insert.text ? 1 : 100,
    lenient: true,
    answers: [MockSession.when(/^INSERT/, MockSession.fail(timeout))]
  }))))

it.effect("a statement that failed alone is settled with its error", () =>
  Effect.gen(function*() {
    const error = new CqlError({ reason: timeout, query: insert.text })
    const settlement = yield* settleOne({ statement: insert, outcome: error.outcome, error, timestamp: now })
    assert.strictEqual(settlement.outcome, "Applied")
  }).pipe(Effect.provide(holding({ a: [3, now] }))))

it.effect("the parameters of a query are compared as they were encoded", () =>
  Effect.gen(function*() {
    const query = Query.make("INSERT INTO app.t (id, k, a) VALUES (:id, 2, :a)", {
      params: Schema.Struct({ id: Schema.Int, a: Schema.NumberFromString })
    })
    assert.strictEqual((yield* settleOne(unknown(query({ id: 1, a: 3 }), now))).outcome, "Applied")
  }).pipe(Effect.provide(holding({ a: ["3", now] }, { a: "text" }))))

it.effect("no representation of a settlement shows a value", () =>
  Effect.gen(function*() {
    const statement = Statement.make("INSERT INTO app.t (id, k, b) VALUES (1, 2, ?)", ["s3cret"])
    const settlement = yield* settleOne(unknown(statement, now))
    assert.strictEqual(settlement.row?.["b"], "s3cret")
    for (
      const shown of [
        inspect(settlement, { depth: null, showHidden: true }),
        JSON.stringify(settlement),
        `${settlement}`
      ]
    ) {
      assert.notInclude(shown, "s3cret")
    }
  }).pipe(Effect.provide(holding({ b: ["s3cret", now] }))))

describe("bad options are refused", () => {
  for (
    const [options, option] of [
      [{ concurrency: 0 }, "concurrency"],
      [{ clockSkew: -1 }, "clockSkew"],
      [{ clockSkew: "soon" as never }, "clockSkew"],
      [{ clockSkew: Infinity }, "clockSkew"],
      [{ consistency: "quorum" as never }, "consistency"],
      [{ serialConsistency: "QUORUM" as never }, "serialConsistency"]
    ] satisfies ReadonlyArray<readonly [Settlement.SettleOptions, string]>
  ) {
    it.effect(`${option} ${Object.values(options)}`, () =>
      Effect.gen(function*() {
        const { exit } = yield* timed(Settlement.settle([unknown(insert, now)], options))
        assert.deepInclude(defectOf(exit), { _tag: "InvalidOptions", option })
      }).pipe(Effect.provide(holding(undefined))))
  }

  it.effect("something that is no statement", () =>
    Effect.gen(function*() {
      const { exit } = yield* timed(Settlement.settle([{ statement: "INSERT" as never, outcome: "Unknown" }]))
      assert.deepInclude(defectOf(exit), { _tag: "InvalidOptions", option: "unsettled[0].statement" })
    }).pipe(Effect.provide(holding(undefined))))
})
