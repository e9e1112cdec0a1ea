/** Jobs over tables, on the virtual clock. */
import { CqlCluster, JobRunner, Jobs, TableJob } from "@effect-cql/cluster"
import { executeConcurrentWithArgs, type Session, Statement } from "@effect-cql/core"
import { CqlSchema, Table, TokenRange } from "@effect-cql/schema"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Logger, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"

class User extends Table.Class<User>("User")("app.users", {
  columns: { id: CqlSchema.Int, part: CqlSchema.Int, name: Schema.String },
  partitionKey: "id",
  clusteringKey: ["part"]
}) {}

class Copy extends Table.Class<Copy>("Copy")("app.copy", {
  columns: { id: CqlSchema.Int, part: CqlSchema.Int, name: Schema.String },
  partitionKey: "id",
  clusteringKey: ["part"]
}) {}

const options = { keyspace: "app", lanes: 4 }
const rows = Array.from({ length: 300 }, (_, at) => ({ id: Math.trunc(at / 3), part: at % 3, name: `user ${at}` }))
const memory = Layer.provideMerge(
  Layer.fresh(Jobs.layer(options)),
  Layer.mergeAll(
    Layer.fresh(MockSession.memory([...CqlCluster.ddl("app"), ...Table.ddl(User), ...Table.ddl(Copy)])),
    Logger.layer([])
  )
)

const started = <R>(layer: Layer.Layer<never, never, JobRunner.JobRunner | Session | R>) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const runner = layer.pipe(Layer.provide(Layer.fresh(JobRunner.layerLocal(options))))
    yield* Layer.buildWithScope(Layer.fresh(runner), scope)
    return { kill: Scope.close(scope, Exit.void) }
  })

const ended = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("2 minutes")
    return yield* Fiber.join(fiber)
  })

const CopyUsers = TableJob.make("CopyUsers", {
  version: "1",
  table: User,
  pageSize: 7,
  rows: (users, { timestamp }) =>
    Effect.andThen(
      Effect.sleep("100 millis"),
      executeConcurrentWithArgs(
        Copy.insert,
        users.map(({ id, name, part }) => ({ id, part, name: name.toUpperCase() })),
        {
          statement: { timestamp }
        }
      )
    )
})

describe("a job over a table", () => {
  it.effect("counts its rows", () =>
    Effect.gen(function*() {
      yield* executeConcurrentWithArgs(User.insert, rows)
      const CountUsers = TableJob.make("CountUsers", { version: "1", table: User, pageSize: 10 })
      yield* started(CountUsers.layer)
      const job = yield* CountUsers.start({ id: "count" })
      const { done, rows: counted, units } = yield* ended(job.await)
      assert.deepStrictEqual([counted, done], [300, units])
      const ranges = (yield* CountUsers.plan).units.map(({ unit }) => unit)
      assert.strictEqual(ranges.length, units)
      assert.strictEqual(TokenRange.merge(ranges).length, 1)
    }).pipe(Effect.provide(memory)))

  it.effect("has ranges for all lanes, also of a table without an estimate", () =>
    Effect.gen(function*() {
      const CountUsers = TableJob.make("CountUsers", { version: "1", table: User })
      const plan = yield* CountUsers.plan.pipe(
        Effect.provide(Layer.fresh(Jobs.layer({ keyspace: "app", lanes: 64 })))
      )
      const ranges = plan.units.map(({ unit }) => unit)
      assert.isAtLeast(ranges.length, 4 * 64)
      assert.deepStrictEqual(TokenRange.merge(ranges), [TokenRange.all])
    }).pipe(Effect.provide(memory)))

  it.effect("does its work on every row, also when its runner dies, and a later write of the application wins", () =>
    Effect.gen(function*() {
      yield* executeConcurrentWithArgs(User.insert, rows)
      const { kill } = yield* started(CopyUsers.layer)
      const job = yield* CopyUsers.start({ id: "copy" })
      yield* TestClock.adjust("2500 millis")
      yield* kill
      const { rows: copied } = yield* job.progress
      assert.isTrue(copied < 300)
      yield* Statement.make("INSERT INTO app.copy (id, part, name) VALUES (5, 1, 'newer')")
      yield* started(CopyUsers.layer)
      const end = yield* ended(job.await)
      assert.strictEqual(end.rows, 300)
      const all = yield* Statement.make("SELECT id, part, name FROM app.copy")
      assert.strictEqual(all.length, 300)
      for (const { id, name, part } of all) {
        const isNewer = id === 5 && part === 1
        assert.strictEqual(name, isNewer ? "newer" : `USER ${Number(id) * 3 + Number(part)}`)
      }
    }).pipe(Effect.provide(memory)))
})
