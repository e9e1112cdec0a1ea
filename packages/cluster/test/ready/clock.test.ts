/** Ready jobs in a process whose wall clock jumps. */
import { Job } from "@effect-cql/cluster"
import { executeConcurrentWithArgs, type Session, Statement } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Stream } from "effect"
import { gated } from "../support/port.ts"
import { memory, options, passed, started } from "../support/ready.ts"

class User extends Table.Class<User>("User")("app.users", {
  columns: { id: CqlSchema.Int, name: CqlSchema.Text },
  partitionKey: "id"
}) {}
const Copy = Table.make("app.copies", User, { partitionKey: "id" })
const tables = () => memory([...Table.ddl(User), ...Table.ddl(Copy)])
const users = Array.from({ length: 40 }, (_, id) => ({ id, name: `user ${id}` }))

/** The clock of a process whose wall clock is set forwards and back by an hour, over and over. */
const jumping = Effect.map(Clock.Clock, (clock) => {
  let read = 0
  const ahead = () => read++ % 2 === 0 ? 3_600_000 : -3_600_000
  const millis = () => clock.currentTimeMillisUnsafe() + ahead()
  const nanos = () => clock.currentTimeNanosUnsafe() + BigInt(ahead()) * 1_000_000n
  return Clock.Clock.of({
    ...clock,
    sleep: (duration) => clock.sleep(duration),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos)
  })
})

const ran = (job: Job.ReadyJob<Job.TimesNotReadable, Session>) =>
  Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const server = gated((request, send) => Effect.provideService(send(request), Clock.Clock, clock))
    const runner = { layer: Layer.provide(job.layer, Layer.fresh(server)) }
    yield* Effect.provideService(started(runner, options), Clock.Clock, yield* jumping)
    return yield* passed((yield* job.start({ id: "job" })).await)
  })

const leftOf = (table: string) =>
  Effect.map(
    Statement.make(`SELECT id, name, ttl(name) AS ttl FROM app.${table}`),
    ({ rows }) => rows.map(({ ttl }) => Number(ttl))
  )

describe("values that expire", () => {
  const filled = executeConcurrentWithArgs(
    User.insert,
    users,
    { statement: { timestamp: 5n } }
  ).pipe(
    Effect.andThen(
      Effect.forEach(
        users,
        ({ id, name }) =>
          Statement.make("INSERT INTO app.users (id, name) VALUES (?, ?) USING TTL 1500", [id, name], { timestamp: 6n })
      )
    )
  )

  it.effect("are copied with what is left of their time", () =>
    Effect.gen(function*() {
      yield* filled
      const { rejected, rows } = yield* ran(Job.copy("Copy", { version: "1", from: User, to: Copy }))
      assert.deepStrictEqual([rows, rejected], [40, 0])
      const left = yield* leftOf("copies")
      assert.strictEqual(left.length, 40)
      for (const ttl of left) assert.isTrue(ttl > 1_300 && ttl <= 1_500, String(ttl))
    }).pipe(Effect.provide(tables())))

  it.effect("are changed with what is left of their time", () =>
    Effect.gen(function*() {
      yield* filled
      const { rows } = yield* ran(
        Job.transform("Change", {
          version: "1",
          table: User,
          change: ({ name }) => Effect.succeed({ name: `${name}!` })
        })
      )
      assert.strictEqual(rows, 40)
      const changed = yield* Stream.runCollect(Statement.stream(Statement.make("SELECT name FROM app.users")))
      assert.isTrue(changed.every(({ name }) => String(name).endsWith("!")))
      for (const ttl of yield* leftOf("users")) assert.isTrue(ttl > 1_300 && ttl <= 1_500, String(ttl))
    }).pipe(Effect.provide(tables())))

  it.effect("are equal to those that expire at the same time", () =>
    Effect.gen(function*() {
      yield* filled
      yield* Effect.forEach(users, ({ id, name }) =>
        Statement.make("INSERT INTO app.copies (id, name) VALUES (?, ?) USING TTL 1500", [id, name], { timestamp: 6n }))
      const { rejected } = yield* ran(Job.verify("Verify", { version: "1", from: User, to: Copy, times: true }))
      assert.strictEqual(rejected, 0)
    }).pipe(Effect.provide(tables())))
})
