import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { connect } from "node:net"
import { connect as connectTls } from "node:tls"
import { type Endpoint, format } from "./endpoint.ts"
import * as Frame from "./frame.ts"

/** A name and a password for `PasswordAuthenticator`. */
export interface Credentials {
  readonly username: string
  readonly password: Redacted.Redacted
}

/** Identity of a server. */
export interface ServerInfo {
  readonly version: string
  readonly dataCenter: string
}

/** Address and credentials of a server. */
export interface Target {
  readonly endpoint: Endpoint
  readonly credentials?: Credentials | undefined
  /** The certificate to trust, in PEM; without one the connection is not encrypted. */
  readonly certificate?: string | undefined
}

/** No answer, or not the one that was hoped for. */
export class ProbeFailed extends Data.TaggedError("ProbeFailed")<{
  readonly message: string
  /** True if the server took a look at the login and refused it. */
  readonly refusedLogin: boolean
}> {}

/** Asks one question on a connection of its own, and gives up after three seconds. The answer has to be of text. */
export const ask = (
  { certificate, credentials, endpoint }: Target,
  question: string
): Effect.Effect<ReadonlyArray<Frame.Row>, ProbeFailed> => {
  const failed = (message: string, refusedLogin = false) =>
    Effect.fail(new ProbeFailed({ message: `${format(endpoint)}: ${message}`, refusedLogin }))

  const answer = (socket: { readonly write: (frame: Buffer) => void }, frame: Frame.Frame) => {
    switch (frame.opcode) {
      case Frame.Response.ready:
      case Frame.Response.authSuccess: {
        socket.write(Frame.query(question))
        return
      }
      case Frame.Response.authenticate: {
        if (credentials === undefined) return failed("the server asks for a login, and none was given", true)
        socket.write(Frame.plainLogin(credentials.username, Redacted.value(credentials.password)))
        return
      }
      case Frame.Response.result:
        return Effect.succeed(Frame.readTextRows(frame.body))
      case Frame.Response.error: {
        const { code, message } = Frame.readError(frame.body)
        return failed(message, code === Frame.badCredentials)
      }
      default:
        return failed(`unexpected frame with opcode ${frame.opcode}`)
    }
  }

  return Effect.callback<ReadonlyArray<Frame.Row>, ProbeFailed>((resume) => {
    const { host, port } = endpoint
    const socket = certificate === undefined
      ? connect({ host, port })
      : connectTls({ host, port, ca: certificate, servername: "" })
    const done = (result: Effect.Effect<ReadonlyArray<Frame.Row>, ProbeFailed>) => {
      socket.destroy()
      resume(result)
    }
    let received: Buffer = Buffer.alloc(0)
    socket.once(certificate === undefined ? "connect" : "secureConnect", () => socket.write(Frame.startup))
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const taken = Frame.take(received)
      if (taken === undefined) return
      received = taken.rest
      const result = answer(socket, taken.frame)
      if (result !== undefined) done(result)
    })
    socket.on("error", (error) => done(failed(error.message)))
    socket.on("close", () => done(failed("the server closed the connection")))
    return Effect.sync(() => socket.destroy())
  }).pipe(
    Effect.timeoutOrElse({ duration: "3 seconds", orElse: () => failed("no answer in 3 seconds") })
  )
}

/** Asks a server once who it is. */
export const probe = (target: Target): Effect.Effect<ServerInfo, ProbeFailed> =>
  Effect.flatMap(
    ask(target, "SELECT release_version, data_center FROM system.local"),
    ([row]) => {
      const [version, dataCenter] = row ?? []
      if (version !== undefined && dataCenter !== undefined) return Effect.succeed({ version, dataCenter })
      const message = `${format(target.endpoint)}: the server does not know its version or its data center yet`
      return Effect.fail(new ProbeFailed({ message, refusedLogin: false }))
    }
  )

/**
 * Asks until a server answers. A refused login is final only where `final` says so: a server that has just started
 * makes its first role some seconds after it listens.
 */
export const awaitAnswer = (
  target: Target,
  options: {
    readonly refusedLoginIsFinal: boolean
    /** Hears of each attempt without success: the last one says why the wait was in vain. */
    readonly onFailure: (error: ProbeFailed) => void
  }
): Effect.Effect<ServerInfo, ProbeFailed> =>
  probe(target).pipe(
    Effect.tapError((error) => Effect.sync(() => options.onFailure(error))),
    Effect.retry({
      schedule: Schedule.spaced("200 millis"),
      while: (error) => !(options.refusedLoginIsFinal && error.refusedLogin)
    })
  )
