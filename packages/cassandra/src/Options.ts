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
   * Some nodes of the cluster; the driver finds the others. `address` or `name`, with or without `:port`; an address of
   * IPv6 with a port stands in brackets: `[2001:db8::1]:9042`. Default port: 9042. Where all name the same port, it is the
   * port of every node that does not announce its own.
   */
  readonly contactPoints: ReadonlyArray<string>
  /** The data centre whose nodes coordinate. The nodes of others are left alone. */
  readonly localDataCenter: string
  /** The keyspace of unqualified table names. */
  readonly keyspace?: string | undefined
  /** Name to log in with, beside `password`. */
  readonly username?: string | undefined
  /** Password to log in with. */
  readonly password?: Redacted.Redacted | undefined
  /**
   * When to connect again after a connect that failed: for a service that may start before its database. Each connect has
   * the `connectTimeout`. The schedule gets the error, so that it can stop at some. Default: no retry.
   */
  readonly connectRetry?: Schedule.Schedule<unknown, CqlError> | undefined
  /** Connections to each node. */
  readonly pooling?: Pooling | undefined
  /** Encrypted connections: `true`, or what to trust. Certificates are verified. Default: `false`. */
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
  /** Time limit of connecting, over all contact points. Default: 10 seconds. */
  readonly connectTimeout?: Duration.Input | undefined
  /** Time limit of one attempt. Default: 12 seconds. */
  readonly requestTimeout?: Duration.Input | undefined
  /** Options of every statement, behind those of runs and of statements. Default page size: 5,000 rows. */
  readonly defaults?: Statement.Options | undefined
  /** Time for which the end of the scope waits for requests in flight, and then for the sockets. Default: 10 seconds. */
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
 * Trusted certificates of a connection, and its own identity.
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
   * Accepts any certificate of the server, so that an attacker in between can read and change everything, passwords
   * included. For a server on this machine that has no certificate to trust. Default: `false`.
   */
  readonly dangerouslyAcceptAnyCertificate?: boolean | undefined
}
