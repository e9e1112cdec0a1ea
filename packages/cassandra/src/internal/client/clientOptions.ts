/**
 * The options of a client of the driver.
 */
import { InvalidOptions } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { checkStatementOptions } from "@effect-cql/core/Port"
import { types } from "cassandra-driver"
import type { Options } from "../../Options.ts"
import { type ContactPoint, parseContactPoint } from "../driver/address.ts"
import type { ClientOptions, LogEmitter } from "../driver/driver.ts"
import { aKeyspaceName, checkClientOptions, checkProtocol, mostConnections } from "./clientOptionsCheck.ts"
import { checkOptionNames } from "./optionNames.ts"
import { withEndlessReconnection } from "./reconnection.ts"
import { secretOf, tlsOptions } from "./tls.ts"
import { heartbeatOf, timerOf, waitsOnceConnected, waitsToConnect } from "./waits.ts"

/** The options of a client that opens with these options. Throws `InvalidOptions` for what cannot be. */
export const toClientOptions = (options: Options, logEmitter: LogEmitter): ClientOptions => {
  checkOptionNames(options)
  const { clientOptions = {}, keyspace, localDataCenter } = options
  checkClientOptions(clientOptions)
  const contactPoints = contactPointsOf(options)
  if (!isName(localDataCenter)) {
    throw new InvalidOptions({
      option: "localDataCenter",
      value: localDataCenter,
      expected: "the name of a data centre"
    })
  }
  Check.values({ keyspace }, { keyspace: aKeyspaceName })
  // Options that are read only after connecting are checked before.
  waitsOnceConnected(options)
  checkStatementOptions(options.defaults ?? {}, "defaults.")
  checkProtocol(clientOptions.protocolOptions?.maxVersion)
  const sslOptions = tlsOptions(options.tls, clientOptions.sslOptions)
  const port = sharedPort(options, contactPoints)
  // Beside a provider the driver would not look at a name and a password.
  const { authProvider: _, ...others } = clientOptions
  return {
    ...others,
    contactPoints: [...options.contactPoints],
    localDataCenter,
    ...(keyspace === undefined ? undefined : { keyspace }),
    ...loginOf(options),
    ...(sslOptions === undefined ? undefined : { sslOptions }),
    ...(port === undefined ? undefined : { protocolOptions: { ...clientOptions.protocolOptions, port } }),
    ...(clientOptions.policies === undefined
      ? undefined
      : { policies: withEndlessReconnection(clientOptions.policies) }),
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

/** The contact points of a session. Throws `InvalidOptions` for a text that is none. */
export const contactPointsOf = ({ contactPoints }: Options): ReadonlyArray<ContactPoint> => {
  if (!Array.isArray(contactPoints) || contactPoints.length === 0) {
    throw new InvalidOptions({
      option: "contactPoints",
      value: contactPoints,
      expected: "an array of at least one address"
    })
  }
  return contactPoints.map((text: unknown, index) => {
    const point = typeof text === "string" ? parseContactPoint(text.trim()) : undefined
    if (point !== undefined) return point
    throw new InvalidOptions({
      option: `contactPoints[${index}]`,
      value: text,
      expected:
        "an address or a name, with or without a port: \"10.0.0.1\", \"db.internal:9042\", \"[2001:db8::1]:9042\""
    })
  })
}

/**
 * The port of nodes with a known address only. The driver would take 9042 for each node that is no contact point,
 * whatever the ports of those.
 */
const sharedPort = (
  { clientOptions }: Options,
  [first, ...others]: ReadonlyArray<ContactPoint>
): number | undefined => {
  if (clientOptions?.protocolOptions?.port !== undefined || first?.port === undefined) return undefined
  // A translator is given the address and port that the node has in the cluster.
  if (clientOptions?.policies?.addressResolution !== undefined) return undefined
  return others.every(({ port }) => port === first.port) ? first.port : undefined
}

const isName = (value: unknown): boolean => typeof value === "string" && value.trim() !== ""

const loginOf = (
  { clientOptions, password, username }: Options
): Pick<ClientOptions, "authProvider" | "credentials"> => {
  if (username === undefined && password === undefined) {
    return clientOptions?.authProvider === undefined ? {} : { authProvider: clientOptions.authProvider }
  }
  // Half a login would silently be none.
  if (username === undefined) {
    throw new InvalidOptions({ option: "username", given: "none", expected: "one beside the password" })
  }
  if (password === undefined) {
    throw new InvalidOptions({ option: "password", given: "none", expected: "one beside the user name" })
  }
  return { credentials: { username, password: secretOf("password", password) } }
}

const poolingOf = (options: Options): ClientOptions["pooling"] => {
  const { connectionsPerHost, heartbeatInterval, maxRequestsPerConnection } = options.pooling ?? {}
  Check.values({ connectionsPerHost, maxRequestsPerConnection }, ofPooling, "pooling.")
  return {
    ...(connectionsPerHost === undefined
      ? undefined
      : { coreConnectionsPerHost: { [types.distance.local]: connectionsPerHost } }),
    ...(maxRequestsPerConnection === undefined ? undefined : { maxRequestsPerConnection }),
    ...(heartbeatInterval === undefined ? undefined : { heartBeatInterval: timerOf(heartbeatOf(options)) })
  }
}

// The protocol numbers the requests of a connection with 15 bits.
const mostStreams = 32_768

const ofPooling = {
  connectionsPerHost: Check.integer(1, mostConnections),
  maxRequestsPerConnection: Check.integer(1, mostStreams)
}
