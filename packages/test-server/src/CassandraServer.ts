/**
 * A real Cassandra server for tests and benchmarks, from the first available provider:
 *
 * 1. `external`: the server that `CASSANDRA_CONTACT_POINTS` names;
 * 2. `docker`: a container of the image `cassandra:5.0`, with the package `testcontainers`;
 * 3. `jvm`: Cassandra on a JDK of this machine (17 for 5.0, 11 for 4.0 and 4.1), with jars that Maven fetches once.
 *
 * `EFFECT_CQL_SERVER` allows only the provider that it names. `EFFECT_CQL_SERVER_VERSION` is the version of Cassandra.
 * Servers are stopped and removed at the end of the scope, on Ctrl-C, and even if the process was killed.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { docker } from "./internal/docker.ts"
import { Provider, ServerStartFailed, ServerUnavailable } from "./internal/errors.ts"
import { external } from "./internal/external.ts"
import { jvm } from "./internal/jvm.ts"
import { withRealTime } from "./internal/live.ts"
import { checkOptions } from "./internal/options.ts"
import { select } from "./internal/select.ts"
import { optionalText } from "./internal/settings.ts"

export {
  /**
   * The names of the providers, as a schema and as a type.
   *
   * @category models
   * @since 0.1.0
   */
  Provider,
  /**
   * @category errors
   * @since 0.1.0
   */
  ServerStartFailed,
  /**
   * @category errors
   * @since 0.1.0
   */
  ServerUnavailable
}

/**
 * Options of a server. All are optional.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * The only provider to use. Takes precedence over the variable `EFFECT_CQL_SERVER`. Default: the variable, or any
   * provider.
   */
  readonly provider?: Provider | undefined
  /**
   * The version of Cassandra: a release line, such as `4.1`, or a full version. Takes precedence over the variable
   * `EFFECT_CQL_SERVER_VERSION`. Default: the variable, or `5.0`. Provider `jvm` runs 4.0, 4.1 and 5.0, and `docker`
   * any tag of the image. An external server has to be of a version that begins with it.
   */
  readonly version?: string | undefined
  /** Time limit for the first answer of a server. Default: 2 minutes, 30 seconds for an external one. */
  readonly startTimeout?: Duration.Input | undefined
  /** Heap of each node, in the notation of the JVM. Default: `512m`. Ignored for an external server. */
  readonly heap?: string | undefined
  /** Number of nodes in one data center. Default: 1. Three nodes need the provider `jvm`. */
  readonly nodes?: 1 | 3 | undefined
  /**
   * Number of tokens of each node: ranges of the ring that it owns. Default: 8. Another number needs the provider
   * `jvm`.
   */
  readonly tokens?: number | undefined
  /**
   * True if clients have to log in, with the `credentials` of the service. Default: false. Needs the provider `jvm`.
   */
  readonly authentication?: boolean | undefined
  /**
   * True if clients have to use TLS and trust the `certificate` of the service. Default: false. Needs the provider
   * `jvm`.
   */
  readonly tls?: boolean | undefined
}

/**
 * One node of a server, and the faults that a test can cause. Each is safe at any time: stopping a stopped node does
 * nothing, and the end of the scope also ends a paused node. Other nodes and drivers need some seconds to notice a
 * fault.
 *
 * @category models
 * @since 0.1.0
 */
export interface Node {
  /** Its `host:port`, which a restart does not change. */
  readonly contactPoint: string
  /** Stops it in an orderly way, and waits for that: it informs its peers and flushes its data. */
  readonly stop: Effect.Effect<void>
  /** Ends it at once, like a power failure. */
  readonly kill: Effect.Effect<void>
  /** Freezes it, and waits until none of its threads runs (on Linux): connections stay open, but it does not answer. */
  readonly pause: Effect.Effect<void>
  /** Resumes a paused node. */
  readonly resume: Effect.Effect<void>
  /** Stops it if it runs, starts it on its old data and waits until it answers. */
  readonly restart: Effect.Effect<void, ServerStartFailed>
}

/**
 * A name and a password for the server.
 *
 * @category models
 * @since 0.1.0
 */
export interface Credentials {
  readonly username: string
  readonly password: Redacted.Redacted
}

/**
 * A running server, and how to connect to it. `contactPoints` are `host:port` strings for `cassandra-driver`. `version`
 * and `localDataCenter` are reported by the server. `nodes` is empty if the provider does not control the server
 * (`external`, `docker`).
 *
 * **Example** (A suite with a server of its own)
 *
 * ```ts
 * import { CassandraServer } from "@effect-cql/test-server"
 * import { Console, Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const server = yield* CassandraServer.CassandraServer
 *   yield* Console.log(`${server.version} at ${server.contactPoints.join(", ")}`)
 * })
 * const main = program.pipe(Effect.provide(CassandraServer.layer()))
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class CassandraServer extends Context.Service<CassandraServer, {
  readonly provider: Provider
  readonly version: string
  readonly contactPoints: ReadonlyArray<string>
  readonly localDataCenter: string
  readonly credentials?: Credentials | undefined
  /** The certificate to trust, in PEM, with the option `tls`. */
  readonly certificate?: string | undefined
  readonly nodes: ReadonlyArray<Node>
}>()("@effect-cql/test-server/CassandraServer") {}

const variable = "EFFECT_CQL_SERVER"
const versionVariable = "EFFECT_CQL_SERVER_VERSION"

const isProvider = (name: string): name is Provider => Provider.literals.some((literal) => literal === name)

/** The provider that the environment asks for. */
const wanted = Effect.gen(function*() {
  const name = Option.getOrUndefined(yield* Effect.orDie(optionalText(variable)))
  if (name === undefined || isProvider(name)) return name
  const allowed = Provider.literals.join(", ")
  return yield* new ServerUnavailable({
    message: `${variable} is "${name}", but can be one of: ${allowed}`,
    lacking: []
  })
})

/**
 * Starts a server and waits until it answers. The server ends with the scope. A log message names the provider. It uses
 * the clock of the machine, so that a test with a virtual clock can wait for a server.
 *
 * Fails with `ServerUnavailable` if no provider is available or an option is invalid, and with `ServerStartFailed` if the server did not
 * answer.
 *
 * **Example** (A node that is killed)
 *
 * ```ts
 * import { CassandraServer } from "@effect-cql/test-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const server = yield* CassandraServer.make({ provider: "jvm", nodes: 3 })
 *   yield* Effect.forEach(server.nodes.slice(2), (node) => node.kill)
 * }).pipe(Effect.scoped)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options = {}
): Effect.Effect<CassandraServer["Service"], ServerUnavailable | ServerStartFailed, Scope.Scope> =>
  Effect.gen(function*() {
    yield* checkOptions(options)
    const only = options.provider ?? (yield* wanted)
    const version = options.version ?? Option.getOrUndefined(yield* Effect.orDie(optionalText(versionVariable)))
    const begin = yield* Clock.currentTimeMillis
    const server = yield* select([external, docker, jvm], only, { ...options, version })
    const seconds = ((yield* Clock.currentTimeMillis) - begin) / 1000
    yield* Effect.logInfo(
      `CassandraServer: ${server.provider} ${server.version} at ${server.contactPoints.join(", ")} ` +
        `(ready in ${seconds.toFixed(1)} s)`
    )
    return CassandraServer.of(server)
  }).pipe(withRealTime)

/**
 * A server for as long as the layer is in use.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options = {}
): Layer.Layer<CassandraServer, ServerUnavailable | ServerStartFailed> => Layer.effect(CassandraServer, make(options))
