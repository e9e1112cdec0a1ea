/**
 * Sessions on a Cassandra cluster.
 *
 * @since 0.1.0
 */
import { type CqlError, Session } from "@effect-cql/core"
import type { Service } from "@effect-cql/core/Session"
import type { Client } from "cassandra-driver"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { CassandraClient } from "./CassandraClient.ts"
import { connected, open, type Opened } from "./internal/client/connect.ts"
import { aboutSession } from "./internal/client/log.ts"
import { warnOfVersion } from "./internal/driver/version.ts"
import { ClientPort } from "./internal/request/port.ts"
import type { Options, SessionOptions } from "./Options.ts"

export type { Options, Pooling, SessionOptions, Tls } from "./Options.ts"

/**
 * Makes a session on an existing client, for example a client that other code uses as well.
 *
 * The client is connected if it is not, and it is not shut down. The retry policy of the client does not apply: only the
 * session retries statements. Fails with the reason `ConnectFailed` when the client cannot connect.
 *
 * **Example** (Beside other code)
 *
 * ```ts no-run
 * import { CassandraSession } from "@effect-cql/cassandra"
 * import { Session } from "@effect-cql/core"
 * import { Client } from "cassandra-driver"
 * import { Layer } from "effect"
 *
 * const client = new Client({ contactPoints: ["127.0.0.1"], localDataCenter: "datacenter1", encoding: { map: Map } })
 * const SessionLayer = Layer.effect(Session, CassandraSession.fromClient(client))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromClient = (
  client: Client,
  options: SessionOptions = {}
): Effect.Effect<Service, CqlError, Scope.Scope> => spanned(options, overClient(client, options))

const overClient = Effect.fn("CassandraSession.fromClient")(function*(
  client: Client,
  options: SessionOptions
): Effect.fn.Return<Service, CqlError, Scope.Scope> {
  yield* connected(client, options)
  return yield* sessionOn({ client }, options)
})

/** Opening a session has no span where the session has none. */
const spanned = <A, E, R>({ spans }: SessionOptions, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  spans === false ? Effect.withTracerEnabled(effect, false) : effect

const sessionOn = (
  { client, missing, notConnected }: Opened,
  options: SessionOptions
): Effect.Effect<Service, CqlError, Scope.Scope> => {
  const about = aboutSession({ name: options.name, keyspace: client.keyspace || undefined })
  return Effect.annotateLogs(warnOfVersion(client, missing), about).pipe(
    Effect.andThen(ClientPort.make(client, options, notConnected)),
    Effect.flatMap(Session.make)
  )
}

/**
 * Opens a session, and closes it with the scope.
 *
 * Fails within the connect timeout, with the reason `ConnectFailed`: it lists why each contact point failed,
 * and what to check first. Nothing is left behind then.
 *
 * **Example** (Two sessions in one scope)
 *
 * ```ts no-run
 * import { CassandraSession } from "@effect-cql/cassandra"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const from = yield* CassandraSession.make({ contactPoints: ["10.0.0.1"], localDataCenter: "dc1" })
 *   const to = yield* CassandraSession.make({ contactPoints: ["10.1.0.1"], localDataCenter: "dc2" })
 *   const { rows } = yield* from.execute(["SELECT id FROM app.users WHERE id = ?", [1]])
 *   for (const { id } of rows) yield* to.execute(["INSERT INTO app.users (id) VALUES (?)", [id]])
 * }).pipe(Effect.scoped)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<Service, CqlError, Scope.Scope> =>
  Effect.map(context(options), Context.get(Session))

/**
 * A session and its client. Both are closed with the layer.
 *
 * **Example** (A program with a session)
 *
 * ```ts no-run
 * import { CassandraSession } from "@effect-cql/cassandra"
 * import { Statement } from "@effect-cql/core"
 * import { Console, Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const result = yield* Statement.make("SELECT release_version FROM system.local")
 *   yield* Console.log(result.first?.["release_version"])
 * })
 * const main = program.pipe(
 *   Effect.provide(CassandraSession.layer({ contactPoints: ["127.0.0.1"], localDataCenter: "datacenter1" }))
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Session | CassandraClient, CqlError> =>
  Layer.effectContext(context(options))

/**
 * A session on a client that an effect makes. See {@link fromClient}.
 *
 * The finalizer of the effect has to shut the client down. Without a finalizer, the client stays open.
 *
 * **Example** (A client that the layer shuts down)
 *
 * ```ts no-run
 * import { CassandraSession } from "@effect-cql/cassandra"
 * import { Client } from "cassandra-driver"
 * import { Effect } from "effect"
 *
 * const acquire = Effect.acquireRelease(
 *   Effect.sync(() => new Client({ cloud: { secureConnectBundle: "bundle.zip" }, encoding: { map: Map } })),
 *   (client) => Effect.promise(() => client.shutdown())
 * )
 * const SessionLayer = CassandraSession.layerFrom(acquire)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFrom = <E, R>(
  acquire: Effect.Effect<Client, E, R>,
  options: SessionOptions = {}
): Layer.Layer<Session | CassandraClient, CqlError | E, Exclude<R, Scope.Scope>> =>
  Layer.effectContext(
    Effect.flatMap(
      acquire,
      (client) => Effect.map(fromClient(client, options), (session) => contextOf(session, client))
    )
  )

const contextOf = (session: Service, client: Client): Context.Context<Session | CassandraClient> =>
  Context.make(Session, session).pipe(Context.add(CassandraClient, client))

const context = (options: Options): Effect.Effect<Context.Context<Session | CassandraClient>, CqlError, Scope.Scope> =>
  spanned(options, opening(options))

const opening = Effect.fn("CassandraSession.make")(function*(
  options: Options
): Effect.fn.Return<Context.Context<Session | CassandraClient>, CqlError, Scope.Scope> {
  const opened = yield* open(options)
  return contextOf(yield* sessionOn(opened, options), opened.client)
})

const optional = <A>(self: Config.Config<A>, isEmpty: (value: A) => boolean): Config.Config<A | undefined> =>
  Config.map(Config.option(self), (value) => Option.getOrUndefined(Option.filter(value, (value) => !isEmpty(value))))

const optionalText = (name: string) => optional(Config.String(name), (text) => text.trim() === "")

const addresses = Schema.String.check(
  Schema.isPattern(/[^\s,]/, { expected: "at least one address, several separated by commas" })
)
const keyspaceName = Schema.String.check(
  Schema.isPattern(/^(?:\s*|\w+)$/, {
    expected: "the name of a keyspace without quotes: letters, digits and underscores"
  })
)

/**
 * Options from `CASSANDRA_CONTACT_POINTS` (separated by commas) and `CASSANDRA_LOCAL_DATACENTER`, and where they are set
 * from `CASSANDRA_KEYSPACE`, `CASSANDRA_USERNAME` and `CASSANDRA_PASSWORD`.
 *
 * @category configuration
 * @since 0.1.0
 */
export const config: Config.Config<Options> = Config.all({
  contactPoints: Config.map(
    Config.schema(addresses, "CASSANDRA_CONTACT_POINTS"),
    (text) => text.split(",").map((point) => point.trim()).filter((point) => point !== "")
  ),
  localDataCenter: Config.NonEmptyString("CASSANDRA_LOCAL_DATACENTER"),
  keyspace: optional(Config.schema(keyspaceName, "CASSANDRA_KEYSPACE"), (name) => name.trim() === ""),
  username: optionalText("CASSANDRA_USERNAME"),
  password: optional(Config.Redacted("CASSANDRA_PASSWORD"), (password) => Redacted.value(password) === "")
})

/**
 * A session and its client, with options from the configuration. Default: {@link config}.
 *
 * **Example** (What a service needs that is configured by its environment)
 *
 * ```ts no-run
 * import { CassandraSession } from "@effect-cql/cassandra"
 *
 * const SessionLayer = CassandraSession.layerConfig()
 * ```
 *
 * **Example** (Names of your own)
 *
 * ```ts no-run
 * import { CassandraSession } from "@effect-cql/cassandra"
 * import { Config } from "effect"
 *
 * const SessionLayer = CassandraSession.layerConfig(Config.all({
 *   contactPoints: Config.map(Config.String("DB_HOST"), (host) => [host]),
 *   localDataCenter: Config.String("DB_DATACENTER"),
 *   password: Config.Redacted("DB_PASSWORD"),
 *   username: Config.String("DB_USER")
 * }))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  options: Config.Wrap<Options> = config
): Layer.Layer<Session | CassandraClient, CqlError | Config.ConfigError> =>
  Layer.effectContext(Effect.flatMap(Config.unwrap(options), context))
