/**
 * The options of a client of the driver.
 */
import { InvalidOptions } from "@effect-cql/core"
import { types } from "cassandra-driver"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import type { ConnectionOptions } from "node:tls"
import type { Options, SessionOptions, Tls } from "../Options.ts"
import { type ClientOptions, isKeyspaceName, type LogEmitter } from "./driver.ts"

const defaultRequestTimeout = "12 seconds"
const defaultConnectTimeout = "10 seconds"
const defaultCloseTimeout = "10 seconds"

/** How long one attempt may take. */
export const requestTimeoutOf = (options: SessionOptions): Duration.Input =>
  options.requestTimeout ?? defaultRequestTimeout

/** Milliseconds. */
export const connectTimeoutOf = (options: Options): number =>
  millisOf("connectTimeout", options.connectTimeout ?? defaultConnectTimeout)

/** Milliseconds. */
export const closeTimeoutOf = (options: SessionOptions): number =>
  millisOf("closeTimeout", options.closeTimeout ?? defaultCloseTimeout)

const millisOf = (option: string, input: Duration.Input): number => {
  const duration = Duration.fromInput(input)
  const millis = duration._tag === "Some" ? Duration.toMillis(duration.value) : -1
  // NaN would be a duration of zero.
  if (millis >= 0 && !Number.isNaN(input)) return millis
  throw new InvalidOptions({ option, value: input, expected: "a duration, such as \"5 seconds\"" })
}

/** What is redacted. Throws `InvalidOptions` for a plain text, without telling it. */
const secretOf = (option: string, secret: Redacted.Redacted): string => {
  if (Redacted.isRedacted(secret)) return Redacted.value(secret)
  throw new InvalidOptions({
    option,
    given: typeof secret === "string" ? "a plain string" : "what is not Redacted",
    expected: "a Redacted: Redacted.make(...)"
  })
}

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
  const requestTimeout = millisOf("requestTimeout", requestTimeoutOf(options))
  const socketOptions = options.clientOptions?.socketOptions
  return {
    connectTimeout: socketOptions?.connectTimeout ?? longestConnectWait,
    // Zero is the driver's word for no bound.
    readTimeout: socketOptions?.readTimeout ?? (Number.isFinite(requestTimeout) ? requestTimeout : 0)
  }
}

/** The options of a client that opens with these options. Throws `InvalidOptions` for what cannot be. */
export const toClientOptions = (options: Options, logEmitter: LogEmitter): ClientOptions => {
  const { clientOptions = {}, contactPoints, keyspace, localDataCenter } = options
  if (
    !Array.isArray(contactPoints) || contactPoints.length === 0 || contactPoints.some((point) => point.trim() === "")
  ) {
    throw new InvalidOptions({ option: "contactPoints", value: contactPoints, expected: "at least one address" })
  }
  if (localDataCenter === "") {
    throw new InvalidOptions({
      option: "localDataCenter",
      value: localDataCenter,
      expected: "the name of a data centre"
    })
  }
  if (keyspace !== undefined && !isKeyspaceName(keyspace)) {
    throw new InvalidOptions({
      option: "keyspace",
      value: keyspace,
      expected: "its name without quotes: letters, digits and underscores"
    })
  }
  // What is looked at once connected had better be refused before.
  waitsOnceConnected(options)
  const sslOptions = tlsOf(options.tls)
  return {
    ...clientOptions,
    contactPoints: [...contactPoints],
    localDataCenter,
    ...(keyspace === undefined ? undefined : { keyspace }),
    ...loginOf(options),
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

const loginOf = ({ password, username }: Options): Pick<ClientOptions, "credentials"> => {
  if (username === undefined && password === undefined) return {}
  // Half a login would be none, in silence.
  if (username === undefined) {
    throw new InvalidOptions({ option: "username", given: "none", expected: "one beside the password" })
  }
  if (password === undefined) {
    throw new InvalidOptions({ option: "password", given: "none", expected: "one beside the user name" })
  }
  return { credentials: { username, password: secretOf("password", password) } }
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
    : { heartBeatInterval: millisOf("pooling.heartbeatInterval", pooling.heartbeatInterval) })
})

const tlsOf = (tls: boolean | Tls | undefined): ConnectionOptions | undefined => {
  if (tls === undefined || tls === false) return undefined
  const { ca, certificate, dangerouslyAcceptAnyCertificate, privateKey, serverName } = tls === true ? {} : tls
  return {
    // The driver trusts anybody unless it is told not to.
    rejectUnauthorized: dangerouslyAcceptAnyCertificate !== true,
    ...(ca === undefined ? undefined : { ca: typeof ca === "string" ? ca : [...ca] }),
    ...(certificate === undefined ? undefined : { cert: certificate }),
    ...(privateKey === undefined ? undefined : { key: secretOf("tls.privateKey", privateKey) }),
    ...(serverName === undefined ? undefined : { servername: serverName })
  }
}
