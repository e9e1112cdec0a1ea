/** The process of the application, its database behind a door that opens later, and clients that put it under load. */
import { Statement } from "@effect-cql/core"
import type { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { Effect, Fiber, Redacted, Schedule } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server } from "node:net"
import process from "node:process"
import { fileURLToPath } from "node:url"
import type { UserId } from "../../src/app/tables.ts"
import { Post } from "../../src/app/tables.ts"
import { sessionTo } from "../../src/cassandra.ts"

const main = fileURLToPath(new URL("../../src/app/main.ts", import.meta.url))

const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Starts the process. It connects to its database once `openDatabase` has run, and ends with the scope at the latest. */
export const exampleService = Effect.fnUntraced(function*(server: CassandraServer["Service"]) {
  const [port, databasePort] = [yield* freePort, yield* freePort]
  const url = `http://127.0.0.1:${port}`
  const { credentials } = server
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [main], {
        stdio: ["ignore", "ignore", "inherit"],
        env: {
          ...process.env,
          PORT: String(port),
          // Far longer than a probe of the balancer takes on a machine that is busy.
          DRAIN: "5 seconds",
          CASSANDRA_CONTACT_POINTS: `127.0.0.1:${databasePort}`,
          CASSANDRA_LOCAL_DATACENTER: server.localDataCenter,
          ...(credentials && {
            CASSANDRA_USERNAME: credentials.username,
            CASSANDRA_PASSWORD: Redacted.value(credentials.password)
          })
        }
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const ended = once(child, "exit")

  const [host = "", realPort = "9042"] = server.contactPoints[0]!.split(":")
  const openDatabase = Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const door = createServer((socket) => {
        const there = connect(Number(realPort), host)
        for (const end of [socket, there]) end.on("error", () => end.destroy())
        socket.pipe(there)
        there.pipe(socket)
      })
      door.listen(databasePort, "127.0.0.1", () => resume(Effect.succeed(door)))
    }),
    (door) => Effect.sync(() => door.close())
  )

  /** The status of an answer. Every request has a connection of its own. */
  const status = (path: string, body?: unknown): Effect.Effect<number | "refused" | "lost"> =>
    Effect.promise(async () => {
      const headers = { connection: "close", "content-type": "application/json" }
      const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) }
      const response = await fetch(`${url}${path}`, init).catch((error: { cause?: { code?: string } }) => error)
      if (!(response instanceof Response)) return response.cause?.code === "ECONNREFUSED" ? "refused" : "lost"
      await response.arrayBuffer()
      return response.status
    })

  const isReady = Effect.suspend(() => status("/ready")).pipe(
    Effect.filterOrFail((status) => status === 204, () => "not ready" as const),
    Effect.retry({ schedule: Schedule.spaced("200 millis"), times: 100 })
  )

  /** Clients that publish posts, as long as the service is ready: what a load balancer lets through. */
  const load = Effect.fnUntraced(function*(clients: number) {
    const email = `load.${port}.${process.pid}@example.org`
    const { id } = yield* Effect.promise(async (): Promise<{ readonly id: UserId }> => {
      const headers = { "content-type": "application/json" }
      const body = JSON.stringify({ email, name: "load" })
      return (await fetch(`${url}/users`, { method: "POST", headers, body })).json() as Promise<{ id: UserId }>
    })
    const answers: Record<string, number> = {}
    const balancing = { isLetThrough: true }
    const balancer = yield* Effect.forkChild(
      Effect.suspend(() => status("/ready")).pipe(
        Effect.tap((status) => Effect.sync(() => balancing.isLetThrough = status === 204)),
        Effect.repeat({ while: (status) => status === 204, schedule: Schedule.spaced("50 millis") })
      )
    )
    const client = Effect.gen(function*() {
      while (balancing.isLetThrough) {
        const answer = yield* status(`/users/${id}/posts`, { text: "under load" })
        answers[answer] = (answers[answer] ?? 0) + 1
      }
    })
    const fiber = yield* Effect.forkChild(
      Effect.all(Array.from({ length: clients }, () => client), { concurrency: "unbounded", discard: true })
    )
    return Effect.gen(function*() {
      yield* Fiber.join(fiber)
      yield* Fiber.join(balancer)
      yield* Effect.promise(() => ended)
      const [row] = yield* Statement.rows(Post.count({ author: id })).pipe(Effect.provide(sessionTo(server)))
      return { answers, posts: row?.count }
    })
  })

  const stop = Effect.sync(() => void child.kill("SIGTERM"))
  return { status, openDatabase, isReady, load, stop }
})
