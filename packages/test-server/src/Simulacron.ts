/**
 * Scripted clusters for tests: Simulacron speaks the protocol of Cassandra, sends scripted answers, and keeps a log of
 * the requests. It needs a Java runtime, Maven and `@effect/platform-node`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Distribution from "./internal/distribution.ts"
import { type Lacking, ServerStartFailed, ServerUnavailable } from "./internal/errors.ts"
import * as Java from "./internal/java.ts"
import { withRealTime } from "./internal/live.ts"
import { freeAddresses } from "./internal/loopback.ts"
import { loadPlatform } from "./internal/platform.ts"
import * as Supervision from "./internal/supervision.ts"

/**
 * The requests that an answer is for: a statement, or a batch of statements.
 *
 * @category models
 * @since 0.1.0
 */
export type When = (One | { readonly batch: ReadonlyArray<One> }) & {
  readonly consistency_level?: ReadonlyArray<string>
}

/**
 * The form of a statement that an answer is for.
 *
 * @category models
 * @since 0.1.0
 */
export interface One {
  /** The text, compared character by character. */
  readonly query: string
  /** The names of the markers in order, with their CQL types. */
  readonly params?: Readonly<Record<string, string>>
  /** The values of some markers. The other markers match any value. */
  readonly values?: Readonly<Record<string, unknown>>
}

/**
 * The answer: the name of a result of Simulacron, with the fields of its manual.
 *
 * @category models
 * @since 0.1.0
 */
export type Then =
  & {
    readonly result: string
    readonly delay_in_ms?: number
    /** Default: `true`, so that the statement can be prepared. */
    readonly ignore_on_prepare?: boolean
  }
  & Readonly<Record<string, unknown>>

/**
 * A request that a node received.
 *
 * @category models
 * @since 0.1.0
 */
export interface Logged {
  readonly node: string
  /** The kind of the frame: `QUERY`, `PREPARE`, `EXECUTE`, `BATCH`, `OPTIONS`, ... */
  readonly type: string
  readonly query: string | undefined
  readonly primed: boolean
  readonly frame: Frame
}

/**
 * The contents of a frame, as Simulacron decoded it. Bytes are in base 64.
 *
 * @category models
 * @since 0.1.0
 */
export interface Frame {
  readonly tracing_id: string | null
  readonly message: Readonly<Record<string, unknown>> & {
    readonly options?: Readonly<Record<string, unknown>>
  }
}

/**
 * The ways in which the connections of a node end.
 *
 * @category models
 * @since 0.1.0
 */
export type Disconnect = "disconnect" | "shutdown_read" | "shutdown_write"

/**
 * A scripted cluster. Nodes are numbered by their position, from 0. A call that Simulacron refuses is a defect.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cluster {
  readonly contactPoints: ReadonlyArray<string>
  readonly localDataCenter: string
  /**
   * Primes the answer of all nodes, or of one. An answer of one node takes precedence over an answer of all nodes. If
   * several answers match beyond that, the first one primed is given. An answer that is neither a success nor an error
   * (`no_result`, `close_connection`) is also given when the statement is prepared, so prepare the statement before.
   */
  readonly prime: (when: When, then: Then, node?: number) => Effect.Effect<void>
  /** Removes the answers and the log. */
  readonly clear: Effect.Effect<void>
  /** The requests, oldest first, without the requests that the driver makes on its own. */
  readonly log: Effect.Effect<ReadonlyArray<Logged>>
  /** Stops reading from clients, so that their sockets fill up. */
  readonly pauseReads: (node?: number) => Effect.Effect<void>
  /** Reads from clients again. */
  readonly resumeReads: (node?: number) => Effect.Effect<void>
  /** Ends the connections of clients. Default: `"disconnect"`. */
  readonly disconnect: (node?: number, how?: Disconnect) => Effect.Effect<void>
  /** Refuses connections: no listener (`"unbind"`, the default), or no answer to the start of the protocol. */
  readonly reject: (node?: number, how?: "unbind" | "reject_startup") => Effect.Effect<void>
  /** Accepts connections again. */
  readonly accept: (node?: number) => Effect.Effect<void>
}

/**
 * The options of a cluster.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Default: 1. */
  readonly nodes?: number
  /** True if requests are kept for the log. Default: `true`. Large requests exhaust the memory of the program. */
  readonly log?: boolean
  /** The version of Cassandra that the nodes report. Default: `3.11.0`. */
  readonly version?: string
}

/**
 * A program that holds clusters.
 *
 * @category models
 * @since 0.1.0
 */
export interface Server {
  /** Makes a cluster, and removes it at the end of the scope. */
  readonly cluster: (options?: Options) => Effect.Effect<Cluster, never, Scope.Scope>
}

const artifact: Distribution.Artifact = {
  group: "com.datastax.oss.simulacron",
  name: "simulacron-standalone",
  version: "0.12.0",
  size: "14 MB"
}

const httpPort = 8187
const begin = Schedule.spaced("100 millis")

// Asked by the driver itself, of the control connection.
const ofConnection = new Set(["STARTUP", "OPTIONS", "REGISTER"])
const ofDriver = /^SELECT .* FROM system(?:_schema|_virtual_schema)?\./

const failed = (problem: string) =>
  new ServerStartFailed({ provider: "jvm", problem: `Simulacron: ${problem}`, log: "" })

const start = Effect.fnUntraced(function*(nodes: number) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const java = yield* Java.find("Simulacron", { oldest: 11, newest: 23 })
  const jars = yield* Distribution.jars(artifact)
  const addresses = yield* freeAddresses(nodes)
  const host = addresses?.[0]?.host
  if (host === undefined) return yield* failed(`no ${nodes} free loopback addresses`)
  const supervisor = yield* Supervision.make
  const directory = yield* Effect.uninterruptible(
    Effect.tap(fs.makeTempDirectory({ prefix: "effect-cql-" }), supervisor.removeAtEnd)
  )
  const jar = path.join(jars, `${artifact.name}-${artifact.version}.jar`)
  const port = addresses?.[0]?.port ?? 9042
  const http = ["--httpintf", host, "--httpport", String(httpPort)]
  // More nodes than one are neighbours in addresses, all with the same port.
  const where = ["--ip", host, ...(nodes === 1 && port !== 9042 ? ["--starting-port", String(port)] : [])]
  const log = path.join(directory, "log")
  const program = yield* supervisor.start({
    command: java.command,
    args: ["-Xmx256m", "-XX:-UsePerfData", "-jar", jar, "--loglevel", "ERROR", ...http, ...where],
    cwd: directory,
    log
  }).pipe(Effect.mapError((how) => failed(`its process was ended by ${how}`)))
  const ended = Effect.flatMap(
    Effect.all([program.ended, fs.readFileString(log)]),
    ([how, output]) => Effect.fail(failed(`its process was ended by ${how}: ${output.slice(-1000)}`))
  )
  return { url: `http://${host}:${httpPort}`, ended }
})

const call = (url: string, method: string, path: string, body?: unknown) => {
  const content = body === undefined
    ? undefined
    : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }
  return Effect.gen(function*() {
    const response = yield* Effect.tryPromise((signal) => fetch(`${url}${path}`, { method, signal, ...content }))
    const text = yield* Effect.tryPromise(() => response.text())
    if (!response.ok) return yield* failed(`${method} ${path}: ${response.status} ${text}`)
    return text === "" ? undefined : JSON.parse(text)
  })
}

interface Entry {
  readonly type: string
  readonly query?: string | null
  readonly primed: boolean
  readonly received_timestamp: number
  readonly frame: Frame
}

interface Report {
  readonly id: number
  readonly data_centers: ReadonlyArray<{
    readonly id: number
    readonly name: string
    readonly nodes: ReadonlyArray<{
      readonly id: number
      readonly address: string
      readonly queries?: ReadonlyArray<Entry>
    }>
  }>
}

const unavailable = ({ lack, remedy }: Lacking) =>
  new ServerUnavailable({ message: `${lack}. ${remedy}.`, lacking: [{ provider: "jvm", lack, remedy }] })

/**
 * Starts a program with room for `nodes` nodes at a time. It ends with the scope, and when this process is killed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeServer = (
  nodes: number
): Effect.Effect<Server, ServerUnavailable | ServerStartFailed, Scope.Scope> =>
  Effect.gen(function*() {
    const { ended, url } = yield* Effect.provide(start(nodes), yield* loadPlatform)
    yield* Effect.raceFirst(Effect.retry(call(url, "GET", "/cluster"), { schedule: begin }), ended).pipe(
      Effect.timeoutOrElse({ duration: "30 seconds", orElse: () => Effect.fail(failed("no answer in 30 seconds")) })
    )
    return {
      cluster: (options = {}) =>
        Effect.acquireRelease(
          call(
            url,
            "POST",
            `/cluster?data_centers=${options.nodes ?? 1}&cassandra_version=${options.version ?? "3.11.0"}` +
              `&activity_log=${options.log ?? true}`
          ),
          ({ id }: Report) => Effect.ignore(call(url, "DELETE", `/cluster/${id}`))
        ).pipe(Effect.map((cluster: Report) => clusterOf(url, cluster)), withRealTime, Effect.orDie)
    } satisfies Server
  }).pipe(
    Effect.catchTags({
      Lacking: (error) => Effect.fail(unavailable(error)),
      PlatformError: (error) => Effect.fail(failed(error.message)),
      UnknownError: (error) => Effect.fail(failed(error.message))
    }),
    withRealTime
  )

/**
 * Starts a cluster in a program of its own. Both end with the scope.
 *
 * **Example** (A node that is overloaded)
 *
 * ```ts
 * import * as Simulacron from "@effect-cql/test-server/Simulacron"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const cluster = yield* Simulacron.make()
 *   const answer = { result: "overloaded", message: "too many requests" }
 *   yield* cluster.prime({ query: "SELECT name FROM app.users" }, answer)
 *   // Requests to cluster.contactPoints with this text now fail with the error Overloaded.
 * }).pipe(Effect.scoped)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options = {}
): Effect.Effect<Cluster, ServerUnavailable | ServerStartFailed, Scope.Scope> =>
  Effect.flatMap(makeServer(options.nodes ?? 1), ({ cluster }) => cluster(options))

const clusterOf = (url: string, cluster: Report): Cluster => {
  const center = cluster.data_centers[0]!
  const addresses = new Map(center.nodes.map(({ address, id }) => [id, address]))
  const at = (kind: string, node?: number) =>
    `/${kind}/${cluster.id}${node === undefined ? "" : `/${center.id}/${center.nodes[node]!.id}`}`
  const run = (method: string, path: string, body?: unknown) =>
    Effect.orDie(Effect.asVoid(call(url, method, path, body)))
  const listen = (node: number | undefined, type: string) =>
    run("DELETE", `${at("listener", node)}?after=0&type=${type}`)
  return {
    contactPoints: center.nodes.map(({ address }) => address),
    localDataCenter: center.name,
    prime: ({ consistency_level, ...what }, then, node) =>
      run("POST", at("prime", node), {
        when: {
          ...("batch" in what ? { request: "batch", queries: what.batch.map(toPrime) } : toPrime(what)),
          ...(consistency_level === undefined ? undefined : { consistency_level })
        },
        then: { ignore_on_prepare: true, ...then }
      }),
    clear: Effect.andThen(run("DELETE", at("prime")), run("DELETE", at("log"))),
    log: Effect.map(Effect.orDie(call(url, "GET", at("log"))), (report) => loggedOf(report, addresses)),
    pauseReads: (node) => run("PUT", at("pause-reads", node)),
    resumeReads: (node) => run("DELETE", at("pause-reads", node)),
    disconnect: (node, how = "disconnect") => run("DELETE", `${at("connections", node)}?type=${how}`),
    reject: (node, how = "unbind") => listen(node, how),
    accept: (node) => run("PUT", at("listener", node))
  }
}

const toPrime = ({ params, query, values }: One) => ({
  query,
  ...(params === undefined ? undefined : {
    params: Object.fromEntries(Object.keys(params).map((name) => [name, values?.[name] ?? "*"])),
    param_types: params
  })
})

const loggedOf = (report: Report, addresses: ReadonlyMap<number, string>): ReadonlyArray<Logged> =>
  report.data_centers
    .flatMap(({ nodes }) => nodes)
    .flatMap(({ id, queries = [] }) => queries.map((entry) => ({ ...entry, node: addresses.get(id)! })))
    .toSorted((one, other) => one.received_timestamp - other.received_timestamp)
    .map(({ frame, node, primed, query, type }): Logged => ({ node, type, query: query ?? undefined, primed, frame }))
    .filter(({ query, type }) => !ofConnection.has(type) && !ofDriver.test(query ?? ""))
