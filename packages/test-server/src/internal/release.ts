/** The release lines of Cassandra that run on a JVM of this machine, and what each of them needs. */

/** Feature releases of Java, both included. */
export interface JavaRange {
  readonly oldest: number
  readonly newest: number
}

/** A release line, such as 4.1. */
export interface Line {
  readonly name: string
  /** The version that the name alone stands for. */
  readonly version: string
  readonly java: JavaRange
  /** The lines of `cassandra.yaml` that other release lines spell differently, or refuse. */
  readonly settings: ReadonlyArray<string>
}

/** A version of Cassandra with its release line. */
export interface Release {
  readonly version: string
  readonly line: Line
}

const lines: ReadonlyArray<Line> = [
  {
    name: "4.0",
    version: "4.0.19",
    java: { oldest: 11, newest: 11 },
    settings: [
      "commitlog_sync_period_in_ms: 10000",
      "enable_materialized_views: true",
      "enable_user_defined_functions: true"
    ]
  },
  {
    name: "4.1",
    version: "4.1.10",
    java: { oldest: 11, newest: 11 },
    settings: [
      "commitlog_sync_period: 10000ms",
      "materialized_views_enabled: true",
      "user_defined_functions_enabled: true"
    ]
  }
]

/** The line of the default version. Later ones are taken to need the same. */
const newestLine: Line = {
  name: "5.0",
  version: "5.0.8",
  // From 24 on a JVM has no security manager, and Cassandra 5.0 does not start without one.
  java: { oldest: 17, newest: 23 },
  settings: [
    "commitlog_sync_period: 10000ms",
    "commitlog_disk_access_mode: legacy",
    "materialized_views_enabled: true",
    "user_defined_functions_enabled: true",
    "storage_compatibility_mode: NONE"
  ]
}

/** The newest version of the newest line: the default. */
export const newestRelease: Release = { version: newestLine.version, line: newestLine }

/**
 * The release of a version, which may be full (`4.1.10`) or the name of a line (`4.1`). Without a version: the newest
 * line. `undefined` for versions before 4.0, and for texts that are no version.
 */
export const releaseOf = (version: string = newestRelease.version): Release | undefined => {
  const match = /^(\d+)\.(\d+)(?:\.|$)/.exec(version)
  if (match === null || Number(match[1]) < 4) return undefined
  const name = `${match[1]}.${match[2]}`
  const line = lines.find((line) => line.name === name) ?? (Number(match[1]) < 5 ? undefined : newestLine)
  if (line === undefined) return undefined
  return { line, version: version === line.name ? line.version : version }
}
