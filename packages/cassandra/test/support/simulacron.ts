/**
 * A cluster that does what it is told: Simulacron speaks the protocol, gives the answers that it was primed with, and
 * keeps a log of what it was asked.
 */
import { Effect, FileSystem, Path, Schedule, type Scope } from "effect"
import * as Distribution from "../../../testing/src/internal/server/distribution.ts"
import * as Java from "../../../testing/src/internal/server/java.ts"
import { withRealTime } from "../../../testing/src/internal/server/live.ts"
import { freeAddresses } from "../../../testing/src/internal/server/loopback.ts"
import { loadPlatform } from "../../../testing/src/internal/server/platform.ts"
import * as Supervision from "../../../testing/src/internal/server/supervision.ts"

/** What a request has to look like: a statement, or a batch of such. */
export type When = (One | { readonly batch: ReadonlyArray<One> }) & {
  readonly consistency_level?: ReadonlyArray<string>
}

/** What a statement has to look like. */
export interface One {
  /** The text, compared as it is. */
  readonly query: string
  /** With markers: their names in order, and their types in CQL. */
  readonly params?: Readonly<Record<string, string>>
  /** Values that have to be bound to some of them. Of the others, any value matches. */
  readonly values?: Readonly<Record<string, unknown>>
}

/** The answer: the name of a result of Simulacron, with its fields as its manual names them. */
export type Then =
  & {
    readonly result: string
    readonly delay_in_ms?: number
    /** Default: `true`, so that the statement can be prepared. */
    readonly ignore_on_prepare?: boolean
  }
  & Readonly<Record<string, unknown>>

/** A request as a node got it. */
export interface Logged {
  readonly node: string
  /** The kind of the frame: `QUERY`, `PREPARE`, `EXECUTE`, `BATCH`, `OPTIONS`, ... */
  readonly type: string
  readonly query: string | undefined
  readonly primed: boolean
  readonly frame: Frame
}

/** What a frame said, as Simulacron decoded it. Bytes are in base 64. */
export interface Frame {
  readonly tracing_id: string | null
  readonly message: Readonly<Record<string, unknown>> & {
    readonly options?: Readonly<Record<string, unknown>>
  }
}

/** How the connections of a node end. */
export type Disconnect = "disconnect" | "shutdown_read" | "shutdown_write"

/** A cluster of Simulacron. Its nodes are told by their position. */
export interface Simulacron {
  readonly contactPoints: ReadonlyArray<string>
  readonly localDataCenter: string
  /**
   * Primes the answer of all nodes, or of one. What one node was told goes before what all were told; where one request
   * matches several answers beyond that, the one that was primed first is given. What is neither a success nor an error
   * (`no_result`, `close_connection`) befalls the preparing of a statement as well, so prepare it before.
   */
  readonly prime: (when: When, then: Then, node?: number) => Effect.Effect<void>
  /** Forgets the answers and the log. */
  readonly clear: Effect.Effect<void>
  /** The requests, oldest first, without those that the driver makes by itself. */
  readonly log: Effect.Effect<ReadonlyArray<Logged>>
  /** Nothing is read from clients any more, so that their sockets fill up. */
  readonly pauseReads: (node?: number) => Effect.Effect<void>
  readonly resumeReads: (node?: number) => Effect.Effect<void>
  /** Ends the connections of clients. */
  readonly disconnect: (node?: number, how?: Disconnect) => Effect.Effect<void>
  /** Takes no connections any more: nobody listens, or whoever connects gets no answer to the start of the protocol. */
  readonly reject: (node?: number, how?: "unbind" | "reject_startup") => Effect.Effect<void>
  /** Takes connections again. */
  readonly accept: (node?: number) => Effect.Effect<void>
}

export interface Options {
  /** Default: 1. */
  readonly nodes?: number
  /** Whether requests are kept for the log. Default: `true`; where they are large, the program has no room for them. */
  readonly log?: boolean
  /** The version of Cassandra that the nodes claim to be. */
  readonly version?: string
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

/** A program that holds clusters. */
export interface SimulacronServer {
  /** Makes a cluster, which is gone with the scope. */
  readonly cluster: (options?: Options) => Effect.Effect<Simulacron, never, Scope.Scope>
}

const start = Effect.fnUntraced(function*(nodes: number) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const java = yield* Java.find
  const jars = yield* Distribution.jars(artifact)
  const addresses = yield* freeAddresses(nodes)
  const host = addresses?.[0]?.host
  if (host === undefined) return yield* Effect.die(new Error(`no ${nodes} free loopback addresses for Simulacron`))
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
  })
  const ended = Effect.flatMap(
    Effect.all([program.ended, fs.readFileString(log)]),
    ([how, output]) => Effect.die(new Error(`Simulacron was ended by ${how}: ${output.slice(-1000)}`))
  )
  return { url: `http://${host}:${httpPort}`, ended }
})

const call = (url: string, method: string, path: string, body?: unknown) =>
  Effect.tryPromise(async (signal) => {
    const content = body === undefined
      ? undefined
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }
    const response = await fetch(`${url}${path}`, { method, signal, ...content })
    const text = await response.text()
    if (!response.ok) throw new Error(`Simulacron: ${method} ${path}: ${response.status} ${text}`)
    return text === "" ? undefined : JSON.parse(text)
  })

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

/** Starts a program with room for so many nodes at a time. It is gone with the scope, and when this process is killed. */
export const simulacronServer = (room: number): Effect.Effect<SimulacronServer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { ended, url } = yield* Effect.provide(start(room), yield* loadPlatform)
    yield* Effect.raceFirst(Effect.retry(call(url, "GET", "/cluster"), { schedule: begin }), ended).pipe(
      Effect.timeout("30 seconds")
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
    } satisfies SimulacronServer
  }).pipe(withRealTime, Effect.orDie)

/** Starts a cluster in a program of its own. */
export const simulacron = (options: Options = {}): Effect.Effect<Simulacron, never, Scope.Scope> =>
  Effect.flatMap(simulacronServer(options.nodes ?? 1), ({ cluster }) => cluster(options))

const clusterOf = (url: string, cluster: Report): Simulacron => {
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
