import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import { execPath } from "node:process"
import type * as Testcontainers from "testcontainers"
import { defaultPort, type Endpoint, format } from "./endpoint.ts"
import { Lacking, ServerStartFailed } from "./errors.ts"
import { loadPlatform, optionalPeer } from "./platform.ts"
import * as Probe from "./probe.ts"
import { refuseSpecial, type ServerProvider } from "./provider.ts"
import * as Supervision from "./supervision.ts"

/** The official image, or whatever this machine has under its name. */
const imageOf = ({ version }: Parameters<ServerProvider["acquire"]>[0]) => `cassandra:${version ?? "5.0"}`

const failed = (problem: string, log = "") => new ServerStartFailed({ provider: "docker", problem, log })

const messageOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/** Readiness is asked of the server itself: the logs of images differ, and an open port is not an answer yet. */
const noWait: Testcontainers.WaitStrategy = {
  waitUntilReady: () => Promise.resolve(),
  withStartupTimeout: () => noWait,
  isStartupTimeoutSet: () => false,
  getStartupTimeout: () => 0
}

const connect = (
  testcontainers: typeof Testcontainers
): Effect.Effect<Testcontainers.ContainerRuntimeClient, Lacking> =>
  Effect.tryPromise({
    try: () => testcontainers.getContainerRuntimeClient(),
    catch: () =>
      new Lacking({ lack: "no Docker daemon answers", remedy: "Start Docker, or set DOCKER_HOST to where it runs" })
  }).pipe(
    Effect.timeoutOrElse({
      duration: "15 seconds",
      orElse: () =>
        Effect.fail(new Lacking({ lack: "the Docker daemon does not answer in 15 seconds", remedy: "Restart Docker" }))
    })
  )

const ensureImage = Effect.fnUntraced(
  function*(testcontainers: typeof Testcontainers, client: Testcontainers.ContainerRuntimeClient, image: string) {
    const name = testcontainers.ImageName.fromString(image)
    const isThere = Effect.tryPromise(() => client.image.exists(name)).pipe(Effect.orElseSucceed(() => false))
    if (yield* isThere) return
    yield* Effect.logInfo(`CassandraServer: pulling the image ${image}`)
    const problem = yield* Effect.tryPromise(() => client.image.pull(name)).pipe(
      Effect.match({ onSuccess: () => "", onFailure: (error) => `: ${messageOf(error.cause)}` }),
      Effect.timeoutOrElse({ duration: "5 minutes", orElse: () => Effect.succeed(" in 5 minutes") })
    )
    // A pull that breaks in the middle ends like one that succeeds.
    if (yield* isThere) return
    return yield* new Lacking({
      lack: `the image ${image} is not there and cannot be pulled${problem}`,
      remedy: `Let Docker reach its registry, or bring the image here: docker pull ${image}`
    })
  }
)

/** Polls the container once a second and completes when it has ended. */
const awaitEnd = (client: Testcontainers.ContainerRuntimeClient, id: string): Effect.Effect<string> =>
  Effect.tryPromise(() => client.container.inspect(client.container.getById(id))).pipe(
    Effect.map(({ State }) => State.Running ? undefined : `exit code ${State.ExitCode}`),
    Effect.orElseSucceed(() => "another process, and is gone"),
    Effect.delay("1 second"),
    Effect.repeat({ until: (how) => how !== undefined }),
    Effect.map((how) => how ?? "")
  )

/** Docker puts eight bytes before each piece of output: the stream that it is of, and its length. */
const withoutHeaders = (log: Buffer): string => {
  const pieces: Array<Buffer> = []
  for (let at = 0; at + 8 <= log.length;) {
    const end = at + 8 + log.readUInt32BE(at + 4)
    pieces.push(log.subarray(at + 8, end))
    at = end
  }
  return Buffer.concat(pieces).toString("utf8")
}

const readLog = (client: Testcontainers.ContainerRuntimeClient, id: string): Effect.Effect<string> =>
  Effect.tryPromise(() => client.container.getById(id).logs({ stdout: true, stderr: true, follow: false, tail: 40 }))
    .pipe(
      Effect.map((log) => withoutHeaders(log).trimEnd()),
      Effect.orElseSucceed(() => "")
    )

/** The port of this machine that leads to the container; with IPv6 there are two, which may differ. */
const publishedEndpoint = Effect.fnUntraced(function*(client: Testcontainers.ContainerRuntimeClient, id: string) {
  const { NetworkSettings } = yield* Effect.tryPromise(() => client.container.inspect(client.container.getById(id)))
  const bindings = NetworkSettings.Ports[`${defaultPort}/tcp`] ?? []
  const binding = bindings.find(({ HostIp }) => !HostIp.includes(":")) ?? bindings[0]
  if (binding === undefined) return yield* failed("its port is not published")
  const { host } = client.info.containerRuntime
  return { host: host === "localhost" ? "127.0.0.1" : host, port: Number(binding.HostPort) } satisfies Endpoint
})

const run = Effect.fnUntraced(function*(
  testcontainers: typeof Testcontainers,
  client: Testcontainers.ContainerRuntimeClient,
  options: Parameters<ServerProvider["acquire"]>[0]
) {
  const supervisor = yield* Supervision.make
  const name = `effect-cql-${randomUUID()}`
  const heap = options.heap ?? "512m"
  yield* supervisor.runAtEnd(execPath, [Supervision.programPath("removeContainer"), name])
  // Not to be interrupted: a container that is made after its removal would stay.
  const container = yield* Effect.uninterruptible(
    Effect.tryPromise(() =>
      new testcontainers.GenericContainer(imageOf(options))
        .withName(name)
        .withExposedPorts(defaultPort)
        .withEnvironment({
          MAX_HEAP_SIZE: heap,
          HEAP_NEWSIZE: "128m",
          JVM_EXTRA_OPTS: "-Dcassandra.skip_wait_for_gossip_to_settle=0 -Dcassandra.ring_delay_ms=100"
        })
        .withWaitStrategy(noWait)
        // The supervisor removes it. The helper of testcontainers is an image of its own, which may be out of reach.
        .withAutoCleanup(false)
        .start()
    )
  )
  const id = container.getId()
  const endpoint = yield* publishedEndpoint(client, id)
  const failedWithLog = (problem: string) =>
    Effect.flatMap(readLog(client, id), (log) => Effect.fail(failed(problem, log)))
  let last = "it was not asked yet"
  const onFailure = (error: Probe.ProbeFailed) => {
    last = error.message
  }
  const info = yield* Probe.awaitAnswer({ endpoint }, { refusedLoginIsFinal: true, onFailure }).pipe(
    Effect.catch((error) => failedWithLog(error.message)),
    Effect.raceFirst(
      Effect.flatMap(awaitEnd(client, id), (how) => failedWithLog(`its container was ended by ${how}`))
    ),
    Effect.timeoutOrElse({
      duration: options.startTimeout ?? "2 minutes",
      orElse: () => failedWithLog(`no answer in time, last: ${last}. If it only needs longer, increase startTimeout.`)
    })
  )
  return {
    provider: "docker" as const,
    version: info.version,
    contactPoints: [format(endpoint)],
    localDataCenter: info.dataCenter,
    nodes: []
  }
})

/** A container of the official image, by `testcontainers`. */
export const docker: ServerProvider = {
  name: "docker",
  acquire: Effect.fnUntraced(function*(options) {
    yield* refuseSpecial(options)
    const testcontainers = yield* optionalPeer("testcontainers", () => import("testcontainers"))
    const client = yield* connect(testcontainers)
    const platform = yield* loadPlatform
    yield* ensureImage(testcontainers, client, imageOf(options))
    return yield* run(testcontainers, client, options).pipe(
      Effect.provide(platform),
      Effect.catchTags({
        PlatformError: (error) => Effect.fail(failed(error.message)),
        UnknownError: (error) => Effect.fail(failed(messageOf(error.cause)))
      })
    )
  })
}
