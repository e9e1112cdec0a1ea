/** What scripted faults need: a Cassandra, and a program that plays clusters. */
import { CassandraServer } from "@effect-cql/testing/CassandraServer"
import { Context, Effect, Layer, type Scope } from "effect"
import { CassandraSession } from "../../src/index.ts"
import { frameProxyTo } from "../support/frameProxy.ts"
import { proxyTo } from "../support/proxy.ts"
import { type Simulacron, type SimulacronServer, simulacronServer } from "../support/simulacron.ts"
import type { Fault, Tally } from "./fault.ts"

/** Clusters that do what they are told. */
export class Clusters extends Context.Service<Clusters, SimulacronServer>()("test/faults/Clusters") {
  static readonly layer: Layer.Layer<Clusters> = Layer.effect(Clusters, simulacronServer(8))
}

/** What a scripted fault may use. */
export type Servers = Clusters | CassandraServer

type More = Partial<CassandraSession.Options>

/** A cluster of Simulacron, and the way to open sessions to it. */
export const cluster = Effect.fnUntraced(function*(nodes: number) {
  const clusters = yield* Clusters
  const made: Simulacron = yield* clusters.cluster({ nodes })
  const { contactPoints, localDataCenter } = made
  const open = (more: More = {}) =>
    CassandraSession.make({ contactPoints, localDataCenter, closeTimeout: 500, ...more })
  return { ...made, open }
})

/** What to open a session to Cassandra with, by another address. */
const optionsOf = (server: CassandraServer["Service"], address: string): CassandraSession.Options => ({
  contactPoints: [address],
  localDataCenter: server.localDataCenter,
  username: server.credentials?.username,
  password: server.credentials?.password,
  closeTimeout: 500
})

/** A session to Cassandra itself, to see what is there, and one by a proxy that reads frames. */
export const behindFrameProxy = Effect.fnUntraced(function*(more: More = {}) {
  const server = yield* CassandraServer
  const proxy = yield* frameProxyTo(server.contactPoints[0]!)
  const direct = yield* CassandraSession.make(optionsOf(server, server.contactPoints[0]!))
  const session = yield* CassandraSession.make({ ...optionsOf(server, proxy.address), ...more })
  return { direct, proxy, session }
})

/** The same by a proxy that falls silent. */
export const behindProxy = Effect.fnUntraced(function*(more: More = {}) {
  const server = yield* CassandraServer
  const proxy = yield* proxyTo(server.contactPoints[0]!)
  const direct = yield* CassandraSession.make(optionsOf(server, server.contactPoints[0]!))
  const session = yield* CassandraSession.make({ ...optionsOf(server, proxy.address), ...more })
  return { direct, proxy, session }
})

/** A fault by a scripted server, or by a proxy. */
export const scripted = <R extends Servers | Scope.Scope>(
  name: string,
  run: Effect.Effect<Tally, unknown, R>
): Fault<Servers | Scope.Scope> => ({ name, layer: "scripted", run })
