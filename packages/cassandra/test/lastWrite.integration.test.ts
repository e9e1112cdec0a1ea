import { Batch, executeConcurrent, Session, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { Random } from "@effect-cql/test-support/random"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
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
                for (let round = 0; round < rounds; round++) {
                  let expected: number | null = null
                  for (let step = 0; step < 2; step++) {
                    const kind = 2 * random.between(0, 2) + (random.chance(0.1) ? 1 : 0)
                    const [write, value] = writes[kind]!(id, random.between(0, 4))
                    const by = random.between(0, 2)
                    // Through the client beside the session: a plain write of the driver.
                    if (by === 2 && kind === 0) {
                      yield* Effect.promise(() => client.execute(update, [value, id], { prepare: true }))
                    } else yield* sessions[by % 2]!.execute(write)
                    expected = value
                  }
                  const { first } = yield* sessions[0]!.execute([`SELECT v FROM ${table} WHERE id = ?`, [id]])
                  if ((first?.["v"] ?? null) !== expected) {
                    lost++
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
