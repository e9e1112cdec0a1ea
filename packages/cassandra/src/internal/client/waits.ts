/**
 * Time limits of a session: for connections, for answers, and at its end.
 */
import * as Check from "@effect-cql/core/Check"
import type * as Duration from "effect/Duration"
import type { Options, SessionOptions } from "../../Options.ts"
import { longestTimer } from "../driver/timer.ts"

const defaultRequestTimeout = "12 seconds"
const defaultConnectTimeout = "10 seconds"
const defaultCloseTimeout = "10 seconds"
const defaultHeartbeat = 30_000

/** Time limit of one attempt. */
export const requestTimeoutOf = (options: SessionOptions): Duration.Input =>
  options.requestTimeout ?? defaultRequestTimeout

/** Milliseconds. */
export const connectTimeoutOf = (options: SessionOptions): number =>
  millisOf("connectTimeout", options.connectTimeout ?? defaultConnectTimeout)

/** Milliseconds. */
export const closeTimeoutOf = (options: SessionOptions): number =>
  millisOf("closeTimeout", options.closeTimeout ?? defaultCloseTimeout)

/** Milliseconds, `Infinity` for never. */
export const heartbeatOf = ({ clientOptions, pooling }: Options): number => {
  if (pooling?.heartbeatInterval !== undefined) return millisOf("pooling.heartbeatInterval", pooling.heartbeatInterval)
  const given = clientOptions?.pooling?.heartBeatInterval ?? defaultHeartbeat
  return given === 0 ? Number.POSITIVE_INFINITY : given
}

/** The milliseconds of an option. Throws `InvalidOptions` for what is no duration. */
export const millisOf = (option: string, input: Duration.Input): number => {
  const millis = Check.millis(option, input)
  // A timer that cannot take so many milliseconds would end at once.
  return millis <= longestTimer ? millis : Number.POSITIVE_INFINITY
}

/** The same for a timer of the driver, where zero stands for no bound. */
export const timerOf = (millis: number): number => Number.isFinite(millis) ? millis : 0

/** Time limits of the driver for sockets and answers, in milliseconds. */
interface Waits {
  readonly connectTimeout: number
  readonly readTimeout: number
}

const longestConnectWait = 5_000
const longestReadWait = 12_000

/**
 * The waits while connecting. Addresses are tried side by side, so each gets half of the time: the other half is left for
 * those that begin later, and for what is asked of the first that answers.
 */
export const waitsToConnect = (options: Options): Waits => {
  const half = Math.ceil(connectTimeoutOf(options) / 2)
  const wait = Math.min(half, options.clientOptions?.socketOptions?.connectTimeout ?? longestConnectWait)
  return { connectTimeout: wait, readTimeout: wait }
}

/**
 * The waits from then on, for what the driver asks by itself: how to log in again, and which nodes there are. A short timeout
 * of statements is none of theirs. Without any, a node that takes a connection and does not speak would never be tried again.
 */
export const waitsOnceConnected = (options: Options): Waits => {
  const requestTimeout = millisOf("requestTimeout", requestTimeoutOf(options))
  const socketOptions = options.clientOptions?.socketOptions
  const wait = Number.isFinite(requestTimeout) ? Math.max(requestTimeout, longestConnectWait) : longestReadWait
  return {
    connectTimeout: socketOptions?.connectTimeout ?? longestConnectWait,
    readTimeout: socketOptions?.readTimeout ?? wait
  }
}
