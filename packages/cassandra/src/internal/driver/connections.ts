/**
 * The connections that a client opens, from their first step to their end.
 */
import * as Effect from "effect/Effect"
import {
  type DriverConnection,
  end,
  endOutOfStep,
  endWhenUnreadable,
  failWhenClosed,
  isConnection,
  isEnded,
  isExpected,
  tabulate
} from "./connection.ts"
import { refusalOf } from "./login.ts"
import type { Overrides } from "./override.ts"
import { keepTime } from "./patience.ts"
import { ping } from "./ping.ts"

/** Check that a ready connection has to pass before it is used. */
export type Check = (connection: DriverConnection) => Effect.Effect<void, unknown>

export class Connections {
  /** Why the last connect to a host failed, by its endpoint; absent once one succeeded. */
  readonly failures = new Map<string, unknown>()
  /** The endpoints that asked for a login. */
  readonly askedForLogin = new Set<string>()
  /** Set once the client has its control connection. */
  check: Check = () => Effect.void
  /** Called when a connection could not be opened. */
  connectFailed = (): void => {}
  readonly #all = new Set<DriverConnection>()
  readonly #overrides: Overrides
  #latest: DriverConnection | undefined
  #ended = false

  constructor(overrides: Overrides) {
    this.#overrides = overrides
  }

  /** Looks at what logs. The driver logs the first step of each connection as a method of it (`lib/connection.js:174`). */
  readonly onLog = (source: unknown, level: string): void => {
    if (level === "info" && isConnection(source)) this.#seen(source)
  }

  #seen(connection: DriverConnection): void {
    this.#latest = connection
    // Each time: a connection that is opened again in another version of the protocol begins with a Map again
    // (`lib/connection.js:280`, `lib/connection.js:366`).
    tabulate(connection)
    if (this.#all.has(connection)) return
    for (const known of this.#all) {
      if (known.netClient?.destroyed === true) this.#all.delete(known)
    }
    this.#all.add(connection)
    this.#override(connection)
    keepTime(connection, this.#overrides)
    // The driver goes on to the next contact point when one fails (`lib/control-connection.js:304`), even where the end of the
    // session is the reason.
    if (this.#ended) queueMicrotask(() => end(connection))
  }

  #override(connection: DriverConnection): void {
    const { endpoint } = connection
    this.#overrides.method(connection, "bindSocketListeners", (original) => () => {
      original()
      endWhenUnreadable(connection)
      failWhenClosed(connection)
    })
    this.#overrides.method(connection, "freeStreamId", (original) => (header) => {
      if (isExpected(connection, header.streamId)) original(header)
      else endOutOfStep(connection, header.streamId)
    })
    this.#overrides.method(connection, "_idleTimeoutHandler", () => () => ping(connection))
    this.#overrides.method(connection, "errorConnecting", (original) => (error, destroy, callback) => {
      if (isEnded(connection)) return original(error, destroy, callback)
      this.failures.set(endpoint, error)
      original(error, destroy, callback)
      this.connectFailed()
    })
    this.#overrides.method(connection, "startAuthenticating", (original) => (authenticator, callback) => {
      this.askedForLogin.add(endpoint)
      original(authenticator, callback)
    })
    this.#overrides.method(
      connection,
      "authenticate",
      (original) => (authenticator, token, callback) =>
        original(authenticator, token, (error) => callback(error ?? refusalOf(authenticator)))
    )
    this.#overrides.method(connection, "connectionReady", (original) => (callback) =>
      original((error) => {
        if (error !== undefined && error !== null) return callback(error)
        Effect.runCallback(this.check(connection), {
          onExit: (exit) => {
            const failure = exit._tag === "Success" ? undefined : firstError(exit.cause.reasons)
            if (failure === undefined) this.failures.delete(endpoint)
            else this.failures.set(endpoint, failure)
            callback(failure)
          }
        })
      }))
  }

  /** Opens a connection, and returns it with what opens it. */
  opening<A>(open: () => A): { readonly opened: A; readonly connection: DriverConnection | undefined } {
    this.#latest = undefined
    const opened = open()
    return { opened, connection: this.#latest }
  }

  /** The connections that are open, or on their way. */
  get open(): Iterable<DriverConnection> {
    return this.#all
  }

  /** Connections that have not failed. If a client is not open in time, each of them owes an answer. */
  get pending(): ReadonlyArray<DriverConnection> {
    return Array.from(this.#all).filter(({ netClient }) => netClient?.destroyed === false)
  }

  /** Ends all, and each that the driver begins from now on. */
  end(): void {
    this.#ended = true
    this.#all.forEach(end)
  }
}

const firstError = (
  reasons: ReadonlyArray<{ readonly _tag: string; readonly error?: unknown; readonly defect?: unknown }>
): unknown => reasons[0]?.error ?? reasons[0]?.defect ?? new Error("the check of the connection was interrupted")
