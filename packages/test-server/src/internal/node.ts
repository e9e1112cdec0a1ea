import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as Schedule from "effect/Schedule"
import { pathToFileURL } from "node:url"
import type { Node, Options } from "../CassandraServer.ts"
import { cassandraYaml, logbackXml, type NodeSettings } from "./configuration.ts"
import { format } from "./endpoint.ts"
import { ServerStartFailed } from "./errors.ts"
import { type Java, jvmArguments } from "./java.ts"
import { withRealTime } from "./live.ts"
import * as Probe from "./probe.ts"
import type { Program, Supervised, Supervisor } from "./supervision.ts"

/** All that one node is made from. */
export interface NodePlan {
  readonly java: Java
  readonly jars: string
  readonly supervisor: Supervisor
  readonly settings: NodeSettings
  readonly target: Probe.Target
  readonly options: Options
}

/** A node under its supervisor, with the two halves of its start apart: nodes start together and are awaited together. */
export interface JvmNode {
  readonly node: Node
  readonly start: Effect.Effect<void, ServerStartFailed>
  /** Waits until it answers and has heard of all its peers, which may be later. */
  readonly awaitReady: Effect.Effect<Probe.ServerInfo, ServerStartFailed>
}

/** The lines of a log that go into an error. */
const tailLines = 40

const writeFiles = Effect.fnUntraced(function*(
  { jars, java, options, settings }: NodePlan
): Effect.fn.Return<Program, PlatformError.PlatformError, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { directory } = settings
  const configuration = path.join(directory, "conf")
  const temporary = path.join(directory, "tmp")
  yield* fs.makeDirectory(configuration, { recursive: true })
  yield* fs.makeDirectory(temporary)
  yield* fs.writeFileString(path.join(configuration, "cassandra.yaml"), cassandraYaml(settings))
  yield* fs.writeFileString(path.join(configuration, "logback.xml"), logbackXml)
  const names = yield* fs.readDirectory(jars)
  const agents = names.filter((name) => /^jamm-.*\.jar$/.test(name)).map((name) =>
    `-javaagent:${path.join(jars, name)}`
  )
  return {
    command: java.command,
    args: [
      ...jvmArguments(java, options.heap ?? "512m", temporary),
      ...agents,
      `-Dcassandra.config=${pathToFileURL(path.join(configuration, "cassandra.yaml"))}`,
      `-Dcassandra.storagedir=${directory}`,
      // A cluster of nodes that all start at the same time on one machine has nothing to wait for.
      "-Dcassandra.skip_wait_for_gossip_to_settle=0",
      "-Dcassandra.ring_delay_ms=100",
      "-Dcassandra.consistent.rangemovement=false",
      "-Dcassandra.superuser_setup_delay_ms=0",
      // A login must not depend on the one node that happens to hold the role.
      `-Dcassandra.system_auth.default_rf=${settings.cluster.length}`,
      "-cp",
      [configuration, path.join(jars, "*")].join(":"),
      "org.apache.cassandra.service.CassandraDaemon"
    ],
    cwd: directory,
    log: path.join(directory, "output.log")
  }
})

/** Asks until a node has heard of so many others. */
const awaitPeers = (target: Probe.Target, peers: number): Effect.Effect<unknown, Probe.ProbeFailed> =>
  Probe.ask(target, "SELECT cast(peer AS text) FROM system.peers_v2").pipe(
    Effect.repeat({
      schedule: Schedule.spaced("200 millis"),
      until: (rows) => rows.length >= peers
    }),
    // One answer that is lost on a busy machine is no reason to give up.
    Effect.retry(Schedule.spaced("200 millis"))
  )

/** Lays out the directory of a node, and gives the ways to run it. */
export const makeNode = Effect.fnUntraced(function*(
  plan: NodePlan
): Effect.fn.Return<JvmNode, PlatformError.PlatformError, FileSystem.FileSystem | Path.Path> {
  const { options, supervisor, target } = plan
  const fs = yield* FileSystem.FileSystem
  const program = yield* writeFiles(plan)
  let current: Supervised | undefined

  const failed = (problem: string) =>
    fs.readFileString(program.log).pipe(
      Effect.orElseSucceed(() => ""),
      Effect.flatMap((text) =>
        Effect.fail(
          new ServerStartFailed({
            provider: "jvm",
            problem,
            log: text.trimEnd().split("\n").slice(-tailLines).join("\n")
          })
        )
      )
    )

  const start = supervisor.start(program).pipe(
    Effect.tap((supervised) =>
      Effect.sync(() => {
        current = supervised
      })
    ),
    Effect.catch(failed),
    Effect.asVoid
  )
  const ended = Effect.suspend(() => current === undefined ? Effect.succeed("nothing") : current.ended)
  const awaitReady = Effect.suspend(() => {
    let last = "it answers, but does not know its peers"
    const onFailure = (error: Probe.ProbeFailed) => {
      last = error.message
    }
    return Probe.awaitAnswer(target, { refusedLoginIsFinal: false, onFailure }).pipe(
      Effect.tap(() => awaitPeers(target, plan.settings.cluster.length - 1)),
      Effect.catch((error) => failed(error.message)),
      Effect.raceFirst(Effect.flatMap(ended, (how) => failed(`its process was ended by ${how}`))),
      Effect.timeoutOrElse({
        duration: options.startTimeout ?? "2 minutes",
        orElse: () => failed(`no answer in time, last: ${last}. If it only needs longer, increase startTimeout.`)
      })
    )
  })

  const signal = (...signals: ReadonlyArray<"SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT">) =>
    Effect.suspend(() => {
      const supervised = current
      return supervised === undefined ? Effect.void : Effect.forEach(signals, supervised.signal, { discard: true })
    })
  const forget = Effect.sync(() => {
    current = undefined
  })
  const end = (...signals: ReadonlyArray<"SIGTERM" | "SIGKILL" | "SIGCONT">) =>
    Effect.suspend(() => current === undefined ? Effect.void : Effect.andThen(signal(...signals), ended)).pipe(
      Effect.andThen(forget)
    )
  // A paused process would look at SIGTERM only when it goes on.
  const stop = end("SIGTERM", "SIGCONT")

  return {
    start,
    awaitReady,
    node: {
      contactPoint: format(plan.settings.address),
      stop,
      kill: end("SIGKILL"),
      pause: signal("SIGSTOP"),
      resume: signal("SIGCONT"),
      restart: withRealTime(stop.pipe(Effect.andThen(start), Effect.andThen(awaitReady), Effect.asVoid))
    }
  }
})
