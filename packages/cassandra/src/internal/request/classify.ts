/**
 * Converts the errors of the driver to the reasons of the core, in one table.
 *
 * Errors of the driver are known by their kind (`errorKind.ts`), also those of another copy and of a minified one.
 */
import { Reason } from "@effect-cql/core"
import { kindOf, type Request, withoutValues } from "@effect-cql/core/Port"
import type { TriedHost } from "@effect-cql/core/Reason"
import * as Redacted from "effect/Redacted"
import { withBrackets } from "../driver/address.ts"
import * as Consistency from "../driver/consistency.ts"
import { type DriverError, errorKind } from "../driver/errorKind.ts"
import { NoHost } from "../driver/hosts.ts"
import * as messages from "../driver/messages.ts"
import { TooLarge } from "../protocol/frames.ts"

/** The properties of a request that determine the meaning of an error. */
export interface Circumstances {
  /**
   * Where the request was: `"plan"` while nodes were chosen for it, `"prepare"` until a server had prepared it, `"execute"`
   * from then on, and `"read"` once its answer was there.
   */
  readonly phase: "plan" | "prepare" | "execute" | "read"
  /** The node that the request was sent to. */
  readonly host?: string | undefined
  /** False if the request itself was not sent: no node can have executed it. */
  readonly isWritten?: boolean | undefined
  /** True if the request asked for the page that begins at a page state. */
  readonly hasPageState?: boolean | undefined
  /** The time allowed for an answer, in milliseconds; 0 when there was no bound. */
  readonly timeout: number
  /** The hosts to which the last connect failed, each with its reason: nothing was sent to them. */
  readonly notConnected?: (() => ReadonlyArray<TriedHost>) | undefined
  /** The request, where there was one: what it bound is taken out of the message. */
  readonly request?: Request | undefined
}

/** The reason of a request on a client that its owner has shut down. */
export const clientShutDown = (): Reason.SessionClosed =>
  new Reason.SessionClosed({ message: "the client has been shut down" })

/** The reason of an error of the driver. */
export const classify = (error: unknown, circumstances: Circumstances): Reason.Reason => {
  if (error instanceof NoHost) {
    const hosts = triedHosts(Object.fromEntries(error.tried), circumstances)
    return new Reason.NoHostAvailable({ message: noHost(hosts), hosts })
  }
  if (error instanceof TooLarge) return new Reason.ParametersRefused({ message: error.message })
  if (!isDriverError(error)) {
    return new Reason.UnknownError({ message: `the driver failed with a ${kindOf(error)}`, cause: error })
  }
  const coordinator = error.coordinator ?? circumstances.host
  const common: Reason.Common = {
    ...messageAndCause(error, circumstances),
    ...(coordinator === undefined ? undefined : { coordinator: withBrackets(coordinator) }),
    ...(circumstances.isWritten === false ? { written: false } : undefined)
  }
  return rowOf(error, circumstances)(error, common, circumstances)
}

const rowOf = (error: DriverError, { phase }: Circumstances): Row => {
  if (phase === "plan") return planFailed
  if (phase === "read") return unreadable
  return error.isSocketError === true ? connectionClosed : byName[errorKind(error) ?? ""] ?? unknown
}

// The answer of the server came, and is not what its protocol says.
const unreadable: Row = ({ message }, common) =>
  new Reason.UnknownError({ ...common, message: `the answer cannot be read: ${message}` })

// Reports an error of a policy as it is. Nothing was sent.
const planFailed: Row = ({ message, name }, common) =>
  new Reason.NoHostAvailable({
    ...common,
    message: `the load-balancing policy failed before anything was sent: ${name}: ${message}`,
    hosts: []
  })

/** The message of an error without what was bound, and the error itself: redacted where it quotes that. */
const messageAndCause = (error: DriverError, { request }: Circumstances): Pick<Reason.Common, "message" | "cause"> => {
  const kind = errorKind(error) ?? ""
  const isOfDriver = kind === "ResponseError" || kind === "ServerAnswer"
    ? worded.has(Number(error.code))
    : error.isSocketError === true || (byName[kind] !== undefined && kind !== "NoHostAvailableError")
  const message = isOfDriver || request === undefined ? error.message : withoutValues(error.message, request)
  return { message, cause: message === error.message ? error : Redacted.make(error) }
}

// The driver makes these messages itself, of numbers and names.
const worded: ReadonlySet<number> = new Set([0x1000, 0x1100, 0x1200, 0x1300, 0x1500])

const isDriverError = (error: unknown): error is DriverError => error instanceof Error

type Row = (error: DriverError, common: Reason.Common, circumstances: Circumstances) => Reason.Reason

const unknown: Row = (error, common, { phase }) =>
  // Where the driver finds no usable connection, it throws a bare Error. After that every error is marked with its host.
  error.name === "Error" && (error.message === messages.noConnection || phase === "prepare") &&
    error.coordinator === undefined
    ? new Reason.NoHostAvailable({ ...common, hosts: [] })
    : new Reason.UnknownError(common)

const connectionClosed: Row = (error, common, { isWritten, phase }) =>
  new Reason.ConnectionClosed({
    ...common,
    host: common.coordinator,
    // An unmarked error may concern a queued request as well as one in flight.
    written: error.requestNotWritten === true || isWritten === false || phase === "prepare" ? false : undefined
  })

// Such errors may quote anything.
const thrown: Row = (error, common) =>
  new Reason.UnknownError({
    ...common,
    message: `the driver failed with a ${error.name}`,
    cause: Redacted.make(error)
  })

const byCode: Row = (error, common, circumstances) =>
  (responses[Number(error.code)] ?? unknown)(error, common, circumstances)

const byName: Readonly<Record<string, Row>> = {
  ResponseError: byCode,
  ServerAnswer: byCode,
  StillChanging: (_, common) => new Reason.Unprepared(common),
  OperationTimedOutError: (error, common, { isWritten, phase, timeout }) =>
    phase === "prepare" || isWritten === false
      ? new Reason.NoHostAvailable({ ...common, hosts: hostOf(error).map((host) => ({ host })) })
      : new Reason.RequestTimeout({ ...common, host: hostOf(error)[0], timeout }),
  NoHostAvailableError: (error, common, circumstances) => {
    if (error.innerErrors === null && error.message.includes(messages.shutDown)) {
      return new Reason.SessionClosed({ ...common, message: clientShutDown().message })
    }
    const hosts = triedHosts(error.innerErrors, circumstances)
    return new Reason.NoHostAvailable({ ...common, message: noHost(hosts), hosts })
  },
  BusyConnectionError: (error, common) => {
    const match = messages.busy.exec(error.message)
    return new Reason.Busy({
      ...common,
      host: match?.[1] === undefined ? undefined : withBrackets(match[1]),
      inFlight: match === null ? undefined : Number(match[2])
    })
  },
  AuthenticationError: (_, common) => new Reason.AuthenticationFailed(common),
  TypeError: thrown,
  RangeError: thrown,
  ArgumentError: thrown,
  DriverInternalError: (_, common) => new Reason.UnknownError(common),
  NotSupportedError: (_, common) => new Reason.UnknownError(common),
  VIntOutOfRangeException: (_, common) => new Reason.UnknownError(common)
}

const hostOf = ({ host }: DriverError): ReadonlyArray<string> => host === undefined ? [] : [withBrackets(host)]

const mostShown = 3

// The message of the driver quotes the first error with its stack.
const noHost = (hosts: ReadonlyArray<TriedHost>): string => {
  const shown = hosts.slice(0, mostShown).map(({ host, reason }) => `${host}: ${reason?.message ?? "left out"}`)
  const more = hosts.length > mostShown ? [`${hosts.length - mostShown} more`] : []
  return hosts.length === 0 ? "no host is connected" : `no host answered (${[...shown, ...more].join("; ")})`
}

/** The hosts of a failure of all, each with its reason; without one where nothing was sent to it. */
export const triedHosts = (
  innerErrors: Readonly<Record<string, unknown>> | null | undefined,
  circumstances: Circumstances
): ReadonlyArray<TriedHost> => {
  const notConnected = circumstances.notConnected?.() ?? []
  const tried = Object.entries(innerErrors ?? {}).map(([endpoint, error]): TriedHost => {
    const host = withBrackets(endpoint)
    // A text ("Host considered as DOWN"), null, and a bare Error ("No connection available") mean that it was left out.
    if (
      error === undefined || !isDriverError(error) || (error.name === "Error" && error.isSocketError !== true)
    ) return notConnected.find((other) => other.host === host) ?? { host }
    if (
      circumstances.phase === "prepare" &&
      (error.isSocketError === true || errorKind(error) === "OperationTimedOutError")
    ) {
      return { host }
    }
    return { host, reason: classify(error, circumstances) }
  })
  // The plan of a request has no hosts that are known to be down.
  return [...tried, ...notConnected.filter(({ host }) => tried.every((other) => other.host !== host))]
}

const replicas = (error: DriverError): Reason.Replicas => ({
  consistency: Consistency.fromCode(error.consistencies) ?? "ANY",
  received: Number(error.received ?? 0),
  blockFor: Number(error.blockFor ?? 0)
})

const failures = (error: DriverError): Reason.Failures => ({
  failures: Number(error.failures ?? 0),
  ...(error.reasons === undefined ? undefined : { failuresByNode: { ...error.reasons } })
})

// A server finds some page states of other queries, and some changed ones, by an exception of its own.
const isUnreadableState =
  /^java\.\S*(?:NullPointer|BufferUnderflow|IndexOutOfBounds|NegativeArraySize)Exception|Reading from an in-memory buffer/

/** The error codes of the protocol. */
const responses: Readonly<Record<number, Row>> = {
  0x0000: (_, common, { hasPageState }) =>
    hasPageState === true && isUnreadableState.test(common.message)
      ? new Reason.InvalidPageState(common)
      : new Reason.ServerError(common),
  // The frames of the adapter are well formed, so that a server can only object to bytes that a client gave back.
  0x000a: (_, common, { hasPageState }) =>
    hasPageState === true ? new Reason.InvalidPageState(common) : new Reason.ProtocolError(common),
  0x0100: (_, common) => new Reason.AuthenticationFailed(common),
  0x1000: (error, common) =>
    new Reason.Unavailable({
      ...common,
      consistency: replicas(error).consistency,
      required: Number(error.required ?? 0),
      alive: Number(error.alive ?? 0)
    }),
  0x1001: (_, common) => new Reason.Overloaded(common),
  0x1002: (_, common) => new Reason.IsBootstrapping(common),
  0x1003: (_, common) => new Reason.TruncateError(common),
  0x1100: (error, common) =>
    new Reason.WriteTimeout({ ...common, ...replicas(error), writeType: String(error.writeType) }),
  0x1200: (error, common) =>
    new Reason.ReadTimeout({ ...common, ...replicas(error), dataPresent: Boolean(error.isDataPresent) }),
  0x1300: (error, common) =>
    new Reason.ReadFailure({
      ...common,
      ...replicas(error),
      ...failures(error),
      dataPresent: Boolean(error.isDataPresent)
    }),
  0x1400: (error, common) =>
    new Reason.FunctionFailure({
      ...common,
      keyspace: String(error.keyspace),
      function: String(error.functionName),
      argTypes: Array.isArray(error.argTypes) ? error.argTypes.map(String) : []
    }),
  0x1500: (error, common) =>
    new Reason.WriteFailure({
      ...common,
      ...replicas(error),
      ...failures(error),
      writeType: String(error.writeType)
    }),
  // The driver does not read the fields of the next two; a server on protocol v4 says WriteFailure and WriteTimeout.
  0x1600: (error, common) => new Reason.CdcWriteFailure({ ...common, ...replicas(error) }),
  0x1700: (error, common) => new Reason.CasWriteUnknown({ ...common, ...replicas(error) }),
  0x2000: (_, common) => new Reason.SyntaxError(common),
  0x2100: (_, common) => new Reason.Unauthorized(common),
  0x2200: (_, common) => new Reason.InvalidQuery({ ...common, message: withAdvice(common.message) }),
  0x2300: (_, common) => new Reason.ConfigError(common),
  0x2400: (error, common) =>
    new Reason.AlreadyExists({ ...common, keyspace: String(error.keyspace), table: String(error.table ?? "") }),
  0x2500: (_, common) => new Reason.Unprepared(common)
}

// The server advises to USE a keyspace, which a session refuses.
const withAdvice = (message: string): string =>
  message.startsWith("No keyspace has been specified")
    ? `${message}. A session refuses USE: set its option keyspace, or qualify the table`
    : message
