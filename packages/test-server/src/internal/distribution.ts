import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { homedir } from "node:os"
import { Lacking } from "./errors.ts"
import type { Platform } from "./platform.ts"
import { optionalText } from "./settings.ts"

/** A program that Maven fetches with all that it needs, and how much that is. */
export interface Artifact {
  readonly group: string
  readonly name: string
  readonly version: string
  readonly size: string
}

/** The Cassandra server of a version. */
export const cassandra = (version: string): Artifact => ({
  group: "org.apache.cassandra",
  name: "cassandra-all",
  version,
  size: "66 MB"
})

const pom = ({ group, name, version }: Artifact) =>
  `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>effect-cql</groupId>
  <artifactId>fetched</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>${group}</groupId>
      <artifactId>${name}</artifactId>
      <version>${version}</version>
    </dependency>
  </dependencies>
</project>
`

/** The folder of this user for what can be fetched again. */
const cacheFolder = Effect.gen(function*() {
  const path = yield* Path.Path
  const configured = yield* Effect.orDie(optionalText("XDG_CACHE_HOME"))
  return path.join(Option.getOrElse(configured, () => path.join(homedir(), ".cache")), "effect-cql")
})

const maven = Effect.fnUntraced(function*(directory: string) {
  const spawner = yield* ChildProcessSpawner
  const path = yield* Path.Path
  const goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
  const args = ["-B", "-ntp", "-f", path.join(directory, "pom.xml"), goal, `-DoutputDirectory=${directory}`]
  const remedy = "Install Maven, and let it reach Maven Central (or a mirror of it) once"
  const lines = yield* spawner.lines(ChildProcess.make("mvn", args, { stdin: "ignore" }), { includeStderr: true }).pipe(
    Effect.mapError(() => new Lacking({ lack: "Maven (mvn) is not found", remedy }))
  )
  if (lines.some((line) => line.includes("BUILD SUCCESS"))) return
  const problem = lines.find((line) => line.startsWith("[ERROR]")) ?? lines.at(-1) ?? "Maven said nothing"
  return yield* new Lacking({ lack: `Maven could not fetch the server: ${problem}`, remedy })
})

/**
 * The directory with the jars of a program. They are fetched once a machine: beside their place at first, and moved there
 * when all of them have arrived, so that a fetch that was broken off leaves nothing that looks complete. Of two runs
 * that fetch at the same time the second finds the place taken, and uses what is there.
 */
export const jars = Effect.fnUntraced(function*(
  artifact: Artifact
): Effect.fn.Return<string, Lacking | PlatformError.PlatformError, Platform> {
  const { name, size, version } = artifact
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* cacheFolder
  const directoryName = `${name.replace(/-(?:all|standalone)$/, "")}-${version}`
  const directory = path.join(folder, directoryName)
  const isThere = fs.exists(path.join(directory, `${name}-${version}.jar`))
  if (yield* isThere) return directory

  yield* fs.makeDirectory(folder, { recursive: true })
  yield* Effect.logInfo(`CassandraServer: fetching ${directoryName} (${size}, once a machine) to ${directory}`)
  yield* Effect.scoped(Effect.gen(function*() {
    const temporary = yield* fs.makeTempDirectoryScoped({ directory: folder, prefix: `${directoryName}.` })
    const complete = path.join(temporary, "complete")
    yield* fs.makeDirectory(complete)
    yield* fs.writeFileString(path.join(complete, "pom.xml"), pom(artifact))
    yield* maven(complete)
    yield* fs.rename(complete, directory).pipe(
      Effect.catch((error) => Effect.flatMap(isThere, (there) => there ? Effect.void : Effect.fail(error)))
    )
  }))
  return directory
})
