/**
 * The cluster that the faults of real nodes share: three nodes that hold every row, and a session with short timeouts.
 */
import { type Session, Statement } from "@effect-cql/core"
import { CassandraServer, make, type Node } from "@effect-cql/test-server/CassandraServer"
import { type Host, policies, types } from "cassandra-driver"
import { Effect, Layer, Schedule, type Scope } from "effect"
import { CassandraClient, CassandraSession } from "../../../src/index.ts"
import type { Fault, Tally } from "../fault.ts"

/** All that a fault of this layer may use. */
export type Cluster = CassandraServer | Session | CassandraClient | Scope.Scope

/** The keyspace of every table here. */
export const keyspace = "faults"

/** The options of a session that does not wait long for anybody, nor to find a node again. */
export const impatient = (server: CassandraServer["Service"]): CassandraSession.Options => ({
  contactPoints: server.contactPoints,
  localDataCenter: server.localDataCenter,
  requestTimeout: "3 seconds",
  clientOptions: { policies: { reconnection: new policies.reconnection.ConstantReconnectionPolicy(500) } }
})

const SessionLive = Layer.unwrap(Effect.map(CassandraServer, (server) => CassandraSession.layer(impatient(server))))

const KeyspaceLive = Layer.effectDiscard(Effect.gen(function*() {
  yield* ddl(`CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}`)
  yield* ddl(`CREATE TABLE ${keyspace}.up (id int PRIMARY KEY)`)
  yield* allUp
}))

/** Three nodes, a session on them, and the keyspace. */
export const ClusterLive = KeyspaceLive.pipe(
  Layer.provideMerge(SessionLive),
  Layer.provideMerge(Layer.effect(CassandraServer, make({ provider: "jvm", nodes: 3, startTimeout: "5 minutes" })))
)

/** A fault of real nodes. */
export const real = (name: string, run: Effect.Effect<Tally, unknown, Cluster>): Fault<Cluster> => ({
  name,
  layer: "real",
  run
})

/** Changes the schema, with the patience that this takes on a busy machine. */
export function ddl(text: string) {
  return Statement.make(text, [], { requestTimeout: "30 seconds", retry: "none" })
}

/** The nodes by their places. */
export const threeNodes: Effect.Effect<readonly [Node, Node, Node], never, CassandraServer> = CassandraServer.use(
  ({ nodes: [first, second, third] }) =>
    first === undefined || second === undefined || third === undefined
      ? Effect.die(new Error("the faults of real nodes need three of them"))
      : Effect.succeed([first, second, third] as const)
)

/** Runs something while a node is down after a power cut; the node comes back whatever happens. */
export const whileKilled = <A, E, R>(node: Node, effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(node.kill, () => effect, () => Effect.orDie(node.restart))

/** Runs something while a node is stopped in order; the node comes back whatever happens. */
export const whileStopped = <A, E, R>(node: Node, effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(node.stop, () => effect, () => Effect.orDie(node.restart))

/** Runs something while nodes are frozen; they go on whatever happens. */
export const whilePaused = <A, E, R>(nodes: ReadonlyArray<Node>, effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(pauseAll(nodes), () => effect, () => Effect.forEach(nodes, (node) => node.resume))

/** Freezes nodes. The signal is sent by another process, which takes a moment. */
export const pauseAll = (nodes: ReadonlyArray<Node>): Effect.Effect<void> =>
  Effect.andThen(Effect.forEach(nodes, (node) => node.pause), Effect.sleep("500 millis"))

/** Waits until the session is connected to every node, and each of them, as a coordinator, sees all replicas. */
export const allUp: Effect.Effect<void, never, CassandraClient> = Effect.gen(function*() {
  const client = yield* CassandraClient
  const { hosts } = client
  const connected = Effect.sync(() => hosts.values().filter((host) => client.getState().getOpenConnections(host) > 0))
  yield* Effect.repeat(connected, { schedule: often, until: (hosts) => hosts.length === 3 })
  // Past the session, which does not choose coordinators.
  const ask = (host: Host) =>
    Effect.tryPromise(() =>
      client.execute(`SELECT id FROM ${keyspace}.up WHERE id = 0`, [], {
        host,
        consistency: types.consistencies.all,
        readTimeout: 10_000
      })
    )
  yield* Effect.forEach(hosts.values(), (host) => Effect.retry(ask(host), often), { concurrency: 3 })
}).pipe(Effect.timeout("2 minutes"), Effect.orDie)

const often = Schedule.spaced("200 millis")
