/** Whether the service takes requests: it does while the database answers, until it is to stop. */
import { Session, Statement } from "@effect-cql/core"
import { Context, Effect, Layer, Ref } from "effect"
import { NotReady } from "./errors.ts"

// Answers in time whatever the database does, and asks one node alone.
const probe = Statement.make("SELECT key FROM system.local", [], { requestTimeout: "2 seconds", retry: "none" })

export class Readiness extends Context.Service<Readiness, {
  readonly check: Effect.Effect<void, NotReady>
  /** From here on the service is not ready. */
  readonly stop: Effect.Effect<void>
}>()("app/Readiness") {
  static readonly layer: Layer.Layer<Readiness, never, Session> = Layer.effect(
    Readiness,
    Effect.gen(function*() {
      const session = yield* Session
      const isStopping = yield* Ref.make(false)
      return Readiness.of({
        check: Effect.gen(function*() {
          if (yield* Ref.get(isStopping)) return yield* new NotReady({ reason: "Stopping" })
          yield* session.execute(probe).pipe(
            Effect.catchTag("CqlError", ({ reason }) => Effect.fail(new NotReady({ reason: reason._tag })))
          )
        }),
        stop: Ref.set(isStopping, true)
      })
    })
  )
}
