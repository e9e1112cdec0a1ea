/**
 * The port of the core over a client of the driver.
 */
import { CqlError, type Reason } from "@effect-cql/core"
import type { Done, Page, PageState, Port, Request } from "@effect-cql/core/Session"
import type { Client } from "cassandra-driver"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { abandon, BatchAttempt, type Line, StatementAttempt } from "./attempt.ts"
import { type Circumstances, classify } from "./classify.ts"
import { internals } from "./driver.ts"
import { RefusedAtWriting } from "./params.ts"

/** The port of a client. `log` is called in passing. */
export class ClientPort implements Pick<Port, "execute" | "send" | "capacity">, Line {
  readonly client: Line["client"]
  awaited = 0
  readonly #log: (warning: string) => void
  readonly #unknownKinds = new Set<string>()

  constructor(client: Client, log: (warning: string) => void) {
    this.client = internals(client)
    this.#log = log
  }

  readonly send = (request: Request, pageState: PageState | undefined, done: Done): () => void => {
    const attempt = request._tag === "Statement"
      ? new StatementAttempt(this, request, pageState, done)
      : new BatchAttempt(this, request, done)
    attempt.start()
    return () => abandon(attempt)
  }

  readonly execute = (request: Request, pageState?: PageState): Effect.Effect<Page, CqlError> =>
    Effect.callback((resume) => Effect.sync(this.send(request, pageState, resume)))

  /**
   * Over all live hosts, what their connections can carry. Streams in use beyond those of awaited requests belong to
   * requests that were interrupted or timed out, and carry nothing new until they are answered.
   */
  readonly capacity: Effect.Effect<number | undefined> = Effect.sync(() => {
    const perConnection = this.client.options.pooling.maxRequestsPerConnection
    if (perConnection === undefined) return undefined
    const state = this.client.getState()
    let streams = 0
    let inFlight = 0
    for (const host of state.getConnectedHosts()) {
      if (!host.isUp()) continue
      streams += state.getOpenConnections(host) * perConnection
      inFlight += state.getInFlightQueries(host)
    }
    // Without a connection there is nothing to count, and a run should not be held to one at a time by an outage.
    return streams === 0 ? undefined : Math.max(1, streams - Math.max(0, inFlight - this.awaited))
  })

  readonly refused = (reason: Reason.Reason, request: Request): Exit.Exit<never, CqlError> =>
    Exit.fail(new CqlError({ reason, query: textOf(request) }))

  readonly failed = (
    error: unknown,
    request: Request,
    phase: Circumstances["phase"]
  ): Exit.Exit<never, CqlError> => {
    if (error instanceof RefusedAtWriting) return this.refused(error.reason, request)
    const reason = classify(error, { phase, timeout: request.options.requestTimeout ?? 0 })
    const kind = error instanceof Error ? error.name : typeof error
    if (reason._tag === "UnknownError" && !this.#unknownKinds.has(kind)) {
      this.#unknownKinds.add(kind)
      this.#log(`an error of the driver that has no reason: ${kind}`)
    }
    return this.refused(reason, request)
  }
}

const textOf = (request: Request): string =>
  request._tag === "Statement" ? request.text : request.statements.map(({ text }) => text).join("; ")
