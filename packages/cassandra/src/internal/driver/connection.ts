/**
 * A connection of the driver (`lib/connection.js:41`).
 */
import type { Socket } from "node:net"
import type { Transform } from "node:stream"
import { StreamTable } from "./streamTable.ts"
import type { DriverRequest, DriverRequestOptions } from "./wire.ts"

type Callback = (error?: unknown) => void

/** The time limits of a socket, in milliseconds; 0 for none. */
export interface SocketWaits {
  readonly connectTimeout: number
  readonly readTimeout: number
}

/** A connection of the driver, as far as the adapter uses it. */
export interface DriverConnection {
  /** Address and port (`lib/connection.js:62`). */
  readonly endpoint: string
  /** True if it is open, logged in, and in use (`lib/connection.js:321`). */
  readonly connected: boolean
  /** True if the TCP connection stands (`lib/connection.js:140`). */
  readonly isSocketOpen: boolean
  /** The socket, from the first step on (`lib/connection.js:177`, `lib/connection.js:192` for TLS). */
  readonly netClient?: Pick<Socket, "bytesRead" | "destroy" | "destroyed" | "on"> | undefined
  /** Ends it, unless it is neither open nor in use (`lib/connection.js:732`). */
  readonly close: () => void
  /** The streams in use, those of requests that timed out included (`lib/connection.js:678`). */
  readonly getInFlight: () => number
  /** `lib/connection.js:100`. */
  readonly protocolVersion: number
  /** The options of its client (`lib/connection.js:86`); changed while the client lives. */
  readonly options?: { readonly socketOptions: SocketWaits } | undefined
  /** Requests that were not answered in time, and are not yet (`lib/connection.js:541`). */
  timedOutOperations: number
  /** Sends a request (`lib/connection.js:524`). A request without options has the time limit of the client. */
  sendStream: (
    request: DriverRequest,
    options: DriverRequestOptions | null,
    callback: (error: unknown, answer?: unknown, length?: unknown) => void
  ) => unknown
  /** The same as a promise (`lib/connection.js:126`). */
  send?: (request: DriverRequest, options: DriverRequestOptions | null) => Promise<unknown>
  /**
   * Sends a heartbeat (`lib/connection.js:599`). The driver gives up the connection where no answer was read in time
   * (`lib/connection.js:617`), also if the event loop was blocked meanwhile.
   */
  _idleTimeoutHandler?: () => void
  /** Called when the TCP connection stands, to make the streams that read from it (`lib/connection.js:180`). */
  bindSocketListeners?: () => void
  /** Called when the connection can take requests (`lib/connection.js:300`). */
  connectionReady?: (callback: Callback) => void
  /**
   * Called when the connection cannot be opened (`lib/connection.js:203`), with `destroy` after a timeout
   * (`lib/connection.js:208`).
   */
  errorConnecting?: (error: unknown, destroy: boolean, callback: Callback) => void
  /** Called when the server asks for a login (`lib/connection.js:289`). */
  startAuthenticating?: (authenticator: string, callback: Callback) => void
  /** Answers the server during a login, and calls back at its end (`lib/connection.js:402`). */
  authenticate?: (authenticator: unknown, token: Buffer, callback: Callback) => void
  /** The requests in flight (`lib/connection.js:101`). Another release may keep them otherwise. */
  _operations?: unknown
  /**
   * Called at the end of each frame that was read, to give its stream back (`lib/connection.js:157`). The stream of an event is
   * negative.
   */
  freeStreamId?: (header: { readonly streamId: number }) => void
  /** The requests that wait to be written. Fails them, and all that come later (`lib/writers.js:294`). */
  readonly writeQueue?: { readonly setWriteError: (error: Error) => void } | undefined
  /** Fails the requests that wait for an answer (`lib/connection.js:347`). */
  readonly clearAndInvokePending?: ((error: Error) => void) | undefined
  /** Splits what is read into frames (`lib/connection.js:152`). */
  readonly protocol?: Pick<Transform, "on"> | undefined
  /** Makes answers of frames (`lib/connection.js:153`). */
  readonly parser?: Pick<Transform, "on"> | undefined
}

/**
 * Returns true if an object that logs is a connection, by its shape: a minifier renames classes, but no properties. The driver
 * announces a connection before it is ready in no other way: `open` logs its first step as a method of the connection
 * (`lib/connection.js:174`).
 */
export const isConnection = (source: unknown): source is DriverConnection =>
  typeof source === "object" && source !== null && "endpoint" in source && "getInFlight" in source &&
  "bindSocketListeners" in source

/**
 * Ends a connection on which bytes come that cannot be read. The streams of the driver (`lib/connection.js:160`) fail with
 * an error then, to which it does not listen: the whole process would end.
 */
export const endWhenUnreadable = (connection: DriverConnection): void => {
  for (const stream of [connection.protocol, connection.parser]) {
    stream?.on("error", (error) => connection.netClient?.destroy(error))
  }
}

/**
 * Fails what waits on a connection when its socket closes. The driver does so only once a connection is ready
 * (`lib/connection.js:735`): where a node closes it during the handshake, the driver waits for the read timeout, and
 * meanwhile the node has no other connection. What the driver writes later is failed as well: no answer would ever come.
 */
export const failWhenClosed = (connection: DriverConnection): void => {
  const { netClient, writeQueue } = connection
  netClient?.on("close", () => {
    const error = new Error("the connection was closed")
    writeQueue?.setWriteError(error)
    connection.clearAndInvokePending?.(error)
  })
}

/**
 * Returns true if a frame answers a request in flight, or is an event. The driver keeps the stream of a request until its
 * answer comes, also of one that has timed out or was cancelled (`lib/connection.js:637`).
 */
export const isExpected = ({ _operations: operations }: DriverConnection, stream: number): boolean =>
  stream < 0 || typeof operations !== "object" || operations === null || !("has" in operations) ||
  typeof operations.has !== "function" || operations.has(stream) === true

/**
 * Ends a connection on which a frame came that answers no request. Its answers are out of step with its requests: the next
 * one may be that of another statement. The driver only logs it (`lib/connection.js:692`), and gives the stream to two
 * requests at once (`lib/connection.js:638`). What is in flight fails before any frame that follows is read.
 */
export const endOutOfStep = (connection: DriverConnection, stream: number): void => {
  const { netClient } = connection
  // Of what the driver has dropped while it closes a connection, answers may still come.
  if (netClient?.destroyed !== false || !connection.isSocketOpen) return
  const error = new Error(`an answer came on stream ${stream}, on which no request waits for one`)
  netClient.destroy(error)
  connection.clearAndInvokePending?.(error)
}

/** Gives a connection a {@link StreamTable} in place of its Map (`lib/connection.js:101`), before its first request. */
export const tabulate = (connection: Pick<DriverConnection, "_operations">): void => {
  const operations = connection._operations
  if (operations instanceof Map && operations.size === 0) connection._operations = new StreamTable()
}

const ended = new WeakSet<DriverConnection>()

/** Returns true if the adapter has ended a connection: its errors say nothing of the host then. */
export const isEnded = (connection: DriverConnection): boolean => ended.has(connection)

/** Ends a connection in whatever state it is; what waits for it fails at once. */
export const end = (connection: DriverConnection): void => {
  ended.add(connection)
  const socket = connection.netClient
  // An error is what makes the driver let go of a connection that is not open yet (`lib/connection.js:202`). An error without
  // a listener is thrown.
  socket?.on("error", () => {})
  connection.close()
  socket?.destroy(new Error("the client was closed"))
}
