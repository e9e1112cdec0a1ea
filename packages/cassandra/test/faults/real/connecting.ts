/** Sessions that cannot be opened: for each, a typed error within the connect timeout, that says what to check. */
import type { CqlError, Reason } from "@effect-cql/core"
import { CassandraServer, make } from "@effect-cql/test-server/CassandraServer"
import { Effect, Redacted } from "effect"
import assert from "node:assert/strict"
import { createServer } from "node:net"
import { CassandraSession } from "../../../src/index.ts"
import { type Fault, tally } from "../fault.ts"
import { type Cluster, impatient, real, threeNodes, whilePaused } from "./cluster.ts"

const connectTimeout = 4_000
/** Milliseconds that a busy machine may add to the timeout. */
const late = 2_000

/** Does not open, and says what to check. */
const refused = Effect.fnUntraced(function*(options: CassandraSession.Options, check: RegExp) {
  const begin = performance.now()
  const error: CqlError = yield* Effect.flip(
    Effect.scoped(CassandraSession.make({ ...options, connectTimeout, clientOptions: {} }))
  )
  const millis = performance.now() - begin
  assert(millis < connectTimeout + late, `it took ${millis} ms to say: ${error.message}`)
  assert.equal(error.outcome, "NotApplied")
  const { reason } = error
  if (reason._tag !== "ConnectFailed") return assert.fail(`${reason._tag}: ${reason.message}`)
  assert(reason.hosts.length > 0)
  assert.match(reason.check, check)
  return reason
})

/** An address where nothing listens. */
const nobody = Effect.callback<string>((resume) => {
  const server = createServer()
  server.listen({ host: "127.0.0.1", port: 0 }, () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : assert.fail("no address")
    server.close(() => resume(Effect.succeed(`127.0.0.1:${port}`)))
  })
})

const plain = Effect.gen(function*() {
  const options = impatient(yield* CassandraServer)
  const nodes = yield* threeNodes
  yield* refused({ ...options, contactPoints: [yield* nobody] }, /listens|running|port/i)
  yield* refused({ ...options, localDataCenter: "elsewhere" }, /data cent/i)
  yield* refused({ ...options, keyspace: "nowhere" }, /keyspace/i)
  yield* refused({ ...options, tls: true }, /TLS|certificates/)
  yield* whilePaused(nodes, refused(options, /hangs/))
  // One node that is there is enough.
  const contactPoints = [yield* nobody, ...options.contactPoints.slice(0, 1)]
  yield* Effect.scoped(CassandraSession.make({ ...options, contactPoints, connectTimeout }))
  return tally({ statements: 6, applied: 1, notApplied: 5 })
})

const hostReason = ({ hosts }: Reason.ConnectFailed): string | undefined => hosts[0]?.reason?._tag

const secured = Effect.gen(function*() {
  const server = yield* make({ provider: "jvm", authentication: true, tls: true, startTimeout: "5 minutes" })
  const { certificate: ca, credentials } = server
  const { contactPoints, localDataCenter } = server
  const options = { contactPoints, localDataCenter, ...credentials, tls: { ca } }
  yield* Effect.scoped(CassandraSession.make(options))
  const password = Redacted.make("not-the-password")
  const wrong = yield* refused({ ...options, password }, /name .* and its password/)
  assert.equal(hostReason(wrong), "AuthenticationFailed")
  assert(!JSON.stringify(wrong).includes("not-the-password"))
  yield* refused({ contactPoints, localDataCenter, tls: { ca } }, /requires a login/)
  yield* refused({ ...options, tls: true }, /certificates/)
  yield* refused({ ...options, tls: { ca, serverName: "example.org" } }, /tls\.serverName/)
  yield* refused({ contactPoints, localDataCenter, ...credentials }, /requires TLS/)
  return tally({ statements: 6, applied: 1, notApplied: 5 })
})

/** Row 39 of what there is to survive. */
export const connecting: ReadonlyArray<Fault<Cluster>> = [
  real("a session cannot be opened: no server, wrong data centre, keyspace or TLS, nodes that hang", plain),
  real("a session cannot be opened: wrong login, wrong certificates", secured)
]
