/**
 * Refuses names that no option of a session has: a misspelt option would silently have no effect.
 */
import { checkNames } from "@effect-cql/core/Port"
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
  checkNames(options, Object.keys(ofSession))
  const { pooling, tls } = options
  if (pooling !== undefined) checkNames(pooling, Object.keys(ofPooling), "pooling.")
  if (typeof tls === "object") checkNames(tls, Object.keys(ofTls), "tls.")
}

/** The same for a session on a client of the user's. */
export const checkSessionOptionNames = (options: SessionOptions): void => checkNames(options, Object.keys(ofExecution))
