/**
 * Time limits of the driver for what it does by itself: opening a connection, logging in, asking for the nodes.
 *
 * The driver counts the time in which the event loop was blocked (`lib/connection.js:211` while a connection opens,
 * `lib/operation-state.js:106` for each request): a start of a program that takes some seconds of processor
 * time would fail every connection that is opened meanwhile, although the node has answered. Here the limits are kept, and
 * what is lost to a blocked event loop is granted once more.
 */
import { errors } from "cassandra-driver"
import type { DriverConnection } from "./connection.ts"
import type { Overrides } from "./override.ts"
import { after, afterReading, lostOf, now } from "./timer.ts"
import type { DriverRequestOptions } from "./wire.ts"

/** A request in the driver (`lib/operation-state.js:37`). */
interface Operation {
  /**
   * Ends it with an error, unless it has ended (`lib/operation-state.js:130`). `onResponse` is called when its answer comes
   * after that.
   */
  readonly _markAsTimedOut?: ((error: Error, onResponse: () => void) => void) | undefined
}

// Without a timer of the driver (`lib/operation-state.js:101`).
const untimed: DriverRequestOptions = { getReadTimeout: () => 0, getRowCallback: () => undefined }

/** Keeps the time limits of a connection that is being opened, and of the requests on it that name none. */
export const keepTime = (connection: DriverConnection, overrides: Overrides): void => {
  const { socketOptions } = connection.options ?? {}
  if (socketOptions === undefined) return
  overrides.method(connection, "sendStream", (original) => (request, options, callback) => {
    const wait = socketOptions.readTimeout
    // Requests of statements have limits in the core.
    if ((options !== null && options.getReadTimeout() !== undefined) || !(wait > 0)) {
      return original(request, options, callback)
    }
    let cancel = (): void => {}
    let isOver = false
    const operation: Operation = original(request, untimed, (error, answer, length) => {
      isOver = true
      cancel()
      callback(error, answer, length)
    }) ?? {}
    if (isOver) return operation
    // As the driver does (`lib/operation-state.js:106`, `lib/connection.js:541`).
    cancel = afterReading(wait, () => {
      connection.timedOutOperations++
      const { endpoint } = connection
      const message = `The host ${endpoint} did not reply before timeout ${wait} ms`
      operation._markAsTimedOut?.(new errors.OperationTimedOutError(message, endpoint), () => {
        connection.timedOutOperations--
      })
    })
    return operation
  })
  // The driver has made this of its own `sendStream`, in its constructor (`lib/connection.js:126`).
  overrides.method(connection, "send", () => (request, options) =>
    new Promise((resolve, reject) => {
      connection.sendStream(request, options, (error, answer) => {
        if (error === null || error === undefined) resolve(answer)
        else reject(error)
      })
    }))
  // Connections are seen when they begin to open.
  const begun = now()
  const { connectTimeout } = socketOptions
  let hasFailed = false
  overrides.method(connection, "errorConnecting", (original) => (error, isTimeout, callback) => {
    const lost = isTimeout && !hasFailed ? lostOf(connectTimeout, begun) : 0
    if (lost === 0) {
      hasFailed = true
      return original(error, isTimeout, callback)
    }
    after(lost, () => {
      if (connection.isSocketOpen || hasFailed) return
      hasFailed = true
      original(error, isTimeout, callback)
    })
  })
}
