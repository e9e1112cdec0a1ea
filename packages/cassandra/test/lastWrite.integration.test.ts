import { Batch, executeConcurrent, Session, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { Random } from "@effect-cql/test-support/random"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import type { Client } from "cassandra-driver"
import { Effect, Fiber } from "effect"
import { CassandraClient, CassandraSession } from "../src/index.ts"

const keyspace = ownName("last_write")
const table = `${keyspace}.cells`

const update = `UPDATE ${table} SET v = ? WHERE id = ?`
const writes: ReadonlyArray<
  (id: number, value: number) => readonly [Statement.Statement<unknown> | Batch.Batch, number | null]
> = [
  (id, value) => [Statement.make(update, [value, id]), value],
  (id, value) => [Statement.make(`${update} IF v != -1`, [value, id]), value],
  (id) => [Statement.make(`DELETE v FROM ${table} WHERE id = ?`, [id]), null],
  (id, value) => [Statement.make(`${update} IF v != -2`, [value, id]), value],
  (id, value) => [Batch.make([[update, [value, id]]], { type: "unlogged" }), value],
  (id, value) => [Batch.make([[`${update} IF v != -3`, [value, id]]]), value]
]

/** The plain writes of the driver, through the client beside the session. */
const clientWrites: ReadonlyArray<(client: Client, id: number, value: number) => Promise<unknown>> = [
  (client, id, value) => client.execute(update, [value, id], { prepare: true }),
  (client, id) => client.execute(`DELETE v FROM ${table} WHERE id = ?`, [id], { prepare: true }),
  (client, id, value) => client.batch([{ query: update, params: [value, id] }], { prepare: true, logged: false })
]

const rows = 1_000
const rounds = 10

integration("the last write", () => {
  layer(withKeyspace(keyspace, `CREATE TABLE ${table} (id int PRIMARY KEY, v int)`), { excludeTestServices: true })(
    (it) => {
      it.effect(
        "wins, over two sessions, a client, deletions, batches and conditions: none of 20,000 is lost",
        () =>
          Effect.gen(function*() {
            const server = yield* CassandraServer
            const sessions = [yield* Session, yield* CassandraSession.make(optionsOf(server))]
            const client = yield* CassandraClient
            const random = new Random(20_260_102)
            let lost = 0
            const chain = (id: number) =>
              Effect.gen(function*() {
                let expected: number | null = null
                const check = Effect.gen(function*() {
                  const { first } = yield* sessions[0]!.execute([`SELECT v FROM ${table} WHERE id = ?`, [id]])
                  if ((first?.["v"] ?? null) !== expected) lost++
                })
                for (let round = 0; round < rounds; round++) {
                  for (let step = 0; step < 2; step++) {
                    const kind = 2 * random.between(0, 2) + (random.chance(0.1) ? 1 : 0)
                    const [write, value] = writes[kind]!(id, random.between(0, 4))
                    const by = random.between(0, 2)
                    if (by === 2 && kind % 2 === 0) {
                      yield* Effect.promise(() => clientWrites[kind / 2]!(client, id, value ?? 0))
                    } else yield* sessions[by % 2]!.execute(write)
                    expected = value
                    // Half of the first writes are read, which would be hidden by the second. A read takes the time in which a
                    // second one may collide with the first.
                    if (step === 1 || round % 2 === 1) yield* check
                  }
                }
              })
            yield* Effect.forEach(Array.from({ length: rows }, (_, id) => id), chain, {
              concurrency: 64,
              discard: true
            })
            assert.strictEqual(lost, 0)
          }).pipe(Effect.scoped),
        180_000
      )

      it.effect("is answered although the event loop was blocked beyond its time", () =>
        Effect.gen(function*() {
          const session = yield* Session
          const statement = (id: number) =>
            Statement.make(update, [7, id], { requestTimeout: "500 millis", retry: "none", idempotent: false })
          yield* session.execute(statement(0))
          const statements = Array.from({ length: 200 }, (_, id) => statement(id))
          const fiber = yield* Effect.forkChild(
            executeConcurrent(statements, { concurrency: 200, raiseOnFirstError: false }),
            { startImmediately: true }
          )
          // What has been written is on its way, and the answers come while nothing reads them.
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
          const end = performance.now() + 1_200
          while (performance.now() < end);
          const outcomes = (yield* Fiber.join(fiber)).map(({ outcome }) => outcome)
          assert.deepStrictEqual([...new Set(outcomes)], ["Applied"])
        }), 30_000)
    }
  )
})
