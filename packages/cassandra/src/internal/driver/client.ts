/**
 * The state and the options of a client, which its type does not declare.
 */
import type { Client } from "cassandra-driver"
import type { SocketWaits } from "./connection.ts"
import { internals, type TokenMetadata } from "./driver.ts"
import type { DriverHost } from "./hosts.ts"

/** Returns true if a client is connected (`lib/client.js:541`). */
export const isConnected = (client: Client): boolean => internals(client).connected

/** Returns true if a client was shut down (`lib/client.js:899`). It cannot be connected again. */
export const isShuttingDown = (client: Client): boolean => internals(client).isShuttingDown

/** The contact points of a client (`lib/client-options.js:121`). A client of a secure connect bundle has none. */
export const contactPointsOf = (client: Client): ReadonlyArray<string> => internals(client).options.contactPoints ?? []

/** The data centre that a client prefers (`lib/control-connection.js:858`). */
export const localDataCenterOf = (client: Client): string | undefined => internals(client).options.localDataCenter

/** The version of the protocol with which a client begins (`lib/client-options.js:233`); 0 for the newest. */
export const maxVersionOf = (client: Client): number | undefined =>
  internals(client).options.protocolOptions?.maxVersion

/** Maximum number of prepared statements that a client keeps (`lib/client-options.js:92`). */
export const maxPreparedOf = (client: Client): number | undefined => internals(client).options.maxPrepared

/** Returns true if a statement is to be prepared on all nodes (`lib/prepare-handler.js:142`). */
export const preparesOnAllHosts = (client: Client): boolean => internals(client).options.prepareOnAllHosts !== false

/**
 * Changes the time limits of a client, also of one that is connected. The driver reads them for each connection
 * (`lib/connection.js:211`) and each request (`lib/connection.js:540`).
 */
export const setSocketWaits = (client: Client, { connectTimeout, readTimeout }: SocketWaits): void => {
  Object.assign(internals(client).options.socketOptions, { connectTimeout, readTimeout })
}

/**
 * The endpoints to which the control connection could not connect, each with its error (`lib/control-connection.js:315`).
 * Each round of connecting begins with none (`lib/control-connection.js:522`).
 */
export const triedHostsOf = (client: Client): Readonly<Record<string, unknown>> =>
  internals(client).controlConnection._triedHosts ?? {}

/**
 * Returns true if a client knows which node holds which token (`lib/metadata/index.js:178`). Where it does not, its policies
 * fail for a routing key.
 */
export const hasRing = (client: Client): boolean => {
  const { ring } = internals(client).metadata
  return ring !== undefined && ring !== null && ring.length > 0
}

/** Returns true if a client has learnt how its cluster makes tokens of keys (`lib/metadata/index.js:136`). */
export const knowsPartitioner = ({ tokenizer }: TokenMetadata): boolean => tokenizer !== undefined && tokenizer !== null

/** The plan of a speculative-execution policy for one request (`lib/request-handler.js:198`). */
export interface SpeculativePlan {
  readonly nextExecution: (host: DriverHost) => unknown
}

/** A speculative-execution policy, as the driver calls it (`lib/request-handler.js:39`). */
export interface SpeculativePolicy {
  readonly newPlan: (keyspace: string, text: string) => SpeculativePlan
}

/** The speculative-execution policy of a client. Stand-ins of tests have none. */
export const speculativePolicyOf = (client: Client): SpeculativePolicy | undefined =>
  internals(client).options.policies?.speculativeExecution
