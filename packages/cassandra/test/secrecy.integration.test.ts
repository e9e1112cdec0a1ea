/** Bound values are exposed neither by the adapter, nor by messages of the server and the driver. */
import { Batch, executeConcurrent, InvalidOptions, Session, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { Random } from "@effect-cql/test-support/random"
import { leaks, listening, representations, type Secret, secrets, type Told } from "@effect-cql/test-support/secrecy"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, describe, it, layer } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Layer, Redacted } from "effect"
import { CassandraSession } from "../src/index.ts"
import { withoutQuery } from "../src/internal/client/quoted.ts"

const keyspace = ownName("secrecy")
const table = `${keyspace}.t`

const KeyspaceLive = withKeyspace(
  keyspace,
  `CREATE TYPE ${keyspace}.u (a text, b int)`,
  `CREATE TABLE ${table} (k text PRIMARY KEY, i int, b bigint, x blob, d timestamp, l list<text>, m map<text, int>,
     s set<int>, u frozen<u>, w map<text, frozen<map<text, int>>>)`,
  `CREATE TABLE ${keyspace}.rows (k text, c int, v text, PRIMARY KEY (k, c))`,
  `CREATE FUNCTION ${keyspace}.parse (a text) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java
     AS 'return Integer.parseInt(a);'`
)

class Listened extends Context.Service<Listened, Session["Service"]>()("test/Listened") {}

/** Log lines and spans of the driver, at every log level. */
const driver: Told = { lines: [], spans: [] }

const ListenedLive = Layer.effect(
  Listened,
  Effect.gen(function*() {
    const options = optionsOf(yield* CassandraServer)
    return yield* listening(CassandraSession.make(options), driver)
  })
).pipe(Layer.provideMerge(KeyspaceLive))

const insert = (column: string, ttl = "") => `INSERT INTO ${table} (k, ${column}) VALUES (?, ?)${ttl}`

const asText = ({ value }: Secret): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value)

/** The value for a text column: the secret itself if it is a text. */
const textOf = (secret: Secret): Secret => {
  const value = asText(secret)
  return { kind: `text of ${secret.kind}`, value, forms: [value, ...secret.forms] }
}

type Failing = (value: unknown, text: string) => Statement.Input

/** Statements that are refused before they are sent, for the type of a value at any depth. */
const refused: Readonly<Record<string, Failing>> = {
  "a value of another type": (value) => Statement.make(insert("s"), ["k", value]),
  "an integer out of range, or none": (value) => Statement.make(insert("i"), ["k", value]),
  "an element of a list": (value) => Statement.make(insert("l"), ["k", ["x", [value]]]),
  "an element of a set": (value) => Statement.make(insert("s"), ["k", new Set([1, [value]])]),
  "a value of a map": (value) => Statement.make(insert("m"), ["k", new Map([["x", [value]]])]),
  "a key of a map": (value) => Statement.make(insert("m"), ["k", new Map([[[value], 1]])]),
  "the value beside a secret key": (_, text) => Statement.make(insert("m"), ["k", new Map([[text, "no int"]])]),
  "the value within a map beside secret keys": (_, text) =>
    Statement.make(insert("w"), ["k", new Map([[text, new Map([[text, "no int"]])]])]),
  "a field of a type": (value) => Statement.make(insert("u"), ["k", { a: "x", b: [value] }]),
  "a record where a map is due": (_, text) => Statement.make(insert("m"), ["k", { [text]: 1 }]),
  "a member of a batch": (value, text) =>
    Batch.make([[insert("i"), [text, 1]], [insert("m"), [text, new Map([[text, [value]]])]]])
}

/** Statements that the server refuses with a message that quotes the value. */
const quoted: Readonly<Record<string, (text: string) => Statement.Input>> = {
  "JSON that is none": (text) => [`INSERT INTO ${table} JSON ?`, [text]],
  "JSON of another type": (text) => [`INSERT INTO ${table} JSON ?`, [JSON.stringify({ k: "k", i: text })]],
  "JSON with an unknown column": (text) => [`INSERT INTO ${table} JSON ?`, [JSON.stringify({ k: "k", [text]: 1 })]],
  "JSON that is a list": (text) => [`INSERT INTO ${table} JSON ?`, [JSON.stringify([text])]],
  "JSON of bytes": (text) => [`INSERT INTO ${table} JSON ?`, [JSON.stringify({ k: "k", x: text })]],
  "JSON of a date": (text) => [`INSERT INTO ${table} JSON ?`, [JSON.stringify({ k: "k", d: text })]],
  "a function of JSON": (text) => [`INSERT INTO ${table} (k, i) VALUES (?, fromJson(?))`, ["k", JSON.stringify(text)]],
  "a function of the user's": (text) => [`SELECT ${keyspace}.parse(?) FROM ${keyspace}.rows WHERE k = 'one'`, [text]],
  "a partition key that is too long": (text) => [insert("i"), [text.repeat(7_000), 1]],
  "an empty key in a batch": (text) => Batch.make([[insert("i"), ["", 1]], [insert("l"), [text, [text]]]]),
  "a condition that did not hold": (text) => [`${insert("l")} IF NOT EXISTS`, ["here", [text]]]
}

const seen = (input: Statement.Input) =>
  Effect.gen(function*() {
    const told: Told = { lines: [], spans: [] }
    const run = executeConcurrent([input], { raiseOnFirstError: false }).pipe(
      Effect.tap((results) => Effect.logInfo("results", results)),
      Effect.tap(([result]) =>
        result?._tag === "Failure" ? Effect.logError(Cause.fail(result.error.reason)) : Effect.void
      )
    )
    const session = yield* Listened
    const [result] = yield* Effect.provideService(listening(run, told), Session, session)
    told.lines.push(...driver.lines.splice(0))
    const reason = result!._tag === "Failure" ? result!.error.reason : undefined
    return {
      result: result!,
      reason,
      told,
      values: [result, reason, Object(result).error, Object(result).value, result!.statement]
    }
  })

integration("a real server", () => {
  layer(ListenedLive, { excludeTestServices: true, timeout: 60_000 })((it) => {
    for (const [name, statement] of Object.entries(refused)) {
      it.effect(`does not receive what is refused: ${name}`, () =>
        Effect.gen(function*() {
          for (const secret of secrets(new Random(3))) {
            const known = { ...secret, forms: [...secret.forms, asText(secret)] }
            const { reason, told, values } = yield* seen(statement(secret.value, asText(secret)))
            assert.strictEqual(reason?._tag, "ParametersRefused", secret.kind)
            assert.deepStrictEqual(leaks(known, values, told), [])
          }
        }))
    }

    for (const [name, statement] of Object.entries(quoted)) {
      it.effect(`may quote what it likes: ${name}`, () =>
        Effect.gen(function*() {
          yield* Statement.make(`INSERT INTO ${keyspace}.rows (k, c) VALUES ('one', 1)`)
          yield* Statement.make(`INSERT INTO ${table} (k) VALUES ('here')`)
          let refusals = 0
          for (const each of secrets(new Random(4))) {
            const secret = textOf(each)
            const { result, told, values } = yield* seen(statement(asText(each)))
            refusals += result.success ? 0 : 1
            assert.deepStrictEqual(leaks(secret, values, told), [])
          }
          // A number is a date, and a condition that does not hold is no error.
          assert.isAbove(refusals, name.startsWith("a condition") ? -1 : 0)
        }))
    }

    it.effect("refuses a time to live and an index without exposing the number", () =>
      Effect.gen(function*() {
        yield* Statement.make(`INSERT INTO ${table} (k, l) VALUES ('listed', ['x'])`)
        for (const number of [867_530_912, -8_675_309]) {
          const secret = { kind: "number", value: number, forms: [String(Math.abs(number))] }
          const inputs: ReadonlyArray<Statement.Input> = [
            [insert("i", " USING TTL ?"), ["k", 1, number]],
            [`UPDATE ${table} SET l[?] = ? WHERE k = ?`, [number, "x", "listed"]]
          ]
          for (const input of inputs) {
            const { reason, told, values } = yield* seen(input)
            assert.strictEqual(reason?._tag, "InvalidQuery")
            assert.include(reason?.message, "<value>")
            assert.deepStrictEqual(leaks(secret, values, told), [])
          }
        }
      }))

    it.effect("keeps its message without the value, and its error as a redacted cause", () =>
      Effect.gen(function*() {
        const { reason } = yield* seen([`INSERT INTO ${table} JSON ?`, [`{"k": "k", "i": "s3cret"}`]])
        assert.strictEqual(reason?.message, "Error decoding JSON value for i: Unable to make int from '<value>'")
        const cause = reason?.cause
        assert.isTrue(Redacted.isRedacted(cause))
        assert.include(Redacted.isRedacted(cause) ? String(Redacted.value(cause)) : "", "s3cret")
        const other = (yield* seen([`SELECT nothing FROM ${table} WHERE k = ?`, ["s3cret"]])).reason
        assert.include(other?.message, "nothing")
        assert.instanceOf(other?.cause, Error)
      }))

    it.effect("warns of tombstones without the values of the query, in the result and in the log", () =>
      Effect.gen(function*() {
        const secret = secrets(new Random(5))[1]!
        const rows = `${keyspace}.rows`
        yield* executeConcurrent(
          Array.from(
            { length: 1_100 },
            (_, c) => [`DELETE FROM ${rows} WHERE k = ? AND c = ?`, [secret.value, c]] as const
          )
        )
        const { result, told, values } = yield* seen([`SELECT * FROM ${rows} WHERE k = ?`, [secret.value]])
        assert.isTrue(result._tag === "Success")
        const warnings = result._tag === "Success" ? result.value.info.warnings : undefined
        assert.lengthOf(warnings ?? [], 1)
        assert.match(
          warnings?.[0] ?? "",
          /^Read 0 live rows and 1100 tombstone cells for query SELECT \* FROM \S+ WHERE \.\.\.; token -?\d+ \(see \w+\)$/
        )
        assert.isTrue(told.lines.some((line) => line.includes("warning of the server") && line.includes("tombstone")))
        assert.deepStrictEqual(leaks(secret, values, told), [])
      }))

    it.effect("is asked for pages, partitions and single statements with the same discretion", () =>
      Effect.gen(function*() {
        const session = yield* Listened
        const secret = secrets(new Random(6))[0]!
        const bad = Statement.make(insert("m"), [secret.value, new Map([[secret.value, "no int"]])])
        const calls = [session.execute(bad), session.executePage(bad), session.partition(bad)]
        for (const call of calls.map((call): Effect.Effect<unknown, unknown> => call)) {
          const told: Told = { lines: [], spans: [] }
          const exit = yield* listening(Effect.exit(call), told)
          assert.isTrue(Exit.isFailure(exit))
          assert.deepStrictEqual(leaks(secret, [exit, call], told), [])
        }
      }))
  })
})

describe("a warning of the server", () => {
  it("keeps all but what stands after WHERE", () => {
    const warning = "2 nodes scanned up to 7 tombstones and issued tombstone warnings for query SELECT a FROM b.c " +
      "WHERE k = 'x; token 5 (see y) z' LIMIT 3  (see tombstone_warn_threshold)"
    assert.strictEqual(
      withoutQuery(warning),
      "2 nodes scanned up to 7 tombstones and issued tombstone warnings for query SELECT a FROM b.c WHERE ...  " +
        "(see tombstone_warn_threshold)"
    )
    for (const harmless of ["Batch for [a.b] is of size 9", "for query SELECT a FROM b.c LIMIT 3"]) {
      assert.strictEqual(withoutQuery(harmless), harmless)
    }
  })
})

describe("options of a session that cannot be", () => {
  const options = { contactPoints: ["127.0.0.1:1"], localDataCenter: "datacenter1" }
  const table: ReadonlyArray<readonly [given: object, told: RegExp]> = [
    [{ connectTimeout: "x" }, /^connectTimeout: expected a duration.*, got "x"/],
    [{ connectTimeout: -1 }, /^connectTimeout: expected a duration.*, got -1/],
    [{ requestTimeout: "soon" }, /^requestTimeout: expected a duration.*, got "soon"/],
    [{ closeTimeout: "never" }, /^closeTimeout: expected a duration.*, got "never"/],
    [{ pooling: { heartbeatInterval: "x" } }, /^pooling\.heartbeatInterval: expected a duration.*, got "x"/],
    [{ username: "u", password: "s3cret" }, /^password: expected a Redacted.*, got a plain string/],
    [{ username: "u", password: { inner: "s3cret" } }, /^password: expected a Redacted.*, got what is not Redacted/],
    [{ tls: { privateKey: "s3cret" } }, /^tls\.privateKey: expected a Redacted.*, got a plain string/],
    [{ contactPoints: "127.0.0.1" }, /^contactPoints: expected an array of at least one address.*, got "127\.0\.0\.1"/],
    [{ password: Redacted.make("s3cret") }, /^username: expected one beside the password.*, got none/],
    [{ username: "u" }, /^password: expected one beside the user name.*, got none/],
    [{ requestTimeout: "-5 seconds" }, /^requestTimeout: expected .*, got "-5 seconds"/],
    [{ pooling: { connectionsPerHost: 0 } }, /^pooling\.connectionsPerHost: expected an integer from 1.*, got 0/],
    [
      { pooling: { connectionsPerHost: Number.POSITIVE_INFINITY } },
      /^pooling\.connectionsPerHost: expected .*, got Infinity/
    ],
    [
      { pooling: { maxRequestsPerConnection: 40_000 } },
      /^pooling\.maxRequestsPerConnection: expected .* to 32768.*, got 40000/
    ],
    [{ pooling: { maxRequestsPerConnection: Number.NaN } }, /^pooling\.maxRequestsPerConnection: expected .*, got NaN/],
    [{ pooling: { heartbeatInterval: "-1 seconds" } }, /^pooling\.heartbeatInterval: expected .*, got "-1 seconds"/],
    [{ contactPoints: [1] }, /^contactPoints\[0\]: expected .*, got 1/],
    [{ localDataCenter: undefined }, /^localDataCenter: expected .*, got undefined/],
    [{ tls: "yes" }, /^tls: expected true, false or a Tls.*, got "yes"/],
    [
      { clientOptions: { sslOptions: { ca: "s3cret" } } },
      /^tls: expected .* in addition to clientOptions\.sslOptions.*, got undefined/
    ],
    [
      { tls: false, clientOptions: { sslOptions: {} } },
      /^tls: expected .* so that certificates are verified.*, got false/
    ],
    [{ clientOptions: { protocolOptions: { maxVersion: 3 } } }, /maxVersion: expected 4 or more.*, got 3/],
    [{ keyspace: "a b" }, /^keyspace: expected .*, got "a b"/]
  ]
  for (const [given, message] of table) {
    it.effect(`${Object.keys(given).join(", ")}: reported by name, and nothing connects`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(Effect.scoped(CassandraSession.make({ ...options, ...given })))
        const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.instanceOf(defect, InvalidOptions)
        assert.match(defect instanceof Error ? defect.message : "", message)
        for (const [form, text] of representations(exit)) assert.notInclude(text, "s3cret", form)
      }))
  }
})
