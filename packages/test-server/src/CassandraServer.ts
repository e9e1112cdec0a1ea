/**
 * A real Cassandra server for tests and benchmarks, from the first of three places that has one:
 *
 * 1. `external`: the server that `CASSANDRA_CONTACT_POINTS` names;
 * 2. `docker`: a container of the image `cassandra:5.0`, by the package `testcontainers`;
 * 3. `jvm`: Cassandra on a JDK of this machine (17 for 5.0, 11 for 4.0 and 4.1), with jars that Maven fetches once.
 *
 * `EFFECT_CQL_SERVER`, set to one of these names, allows that one alone; `EFFECT_CQL_SERVER_VERSION` is the version of
 * Cassandra. What is started is stopped and removed at the
 * end of the scope, on Ctrl-C, and after the process was killed.
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
   * The one provider that will do. Takes precedence over the variable `EFFECT_CQL_SERVER`. Default: that of the variable, or
   * any.
   */
  readonly provider?: Provider | undefined
  /**
   * The version of Cassandra: a release line, such as `4.1`, or a full version. Takes precedence over the variable
   * `EFFECT_CQL_SERVER_VERSION`. Default: that of the variable, or `5.0`. Provider `jvm` runs 4.0, 4.1 and 5.0, and
   * `docker` any tag of the image. An external server has to be of a version that begins with it.
   */
  readonly version?: string | undefined
  /** Time limit for the first answer of a server. Default: 2 minutes, 30 seconds for an external one. */
  readonly startTimeout?: Duration.Input | undefined
  /** Heap of each node, in the notation of the JVM. Default: `512m`. Ignored for an external server. */
  readonly heap?: string | undefined
  /** The number of nodes, which are replicas of one data center. Default: 1. More are for provider `jvm` alone. */
  readonly nodes?: 1 | 3 | undefined
  /** The number of tokens of each node: ranges of the ring that it owns. Default: 8. Another is for provider `jvm` alone. */
  readonly tokens?: number | undefined
  /** True if clients have to log in, with the `credentials` of the service. Default: no. For provider `jvm` alone. */
  readonly authentication?: boolean | undefined
  /** True if clients have to encrypt, trusting the `certificate` of the service. Default: no. For `jvm` alone. */
  readonly tls?: boolean | undefined
}

/**
 * One node of a server, with the faults that can be done to it. Each is safe to do at any time: a node that is stopped
 * already is not stopped again, and the end of the scope ends a paused one as well. The other nodes, and drivers, take
 * some seconds to see what has happened.
 *
 * @category models
 * @since 0.1.0
 */
export interface Node {
  /** Its `host:port`, which stays the same over restarts. */
  readonly contactPoint: string
  /** Ends it in order, and waits for that: it says goodbye to its peers and writes out what it holds. */
  readonly stop: Effect.Effect<void>
  /** Ends it at once, as a power cut does. */
  readonly kill: Effect.Effect<void>
  /** Freezes it: connections stay open, and nothing answers. */
  readonly pause: Effect.Effect<void>
  /** Lets a paused node go on. */
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
 * A running server, and how to connect to it. `contactPoints` are `host:port` texts, as `cassandra-driver` takes them.
 * `version` and `localDataCenter` are what the server says of itself. `nodes` is empty where the provider has no hands
 * on the server (`external`, `docker`).
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
  /** The certificate to trust, in PEM, where the server was asked to encrypt. */
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
 * Gives a server that answers, and ends it with the scope. One line of the log says which provider was taken. Time is
 * that of the machine, so that a test on a virtual clock can wait for a server too.
 *
 * Fails with `ServerUnavailable` where no provider has what it takes, and with `ServerStartFailed` where one has and its
 * server did not answer.
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
