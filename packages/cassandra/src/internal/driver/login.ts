/**
 * Authenticators of the user, which the driver calls from within the streams of a connection (`lib/connection.js:397`).
 *
 * An error that one throws there would end the process. One that never calls back would keep its connection opening
 * forever, and the node would get no other connection. Here both fail the connection.
 */
import type { Client } from "cassandra-driver"
import { internals } from "./driver.ts"
import { once } from "./once.ts"
import { afterReading } from "./timer.ts"

type Answer = (error: unknown, token?: Buffer) => void

/** The login of one connection (`lib/connection.js:395`). The driver declares its class. */
export interface Authenticator {
  readonly initialResponse: (callback: Answer) => void
  readonly evaluateChallenge: (challenge: Buffer, callback: Answer) => void
  readonly onAuthenticationSuccess: (token?: Buffer) => void
}

/** The options of a client, as far as a login needs them. */
interface LoginOptions {
  readonly socketOptions: { readonly readTimeout: number }
}

/** Guards the provider of a client. */
export const guardLogin = (client: Client): void => {
  const { options } = internals(client)
  const { authProvider: provider } = options
  if (provider === undefined || provider === null) return
  options.authProvider = {
    newAuthenticator: (endpoint, name) => {
      // Called by the driver, with callbacks.
      try {
        return new Guarded(provider.newAuthenticator(endpoint, name), options)
      } catch (error) {
        return new Guarded(failing(error), options)
      }
    }
  }
}

/** An authenticator whose login fails. */
const failing = (error: unknown): Authenticator => {
  const fail = (): never => {
    throw error
  }
  return { initialResponse: fail, evaluateChallenge: fail, onAuthenticationSuccess: fail }
}

class Guarded implements Authenticator {
  readonly #authenticator: Authenticator
  readonly #options: LoginOptions
  /** The error that it threw when the server had accepted the login. */
  refusal: unknown

  constructor(authenticator: Authenticator, options: LoginOptions) {
    this.#authenticator = authenticator
    this.#options = options
  }

  initialResponse(callback: Answer): void {
    this.#ask(callback, (answer) => this.#authenticator.initialResponse(answer))
  }

  evaluateChallenge(challenge: Buffer, callback: Answer): void {
    this.#ask(callback, (answer) => this.#authenticator.evaluateChallenge(challenge, answer))
  }

  onAuthenticationSuccess(token?: Buffer): void {
    // Called by the driver, with callbacks.
    try {
      this.#authenticator.onAuthenticationSuccess(token)
    } catch (error) {
      this.refusal = error ?? new Error("the authenticator refused the server")
    }
  }

  #ask(callback: Answer, ask: (answer: Answer) => void): void {
    let cancel = (): void => {}
    const answer = once<Parameters<Answer>>((error, token) => {
      cancel()
      callback(error, token)
    })
    const { readTimeout } = this.#options.socketOptions
    if (readTimeout > 0) {
      const message = `the authenticator gave no answer within ${readTimeout} ms`
      cancel = afterReading(readTimeout, () => answer(new Error(message)))
    }
    // Called by the driver, with callbacks.
    try {
      ask(answer)
    } catch (error) {
      answer(error ?? new Error("the authenticator failed"))
    }
  }
}

/** Why an authenticator does not take the login that the server has accepted; undefined if it does. */
export const refusalOf = (authenticator: unknown): unknown =>
  authenticator instanceof Guarded ? authenticator.refusal : undefined
