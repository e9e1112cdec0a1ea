/**
 * The release of the driver that the adapter was written for.
 */
import * as cassandra from "cassandra-driver"

/** The release that the adapter was tested with. */
export const tested = "4.10"

/** The release that is installed. Its type says that it is a number. */
export const installed: string = String(cassandra.version)

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
