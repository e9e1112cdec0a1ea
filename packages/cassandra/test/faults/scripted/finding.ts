/** Nodes that are hard to find, and nodes that are lost. Every node here is one of this process. */
import { Session, Statement, streamConcurrent } from "@effect-cql/core"
import { Effect, Fiber, Redacted, Schedule, type Scope, Stream } from "effect"
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import dns from "node:dns"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { CassandraSession } from "../../../src/index.ts"
import { CqlNode, cqlNodes } from "../../support/cqlNodes.ts"
import { until } from "../../support/until.ts"
import { type Fault, tally, tallyOf } from "../fault.ts"
import { scripted, type Servers } from "../servers.ts"

const write = Statement.make("INSERT INTO app.t (id) VALUES (1)", [], { retry: "none" })

const open = (contactPoints: ReadonlyArray<string>, more: Partial<CassandraSession.Options> = {}) =>
  CassandraSession.make({ contactPoints, localDataCenter: "dc1", closeTimeout: 500, ...more })

const runOver = (session: Session["Service"], count: number) =>
  streamConcurrent(Array.from({ length: count }, () => write), { concurrency: 4, raiseOnFirstError: false }).pipe(
    Stream.runCollect,
    Effect.provideService(Session, session)
  )

/** Ports that are not the usual one, and a stranger at an address that the cluster believes to be its own. */
const ports = Effect.gen(function*() {
  const nodes = yield* cqlNodes({}, { port: 0 })
  const [first, second] = nodes
  const stranger = new CqlNode(2, { port: first!.port, clusterName: "elsewhere", hostId: `6${first!.hostId.slice(1)}` })
  yield* Effect.acquireRelease(stranger.start, () => stranger.stop)
  first!.peers = [second!, new CqlNode(2, { port: first!.port })]
  const session = yield* open([first!.address])
  yield* until("the stranger is asked who it is", () => stranger.opened > 0)
  const results = yield* runOver(session, 200)
  assert(nodes.every(({ statements }) => statements.length > 0), "a node was not found")
  return tallyOf(results, { unsafeDuplicates: stranger.statements.length })
})

/** A name with two silent addresses, and a name that the name service never resolves. */
const names = Effect.gen(function*() {
  const nodes = yield* cqlNodes({}, {}, {})
  for (const node of nodes) node.peers = []
  nodes[0]!.silence({ newOnes: true })
  nodes[1]!.silence({ newOnes: true })
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const { lookup } = dns
      Reflect.set(dns, "lookup", (name: string, _: unknown, callback: (error: null, found: object) => void) => {
        if (name === "db.test") callback(null, nodes.map(({ host }) => ({ address: host, family: 4 })))
      })
      return lookup
    }),
    (lookup) => Effect.sync(() => Reflect.set(dns, "lookup", lookup))
  )
  const rounds = 8
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now()
    yield* Effect.scoped(open([`db.test:${nodes[0]!.port}`, "mute.test"]))
    assert(performance.now() - begin < 4_000, "a silent address held the others back")
  }
  const begin = performance.now()
  const error = yield* Effect.flip(Effect.scoped(open(["mute.test"], { connectTimeout: "3 seconds" })))
  assert(performance.now() - begin < 4_000)
  assert.match(error.message, /name service/)
  return tally({ statements: rounds + 1, applied: rounds, notApplied: 1 })
})

/** A node joins, and one leaves. */
const changes = Effect.gen(function*() {
  const [first, second, third] = yield* cqlNodes({}, {}, {})
  first!.peers = [second!]
  const session = yield* open([first!.address])
  const isInRing = (node: CqlNode) =>
    Effect.map(
      session.ring("app"),
      (ring) => ring?.ranges.some(({ replicas }) => replicas.includes(node.address)) === true
    )
  first!.peers = [second!, third!]
  first!.emit("TOPOLOGY_CHANGE", "NEW_NODE", third!)
  yield* until("the new node is in the ring", isInRing(third!))
  first!.emit("STATUS_CHANGE", "UP", third!)
  yield* until("the new node is connected", () => third!.open > 0)
  const joined = yield* runOver(session, 100)
  assert(third!.statements.length > 0, "the new node coordinates nothing")
  first!.peers = [third!]
  first!.emit("TOPOLOGY_CHANGE", "REMOVED_NODE", second!)
  yield* until("the node that left is not in the ring", Effect.map(isInRing(second!), (isIn) => !isIn))
  const left = yield* runOver(session, 100)
  return tallyOf([...joined, ...left])
})

/** A connection on which nothing comes back any more, while a statement is sent now and then. */
const silence = Effect.gen(function*() {
  const [node] = yield* cqlNodes({})
  const session = yield* open([node!.address], {
    requestTimeout: "500 millis",
    pooling: { heartbeatInterval: "1 second" }
  })
  yield* session.execute(write)
  let lost = 0
  for (const every of [100, 300, 900]) {
    node!.silence({ newOnes: false })
    const { ended } = node!
    const begin = performance.now()
    const failed = Effect.tapError(session.execute(write), () => Effect.sync(() => lost++))
    const trickle = yield* Effect.forkChild(Effect.retry(failed, { schedule: Schedule.spaced(every), times: 200 }))
    yield* until("the end of the connection", () => node!.ended > ended)
    // The heartbeat interval and the timeout; half a second is for the machine.
    assert(performance.now() - begin < 2_000, `found after ${performance.now() - begin} ms, one each ${every} ms`)
    yield* Fiber.join(trickle)
  }
  return tally({ statements: lost + 4, applied: 4, unknown: lost })
})

/** A password that is changed while the session is open. */
const password = Effect.gen(function*() {
  const [node] = yield* cqlNodes({})
  let secret = "one"
  node!.login = (token) => token.endsWith(secret)
  const session = yield* open([node!.address], { username: "app", password: Redacted.make("one") })
  yield* session.execute(write)
  secret = "another"
  node!.cut()
  let refused = 0
  yield* until(
    "the login is named in the error",
    Effect.map(Effect.flip(session.execute(write)), ({ message, outcome }) => {
      refused++
      return outcome === "NotApplied" && message.includes("the password is incorrect")
    })
  )
  secret = "one"
  yield* Effect.retry(session.execute(write), { schedule: Schedule.spaced("100 millis"), times: 200 })
  return tally({ statements: refused + 2, applied: 2, notApplied: refused })
})

const service = fileURLToPath(new URL("../../support/service.ts", import.meta.url))
// In `npm test`, process.test.ts does it three times.
const [rounds, processes] = process.env["VITEST"] === undefined ? [3, 10] : [1, 1]
// Processes that start side by side take their time.
const startTime = "75 seconds"

/** All nodes go away and come back; then the sessions close, and their processes have to end. */
const outages = Effect.gen(function*() {
  const [node] = yield* cqlNodes({})
  const start = Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [service, node!.address, "outage"], { stdio: ["pipe", "pipe", "ignore"] })
      const state = { child, output: "", hasEnded: false }
      child.stdout.on("data", (data) => state.output += String(data))
      child.once("exit", () => state.hasEnded = true)
      return state
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const round = Effect.fnUntraced(function*(index: number) {
    const all = yield* Effect.forEach(Array.from({ length: processes }), () => start)
    const every = (line: string) => () => all.every(({ output }) => output.includes(line))
    yield* until("the sessions are open", every("open"), startTime)
    yield* node!.stop
    yield* Effect.sleep(100 + 400 * (index % 4))
    for (const { child } of all) child.stdin.write("go\n")
    yield* node!.start
    yield* until("the sessions are back", every("back"), startTime)
    yield* until("the processes have ended", () => all.every(({ hasEnded }) => hasEnded))
  })
  for (let index = 0; index < rounds; index++) yield* Effect.scoped(round(index))
  const ended = rounds * processes
  return tally({ statements: ended, applied: ended })
})

export const finding: ReadonlyArray<Fault<Servers | Scope.Scope>> = [
  scripted("ports of their own, and a node of another cluster at an address of this one", ports),
  scripted("names with silent addresses, and a name service that does not answer", names),
  scripted("a node joins, and one leaves", changes),
  scripted("a connection that answers nothing, under a trickle of statements", silence),
  scripted("a password that changes while the session is open", password),
  scripted(`all nodes go and come back, and the process ends, ${rounds * processes} times`, outages)
]
