/**
 * Refuses names that no option of a session has: a misspelt option would silently have no effect.
 */
import * as Check from "@effect-cql/core/Check"
import type { DseClientOptions } from "cassandra-driver"
import type { Options, Pooling, SessionOptions, Tls } from "../../Options.ts"

/** Every name of a record of options. The compiler reports one that is missing. */
type Names<A> = { readonly [Name in keyof A]-?: true }

const ofExecution: Names<SessionOptions> = {
  connectTimeout: true,
  requestTimeout: true,
  defaults: true,
  closeTimeout: true,
  name: true,
  spans: true,
  metrics: true
}
const ofSession: Names<Options> = {
  contactPoints: true,
  localDataCenter: true,
  keyspace: true,
  username: true,
  password: true,
  connectRetry: true,
  pooling: true,
  tls: true,
  clientOptions: true,
  ...ofExecution
}
const ofPooling: Names<Pooling> = { connectionsPerHost: true, maxRequestsPerConnection: true, heartbeatInterval: true }
const ofTls: Names<Tls> = {
  ca: true,
  certificate: true,
  privateKey: true,
  serverName: true,
  dangerouslyAcceptAnyCertificate: true
}

/** Throws `InvalidOptions` for an option of a session that does not exist. */
export const checkOptionNames = (options: Options): void => {
  Check.names(options, Object.keys(ofSession))
  const { pooling, tls } = options
  if (pooling !== undefined) Check.names(pooling, Object.keys(ofPooling), "pooling.")
  if (typeof tls === "object") Check.names(tls, Object.keys(ofTls), "tls.")
}

/** The same for a session on a client of the user's. */
export const checkSessionOptionNames = (options: SessionOptions): void => Check.names(options, Object.keys(ofExecution))

type Group =
  | "credentials"
  | "encoding"
  | "graphOptions"
  | "monitorReporting"
  | "policies"
  | "pooling"
  | "protocolOptions"
  | "queryOptions"
  | "socketOptions"

const ofDriver: Names<DseClientOptions> = {
  contactPoints: true,
  localDataCenter: true,
  keyspace: true,
  authProvider: true,
  credentials: true,
  cloud: true,
  encoding: true,
  isMetadataSyncEnabled: true,
  maxPrepared: true,
  metrics: true,
  policies: true,
  pooling: true,
  prepareOnAllHosts: true,
  profiles: true,
  protocolOptions: true,
  promiseFactory: true,
  queryOptions: true,
  refreshSchemaDelay: true,
  rePrepareOnUp: true,
  requestTracker: true,
  socketOptions: true,
  sslOptions: true,
  id: true,
  applicationName: true,
  applicationVersion: true,
  monitorReporting: true,
  graphOptions: true
}
type QueryNames = Names<NonNullable<DseClientOptions["queryOptions"]>>
const ofDriverGroups:
  & { readonly [Name in Group]: Names<NonNullable<DseClientOptions[Name]>> }
  // `executeAs` is read by the driver (`lib/execution-options.js:403`), which does not declare it.
  & { readonly queryOptions: QueryNames & { readonly executeAs: true } } = {
    credentials: { username: true, password: true },
    encoding: {
      map: true,
      set: true,
      copyBuffer: true,
      useUndefinedAsUnset: true,
      useBigIntAsLong: true,
      useBigIntAsVarint: true
    },
    graphOptions: {
      language: true,
      name: true,
      readConsistency: true,
      readTimeout: true,
      source: true,
      writeConsistency: true
    },
    monitorReporting: { enabled: true },
    policies: {
      addressResolution: true,
      loadBalancing: true,
      reconnection: true,
      retry: true,
      speculativeExecution: true,
      timestampGeneration: true
    },
    pooling: { coreConnectionsPerHost: true, heartBeatInterval: true, maxRequestsPerConnection: true, warmup: true },
    protocolOptions: { maxSchemaAgreementWaitSeconds: true, maxVersion: true, noCompact: true, port: true },
    queryOptions: {
      autoPage: true,
      captureStackTrace: true,
      consistency: true,
      counter: true,
      customPayload: true,
      executeAs: true,
      executionProfile: true,
      fetchSize: true,
      hints: true,
      host: true,
      isIdempotent: true,
      keyspace: true,
      logged: true,
      pageState: true,
      prepare: true,
      readTimeout: true,
      retry: true,
      routingIndexes: true,
      routingKey: true,
      routingNames: true,
      serialConsistency: true,
      timestamp: true,
      traceQuery: true
    },
    socketOptions: {
      coalescingThreshold: true,
      connectTimeout: true,
      defunctReadTimeoutThreshold: true,
      keepAlive: true,
      keepAliveDelay: true,
      readTimeout: true,
      tcpNoDelay: true
    }
  }

/** The same for further options of the driver, which would drop them silently. */
export const checkDriverOptionNames = (options: DseClientOptions): void => {
  Check.names(options, Object.keys(ofDriver), "clientOptions.")
  for (const [name, names] of Object.entries(ofDriverGroups)) {
    const group: unknown = Reflect.get(options, name)
    if (group !== undefined) Check.names(group as object, Object.keys(names), `clientOptions.${name}.`)
  }
}
