/**
 * The error of a failed connect: its causes, and the first thing to check.
 */
import { CqlError, Reason } from "@effect-cql/core"
import { refused } from "@effect-cql/core/Port"
import type { TriedHost } from "@effect-cql/core/Reason"
import { withBrackets } from "../driver/address.ts"
import { type DriverError, errorKind } from "../driver/errorKind.ts"
import * as messages from "../driver/messages.ts"
import { classify } from "../request/classify.ts"

/** The basis of the advice. */
export interface Attempt {
  readonly contactPoints: ReadonlyArray<string>
  readonly localDataCenter?: string | undefined
  readonly keyspace?: string | undefined
  readonly username?: string | undefined
  readonly clientOptions?: { readonly authProvider?: unknown } | undefined
}

/** Progress of an attempt before it failed or timed out. */
export interface Progress {
  /** The addresses that failed, each with its error. */
  readonly tried: Readonly<Record<string, unknown>>
  /** The names that could not be resolved. */
  readonly unresolved: ReadonlyMap<string, Error>
  /** The endpoints that asked for a login. */
  readonly askedForLogin: ReadonlySet<string>
  /** The connections that have not failed. */
  readonly pending: ReadonlyArray<
    { readonly endpoint: string; readonly connected: boolean; readonly isSocketOpen: boolean }
  >
}

/** For a client whose errors are all that the adapter knows. */
export const noProgress: Progress = { tried: {}, unresolved: new Map(), askedForLogin: new Set(), pending: [] }

// Ordered by how far the attempt got, the furthest first. If nodes failed differently, the furthest failure is reported.
const kinds = [
  "login",
  "dataCenter",
  "keyspace",
  "name",
  "tls",
  "plain",
  "silent",
  "closed",
  "refused",
  "unreachable",
  "resolve",
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
export const fromError = (error: unknown, attempt: Attempt, progress: Progress = noProgress): CqlError => {
  const innerErrors = errorsByHost(error)
  if (innerErrors === undefined) {
    const failure = failureOf(attempt.contactPoints.join(", "), error, progress)
    const kind = failure.kind === "other" && failure.reason._tag === "InvalidQuery" ? "keyspace" : failure.kind
    return connectFailed([{ ...failure, kind }], attempt, error)
  }
  const failures = failuresOf(innerErrors, progress)
  if (failures.length > 0) return connectFailed(failures, attempt, error)
  const unresolved = attempt.contactPoints.map((point) => unresolvedFailure(point, new Error("could not be resolved")))
  return connectFailed(unresolved, attempt, error)
}

/** The error of a connect that was not done in time. */
export const fromTimeout = (timeout: number, attempt: Attempt, progress: Progress = noProgress): CqlError => {
  const pending = progress.pending.map(({ connected, endpoint, isSocketOpen }): Failure => ({
    host: withBrackets(endpoint),
    kind: isSocketOpen ? "silent" : "unreachable",
    reason: new Reason.RequestTimeout({
      message: connected
        ? "accepted the connection and did not answer all in time"
        : isSocketOpen
        ? "accepted the connection and did not answer"
        : "did not accept a connection",
      host: withBrackets(endpoint),
      timeout
    })
  }))
  const failed = failuresOf(progress.tried, progress)
  const failures = [...failed, ...pending.filter(({ host }) => failed.every((other) => other.host !== host))]
  const notReached = attempt.contactPoints.map((host): Failure => ({
    host,
    kind: "unreachable",
    reason: new Reason.RequestTimeout({ message: "was not reached", host, timeout })
  }))
  return connectFailed(failures.length > 0 ? failures : notReached, attempt, undefined, `within ${timeout} ms`)
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

/** The error of a session on a release of the driver that lacks something. */
export const refusedDriver = (problem: string): CqlError =>
  new CqlError({
    query: "",
    reason: new Reason.ConnectFailed({
      message:
        `opening a session failed: expected cassandra-driver 4.10, got a release without ${problem}. Install cassandra-driver ~4.10.0, and keep its names if it is bundled.`,
      hosts: [],
      check: "Install cassandra-driver ~4.10.0, and keep its names if it is bundled"
    })
  })

/** A host that could not be connected to, with the reason, for requests that were not sent to it. */
export const lastFailure = (endpoint: string, error: unknown): TriedHost => {
  const { host, reason } = failureOf(endpoint, error, noProgress)
  if (reason._tag === "AuthenticationFailed" || reason._tag === "ConnectionClosed") return { host, reason }
  // Whatever it was, nothing was sent.
  const notSent = new Reason.ConnectionClosed({ message: reason.message, cause: error, host, written: false })
  return { host, reason: notSent }
}

const connectFailed = (
  failures: ReadonlyArray<Failure>,
  attempt: Attempt,
  cause: unknown,
  when = ""
): CqlError => {
  const first = kinds.flatMap((kind) => failures.filter((failure) => failure.kind === kind))[0]
  const check = advice(first?.kind ?? "other", first, attempt)
  const hosts = failures.map(({ host, reason }): TriedHost => ({ host, reason }))
  const reasons = failures.map(({ host, reason }) => host === "" ? reason.message : `${host}: ${reason.message}`)
    .join("; ")
  return refused(
    new Reason.ConnectFailed({
      message: printable(`could not connect${when === "" ? "" : ` ${when}`} (${reasons}). Check ${check}`),
      cause,
      hosts,
      check: printable(check)
    }),
    ""
  )
}

// A server and a configuration can hold what a terminal takes for a command.
const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`)

const advice = (kind: Kind, failure: Failure | undefined, attempt: Attempt): string => {
  switch (kind) {
    case "login":
      if (attempt.username === undefined && attempt.clientOptions?.authProvider !== undefined) {
        return "the login that clientOptions.authProvider makes"
      }
      return attempt.username === undefined
        ? "the user name and the password: the server requires a login, and none was given"
        : `the user name "${attempt.username}" and its password`
    case "dataCenter":
      return `the local data centre: it is given as "${attempt.localDataCenter ?? ""}", and the nodes are in ${
        failure?.dataCenters ?? "others"
      }`
    case "keyspace":
      return `whether the keyspace "${attempt.keyspace ?? ""}" exists`
    case "name":
      return "the name in the certificate of the server: it has to be the address of the node, or the name from tls.serverName"
    case "tls":
      return "the certificates: the one that the server presents, and the trusted ones"
    case "plain":
      return "whether the server speaks TLS at this port: its answer is not TLS"
    case "silent":
      return "whether the server hangs or is overloaded, whether the port is the CQL port, and whether it requires TLS"
    case "closed":
      return "whether the port is the CQL port, and whether it requires TLS: the server closed the connection"
    case "refused":
      return "address and port, and whether Cassandra runs there: nothing listens"
    case "unreachable":
      return "the address, and whether a firewall or the network blocks the connection"
    case "resolve":
      return "the names of the contact points, and the name service of this machine"
    case "other":
      return "the reasons of the hosts"
  }
}

const failuresOf = (errors: Readonly<Record<string, unknown>>, progress: Progress): ReadonlyArray<Failure> => [
  ...Object.entries(errors).map(([host, error]) => failureOf(host, error, progress)),
  ...Array.from(progress.unresolved, ([name, error]) => unresolvedFailure(name, error))
]

const unresolvedFailure = (host: string, cause: Error): Failure => ({
  host,
  kind: "resolve",
  reason: new Reason.UnknownError({ message: cause.message, cause })
})

type Shown = Pick<DriverError, "message" | "code" | "isSocketError">

const errorsByHost = (error: unknown): Readonly<Record<string, unknown>> | undefined => {
  if (errorKind(error) !== "NoHostAvailableError") return undefined
  const { innerErrors } = error as DriverError
  return innerErrors ?? {}
}

const unreachable = new Set(["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ETIMEDOUT", "EADDRNOTAVAIL"])
const notTls = /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL|BAD_RECORD_TYPE)$/
const certificate = /CERT|SSL|TLS|SIGNATURE|ALTNAME/
// Errors of an authenticator or of options. No value was bound that they could quote.
const foreign = new Set(["Error", "TypeError", "RangeError", "ArgumentError"])

const failureOf = (endpoint: string, error: unknown, progress: Progress): Failure => {
  const host = withBrackets(endpoint)
  if (!(error instanceof Error)) {
    return { host, kind: "other", reason: new Reason.UnknownError({ message: String(error), cause: error }) }
  }
  const shown: Shown = error
  // The messages of OpenSSL end with a line feed.
  const message = shown.message.trim()
  const code = typeof shown.code === "string" ? shown.code : ""
  const found = messages.dataCenters.exec(message)?.[1]
  if (found !== undefined) {
    const reason = new Reason.UnknownError({ message: `is in the data centre ${found}`, cause: error })
    return { host, kind: "dataCenter", dataCenters: found, reason }
  }
  const reason = code !== "" || message === messages.connectionTimeout
    ? new Reason.ConnectionClosed({ message, cause: error, host, written: false })
    : foreign.has(errorKind(error) ?? "") && shown.isSocketError !== true
    ? new Reason.UnknownError({ message, cause: error })
    : classify(error, { phase: "execute", timeout: 0 })
  const kind = kindOf(error, shown, code)
  return { host, kind: kind === "other" && progress.askedForLogin.has(endpoint) ? "login" : kind, reason }
}

const kindOf = (error: Error, { isSocketError, message }: Shown, code: string): Kind => {
  const kind = errorKind(error)
  if (kind === "AuthenticationError") return "login"
  if (kind === "OperationTimedOutError") return "silent"
  if (code === "ECONNREFUSED") return "refused"
  if (unreachable.has(code) || message === messages.connectionTimeout) return "unreachable"
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "name"
  if (notTls.test(code)) return "plain"
  if (certificate.test(code)) return "tls"
  return isSocketError === true || code === "ECONNRESET" || code === "EPIPE" ? "closed" : "other"
}
