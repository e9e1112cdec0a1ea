import { Session, type Statement } from "@effect-cql/core"
import type { RequestOptions } from "@effect-cql/core/Port"
import { CassandraServer } from "@effect-cql/test-server"
import { integration } from "@effect-cql/test-support/server"
import { ownName, reasonOf, withKeyspace } from "@effect-cql/test-support/session"
import { assert, describe, it as unit, layer } from "@effect/vitest"
import { Effect } from "effect"
import { CassandraClient } from "../src/index.ts"
import type { TokenMetadata } from "../src/internal/driver/driver.ts"
import { ClientPort } from "../src/internal/request/port.ts"
import { ringOf } from "../src/internal/request/tokens.ts"

const keyspace = ownName("tokens")
const least = -(2n ** 63n)
const size = 2n ** 64n

/** How many tokens lie after `start`, up to and including `end`, around the ring. */
const width = ({ end, start }: { readonly start: bigint; readonly end: bigint }): bigint => {
  const distance = BigInt.asUintN(64, end - start)
  return distance === 0n ? size : distance
}

const tables = [
  `CREATE TABLE ${keyspace}.texts (pk text PRIMARY KEY, v int)`,
  `CREATE TABLE ${keyspace}.pairs (a int, b blob, c int, PRIMARY KEY ((a, b), c))`
]

const defaults: RequestOptions = {
  consistency: undefined,
  serialConsistency: undefined,
  pageSize: undefined,
  requestTimeout: undefined,
  idempotent: true,
  timestamp: undefined,
  tracing: false,
  executionProfile: undefined,
  routing: undefined
}

integration("tokens", () => {
  layer(withKeyspace(keyspace, ...tables), { excludeTestServices: true })((it) => {
    it.effect("partition is the token that the server has for the key, whatever its length", () =>
      Effect.gen(function*() {
        const session = yield* Session
        const insert = `INSERT INTO ${keyspace}.texts (v, pk) VALUES (?, ?)`
        const keys = Array.from({ length: 70 }, (_, length) => "é\u0000x~".repeat(20).slice(0, length + 1))
        for (const key of keys) {
          yield* session.execute([insert, [1, key]])
          const partition = yield* session.partition([insert, [1, key]])
          const row = yield* session.execute([`SELECT token(pk) AS t FROM ${keyspace}.texts WHERE pk = ?`, [key]])
          assert.strictEqual(partition?.token, row.first?.["t"] as bigint)
        }
      }))

    it.effect("partition of a key of several columns, whatever the order of the markers", () =>
      Effect.gen(function*() {
        const session = yield* Session
        const insert = `INSERT INTO ${keyspace}.pairs (c, b, a) VALUES (?, ?, ?)`
        for (
          const [a, b] of [[1, Uint8Array.of()], [-7, Uint8Array.of(1, 2, 255)], [2 ** 31 - 1, new Uint8Array(300)]]
        ) {
          yield* session.execute([insert, [1, b, a]])
          const row = yield* session.execute(
            [`SELECT token(a, b) AS t FROM ${keyspace}.pairs WHERE a = ? AND b = ?`, [a, b]]
          )
          assert.strictEqual((yield* session.partition([insert, [1, b, a]]))?.token, row.first?.["t"] as bigint)
        }
      }))

    it.effect("no partition of a statement on several, and an error says that nothing was sent", () =>
      Effect.gen(function*() {
        const session = yield* Session
        const texts = `DELETE FROM ${keyspace}.texts WHERE pk IN (?, ?)`
        assert.isUndefined(yield* session.partition([texts, ["a", "b"]]))
        const named = `DELETE FROM ${keyspace}.texts WHERE pk IN (:a, :b)`
        assert.isUndefined(yield* session.partition([named, { a: "a", b: "b" }]))
        const pair = `INSERT INTO ${keyspace}.pairs (c, b, a) VALUES (?, ?, ?)`
        const cases: ReadonlyArray<readonly [statement: Statement.Input, reason: RegExp]> = [
          [[pair, [1, new Uint8Array(70_000), 1]], /ParametersRefused: a component .* longer than 65,535 bytes/],
          [[pair, [1, "x", 1]], /ParametersRefused: parameter 1/],
          [[`DELETE FRM ${keyspace}.texts WHERE pk = ?`, ["a"]], /SyntaxError/]
        ]
        for (const [statement, reason] of cases) {
          const error = yield* Effect.flip(session.partition(statement))
          assert.match(error.message, reason)
          assert.deepStrictEqual([error.outcome, error.attempts], ["NotApplied", 0])
        }
      }))

    it.effect("partition of a statement that names its key itself", () =>
      Effect.gen(function*() {
        const session = yield* Session
        const text = `SELECT v FROM ${keyspace}.texts WHERE pk = 'ada'`
        const routing = { key: Buffer.from("ada") }
        // Past the session, which does not look at the options of a statement here.
        const port = new ClientPort(yield* CassandraClient, {}, () => {})
        const options = { ...defaults, routing }
        const asked = yield* port.partition({
          _tag: "Statement",
          text,
          kind: "read",
          conditional: false,
          params: [],
          options
        })
        const bound = yield* session.partition([`SELECT v FROM ${keyspace}.texts WHERE pk = ?`, ["ada"]])
        assert.isDefined(asked)
        assert.deepStrictEqual(asked, bound)
      }))

    it.effect("partition is unknown without a whole key, and refused for a value that does not fit", () =>
      Effect.gen(function*() {
        const session = yield* Session
        const pair = `INSERT INTO ${keyspace}.pairs (a, b, c) VALUES (1, ?, ?)`
        assert.isUndefined(yield* session.partition([pair, [Uint8Array.of(1), 1]]))
        assert.isUndefined(yield* session.partition([`SELECT v FROM ${keyspace}.texts`]))
        assert.isUndefined(yield* session.partition([`SELECT v FROM ${keyspace}.texts WHERE pk = ?`, [null]]))
        const wrong = session.partition([`SELECT v FROM ${keyspace}.texts WHERE pk = ?`, [1]])
        assert.deepInclude(yield* reasonOf(wrong), { _tag: "ParametersRefused", column: "pk", given: "number" })
        const nowhere = session.partition([`SELECT v FROM ${keyspace}.nowhere WHERE pk = ?`, [1]])
        assert.strictEqual((yield* reasonOf(nowhere))._tag, "InvalidQuery")
      }))

    it.effect("the ranges of the ring cover it once, each with its replicas", () =>
      Effect.gen(function*() {
        const session = yield* Session
        const { contactPoints } = yield* CassandraServer.CassandraServer
        const { ranges } = (yield* session.ring(keyspace)) ?? assert.fail("no ring")
        const local = yield* session.execute(["SELECT tokens FROM system.local"])
        const tokens = local.first?.["tokens"] as ReadonlySet<string>
        assert.sameMembers(ranges.map(({ end }) => String(end)), [...tokens])
        assert.strictEqual(ranges.reduce((sum, range) => sum + width(range), 0n), size)
        assert.sameMembers(ranges.map(({ start }) => start), ranges.map(({ end }) => end))
        assert.lengthOf(ranges.filter(({ end, start }) => start >= end), 1)
        for (const { replicas } of ranges) assert.deepStrictEqual(replicas, [...contactPoints])
      }))

    it.effect("the ring of a keyspace that was made by others a moment ago is known, and of none is not", () =>
      Effect.gen(function*() {
        const session = yield* Session
        assert.isUndefined(yield* session.ring("nowhere"))
        const made = `${keyspace}_made`
        const replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
        yield* session.execute([`CREATE KEYSPACE ${made} WITH replication = ${replication}`])
        const ring = yield* session.ring(made)
        yield* session.execute([`DROP KEYSPACE ${made}`])
        assert.isAbove(ring?.ranges.length ?? 0, 0)
      }))
  })
})

describe("a ring of one token", () => {
  unit("is one range, all the way around", () => {
    const token = { toString: () => String(least) }
    const metadata = {
      getTokenRanges: () => new Set([{ start: token, end: token }]),
      getReplicas: () => [{ address: "10.0.0.1:9042" }]
    } as unknown as TokenMetadata
    const ring = ringOf(metadata, "app")
    assert.deepStrictEqual(ring, { ranges: [{ start: least, end: least, replicas: ["10.0.0.1:9042"] }] })
    assert.strictEqual(width(ring!.ranges[0]!), size)
  })

  unit("of bytes is none", () => {
    const token = { toString: () => "6f00ff" }
    const metadata = {
      getTokenRanges: () => new Set([{ start: token, end: token }]),
      getReplicas: () => []
    } as unknown as TokenMetadata
    assert.isUndefined(ringOf(metadata, "app"))
  })
})
