/**
 * The options of a client of the driver.
 */
import { InvalidOptions } from "@effect-cql/core"
import { types } from "cassandra-driver"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import type { ConnectionOptions } from "node:tls"
import type { Options, SessionOptions, Tls } from "../Options.ts"
import type { ClientOptions, LogEmitter } from "./driver.ts"

const defaultRequestTimeout = "12 seconds"
const defaultConnectTimeout = "10 seconds"
const defaultCloseTimeout = "10 seconds"

/** How long one attempt may take. */
export const requestTimeoutOf = (options: SessionOptions): Duration.Input =>
  options.requestTimeout ?? defaultRequestTimeout

/** Milliseconds. */
export const connectTimeoutOf = (options: Options): number =>
  Duration.toMillis(options.connectTimeout ?? defaultConnectTimeout)

/** Milliseconds. */
export const closeTimeoutOf = (options: SessionOptions): number =>
  Duration.toMillis(options.closeTimeout ?? defaultCloseTimeout)

/** How long the driver waits for sockets and answers, in milliseconds. */
interface Waits {
  readonly connectTimeout: number
  readonly readTimeout: number
}

const longestConnectWait = 5_000

/**
 * The waits while connecting. The driver tries one contact point after the other: each gets a share of the time, so that a
 * dead or silent one leaves some to the next.
 */
export const waitsToConnect = (options: Options): Waits => {
  const share = Math.ceil(connectTimeoutOf(options) / (options.contactPoints.length + 1))
  const wait = Math.min(share, options.clientOptions?.socketOptions?.connectTimeout ?? longestConnectWait)
  return { connectTimeout: wait, readTimeout: wait }
}

/** The waits from then on. Those of statements are given with each; these are for what the driver asks by itself. */
export const waitsOnceConnected = (options: Options): Waits => {
  const requestTimeout = Duration.toMillis(requestTimeoutOf(options))
  const socketOptions = options.clientOptions?.socketOptions
  return {
    connectTimeout: socketOptions?.connectTimeout ?? longestConnectWait,
    // Zero is the driver's word for no bound.
    readTimeout: socketOptions?.readTimeout ?? (Number.isFinite(requestTimeout) ? requestTimeout : 0)
  }
}

/** The options of a client that opens with these options. Throws `InvalidOptions` for what cannot be. */
export const toClientOptions = (options: Options, logEmitter: LogEmitter): ClientOptions => {
  const { clientOptions = {}, contactPoints, keyspace, localDataCenter, password, username } = options
  if (contactPoints.length === 0 || contactPoints.some((point) => point.trim() === "")) {
    throw new InvalidOptions({ option: "contactPoints", value: contactPoints, expected: "at least one address" })
  }
  if (localDataCenter === "") {
    throw new InvalidOptions({
      option: "localDataCenter",
      value: localDataCenter,
      expected: "the name of a data centre"
    })
  }
  const sslOptions = tlsOf(options.tls)
  return {
    ...clientOptions,
    contactPoints: [...contactPoints],
    localDataCenter,
    ...(keyspace === undefined ? undefined : { keyspace }),
    ...(username === undefined
      ? undefined
      : { credentials: { username, password: password === undefined ? "" : Redacted.value(password) } }),
    ...(sslOptions === undefined ? undefined : { sslOptions }),
    pooling: { ...clientOptions.pooling, ...poolingOf(options) },
    socketOptions: { ...clientOptions.socketOptions, ...waitsToConnect(options) },
    // Values are encoded before the driver sees them, and decoded from these. Bytes are copied there, once.
    encoding: {
      ...clientOptions.encoding,
      map: Map,
      set: Set,
      useBigIntAsLong: true,
      useBigIntAsVarint: true,
      copyBuffer: false
    },
    logEmitter
  }
}

const poolingOf = ({ pooling }: Options): ClientOptions["pooling"] => ({
  ...(pooling?.connectionsPerHost === undefined
    ? undefined
    : { coreConnectionsPerHost: { [types.distance.local]: pooling.connectionsPerHost } }),
  ...(pooling?.maxRequestsPerConnection === undefined
    ? undefined
    : { maxRequestsPerConnection: pooling.maxRequestsPerConnection }),
  ...(pooling?.heartbeatInterval === undefined
    ? undefined
    : { heartBeatInterval: Duration.toMillis(pooling.heartbeatInterval) })
})

const tlsOf = (tls: boolean | Tls | undefined): ConnectionOptions | undefined => {
  if (tls === undefined || tls === false) return undefined
  const { ca, certificate, dangerouslyAcceptAnyCertificate, privateKey, serverName } = tls === true ? {} : tls
  return {
    // The driver trusts anybody unless it is told not to.
    rejectUnauthorized: dangerouslyAcceptAnyCertificate !== true,
    ...(ca === undefined ? undefined : { ca: typeof ca === "string" ? ca : [...ca] }),
    ...(certificate === undefined ? undefined : { cert: certificate }),
    ...(privateKey === undefined ? undefined : { key: Redacted.value(privateKey) }),
    ...(serverName === undefined ? undefined : { servername: serverName })
  }
}
