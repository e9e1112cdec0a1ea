import { make } from "@effect-cql/test-server/CassandraServer"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import type { TestProject } from "vitest/node"
import type { SharedServer } from "./server.ts"

/** The suites of the servers themselves start what they need. */
const needsSharedServer = (path: string): boolean =>
  /\.integration\.(?:long\.)?test\.ts$/.test(path) && !path.endsWith("CassandraServer.integration.test.ts")

const start = make().pipe(
  Effect.map(({ contactPoints, credentials, localDataCenter, provider, version }): SharedServer => ({
    _tag: "Running",
    provider,
    version,
    contactPoints: [...contactPoints],
    localDataCenter,
    credentials: credentials && { username: credentials.username, password: Redacted.value(credentials.password) }
  })),
  Effect.catch((error) => Effect.succeed<SharedServer>({ _tag: "Missing", message: error.message })),
  Effect.tap((server) =>
    server._tag === "Missing" ? Effect.logError(`INTEGRATION TESTS WITHOUT A SERVER\n${server.message}`) : Effect.void
  )
)

/**
 * Starts one Cassandra server for a whole run of vitest, over all its projects, if one of the files of the run needs
 * it, and ends it with the run. In watch mode that may be a later run than the first.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scope = Scope.makeUnsafe()
  let started = false
  const startFor = async (paths: ReadonlyArray<string>): Promise<void> => {
    if (started || !paths.some(needsSharedServer)) return
    started = true
    project.provide("cassandra", await Effect.runPromise(Scope.provide(start, scope)))
  }
  project.provide("cassandra", undefined)
  await startFor(project.vitest.state.getPaths())
  project.onTestsRerun((specifications) => startFor(specifications.map(({ moduleId }) => moduleId)))
  return () => Effect.runPromise(Scope.close(scope, Exit.void))
}
