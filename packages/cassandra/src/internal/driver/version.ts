/**
 * The release of the driver that the adapter was written for.
 */
import * as cassandra from "cassandra-driver"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** The release that the adapter was tested with. */
export const tested = "4.10"

/** The release that is installed. Its type says that it is a number; it is a text (`index.js:50`). */
export const installed: string = String(cassandra.version)

/** The release that sessions take for the installed one. */
export const DriverVersion: Context.Reference<string> = Context.Reference<string>(
  "@effect-cql/cassandra/DriverVersion",
  { defaultValue: () => installed }
)

/** The warning for a session whose driver is not the one that the adapter was tested with. Absent where it is. */
export const versionWarning = (
  missing: ReadonlySet<string>,
  version: string = installed
): string | undefined => {
  const isTested = version === tested || version.startsWith(`${tested}.`)
  if (isTested && missing.size === 0) return undefined
  const lacks = missing.size === 0 ? "" : ` It lacks ${Array.from(missing).join(", ")}.`
  return `cassandra-driver ${version} is not the release that this package was tested with (${tested}.x).${lacks} ` +
    `Install cassandra-driver ~${tested}.0.`
}

/**
 * Logs the warning for a session on a client, if there is one. `missing` are the methods that the client lacks. The release of
 * another copy of the driver is not known from its clients.
 */
export const warnOfVersion = (
  client: cassandra.Client,
  missing: ReadonlySet<string> = new Set()
): Effect.Effect<void> =>
  Effect.flatMap(DriverVersion, (version) => {
    const warning = client instanceof cassandra.Client ? versionWarning(missing, version) : undefined
    return warning === undefined ? Effect.void : Effect.logWarning(warning)
  })
