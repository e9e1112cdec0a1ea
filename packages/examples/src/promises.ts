/** At the edge of Effect: a class with promises and abort signals, for code that knows nothing of effects. */
import { type CqlError, executeConcurrent, ExecutionResult, Query, type Session } from "@effect-cql/core"
import { Effect, type Layer, ManagedRuntime, Schema } from "effect"
import { Cassandra } from "./cassandra.ts"

const nameById = Query.make("SELECT name FROM examples.users WHERE id = ?", {
  params: Schema.Tuple([Schema.Int]),
  row: Schema.Struct({ name: Schema.String })
})

const insert = Query.make("INSERT INTO examples.users (id, name) VALUES (?, ?)", {
  params: Schema.Tuple([Schema.Int, Schema.String])
})

/** Result of a lookup. */
export type Found =
  | { readonly id: number; readonly name: string | undefined }
  | { readonly id: number; readonly error: CqlError }

export class UserStore {
  // The one place where effects become promises: the session is opened at the first call, and shared by all.
  readonly #runtime: ManagedRuntime.ManagedRuntime<Session, unknown>

  constructor(layer: Layer.Layer<Session, unknown> = Cassandra) {
    this.#runtime = ManagedRuntime.make(layer)
  }

  /** Rejects with `CqlError`. Aborting rejects at once; whether the write was applied is unknown then. */
  add(id: number, name: string, signal?: AbortSignal): Promise<void> {
    return this.#runtime.runPromise(Effect.asVoid(insert(id, name)), { signal })
  }

  /** Names in the order of the ids. A read that fails rejects nothing: its error stands in its place. */
  names(ids: ReadonlyArray<number>, signal?: AbortSignal): Promise<ReadonlyArray<Found>> {
    const found = executeConcurrent(ids.map((id) => nameById(id)), { raiseOnFirstError: false }).pipe(
      Effect.map((results) =>
        results.map((result): Found => {
          const id = ids[result.index]!
          return ExecutionResult.match(result, {
            onSuccess: ({ value }) => ({ id, name: value.first?.name }),
            onFailure: ({ error }) => ({ id, error })
          })
        })
      )
    )
    return this.#runtime.runPromise(found, { signal })
  }

  /** Waits for what is in flight, and closes the session. */
  close(): Promise<void> {
    return this.#runtime.dispose()
  }
}

if (import.meta.main) {
  const users = new UserStore()
  await users.add(1, "ada")
  console.log(await users.names([1, 2], AbortSignal.timeout(5_000)))
  await users.close()
}
