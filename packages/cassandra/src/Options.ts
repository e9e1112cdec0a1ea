/**
 * Options of a session on a Cassandra cluster.
 *
 * @since 0.1.0
 */
import type { CqlError, Statement, Telemetry } from "@effect-cql/core"
import type { DseClientOptions } from "cassandra-driver"
import type * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import type * as Schedule from "effect/Schedule"

/**
 * The cluster, and the way to connect to it.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends SessionOptions {
  /**
   * Some nodes of the cluster; the driver finds the others. Each is an address or a name, with or without `:port`. An
   * IPv6 address with a port needs brackets: `[2001:db8::1]:9042`. Default port: 9042. If all have the same port, it is
   * the port of every node that does not announce its own.
   */
  readonly contactPoints: ReadonlyArray<string>
  /** The data centre whose nodes receive the requests. Nodes of other data centres receive none. */
  readonly localDataCenter: string
  /** The keyspace of unqualified table names. */
  readonly keyspace?: string | undefined
  /** Name to log in with, beside `password`. */
  readonly username?: string | undefined
  /** Password to log in with. */
  readonly password?: Redacted.Redacted | undefined
  /**
   * Schedule for further attempts to connect, for a service that may start before its database. Each attempt has the
   * `connectTimeout`. The schedule receives the error, so that it can stop at some errors. Default: no retry.
   */
  readonly connectRetry?: Schedule.Schedule<unknown, CqlError> | undefined
  /** Connections to each node. */
  readonly pooling?: Pooling | undefined
  /** Encrypts connections: `true`, or options of TLS. Certificates are verified. Default: `false`. */
  readonly tls?: boolean | Tls | undefined
  /** Further options of cassandra-driver. Those above take precedence. */
  readonly clientOptions?: DseClientOptions | undefined
}

/**
 * Options of execution, independent of the client.
 *
 * @category options
 * @since 0.1.0
 */
export interface SessionOptions extends Telemetry.Options {
  /** Time limit of connecting, for all contact points together. Default: 10 seconds. */
  readonly connectTimeout?: Duration.Input | undefined
  /** Time limit of one attempt. Default: 12 seconds. */
  readonly requestTimeout?: Duration.Input | undefined
  /** Default options of statements. Options of runs and statements take precedence. Default page size: 5,000 rows. */
  readonly defaults?: Statement.Options | undefined
  /**
   * Maximum time to wait for requests in flight when the scope closes, and then for the sockets. Default: 10 seconds.
   */
  readonly closeTimeout?: Duration.Input | undefined
}

/**
 * Connections to each node.
 *
 * @category options
 * @since 0.1.0
 */
export interface Pooling {
  /** Connections to each node of the local data centre, 1 to 1,024. Default: 1. */
  readonly connectionsPerHost?: number | undefined
  /** Requests that one connection carries at once, at most 32,768. Default: 2,048. */
  readonly maxRequestsPerConnection?: number | undefined
  /** Idle time of a connection after which a heartbeat is sent. Default: 30 seconds. `Infinity`: never. */
  readonly heartbeatInterval?: Duration.Input | undefined
}

/**
 * Options of TLS: trusted certificates, and the certificate of the client.
 *
 * @category options
 * @since 0.1.0
 */
export interface Tls {
  /** Certificates to trust, in PEM. Default: those of Node.js. */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /** The certificate of the client, in PEM. */
  readonly certificate?: string | undefined
  /** The key of that certificate, in PEM. */
  readonly privateKey?: Redacted.Redacted | undefined
  /**
   * The name that the certificate of each node must contain: one name for all nodes, or a function from the address of a
   * node (without its port) to its name. Default: the address.
   */
  readonly serverName?: string | ((address: string) => string) | undefined
  /**
   * Accepts any certificate of the server, so that an attacker on the network can read and change everything, including
   * passwords. Only for a server on your own machine. Default: `false`.
   */
  readonly dangerouslyAcceptAnyCertificate?: boolean | undefined
}
