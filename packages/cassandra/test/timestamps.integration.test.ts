import { Batch, type CqlError, executeConcurrent, RetryPolicy, Session, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Queue } from "effect"
import { CassandraSession } from "../src/index.ts"
import { proxyTo } from "./support/proxy.ts"

const keyspace = ownName("timestamps")
const table = `${keyspace}.names`

const insert = (id: number, name: string) => Statement.make(`INSERT INTO ${table} (id, name) VALUES (?, ?)`, [id, name])
const remove = (id: number) => Statement.make(`DELETE FROM ${table} WHERE id = ?`, [id])

/** A client of its own, with a proxy before it that can hold back the answers. */
const connected = Effect.gen(function*() {
  const server = yield* CassandraServer
  const proxy = yield* proxyTo(server.contactPoints[0]!)
  const session = yield* CassandraSession.make({ ...optionsOf(server), contactPoints: [proxy.address] })
  yield* session.execute(insert(0, "first of all"))
  yield* session.execute(remove(0))
  return { proxy, session }
})

/** The name in a row, and when it was written. */
const nameOf = (id: number) =>
  Effect.map(
    Statement.make(`SELECT name, writetime(name) AS at FROM ${table} WHERE id = ?`, [id]),
    ({ first }) => first
  )

/** Options that collect the error of each failed attempt, as long as another attempt follows. */
const noted = (errors: Queue.Queue<CqlError>): Statement.Options => ({
  requestTimeout: "300 millis",
  retry: RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 49 }),
    budget: { minimum: 50, share: 1 },
    while: (error) => Queue.offerUnsafe(errors, error)
  })
})

/**
 * One client writes and gets no answer, another one writes after that, and then the first one's attempt is repeated and
 * answered. Gives what the other has written, and what is there in the end.
 */
const overtaken = Effect.fnUntraced(function*<A, E>(
  id: number,
  write: (options: Statement.Options) => Effect.Effect<A, E, Session>
) {
  const { proxy, session } = yield* connected
  const errors = yield* Queue.unbounded<CqlError>()
  proxy.silence()
  const first = yield* Effect.forkChild(Effect.provideService(write(noted(errors)), Session, session))
  const error = yield* Queue.take(errors)
  assert.strictEqual(error.reason._tag, "RequestTimeout")
  assert.strictEqual(error.outcome, "Unknown")

  yield* insert(id, "the other")
  const written = yield* nameOf(id)
  yield* Queue.clear(errors)
  // The attempt that was under way while the other one wrote; what follows it is sent after that.
  const last = yield* Queue.take(errors)
  assert.strictEqual(last.timestamp, error.timestamp)
  proxy.speak()
  yield* Fiber.join(first)
  return { timestamp: error.timestamp, written, left: yield* nameOf(id) }
}, Effect.scoped)

integration("timestamps of retries", () => {
  const lists = `${keyspace}.lists`
  const tables = [
    `CREATE TABLE ${table} (id int PRIMARY KEY, name text)`,
    `CREATE TABLE ${lists} (id int PRIMARY KEY, numbers list<int>, names set<text>)`
  ]
  layer(withKeyspace(keyspace, ...tables), { excludeTestServices: true })((it) => {
    const stands = Effect.fnUntraced(function*(
      id: number,
      write: (options: Statement.Options) => Effect.Effect<unknown, unknown, Session>
    ) {
      const { left, timestamp, written } = yield* overtaken(id, write)
      const at = written?.["at"]
      if (typeof at !== "bigint") return assert.fail("the other client has not written")
      assert.isBelow(Number(timestamp), Number(at))
      assert.deepStrictEqual(left, { name: "the other", at })
    })

    it.effect("a statement that is repeated does not overwrite what another client wrote meanwhile", () =>
      stands(1, (options) => Statement.withOptions(insert(1, "the first"), options)))

    it.effect("nor does a statement of a run", () =>
      stands(
        2,
        (options) => executeConcurrent([insert(2, "the first")], { statement: options })
      ))

    it.effect("nor does a batch", () =>
      stands(4, (options) => Batch.make([insert(4, "the first"), insert(5, "beside it")], options)))

    it.effect("nor is it deleted by a deletion that is repeated", () =>
      stands(6, (options) => Statement.withOptions(remove(6), options)))

    it.effect("sent again by hand, the write is a new one and overwrites it, unless it is given its timestamp", () =>
      Effect.gen(function*() {
        const { proxy, session } = yield* connected
        const write = insert(7, "the first")
        proxy.silence()
        const error = yield* Effect.flip(
          session.execute(Statement.withOptions(write, { requestTimeout: "300 millis", retry: "none" }))
        )
        assert.strictEqual(error.outcome, "Unknown")
        yield* insert(7, "the other")
        proxy.speak()
        yield* session.execute(Statement.withOptions(write, { timestamp: error.timestamp }))
        assert.strictEqual((yield* nameOf(7))?.["name"], "the other")
        yield* session.execute(write)
        assert.strictEqual((yield* nameOf(7))?.["name"], "the first")
      }).pipe(Effect.scoped))

    it.effect("every write of a session is newer than those before it, of whatever kind, also when the clock goes back", () =>
      Effect.gen(function*() {
        const session = yield* CassandraSession.make(optionsOf(yield* CassandraServer))
        const run = (text: string, params: Statement.Params) => session.execute([text, params])
        const now = Date.now
        yield* Effect.acquireUseRelease(
          Effect.sync(() => {
            Date.now = () => now() + 3_600_000
          }),
          () => run(`INSERT INTO ${lists} (id, numbers) VALUES (?, ?)`, [0, [0]]),
          () =>
            Effect.sync(() => {
              Date.now = now
            })
        )
        for (let id = 0; id < 5; id++) {
          yield* run(`UPDATE ${lists} SET numbers = ?, names = ? WHERE id = ?`, [[1], new Set(["a", "b"]), id])
          yield* run(`UPDATE ${lists} SET numbers = numbers + ? WHERE id = ?`, [[2], id])
          yield* run(`UPDATE ${lists} SET names = names - ? WHERE id = ?`, [new Set(["a"]), id])
          yield* run(`UPDATE ${lists} SET names = names + ? WHERE id = ?`, [new Set(["c"]), id])
          yield* run(`BEGIN BATCH UPDATE ${lists} SET numbers += ? WHERE id = ? APPLY BATCH`, [[3], id])
          yield* session.execute(Batch.make([[`UPDATE ${lists} SET numbers += ? WHERE id = ?`, [[4], id]]]))
          const { rows } = yield* run(`SELECT numbers, names FROM ${lists} WHERE id = ?`, [id])
          assert.deepStrictEqual(rows, [{ numbers: [1, 2, 3, 4], names: new Set(["b", "c"]) }])
          yield* run(`UPDATE ${lists} SET numbers = ? WHERE id = ?`, [[], id])
          assert.isNull((yield* run(`SELECT numbers FROM ${lists} WHERE id = ?`, [id])).first?.["numbers"])
        }
      }).pipe(Effect.scoped))
  })
})
