/** A service of an application: its dependency on the database is the `Session`, and nothing else. */
import { type CqlError, executeConcurrent, ExecutionResult, Query, Session } from "@effect-cql/core"
import { Context, Effect, Layer, Schema } from "effect"

const nameById = Query.make("SELECT name FROM examples.users WHERE id = ?", {
  params: Schema.Tuple([Schema.Int]),
  row: Schema.Struct({ name: Schema.String })
})

const insert = Query.make("INSERT INTO examples.users (id, name) VALUES (?, ?) IF NOT EXISTS", {
  params: Schema.Tuple([Schema.Int, Schema.String])
})

/** The id belongs to another user. */
export class UserConflict extends Schema.TaggedError<UserConflict>("examples/UserConflict")("UserConflict", {
  id: Schema.Int
}) {}

export class Users extends Context.Service<Users, {
  /** Names by id, in their order. Unreadable ones are omitted and logged. */
  readonly names: (
    ids: ReadonlyArray<number>
  ) => Effect.Effect<{ readonly names: ReadonlyArray<string>; readonly unreadable: ReadonlyArray<number> }>
  readonly register: (id: number, name: string) => Effect.Effect<void, CqlError | UserConflict>
}>()("examples/Users") {
  static readonly layer: Layer.Layer<Users, never, Session> = Layer.effect(
    Users,
    Effect.gen(function*() {
      const session = yield* Session
      const names = Effect.fn("Users.names")(function*(ids: ReadonlyArray<number>) {
        const results = yield* executeConcurrent(ids.map((id) => nameById(id)), { raiseOnFirstError: false }).pipe(
          Effect.provideService(Session, session)
        )
        const [found, failed] = ExecutionResult.partition(results)
        return {
          names: found.flatMap(({ value }) => value.rows.map((row) => row.name)),
          unreadable: failed.map(({ index }) => ids[index]!)
        }
      })
      const register = Effect.fn("Users.register")(function*(id: number, name: string) {
        const { wasApplied } = yield* session.execute(insert(id, name))
        if (!wasApplied) return yield* new UserConflict({ id })
      })
      return Users.of({ names, register })
    })
  )
}
