import { Batch, executeConcurrent, Session, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Schedule, Scope } from "effect"
import { CassandraSession } from "../src/index.ts"
import { proxyTo } from "./support/proxy.ts"

const keyspace = ownName("faults")

const insert = [`INSERT INTO ${keyspace}.t (id) VALUES (?)`, [1]] as const
// One attempt: what each fault does to a request is what is looked at here.
const options: Statement.Options = { requestTimeout: "300 millis", retry: "none" }
const write = Statement.make(...insert, options)
const read = Statement.make(`SELECT id FROM ${keyspace}.t WHERE id = ?`, [1], options)

const connected = (more: Partial<CassandraSession.Options> = {}) =>
  Effect.gen(function*() {
    const server = yield* CassandraServer
    const proxy = yield* proxyTo(server.contactPoints[0]!)
    const session = yield* CassandraSession.make({ ...optionsOf(server), contactPoints: [proxy.address], ...more })
    yield* session.execute(write)
    yield* session.execute(read)
    return { proxy, session }
  })

const millis = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const begin = performance.now()
    const value = yield* effect
    return [value, performance.now() - begin] as const
  })

integration("faults", () => {
  const tables = [`CREATE TABLE ${keyspace}.t (id int PRIMARY KEY)`]
  layer(withKeyspace(keyspace, ...tables), { excludeTestServices: true })((it) => {
    it.effect("a server that falls silent: the timeout of the request, and the outcome of a write is unknown", () =>
      Effect.gen(function*() {
        const { proxy, session } = yield* connected()
        proxy.silence()
        const [error, took] = yield* millis(Effect.flip(session.execute(write)))
        assert.isBelow(took, 600)
        assert.deepInclude(error.reason, { _tag: "RequestTimeout", timeout: 300 })
        assert.strictEqual(error.outcome, "Unknown")
        assert.strictEqual((yield* Effect.flip(session.execute(read))).outcome, "NotApplied")
      }).pipe(Effect.scoped))

    it.effect("a request that was given up holds its stream, which capacity leaves out", () =>
      Effect.gen(function*() {
        const { proxy, session } = yield* connected({ pooling: { maxRequestsPerConnection: 100 } })
        proxy.silence()
        const fibers = yield* Effect.forEach(
          Array.from({ length: 10 }),
          () => Effect.forkChild(session.execute(write), { startImmediately: true })
        )
        yield* Effect.sleep("50 millis")
        assert.strictEqual(yield* session.capacity, 100)
        const [, took] = yield* millis(Effect.forEach(fibers, Fiber.interrupt))
        assert.isBelow(took, 100)
        assert.strictEqual(yield* session.capacity, 90)
      }).pipe(Effect.scoped))

    it.effect("a connection that breaks under a request: the outcome of a write is unknown", () =>
      Effect.gen(function*() {
        const { proxy, session } = yield* connected()
        proxy.silence()
        const fiber = yield* Effect.forkChild(Effect.flip(session.execute(write)), { startImmediately: true })
        yield* Effect.sleep("50 millis")
        proxy.cut()
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error.reason._tag, "ConnectionClosed")
        assert.strictEqual(error.outcome, "Unknown")
      }).pipe(Effect.scoped))

    it.effect(
      "a server that goes away: not applied, for no host is left; and it is found again",
      () =>
        Effect.gen(function*() {
          const { proxy, session } = yield* connected()
          yield* proxy.goAway
          yield* Effect.sleep("100 millis")
          const error = yield* Effect.flip(session.execute(Statement.withOptions(write, { idempotent: false })))
          assert.strictEqual(error.reason._tag, "NoHostAvailable")
          assert.strictEqual(error.outcome, "NotApplied")
          assert.isUndefined(yield* session.capacity)
          yield* proxy.comeBack
          yield* Effect.retry(session.execute(write), { schedule: Schedule.spaced("100 millis"), times: 50 })
        }).pipe(Effect.scoped),
      20_000
    )

    it.effect("an end while the server is silent: within the close timeout, and nothing stays open", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const { proxy, session } = yield* Effect.gen(function*() {
          const server = yield* CassandraServer
          const proxy = yield* proxyTo(server.contactPoints[0]!)
          const made = CassandraSession.make({
            ...optionsOf(server),
            contactPoints: [proxy.address],
            closeTimeout: "300 millis"
          })
          const session = yield* Scope.provide(made, scope)
          yield* session.execute(write)
          return { proxy, session }
        })
        proxy.silence()
        const fiber = yield* Effect.forkChild(
          Effect.flip(session.execute(Statement.withOptions(write, { requestTimeout: "1 minute" }))),
          { startImmediately: true }
        )
        yield* Effect.sleep("50 millis")
        const [, took] = yield* millis(Scope.close(scope, Exit.void))
        assert.isBelow(took, 1_000)
        assert.strictEqual((yield* Fiber.join(fiber)).outcome, "Unknown")
        yield* Effect.sleep("50 millis")
        assert.strictEqual(proxy.open(), 0)
      }).pipe(Effect.scoped))

    it.effect("an end after an interrupted run while the server is silent: within two seconds, whatever the close timeout", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const { proxy, session } = yield* Scope.provide(connected(), scope)
        proxy.silence()
        const long = Statement.withOptions(write, { requestTimeout: "1 minute" })
        const fiber = yield* Effect.forkChild(
          executeConcurrent(Array.from({ length: 50 }, () => long)).pipe(Effect.provideService(Session, session)),
          { startImmediately: true }
        )
        yield* Effect.sleep("50 millis")
        const [, took] = yield* millis(Effect.andThen(Fiber.interrupt(fiber), Scope.close(scope, Exit.void)))
        assert.isBelow(took, 2_000)
        assert.strictEqual(proxy.open(), 0)
      }))

    it.effect("a new text while the server is silent: not applied, for it was not sent, and tried again", () =>
      Effect.gen(function*() {
        const { proxy, session } = yield* connected()
        proxy.silence()
        const counter = `UPDATE ${keyspace}.counters SET n = n + 1 WHERE id = ?`
        const batch = Batch.make([[`INSERT INTO ${keyspace}.t (id) VALUES (?) /* new */`, [1]]])
        const statements = [Statement.make(counter, [1]), batch]
        const results = yield* executeConcurrent(statements, {
          raiseOnFirstError: false,
          statement: { requestTimeout: "100 millis" }
        }).pipe(Effect.provideService(Session, session))
        assert.deepStrictEqual(
          results.map(({ error, outcome }) => [outcome, error?.attempts, error?.history.length]),
          [["NotApplied", 0, 3], ["NotApplied", 0, 3]]
        )
        const sent = yield* Effect.forkChild(Effect.flip(session.execute(write)), { startImmediately: true })
        assert.strictEqual((yield* Fiber.join(sent)).outcome, "Unknown")
      }).pipe(Effect.scoped))

    it.effect("a connection that breaks while a write is prepared: not applied, for it was not sent", () =>
      Effect.gen(function*() {
        const { proxy, session } = yield* connected()
        proxy.silence()
        const other = [`INSERT INTO ${keyspace}.t (id) VALUES (:id)`, [1]] as const
        const fiber = yield* Effect.forkChild(Effect.flip(session.execute(other)), { startImmediately: true })
        yield* Effect.sleep("50 millis")
        proxy.cut()
        assert.strictEqual((yield* Fiber.join(fiber)).outcome, "NotApplied")
      }).pipe(Effect.scoped))
  })
})
