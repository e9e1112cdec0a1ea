/** Resources of scripted faults: a Cassandra with its tables, and a program that simulates clusters. */
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import * as Simulacron from "@effect-cql/test-server/Simulacron"
import cassandra from "cassandra-driver"
import { Context, Effect, Layer, type Scope } from "effect"
import { CassandraSession } from "../../src/index.ts"
import { type Act, frameProxyTo } from "../support/frameProxy.ts"
import { type Frame, opcode } from "../support/frames.ts"
import { proxyTo } from "../support/proxy.ts"
import type { Truth } from "./audit.ts"
import { optionsOf } from "./connect.ts"
import type { Fault, Tally } from "./fault.ts"
import { type Found, indexIn, Tables } from "./tables.ts"

/** Clusters that send scripted answers. */
export class Clusters extends Context.Service<Clusters, Simulacron.Server>()("test/faults/Clusters") {
  static readonly layer = Layer.effect(Clusters, Simulacron.makeServer(8))
}

/** Services that a scripted fault may use. */
export type Servers = Clusters | CassandraServer | Tables

/** All of it, on a server that is there. */
export const ServersLive: Layer.Layer<Servers, unknown, CassandraServer> = Layer.mergeAll(
  Clusters.layer,
  Tables.layer,
  Layer.effect(CassandraServer, CassandraServer)
)

type More = Partial<CassandraSession.Options>

/** A cluster of Simulacron, and the way to open sessions to it. */
export const cluster = Effect.fnUntraced(function*(nodes: number, options: Simulacron.Options = {}) {
  const clusters = yield* Clusters
  const made = yield* clusters.cluster({ ...options, nodes })
  const { contactPoints, localDataCenter } = made
  const open = (more: More = {}) =>
    CassandraSession.make({ contactPoints, localDataCenter, closeTimeout: 500, ...more })
  return { ...made, open }
})

/** Finds each node of a cluster behind a proxy of its own. The driver wants a translator that descends from one of its own. */
class Translator extends cassandra.policies.addressResolution.EC2MultiRegionTranslator {
  readonly #proxies: ReadonlyMap<string, string>

  constructor(proxies: ReadonlyMap<string, string>) {
    super()
    this.#proxies = proxies
  }

  override translate(address: string, port: number, callback: (endPoint: string) => void): void {
    const endPoint = `${address}:${port}`
    callback(this.#proxies.get(endPoint) ?? endPoint)
  }
}

/** A cluster of Simulacron with a frame proxy before each node. */
export const clusterBehindProxies = Effect.fnUntraced(function*(nodes: number) {
  const made = yield* cluster(nodes)
  const proxies = yield* Effect.forEach(made.contactPoints, frameProxyTo)
  const addresses = new Map(made.contactPoints.map((point, index) => [point, proxies[index]!.address]))
  const open = (more: More = {}) =>
    CassandraSession.make({
      contactPoints: [proxies[0]!.address],
      localDataCenter: made.localDataCenter,
      closeTimeout: 500,
      clientOptions: { policies: { addressResolution: new Translator(addresses) } },
      ...more
    })
  return { ...made, open, proxies }
})

/** Decides on a request, by the index of its statement and how often that was sent, this time included. */
export type Decide = (index: number, attempt: number, request: Frame) => Act

const isExecuted = (act: Act): boolean => {
  if (typeof act === "string") return act === "forward" || act === "loseAnswer" || act === "resetAfter"
  if ("after" in act) return isExecuted(act.act)
  return "error" in act ? act.executed : true
}

/** A session to Cassandra by a proxy that decides on every statement, and what is known of them apart from the session. */
export const behindFrameProxy = Effect.fnUntraced(function*(more: More = {}) {
  const server = yield* CassandraServer
  const { direct, forRun } = yield* Tables
  const proxy = yield* frameProxyTo(server.contactPoints[0]!)
  const session = yield* CassandraSession.make({ ...optionsOf(server, proxy.address), ...more })
  const sent = new Map<number, number>()
  const executed = new Map<number, number>()
  const count = (counts: Map<number, number>, index: number): number => {
    counts.set(index, (counts.get(index) ?? 0) + 1)
    return counts.get(index)!
  }
  return {
    direct,
    proxy,
    session,
    tables: forRun(),
    /** How often each statement was sent. */
    sent,
    decide: (decide: Decide): void =>
      proxy.decide((request) => {
        const index = request.opcode === opcode.prepare ? undefined : indexIn(request.body)
        if (index === undefined) return "forward"
        const act = decide(index, count(sent, index), request)
        if (isExecuted(act)) count(executed, index)
        return act
      }),
    /** Lets everything through from now on, and counts no more: what reads back is no statement of the run. */
    answerAll: (): void => proxy.decide(() => "forward"),
    /** Real effects of the statements: the rows found, and the number of their executions. */
    truthOf: (found: Found, repeatable = false): Truth => ({
      effects: (index) => found.has(index) ? Math.max(1, executed.get(index) ?? 0) : 0,
      repeatable
    })
  }
})

/** A session to Cassandra by a proxy that falls silent and goes away. */
export const behindProxy = Effect.fnUntraced(function*(more: More = {}) {
  const server = yield* CassandraServer
  const { direct, forRun } = yield* Tables
  const proxy = yield* proxyTo(server.contactPoints[0]!)
  const session = yield* CassandraSession.make({ ...optionsOf(server, proxy.address), ...more })
  return { direct, proxy, session, tables: forRun() }
})

/** A fault by a scripted server, or by a proxy. */
export const scripted = (
  name: string,
  run: Effect.Effect<Tally, unknown, Servers | Scope.Scope>
): Fault<Servers | Scope.Scope> => ({ name, layer: "scripted", run })
