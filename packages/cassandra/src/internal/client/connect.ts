/**
 * The life of a client: open within bounds, close within bounds, and nothing left behind either way.
 *
 * The driver can neither give up a connect nor tell of connections that are not ready yet; shutting it down while it
 * connects does nothing. But each connection logs its first step as a method of its own, so that the log emitter of the
 * client sees them all, and can end those that the driver leaves.
 */
import type { CqlError } from "@effect-cql/core"
import { Client } from "cassandra-driver"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Options, SessionOptions } from "../../Options.ts"
import {
  type ClientOptions,
  type DriverConnection,
  endWhenUnreadable,
  internals,
  isConnection,
  type LogEmitter,
  tabulate
} from "../driver/driver.ts"
import { mendReplication } from "../driver/replication.ts"
import { toClientOptions } from "./clientOptions.ts"
import { checkProtocol, refusedByDriver } from "./clientOptionsCheck.ts"
import { fromError, fromTimeout, shutDown } from "./connectFailed.ts"
import { makeLog } from "./log.ts"
import { closeTimeoutOf, connectTimeoutOf, waitsOnceConnected, waitsToConnect } from "./waits.ts"

/** Milliseconds for an orderly end of the connections. */
const farewell = 500

class Handle {
  readonly client: Client
  readonly #connections = new Set<DriverConnection>()
  #closed = false

  constructor(options: Options, log: LogEmitter) {
    const seen = (connection: DriverConnection) => this.#seen(connection)
    const isClosed = () => this.#closed
    this.client = makeClient(toClientOptions(options, function(event, level, className, message, further) {
      if (level === "info" && isConnection(this, className)) seen(this)
      // After the session was closed, complaints of the driver are about that.
      const shown = level !== "verbose" && isClosed() ? "info" : level
      log.call(this, event, shown, className, message, further)
    }))
    mendReplication(this.client)
  }

  #seen(connection: DriverConnection): void {
    // Each time, for one that is opened again in another version of the protocol begins with a Map again.
    tabulate(connection)
    if (this.#connections.has(connection)) return
    for (const known of this.#connections) {
      if (known.netClient?.destroyed === true) this.#connections.delete(known)
    }
    this.#connections.add(connection)
    endWhenUnreadable(connection)
    // The driver goes on to the next contact point when one fails, even when that was our doing.
    if (this.#closed) queueMicrotask(() => end(connection))
  }

  get pending(): ReadonlyArray<DriverConnection> {
    return Array.from(this.#connections).filter(({ connected, netClient }) =>
      !connected && netClient?.destroyed === false
    )
  }

  readonly connect: Effect.Effect<void, unknown> = Effect.callback((resume) => {
    this.client.connect().then(
      () => this.#closed ? this.#shutdown() : resume(Effect.void),
      (error: unknown) => resume(Effect.fail(error))
    )
  })

  #shutdown(): Promise<void> {
    return this.client.shutdown().catch(() => {})
  }

  close(timeout: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#closed) return Effect.void
      this.#closed = true
      return Effect.promise(() => this.#shutdown()).pipe(
        // The session has waited for its requests by now. A node that hangs does not close its end of a connection.
        Effect.timeoutOption(Math.min(timeout, farewell)),
        Effect.andThen(Effect.sync(() => this.#connections.forEach(end)))
      )
    })
  }
}

const makeClient = (options: ClientOptions): Client => {
  // A constructor that throws: the caller is an Effect.sync, which makes a defect of it.
  try {
    return new Client(options)
  } catch (error) {
    throw refusedByDriver(error)
  }
}

/** Ends a connection in whatever state it is; what waits for it fails at once. */
const end = (connection: DriverConnection): void => {
  const socket = connection.netClient
  // An error is what makes the driver let go of a connection that is not open yet. Somebody has to listen to it.
  socket?.on("error", () => {})
  connection.close()
  socket?.destroy(new Error("the client was closed"))
}

/** A connected client, which is closed with the scope. */
export const open = (options: Options): Effect.Effect<Client, CqlError, Scope.Scope> => {
  const { connectRetry } = options
  return connectRetry === undefined ? openOnce(options) : Effect.retry(openOnce(options), connectRetry)
}

const openOnce = (options: Options): Effect.Effect<Client, CqlError, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const log = yield* makeLog
      const timeout = connectTimeoutOf(options)
      const closeTimeout = closeTimeoutOf(options)
      const handle = yield* Effect.sync(() => new Handle(options, log))
      const { socketOptions } = internals(handle.client).options
      Object.assign(socketOptions, waitsToConnect(options))
      const connect = handle.connect.pipe(
        Effect.mapError((error) => fromError(error, options)),
        Effect.timeoutOrElse({
          duration: timeout,
          orElse: () => Effect.fail(fromTimeout(timeout, handle.pending, options))
        })
      )
      yield* Effect.onError(restore(connect), () => handle.close(closeTimeout))
      Object.assign(socketOptions, waitsOnceConnected(options))
      // A connect that failed has left nothing behind, so a retry adds nothing to the scope.
      yield* Effect.addFinalizer(() => handle.close(closeTimeout))
      return handle.client
    })
  )

/** Connects a client of the user's, unless it is connected. A connect that takes too long goes on without the session. */
export const connected = (client: Client, options: SessionOptions): Effect.Effect<void, CqlError> =>
  Effect.suspend(() => {
    const timeout = connectTimeoutOf(options)
    checkProtocol(internals(client).options.protocolOptions?.maxVersion)
    const isNew = mendReplication(client)
    const { connected, isShuttingDown, metadata } = internals(client)
    if (isShuttingDown) return Effect.fail(shutDown())
    if (connected) return isNew ? Effect.ignore(Effect.tryPromise(() => metadata.refreshKeyspaces())) : Effect.void
    const contactPoints = internals(client).options.contactPoints ?? []
    return Effect.callback<void, CqlError>((resume) => {
      client.connect().then(
        () => resume(Effect.void),
        (error: unknown) => resume(Effect.fail(fromError(error, { contactPoints })))
      )
    }).pipe(Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.fail(fromTimeout(timeout, [], { contactPoints }))
    }))
  })
