import { Query, Session, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server"
import { optionsOf, ownName } from "@effect-cql/test-support/session"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { CassandraSession } from "../src/index.ts"

const keyspace = ownName("tokens_of_three")

/** The number of tokens after `start`, up to and including `end`, around the ring. */
const width = ({ end, start }: { readonly start: bigint; readonly end: bigint }): bigint => {
  const distance = BigInt.asUintN(64, end - start)
  return distance === 0n ? 2n ** 64n : distance
}

describe("tokens of three nodes", () => {
  const threeNodes = CassandraServer.layer({ provider: "jvm", nodes: 3, startTimeout: "5 minutes" })
  const SessionLive = Layer.unwrap(
    Effect.map(CassandraServer.CassandraServer, (server) => CassandraSession.layer(optionsOf(server)))
  ).pipe(Layer.provideMerge(threeNodes))

  layer(SessionLive, { excludeTestServices: true, timeout: 330_000 })((it) => {
    it.effect(
      "each statement goes to the replica of its partition, or of the key that it names",
      () =>
        Effect.gen(function*() {
          const session = yield* Session
          const { contactPoints } = yield* CassandraServer.CassandraServer
          yield* Statement.make(
            `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`
          )
          yield* Statement.make(`CREATE TABLE ${keyspace}.texts (pk text PRIMARY KEY, v int)`)
          const { ranges } = (yield* session.ring(keyspace)) ?? assert.fail("no ring")
          assert.strictEqual(ranges.reduce((sum, range) => sum + width(range), 0n), 2n ** 64n)
          assert.sameMembers([...new Set(ranges.flatMap(({ replicas }) => replicas))], [...contactPoints])
          const select = Query.make(`SELECT v FROM ${keyspace}.texts WHERE pk = ?`)
          for (let number = 0; number < 30; number++) {
            const key = `key ${number}`
            const { token } = (yield* session.partition(select(key))) ?? assert.fail("no partition")
            const around = ranges.filter(({ end, start }) => width({ start, end: token }) <= width({ start, end }))
            assert.lengthOf(around, 1)
            assert.lengthOf(around[0]!.replicas, 1)
            const direct = yield* select(key)
            assert.strictEqual(direct.info.coordinator, around[0]!.replicas[0])
            const named = yield* Statement.withOptions(select("another"), { routing: { key: Buffer.from(key) } })
            assert.strictEqual(named.info.coordinator, around[0]!.replicas[0])
          }
        }),
      120_000
    )
  })
})
