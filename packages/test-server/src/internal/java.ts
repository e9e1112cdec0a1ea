import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { homedir } from "node:os"
import { Lacking } from "./errors.ts"
import type { Platform } from "./platform.ts"
import type { JavaRange } from "./release.ts"
import { optionalText } from "./settings.ts"

/** A Java runtime: its programs, and its feature release, such as 17. */
export interface Java {
  readonly command: string
  readonly keytool: string
  readonly release: number
}

/** A place where a Java runtime was looked for. */
interface Place {
  readonly name: string
  /** The installed runtimes, or the reason why there are none. */
  readonly found: ReadonlyArray<Java> | "is not set" | "is not found" | "has no Java runtime"
}

/** The feature release in the output of `java -version` or in the file `release` of a JDK. Release 8 is called 1.8. */
export const featureRelease = (text: string): number | undefined => {
  const match = /(?:version |JAVA_VERSION=)"(?:1\.)?(\d+)/.exec(text)
  return match?.[1] === undefined ? undefined : Number(match[1])
}

const askForRelease = (command: string): Effect.Effect<number | undefined, never, ChildProcessSpawner> =>
  Effect.flatMap(
    ChildProcessSpawner,
    (spawner) => spawner.string(ChildProcess.make(command, ["-version"]), { includeStderr: true })
  ).pipe(Effect.map(featureRelease), Effect.orElseSucceed(() => undefined))

/** The runtime of a JDK or JRE that is installed in a folder. */
const ofHome = Effect.fnUntraced(function*(
  home: string
): Effect.fn.Return<Java | undefined, never, Platform> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const command = path.join(home, "bin", "java")
  if (!(yield* Effect.orElseSucceed(fs.exists(command), () => false))) return undefined
  const text = yield* Effect.orElseSucceed(fs.readFileString(path.join(home, "release")), () => "")
  const release = featureRelease(text) ?? (yield* askForRelease(command))
  return release === undefined ? undefined : { command, keytool: path.join(home, "bin", "keytool"), release }
})

const ofVariable = Effect.fnUntraced(function*(name: string): Effect.fn.Return<Place, never, Platform> {
  const home = yield* Effect.orDie(optionalText(name))
  if (Option.isNone(home)) return { name, found: "is not set" }
  const java = yield* ofHome(home.value)
  return { name: `${name} (${home.value})`, found: java === undefined ? "has no Java runtime" : [java] }
})

const ofPath: Effect.Effect<Place, never, ChildProcessSpawner> = Effect.map(
  askForRelease("java"),
  (release): Place => ({
    name: "java on the PATH",
    found: release === undefined ? "is not found" : [{ command: "java", keytool: "keytool", release }]
  })
)

/** The runtimes in the folders of a folder; `inside` leads from each of these to the runtime. */
const ofFolder = Effect.fnUntraced(function*(
  folder: string,
  inside = ""
): Effect.fn.Return<Place, never, Platform> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = yield* Effect.orElseSucceed(fs.readDirectory(folder), () => undefined)
  if (names === undefined) return { name: folder, found: "is not found" }
  const homes = yield* Effect.forEach(names.toSorted(), (name) => ofHome(path.join(folder, name, inside)))
  const found = homes.filter((java) => java !== undefined)
  return { name: folder, found: found.length === 0 ? "has no Java runtime" : found }
})

/** All places, the most explicit first. The runners of GitHub name their JDKs in `JAVA_HOME_<release>_<architecture>`. */
const places = ({ newest, oldest }: JavaRange): ReadonlyArray<Effect.Effect<Place, never, Platform>> => {
  const releases = Array.from({ length: newest - oldest + 1 }, (_, index) => oldest + index)
  const named = releases.flatMap((release) => [`JAVA_HOME_${release}_X64`, `JAVA_HOME_${release}_arm64`])
  return [
    ofVariable("JAVA_HOME"),
    ...named.map(ofVariable),
    ofPath,
    ofFolder("/usr/lib/jvm"),
    ofFolder("/Library/Java/JavaVirtualMachines", "Contents/Home"),
    ofFolder(`${homedir()}/.sdkman/candidates/java`)
  ]
}

const describePlace = ({ found, name }: Place): string =>
  typeof found === "string"
    ? `${name} ${found}`
    : `${name} is ${[...new Set(found.map(({ release }) => `Java ${release}`))].join(", ")}`

/**
 * The first Java runtime of this machine that `program` runs on. Where there is none, the error says which one is needed,
 * and what each place has instead.
 */
export const find = Effect.fnUntraced(function*(
  program: string,
  range: JavaRange
): Effect.fn.Return<Java, Lacking, Platform> {
  const looked: Array<Place> = []
  for (const place of places(range)) {
    const { found, name } = yield* place
    looked.push({ found, name })
    const java = typeof found === "string"
      ? undefined
      : found.find(({ release }) => release >= range.oldest && release <= range.newest)
    if (java !== undefined) return java
  }
  const { newest, oldest } = range
  const wanted = oldest === newest ? `JDK ${oldest}` : `JDK ${oldest} (or up to ${newest})`
  // Of the variables that are not set, the two that the remedy names.
  const variables = ["JAVA_HOME", `JAVA_HOME_${oldest}_X64`]
  const reported = looked.filter(({ found, name }) => found !== "is not set" || variables.includes(name))
  return yield* new Lacking({
    lack: `${program} needs a ${wanted}, and there is none: ${reported.map(describePlace).join("; ")}`,
    remedy: `Install a ${wanted}, and set ${variables.join(" or ")} to its folder`
  })
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

/** The options of the JVM itself: those of Cassandra's own start script, and those that keep a run in its directory. */
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
