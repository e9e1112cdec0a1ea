import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { Lacking } from "./errors.ts"
import { optionalText } from "./settings.ts"

/** A Java runtime: how to call it, and its feature release, such as 17. */
export interface Java {
  readonly command: string
  readonly release: number
}

/** The feature release that `java -version` tells: 8 was still called 1.8. */
export const releaseOf = (output: string): number | undefined => {
  const match = /version "(?:1\.)?(\d+)/.exec(output)
  return match?.[1] === undefined ? undefined : Number(match[1])
}

/** From 24 on a JVM has no security manager, and Cassandra 5.0 does not start without one. */
const isSupported = (release: number): boolean => release >= 17 && release < 24

/** The program `name` of JAVA_HOME, or of the PATH. */
export const javaProgram = Effect.fnUntraced(function*(
  name: string
): Effect.fn.Return<string, Config.ConfigError, Path.Path> {
  const path = yield* Path.Path
  const home = yield* optionalText("JAVA_HOME")
  return Option.match(home, { onNone: () => name, onSome: (home) => path.join(home, "bin", name) })
})

/** The Java runtime of this machine, where it is one that Cassandra 5.0 runs on. */
export const find: Effect.Effect<Java, Lacking, ChildProcessSpawner | Path.Path> = Effect.gen(function*() {
  const remedy = "Install a JDK 17 (or up to 23) and Maven, on the PATH or in JAVA_HOME"
  const command = yield* Effect.orDie(javaProgram("java"))
  const spawner = yield* ChildProcessSpawner
  const output = yield* spawner.string(ChildProcess.make(command, ["-version"]), { includeStderr: true }).pipe(
    Effect.mapError(() => new Lacking({ lack: `no Java runtime is found as "${command}"`, remedy }))
  )
  const release = releaseOf(output)
  if (release === undefined || !isSupported(release)) {
    const found = release === undefined ? "of an unknown version" : `version ${release}`
    return yield* new Lacking({ lack: `the Java runtime "${command}" is ${found}`, remedy })
  }
  return { command, release }
})

const exported = [
  "java.base/jdk.internal.misc",
  "java.base/jdk.internal.ref",
  "java.base/sun.nio.ch",
  "java.management.rmi/com.sun.jmx.remote.internal.rmi",
  "java.rmi/sun.rmi.registry",
  "java.rmi/sun.rmi.server",
  "java.sql/java.sql",
  "java.base/java.lang.ref",
  "java.base/java.lang.reflect",
  "jdk.unsupported/sun.misc"
]

const opened = [
  "java.base/java.lang.module",
  "java.base/jdk.internal.loader",
  "java.base/jdk.internal.ref",
  "java.base/jdk.internal.reflect",
  "java.base/jdk.internal.math",
  "java.base/jdk.internal.module",
  "java.base/jdk.internal.util.jar",
  "jdk.management/com.sun.management.internal",
  "java.base/sun.nio.ch",
  "java.base/java.io",
  "java.base/java.lang",
  "java.base/java.lang.reflect",
  "java.base/java.util",
  "java.base/java.util.concurrent",
  "java.base/java.util.concurrent.atomic",
  "java.base/java.nio"
]

/** The options of the JVM itself: what Cassandra's own start script passes, and what keeps a run in its directory. */
export const jvmArguments = (java: Java, heap: string, temporaryDirectory: string): ReadonlyArray<string> => [
  `-Xms${heap}`,
  `-Xmx${heap}`,
  "-XX:+UseG1GC",
  // Files in the system's own temporary directory would stay behind when the process is killed.
  "-XX:-UsePerfData",
  `-Djava.io.tmpdir=${temporaryDirectory}`,
  "-Djdk.attach.allowAttachSelf=true",
  ...(java.release > 17 ? ["-Djava.security.manager=allow"] : []),
  ...exported.map((name) => `--add-exports=${name}=ALL-UNNAMED`),
  ...opened.map((name) => `--add-opens=${name}=ALL-UNNAMED`)
]
