/**
 * Texts of the driver that the adapter reads, because nothing else distinguishes these cases. A conformance test provokes each
 * of them on the installed driver.
 */

/** `lib/host-connection-pool.js:108`: a host without a connection. A plain `Error`. */
export const noConnection = "No connection available"

/** `lib/errors.js:160`: the host, and the requests that its connections carry. */
export const busy = /^All connections to host (\S+) are busy, (\d+) requests/

/** `lib/client.js:503`: a client that was shut down. A `NoHostAvailableError` whose `innerErrors` is null. */
export const shutDown = "shutdown"

/** `lib/control-connection.js:861`: the data centres of the cluster, where the local one is none of them. */
export const dataCenters = /only found hosts in data centers: \[(.*)\]/

/** `lib/connection.js:207`: a host that did not accept the connection in time. */
export const connectionTimeout = "Connection timeout"

/** `lib/request-handler.js:264`: a warning of the server, logged with the query. */
export const serverWarning = /^(Received warning \(\d+ of \d+\) ")(.*)(" for ".*)$/s

/** `lib/client-options.js:207`, and each refusal beside it: the option that the constructor of a client refuses. */
export const refusedOption = (message: string): string | undefined => {
  const [subject] = refusal.exec(message)?.slice(1) ?? []
  return subject === undefined ? undefined : names[subject] ?? subject.replace(/^options\./, "")
}

const refusal = /^(.+?) (?:policy must|must|should|provided|username|not defined)\b/

const names: Readonly<Record<string, string>> = {
  "Load balancing": "policies.loadBalancing",
  Reconnection: "policies.reconnection",
  Retry: "policies.retry",
  "Address resolution": "policies.addressResolution",
  "Timestamp generation": "policies.timestampGeneration",
  "Client id": "id"
}
