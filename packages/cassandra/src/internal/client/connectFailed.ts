/**
 * Why a cluster could not be connected to, and what to look at first.
 */
import { type CqlError, Reason } from "@effect-cql/core"
import { refused } from "@effect-cql/core/Port"
import type { TriedHost } from "@effect-cql/core/Reason"
import * as messages from "../driver/messages.ts"
import { classify } from "../request/classify.ts"

/** What the advice is drawn from. */
export interface Attempt {
  readonly contactPoints: ReadonlyArray<string>
  readonly localDataCenter?: string | undefined
  readonly keyspace?: string | undefined
  readonly username?: string | undefined
}

// From the failure that came furthest to the one that came least far: where nodes differ, the first of these is told.
const kinds = [
  "login",
  "dataCenter",
  "keyspace",
  "name",
  "tls",
  "silent",
  "closed",
  "refused",
  "unreachable",
  "other"
] as const

type Kind = typeof kinds[number]

interface Failure {
  readonly host: string
  readonly kind: Kind
  readonly reason: Reason.Reason
  readonly dataCenters?: string | undefined
}

/** The error of a failed connect. */
export const fromError = (error: unknown, attempt: Attempt): CqlError => {
  const innerErrors = errorsByHost(error)
  if (innerErrors === undefined) {
    const failure = failureOf(attempt.contactPoints.join(", "), error)
    const kind = failure.kind === "other" && failure.reason._tag === "InvalidQuery" ? "keyspace" : failure.kind
    return connectFailed([{ ...failure, kind }], attempt, error)
  }
  const failures = Object.entries(innerErrors).map(([host, inner]) => failureOf(host, inner))
  if (failures.length > 0) return connectFailed(failures, attempt, error)
  return refused(
    new Reason.ConnectFailed({
      message: `no name of ${attempt.contactPoints.join(", ")} could be resolved`,
      cause: error,
      hosts: attempt.contactPoints.map((host) => ({ host })),
      check: "the names of the contact points, and the name service of this machine"
    }),
    ""
  )
}

/** The error of a connect that was not done in time, with the connections that were under way then. */
export const fromTimeout = (
  timeout: number,
  pending: ReadonlyArray<{ readonly endpoint: string; readonly isSocketOpen: boolean }>,
  attempt: Attempt
): CqlError => {
  const failures = pending.map(({ endpoint, isSocketOpen }): Failure => ({
    host: endpoint,
    kind: isSocketOpen ? "silent" : "unreachable",
    reason: new Reason.RequestTimeout({
      message: isSocketOpen ? "accepted the connection and did not answer" : "did not accept a connection",
      host: endpoint,
      timeout
    })
  }))
  const nobody = attempt.contactPoints.map((host): Failure => ({
    host,
    kind: "unreachable",
    reason: new Reason.RequestTimeout({ message: "was not reached", host, timeout })
  }))
  return connectFailed(failures.length > 0 ? failures : nobody, attempt, undefined, `within ${timeout} ms`)
}

/** The error of a client that its owner has shut down. */
export const shutDown = (): CqlError =>
  refused(
    new Reason.ConnectFailed({
      message: "the client has been shut down, and cannot be opened again",
      hosts: [],
      check: "that the client lives as long as its sessions"
    }),
    ""
  )

const connectFailed = (
  failures: ReadonlyArray<Failure>,
  attempt: Attempt,
  cause: unknown,
  when = ""
): CqlError => {
  const first = kinds.flatMap((kind) => failures.filter((failure) => failure.kind === kind))[0]
  const check = advice(first?.kind ?? "other", first, attempt)
  const hosts = failures.map(({ host, reason }): TriedHost => ({ host, reason }))
  const told = failures.map(({ host, reason }) => `${host}: ${reason.message}`).join("; ")
  return refused(
    new Reason.ConnectFailed({
      message: `could not connect${when === "" ? "" : ` ${when}`} (${told}). Check ${check}`,
      cause,
      hosts,
      check
    }),
    ""
  )
}

const advice = (kind: Kind, failure: Failure | undefined, attempt: Attempt): string => {
  switch (kind) {
    case "login":
      return attempt.username === undefined
        ? "whether a user name and a password are needed: the server asks for a login, and none was given"
        : `the user name "${attempt.username}" and its password`
    case "dataCenter":
      return `the local data centre: it is given as "${attempt.localDataCenter ?? ""}", and the nodes are in ${
        failure?.dataCenters ?? "others"
      }`
    case "keyspace":
      return `whether the keyspace "${attempt.keyspace ?? ""}" exists`
    case "name":
      return "the name in the certificate of the server: it has to be the address of the node, or what tls.serverName gives for it"
    case "tls":
      return "the certificates: which the server shows, and which are trusted"
    case "silent":
      return "whether the server hangs or is overloaded, whether the port is that of CQL, and whether it wants TLS"
    case "closed":
      return "whether the port is that of CQL, and whether it wants TLS: the server ended the connection"
    case "refused":
      return "address and port, and whether Cassandra runs there: nothing listens"
    case "unreachable":
      return "the address, and whether a firewall or the network stands between"
    case "other":
      return "the reasons of the hosts"
  }
}

interface Told {
  readonly name: string
  readonly message: string
  readonly code?: unknown
  readonly isSocketError?: boolean | undefined
}

const errorsByHost = (error: unknown): Readonly<Record<string, unknown>> | undefined => {
  if (!(error instanceof Error) || error.name !== "NoHostAvailableError") return undefined
  const { innerErrors } = error as Error & { readonly innerErrors?: Readonly<Record<string, unknown>> | null }
  return innerErrors ?? {}
}

const unreachable = new Set(["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ETIMEDOUT", "EADDRNOTAVAIL"])
const certificate = /CERT|SSL|TLS|SIGNATURE|ALTNAME/

const failureOf = (host: string, error: unknown): Failure => {
  if (!(error instanceof Error)) {
    return { host, kind: "other", reason: new Reason.UnknownError({ message: String(error), cause: error }) }
  }
  const told: Told = error
  const { message } = told
  const code = typeof told.code === "string" ? told.code : ""
  const seen = messages.dataCenters.exec(message)?.[1]
  if (seen !== undefined) {
    const reason = new Reason.UnknownError({ message: `is in the data centre ${seen}`, cause: error })
    return { host, kind: "dataCenter", dataCenters: seen, reason }
  }
  const reason = code === "" && message !== messages.connectionTimeout
    ? classify(error, { phase: "execute", timeout: 0 })
    : new Reason.ConnectionClosed({ message, cause: error, host, written: false })
  return { host, kind: kindOf(told, code), reason }
}

const kindOf = ({ isSocketError, message, name }: Told, code: string): Kind => {
  if (name === "AuthenticationError") return "login"
  if (name === "OperationTimedOutError") return "silent"
  if (code === "ECONNREFUSED") return "refused"
  if (unreachable.has(code) || message === messages.connectionTimeout) return "unreachable"
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "name"
  if (certificate.test(code)) return "tls"
  return isSocketError === true || code === "ECONNRESET" || code === "EPIPE" ? "closed" : "other"
}
