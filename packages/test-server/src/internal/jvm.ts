import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import { platform as system } from "node:process"
import { defaultTokens } from "./configuration.ts"
import * as Distribution from "./distribution.ts"
import { format } from "./endpoint.ts"
import { Lacking, ServerStartFailed } from "./errors.ts"
import * as Java from "./java.ts"
import { freeAddresses } from "./loopback.ts"
import { makeNode } from "./node.ts"
import { loadPlatform } from "./platform.ts"
import type { ServerProvider } from "./provider.ts"
import { releaseOf } from "./release.ts"
import * as Supervision from "./supervision.ts"
import { makeIdentity } from "./tls.ts"

/** The role that every new cluster has. */
const firstRole = { username: "cassandra", password: Redacted.make("cassandra") }

const acquire: ServerProvider["acquire"] = Effect.fnUntraced(function*(options) {
  if (system === "win32") {
    return yield* new Lacking({ lack: "this is Windows", remedy: "Use Docker, or run under WSL" })
  }
  const platform = yield* loadPlatform
  return yield* Effect.provide(run(options), platform)
})

const run = Effect.fnUntraced(
  function*(options: Parameters<ServerProvider["acquire"]>[0]) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const release = releaseOf(options.version)
    if (release === undefined) {
      return yield* new Lacking({
        lack: `Cassandra ${options.version} does not run here: the versions are 4.0, 4.1, and 5.0 and later`,
        remedy: `Ask for one of them, or use provider "docker"`
      })
    }
    const { line, version } = release
    const java = yield* Java.find(`Cassandra ${version}`, line.java)
    const jars = yield* Distribution.jars(Distribution.cassandra(version))
    const addresses = yield* freeAddresses(options.nodes ?? 1)
    if (addresses === undefined) {
      return yield* new Lacking({
        lack: `${options.nodes ?? 1} free loopback addresses are not to be had`,
        remedy: "Three nodes need 127.0.0.0/8, which Linux has and macOS has not; otherwise free some ports"
      })
    }

    const supervisor = yield* Supervision.make
    const directory = yield* Effect.uninterruptible(
      Effect.tap(fs.makeTempDirectory({ prefix: "effect-cql-" }), supervisor.removeAtEnd)
    )
    const identity = options.tls === true
      ? yield* makeIdentity(java, directory, addresses.map(({ host }) => host))
      : undefined
    const credentials = options.authentication === true ? firstRole : undefined
    const nodes = yield* Effect.forEach(addresses, (address, index) =>
      makeNode({
        java,
        jars,
        supervisor,
        options,
        target: { endpoint: address, credentials, certificate: identity?.certificate },
        settings: {
          line,
          directory: path.join(directory, `node${index + 1}`),
          address,
          cluster: addresses,
          tokens: options.tokens ?? defaultTokens,
          authentication: credentials !== undefined,
          keyStore: identity?.keyStore
        }
      }))
    yield* Effect.forEach(nodes, ({ start }) => start, { discard: true })
    const answers = yield* Effect.forEach(nodes, ({ awaitReady }) => awaitReady, { concurrency: "unbounded" })
    return {
      provider: "jvm" as const,
      version: answers[0]?.version ?? version,
      contactPoints: addresses.map(format),
      localDataCenter: answers[0]?.dataCenter ?? "datacenter1",
      credentials,
      certificate: identity?.certificate,
      nodes: nodes.map(({ node }) => node)
    }
  },
  Effect.catchTag(
    "PlatformError",
    (error) => Effect.fail(new ServerStartFailed({ provider: "jvm", problem: error.message, log: "" }))
  )
)

/** Cassandra's own jars on the Java runtime of this machine. */
export const jvm: ServerProvider = { name: "jvm", acquire }
