import { Client, type ClientOptions } from "cassandra-driver"
import { Effect } from "effect"

/** A connected client of the driver, without a session. It is shut down with the scope. */
export const bareClient = (contactPoints: string | Array<string>, options: Partial<ClientOptions> = {}) =>
  Effect.acquireRelease(
    Effect.sync(() => new Client({ contactPoints: [contactPoints].flat(), localDataCenter: "dc1", ...options })),
    (client) => Effect.ignore(Effect.tryPromise(() => client.shutdown()).pipe(Effect.timeoutOption("1 second")))
  ).pipe(Effect.tap((client) => Effect.tryPromise(() => client.connect())))
