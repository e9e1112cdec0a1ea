/** The runners of the demo: processes of their own. */
import { CassandraServer } from "@effect-cql/test-server"
import { Data, Effect, Redacted } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { createServer } from "node:net"
import { join } from "node:path"
import process from "node:process"
import type { Owner } from "./board.ts"

/** The cluster of the demo: few lanes, so that each has its line, and a short lease, so that a hand-over takes seconds. */
export const cluster = { lanes: 12, shards: 12, leaseSeconds: 8 } as const

export interface Runner {
  readonly owner: Owner
  /** The address under which the others know it. */
  readonly address: string
  /** Ends it at once, as a power cut does. */
  readonly kill: Effect.Effect<void>
  /** Fails if the process ends by itself. */
  readonly died: Effect.Effect<never, RunnerDied>
}

export class RunnerDied extends Data.TaggedError("RunnerDied")<{ readonly runner: string; readonly log: string }> {
  override get message(): string {
    return `${this.runner} has ended by itself. Its last words:\n${this.log}`
  }
}

const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const ended = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (hasEnded(child)) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
  })

const signal = (child: ChildProcess, name: "SIGTERM" | "SIGKILL") => Effect.sync(() => void child.kill(name))

/** Lets a runner give its lanes back, and ends it if it does not do so in time. */
const stop = (child: ChildProcess): Effect.Effect<void> =>
  Effect.andThen(signal(child, "SIGTERM"), ended(child)).pipe(
    Effect.timeoutOption("5 seconds"),
    Effect.andThen(signal(child, "SIGKILL")),
    Effect.andThen(ended(child))
  )

const longest = 4_000

/** Starts a runner, which ends with the scope. */
export const start = Effect.fnUntraced(function*(number: number) {
  const { contactPoints, credentials, localDataCenter } = yield* CassandraServer.CassandraServer
  const [port, healthPort] = [yield* freePort, yield* freePort]
  const env = {
    ...process.env,
    CASSANDRA_CONTACT_POINTS: contactPoints.join(","),
    CASSANDRA_LOCAL_DATACENTER: localDataCenter,
    ...(credentials && {
      CASSANDRA_USERNAME: credentials.username,
      CASSANDRA_PASSWORD: Redacted.value(credentials.password)
    }),
    RUNNER_HOST: "127.0.0.1",
    RUNNER_PORT: String(port),
    HEALTH_PORT: String(healthPort),
    LANES: String(cluster.lanes),
    SHARDS: String(cluster.shards),
    LEASE: `${cluster.leaseSeconds} seconds`
  }
  let log = ""
  const owner = { name: `runner ${number}`, isAlive: true }
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => {
      // In a group of its own: Ctrl-C reaches the demo alone, which ends its runners in order.
      const child = spawn(process.execPath, [join(import.meta.dirname, "runner", "main.ts")], {
        env,
        detached: true,
        stdio: ["pipe", "pipe", "pipe"]
      })
      for (const output of [child.stdout, child.stderr]) {
        output.on("data", (text: Buffer) => log = (log + text.toString()).slice(-longest))
      }
      return child
    }),
    (child) => Effect.suspend(() => hasEnded(child) ? Effect.void : stop(child))
  )
  const kill = Effect.suspend(() => {
    owner.isAlive = false
    return Effect.andThen(signal(child, "SIGKILL"), ended(child))
  })
  const died = Effect.flatMap(
    ended(child),
    () => owner.isAlive ? new RunnerDied({ runner: owner.name, log }) : Effect.never
  )
  return { owner, address: `127.0.0.1:${port}`, kill, died } satisfies Runner
})
