import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { featureRelease, find } from "../src/internal/java.ts"
import { loadPlatform } from "../src/internal/platform.ts"
import { releaseOf } from "../src/internal/release.ts"

describe("the release of a Java runtime", () => {
  it("is read from what the runtime prints, and from the file of a JDK", () => {
    assert.strictEqual(featureRelease("openjdk version \"17.0.15\" 2025-04-15"), 17)
    assert.strictEqual(featureRelease("java version \"1.8.0_392\""), 8)
    assert.strictEqual(featureRelease("openjdk version \"21\" 2023-09-19"), 21)
    assert.strictEqual(featureRelease("IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"11.0.13\"\nOS_NAME=\"Linux\""), 11)
    assert.isUndefined(featureRelease("command not found"))
  })
})

/** Releases of Java that no machine has, so that the JDKs of this one change nothing. */
const range = { oldest: 901, newest: 903 }

/** Runs with folders that look like JDKs, named by the variables of their releases. */
const search = (
  jdks: Readonly<Record<string, number>>,
  wanted = range
) =>
  Effect.gen(function*() {
    const folder = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "effect-cql-jdk-"))),
      (folder) => Effect.promise(() => rm(folder, { recursive: true }))
    )
    const env: Record<string, string> = {}
    for (const [variable, release] of Object.entries(jdks)) {
      const home = env[variable] = join(folder, variable)
      const command = join(home, "bin", "java")
      yield* Effect.promise(() => mkdir(join(home, "bin"), { recursive: true }))
      // The first has the file of a JDK, the others are asked.
      yield* Effect.promise(() =>
        release % 2 === 1
          ? writeFile(join(home, "release"), `JAVA_VERSION="${release}.0.1"\n`).then(() => writeFile(command, ""))
          : writeFile(command, `#!/bin/sh\necho 'openjdk version "${release}.0.1"' >&2\n`)
      )
      yield* Effect.promise(() => chmod(command, 0o755))
    }
    const provider = ConfigProvider.fromEnv({ env })
    const result = yield* find("Cassandra 9.9.9", wanted).pipe(
      Effect.provideService(ConfigProvider.ConfigProvider, provider),
      Effect.provide(yield* loadPlatform),
      Effect.result
    )
    return { folder, result }
  })

describe("the search for a Java runtime", () => {
  it.live("takes that of JAVA_HOME where it is suitable", () =>
    Effect.gen(function*() {
      const { folder, result } = yield* search({ JAVA_HOME: 902, JAVA_HOME_901_X64: 901 })
      assert.deepInclude(result, {
        success: {
          command: join(folder, "JAVA_HOME/bin/java"),
          keytool: join(folder, "JAVA_HOME/bin/keytool"),
          release: 902
        }
      })
    }))

  it.live("goes on to the variables of releases where JAVA_HOME is unsuitable", () =>
    Effect.gen(function*() {
      for (const variable of ["JAVA_HOME_901_X64", "JAVA_HOME_903_X64", "JAVA_HOME_902_arm64"]) {
        const { folder, result } = yield* search({ JAVA_HOME: 900, [variable]: Number(/\d+/.exec(variable)?.[0]) })
        assert.strictEqual(result._tag === "Success" && result.success.command, join(folder, variable, "bin/java"))
      }
    }))

  it.live("says what is needed, where it looked, and what is there instead", () =>
    Effect.gen(function*() {
      const { folder, result } = yield* search({ JAVA_HOME: 900 })
      const error = result._tag === "Failure" ? result.failure : assert.fail("a runtime was found")
      assert.include(error.lack, "Cassandra 9.9.9 needs a JDK 901 (or up to 903), and there is none: ")
      assert.include(error.lack, `JAVA_HOME (${folder}/JAVA_HOME) is Java 900; JAVA_HOME_901_X64 is not set; `)
      assert.include(error.lack, "java on the PATH is ")
      assert.include(error.lack, "/usr/lib/jvm ")
      assert.notInclude(error.lack, "JAVA_HOME_902_X64")
      assert.strictEqual(
        error.remedy,
        "Install a JDK 901 (or up to 903), and set JAVA_HOME or JAVA_HOME_901_X64 to its folder"
      )
      assert.notInclude(error.lack, "\n")
    }))

  it.live("says that a folder has no runtime", () =>
    Effect.gen(function*() {
      const env = { JAVA_HOME: tmpdir() }
      const error = yield* find("Cassandra 9.9.9", { oldest: 901, newest: 901 }).pipe(
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })),
        Effect.provide(yield* loadPlatform),
        Effect.flip
      )
      assert.include(error.lack, `needs a JDK 901, and there is none: JAVA_HOME (${tmpdir()}) has no Java runtime`)
    }))
})

describe("the release of Cassandra", () => {
  it("of a line is its newest version, and needs the JDK of the line", () => {
    assert.strictEqual(releaseOf()?.version, "5.0.8")
    assert.strictEqual(releaseOf("5.0")?.version, "5.0.8")
    assert.match(releaseOf("4.1")?.version ?? "", /^4\.1\.\d+$/)
    assert.strictEqual(releaseOf("4.0.11")?.version, "4.0.11")
    assert.deepStrictEqual(releaseOf("4.0.11")?.line.java, { oldest: 11, newest: 11 })
    assert.strictEqual(releaseOf("4.1")?.line.java.oldest, 11)
    assert.strictEqual(releaseOf("5.0.6")?.line.java.oldest, 17)
    assert.strictEqual(releaseOf("6.0.1")?.version, "6.0.1")
  })

  it("is unknown before 4.0, and for what is no version", () => {
    for (const version of ["3.11.19", "3", "2.2", "4", "4.2", "latest", "", "4.1x"]) {
      assert.isUndefined(releaseOf(version), version)
    }
  })
})
