import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { cassandraYaml, defaultTokens, logbackXml } from "../configuration.ts"
import * as Distribution from "../distribution.ts"
import { defaultPort } from "../endpoint.ts"
import type { Lacking } from "../errors.ts"
import { jvmArguments } from "../java.ts"
import { defaultStoragePort } from "../loopback.ts"
import type { Platform } from "../platform.ts"
import { newestRelease } from "../release.ts"

/** The step of a build that failed, with the end of its output. */
export class BuildFailed extends Data.TaggedError("BuildFailed")<{ readonly message: string }> {}

/** The release of Debian that has the Java of the Cassandra in the image. */
const debian = { suite: "bookworm", java: 17 }
const baseImage = `effect-cql-java:${debian.java}`
const image = `cassandra:${newestRelease.line.name}`
const home = "/opt/cassandra"
const data = "/var/lib/cassandra"

/** Stands in the configuration for the address of the container. */
const address = "ADDRESS"

/** Runs a command to its end; fails with the end of its output if that is no success. */
const run = Effect.fnUntraced(
  function*(command: string, args: ReadonlyArray<string>) {
    const spawner = yield* ChildProcessSpawner
    const child = yield* spawner.spawn(ChildProcess.make(command, args, { stdin: "ignore" }))
    const output = yield* child.all.pipe(Stream.decodeText, Stream.mkString)
    return { code: yield* child.exitCode, output }
  },
  Effect.scoped,
  (result, command, args) =>
    Effect.matchEffect(result, {
      onFailure: (error) => Effect.fail(new BuildFailed({ message: `${command}: ${error.message}` })),
      onSuccess: ({ code, output }) =>
        code === 0 ? Effect.void : Effect.fail(
          new BuildFailed({
            message: `${[command, ...args].join(" ")}: expected exit code 0, got ${code}: ${output.trim().slice(-2000)}`
          })
        )
    })
)

const shell = (script: string) => run("sh", ["-ec", script])

const succeeds = (effect: Effect.Effect<void, BuildFailed, ChildProcessSpawner>) =>
  Effect.match(effect, { onFailure: () => false, onSuccess: () => true })

const daemonAnswers = run("docker", ["info"])

const installMissing = Effect.gen(function*() {
  if (!(yield* succeeds(shell("command -v dockerd && command -v debootstrap")))) {
    yield* Effect.logInfo("installing docker.io and debootstrap from the packages of Debian")
    yield* shell("apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq docker.io debootstrap")
  }
  if (yield* succeeds(daemonAnswers)) return
  yield* Effect.logInfo("starting the Docker daemon")
  // It outlives this program, and holds none of its outputs open.
  yield* shell("setsid dockerd >/tmp/dockerd.log 2>&1 </dev/null &")
  yield* Effect.retry(daemonAnswers, { schedule: Schedule.spaced("1 second"), times: 60 })
})

/** A minimal Debian with a Java runtime, as an image. */
const buildBase = Effect.gen(function*() {
  if (yield* succeeds(run("docker", ["image", "inspect", baseImage]))) return
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const root = path.join(yield* fs.makeTempDirectoryScoped({ prefix: "effect-cql-image-" }), "root")
  yield* Effect.logInfo(`building ${baseImage} (a minute or two)`)
  const packages = `openjdk-${debian.java}-jre-headless,procps`
  yield* run("debootstrap", ["--variant=minbase", `--include=${packages}`, debian.suite, root])
  yield* shell(`tar -C '${root}' -c . | docker import - ${baseImage}`)
})

const entrypoint = `#!/bin/sh
cd ${home}
sed "s/${address}/$(hostname -i | cut -d' ' -f1)/" cassandra.yaml.in >conf/cassandra.yaml
heap=\${MAX_HEAP_SIZE:-512m}
exec java @jvm.options -Xms$heap -Xmx$heap -javaagent:$(echo lib/jamm-*.jar) \\
  -Dcassandra.config=file://${home}/conf/cassandra.yaml -Dcassandra.storagedir=${data} $JVM_EXTRA_OPTS \\
  -cp "conf:lib/*" org.apache.cassandra.service.CassandraDaemon
`

const dockerfile = `FROM ${baseImage}
COPY lib ${home}/lib
COPY conf ${home}/conf
COPY jvm.options cassandra.yaml.in ${home}/
COPY entrypoint /entrypoint
EXPOSE ${defaultPort}
ENTRYPOINT ["/entrypoint"]
`

const buildImage = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const jars = yield* Distribution.jars(Distribution.cassandra(newestRelease.version))
  const context = yield* fs.makeTempDirectoryScoped({ prefix: "effect-cql-image-" })
  const write = (name: string, text: string) => fs.writeFileString(path.join(context, name), text)
  const node = { host: address, port: defaultPort, storagePort: defaultStoragePort }
  const yaml = cassandraYaml({
    line: newestRelease.line,
    directory: data,
    address: node,
    cluster: [node],
    tokens: defaultTokens,
    authentication: false
  })
  const java = { command: "java", keytool: "keytool", release: debian.java }
  yield* Effect.logInfo(`building ${image}`)
  yield* fs.copy(jars, path.join(context, "lib"))
  yield* fs.makeDirectory(path.join(context, "conf"))
  yield* write("conf/logback.xml", logbackXml)
  // Clients outside of the container reach it by an address that it does not have.
  yield* write("cassandra.yaml.in", yaml.replace(/^rpc_address:.*$/m, "rpc_address: 0.0.0.0\nbroadcast_$&"))
  yield* write("jvm.options", jvmArguments(java, "512m", "/tmp").join("\n"))
  yield* write("entrypoint", entrypoint)
  yield* fs.chmod(path.join(context, "entrypoint"), 0o755)
  yield* write("Dockerfile", dockerfile)
  yield* run("docker", ["build", "-q", "-t", image, context])
})

/**
 * Builds the image of Cassandra where it is missing, and returns a line that says what was done. With `install`, it
 * installs Docker and debootstrap where they are missing, and starts the Docker daemon.
 */
export const build = (
  options: { readonly install: boolean }
): Effect.Effect<string, BuildFailed | Lacking | PlatformError.PlatformError, Platform | Scope.Scope> =>
  Effect.gen(function*() {
    if (options.install) yield* installMissing
    if (yield* succeeds(run("docker", ["image", "inspect", image]))) return `${image} is there already`
    yield* daemonAnswers
    yield* buildBase
    yield* buildImage
    return `built ${image}, Cassandra ${newestRelease.version}`
  })
