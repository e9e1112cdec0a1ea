/**
 * Texts of the driver that the adapter reads, because nothing else distinguishes these cases. A test provokes each of them
 * on the installed driver.
 */

/** `host-connection-pool.js`, borrowConnection: a host without a connection. A plain `Error`. */
export const noConnection = "No connection available"

/** `errors.js`, BusyConnectionError: the host, and the requests that its connections carry. */
export const busy = /^All connections to host (\S+) are busy, (\d+) requests/

/** `client.js`, _connect: a client that was shut down. A `NoHostAvailableError` whose `innerErrors` is null. */
export const shutDown = "shutdown"

/** `control-connection.js`, setPeersInfo: the data centres of the cluster, where the local one is none of them. */
export const dataCenters = /only found hosts in data centers: \[(.*)\]/

/** `connection.js`, open: a host that did not accept the connection in time. */
export const connectionTimeout = "Connection timeout"

/** `request-handler.js`, setCompleted: a warning of the server, logged with the query. */
export const serverWarning = /^(Received warning \(\d+ of \d+\) ")(.*)(" for ".*)$/s

/** `client-options.js`, extend: the option that the constructor of a client refuses. */
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
