/**
 * The options of a client of the driver.
 */
import { InvalidOptions } from "@effect-cql/core"
import { types } from "cassandra-driver"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import type { ConnectionOptions } from "node:tls"
import type { Options, Pooling, SessionOptions, Tls } from "../../Options.ts"
import { type ClientOptions, isKeyspaceName, type LogEmitter } from "../driver/driver.ts"

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
  // A timer that cannot take so many would end at once. Nobody waits for one of 24 days.
  if (millis >= 0 && !Number.isNaN(input)) return millis <= longestTimer ? millis : Number.POSITIVE_INFINITY
  throw new InvalidOptions({ option, value: input, expected: "a duration, such as \"5 seconds\"" })
}

const longestTimer = 2 ** 31 - 1

/** What a timer of the driver is given, for which zero stands for no bound. */
const timerOf = (millis: number): number => Number.isFinite(millis) ? millis : 0

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
    readTimeout: socketOptions?.readTimeout ?? timerOf(requestTimeout)
  }
}

/** The options of a client that opens with these options. Throws `InvalidOptions` for what cannot be. */
export const toClientOptions = (options: Options, logEmitter: LogEmitter): ClientOptions => {
  const { clientOptions = {}, contactPoints, keyspace, localDataCenter } = options
  if (!Array.isArray(contactPoints) || contactPoints.length === 0 || !contactPoints.every(isName)) {
    throw new InvalidOptions({ option: "contactPoints", value: contactPoints, expected: "at least one address" })
  }
  if (!isName(localDataCenter)) {
    throw new InvalidOptions({
      option: "localDataCenter",
      value: localDataCenter,
      expected: "the name of a data centre"
    })
  }
  if (keyspace !== undefined && !(isName(keyspace) && isKeyspaceName(keyspace))) {
    throw new InvalidOptions({
      option: "keyspace",
      value: keyspace,
      expected: "its name without quotes: letters, digits and underscores"
    })
  }
  // What is looked at once connected had better be refused before.
  waitsOnceConnected(options)
  checkProtocol(clientOptions.protocolOptions?.maxVersion)
  const sslOptions = tlsOf(options.tls, clientOptions.sslOptions)
  // Beside a provider the driver would not look at a name and a password.
  const { authProvider: _, ...others } = clientOptions
  return {
    ...others,
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

const isName = (value: unknown): boolean => typeof value === "string" && value.trim() !== ""

/** Refuses what the values of this adapter cannot be sent or read by: dates, times and unset came with version 4. */
export const checkProtocol = (maxVersion: number | undefined): void => {
  if (maxVersion === undefined || maxVersion === 0 || maxVersion >= 4) return
  throw new InvalidOptions({
    option: "clientOptions.protocolOptions.maxVersion",
    value: maxVersion,
    expected: "4 or more: earlier versions of the protocol lack types of CQL"
  })
}

const loginOf = (
  { clientOptions, password, username }: Options
): Pick<ClientOptions, "authProvider" | "credentials"> => {
  if (username === undefined && password === undefined) {
    return clientOptions?.authProvider === undefined ? {} : { authProvider: clientOptions.authProvider }
  }
  // Half a login would be none, in silence.
  if (username === undefined) {
    throw new InvalidOptions({ option: "username", given: "none", expected: "one beside the password" })
  }
  if (password === undefined) {
    throw new InvalidOptions({ option: "password", given: "none", expected: "one beside the user name" })
  }
  return { credentials: { username, password: secretOf("password", password) } }
}

const poolingOf = ({ pooling }: Options): ClientOptions["pooling"] => {
  const { connectionsPerHost, heartbeatInterval, maxRequestsPerConnection } = pooling ?? {}
  checkPool("connectionsPerHost", connectionsPerHost, mostConnections)
  checkPool("maxRequestsPerConnection", maxRequestsPerConnection, mostStreams)
  return {
    ...(connectionsPerHost === undefined
      ? undefined
      : { coreConnectionsPerHost: { [types.distance.local]: connectionsPerHost } }),
    ...(maxRequestsPerConnection === undefined ? undefined : { maxRequestsPerConnection }),
    ...(heartbeatInterval === undefined
      ? undefined
      : { heartBeatInterval: timerOf(millisOf("pooling.heartbeatInterval", heartbeatInterval)) })
  }
}

// Opened one after the other, at once at the start: more are a mistake.
const mostConnections = 1_024
// The protocol numbers the requests of a connection with 15 bits.
const mostStreams = 32_768

const checkPool = (option: keyof Pooling, value: number | undefined, most: number): void => {
  if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= most)) return
  throw new InvalidOptions({ option: `pooling.${option}`, value, expected: `an integer from 1 to ${most}` })
}

const tlsOf = (
  tls: boolean | Tls | null | undefined,
  sslOptions: ClientOptions["sslOptions"]
): ConnectionOptions | undefined => {
  if (tls === undefined || tls === null || tls === false) {
    if (sslOptions === undefined) return undefined
    // The driver would trust anybody.
    const expected =
      "true or a Tls beside clientOptions.sslOptions, which are taken as well: certificates are verified then"
    throw new InvalidOptions({ option: "tls", value: tls, expected })
  }
  if (tls !== true && typeof tls !== "object") {
    throw new InvalidOptions({ option: "tls", value: tls, expected: "true, false or a Tls" })
  }
  const { ca, certificate, dangerouslyAcceptAnyCertificate, privateKey, serverName } = tls === true ? {} : tls
  return {
    ...sslOptions,
    // The driver trusts anybody unless it is told not to.
    rejectUnauthorized: dangerouslyAcceptAnyCertificate !== true,
    ...(ca === undefined ? undefined : { ca: typeof ca === "string" ? ca : [...ca] }),
    ...(certificate === undefined ? undefined : { cert: certificate }),
    ...(privateKey === undefined ? undefined : { key: secretOf("tls.privateKey", privateKey) }),
    ...(serverName === undefined ? undefined : { servername: serverName })
  }
}
