/**
 * The port of the core over a client of the driver.
 *
 * A statement is prepared (once, the driver remembers it), its parameters are encoded by the types that came back, and it
 * is executed: three steps, of which the first takes no time but for the first statement of a text. Plain promise
 * handlers rather than a chain of effects, for every statement of every run comes through here.
 */
import { CqlError, Reason } from "@effect-cql/core"
import type { BatchRequest, Page, PageState, Port, Request, StatementRequest } from "@effect-cql/core/Session"
import type { Client, types } from "cassandra-driver"
import * as Effect from "effect/Effect"
import { type Circumstances, classify } from "./classify.ts"
import { internals, type PreparedInfo, type PreparedMeta, prepareOnly } from "./driver.ts"
import { toPage } from "./page.ts"
import { BoundParams, RefusedAtWriting } from "./params.ts"
import { forBatch, forStatement } from "./requestOptions.ts"

/** Who waits for the end of a request. */
class Waiter {
  readonly resume: (effect: Effect.Effect<Page, CqlError>) => void
  waits = true

  constructor(resume: (effect: Effect.Effect<Page, CqlError>) => void) {
    this.resume = resume
  }
}

/** The port of a client. */
export class ClientPort implements Pick<Port, "execute" | "capacity"> {
  readonly #client: ReturnType<typeof internals>
  // Requests handed to the driver whose effect still waits for them.
  #awaited = 0
  readonly #unknownKinds = new Set<string>()

  constructor(client: Client) {
    this.#client = internals(client)
  }

  readonly execute = (request: Request, pageState?: PageState): Effect.Effect<Page, CqlError> =>
    Effect.callback((resume) => {
      const waiter = new Waiter(resume)
      this.#awaited++
      if (request._tag === "Statement") this.#statement(request, pageState, waiter)
      else this.#batch(request, waiter)
      // The driver cannot recall a request. Its stream stays taken until the answer comes; see `capacity`.
      return Effect.sync(() => this.#leave(waiter))
    })

  #leave(waiter: Waiter): boolean {
    const waits = waiter.waits
    waiter.waits = false
    if (waits) this.#awaited--
    return waits
  }

  /** Hands over the end of a request, unless nobody waits for it any more. */
  #settle(waiter: Waiter, end: Effect.Effect<Page, CqlError>): void {
    if (this.#leave(waiter)) waiter.resume(end)
  }

  /**
   * Over all live hosts, what their connections can carry. Streams in use beyond those of awaited requests belong to
   * requests that were interrupted or timed out, and carry nothing new until they are answered.
   */
  readonly capacity: Effect.Effect<number | undefined> = Effect.sync(() => {
    const perConnection = this.#client.options.pooling.maxRequestsPerConnection
    if (perConnection === undefined) return undefined
    const state = this.#client.getState()
    let streams = 0
    let inFlight = 0
    for (const host of state.getConnectedHosts()) {
      if (!host.isUp()) continue
      streams += state.getOpenConnections(host) * perConnection
      inFlight += state.getInFlightQueries(host)
    }
    // Without a connection there is nothing to count, and a run should not be held to one at a time by an outage.
    return streams === 0 ? undefined : Math.max(1, streams - Math.max(0, inFlight - this.#awaited))
  })

  #statement(request: StatementRequest, pageState: PageState | undefined, waiter: Waiter): void {
    const { options, params, text } = request
    // Types and routing come with the markers. A text without any is sent as it is, which DDL needs anyway.
    if (params.length === 0) {
      this.#answer(this.#client.execute(text, [], forStatement(options, text, [], pageState)), request, waiter)
      return
    }
    const info = this.#infoOf(text)
    if (info.meta !== undefined) return this.#send(request, pageState, waiter, info, info.meta)
    this.#prepare(text, info, request, waiter, (meta) => this.#send(request, pageState, waiter, info, meta))
  }

  #send(
    request: StatementRequest,
    pageState: PageState | undefined,
    waiter: Waiter,
    info: PreparedInfo,
    meta: PreparedMeta
  ): void {
    const bound = new BoundParams(request.params, info, meta)
    const refused = bound.encode()
    if (refused !== undefined) return this.#settle(waiter, failed(refused, request))
    const options = forStatement(request.options, request.text, [bound], pageState)
    this.#answer(this.#client.execute(request.text, bound.encoded, options), request, waiter)
  }

  /** Encodes the statements of a batch from an index on, and sends it: with a pause for each text not yet prepared. */
  #batch(request: BatchRequest, waiter: Waiter, encoded = new EncodedBatch(), just?: PreparedInfo): void {
    for (let index = encoded.queries.length; index < request.statements.length; index++) {
      const { params, text } = request.statements[index]!
      if (params.length === 0) {
        encoded.queries.push({ query: text, params: [] })
        continue
      }
      const info = just ?? this.#infoOf(text)
      just = undefined
      if (info.meta === undefined) {
        this.#prepare(text, info, request, waiter, () => this.#batch(request, waiter, encoded, info))
        return
      }
      const bound = new BoundParams(params, info, info.meta)
      const refused = bound.encode()
      if (refused !== undefined) return this.#settle(waiter, failed(ofMember(refused, index), request))
      encoded.queries.push({ query: text, params: bound.encoded })
      encoded.bound.push(bound)
    }
    const options = forBatch(request.options, request.type, encoded.bound)
    this.#answer(this.#client.batch(encoded.queries, options), request, waiter)
  }

  #infoOf(text: string): PreparedInfo {
    return this.#client.metadata.getPreparedInfo(this.#client.keyspace, text)
  }

  #prepare(
    text: string,
    info: PreparedInfo,
    request: Request,
    waiter: Waiter,
    next: (meta: PreparedMeta) => void
  ): void {
    const prepared = (error: unknown) => {
      // A statement that was interrupted meanwhile must not be sent any more.
      if (!waiter.waits) return
      // `prepareOnly` fails even when the statement was prepared. What is known by now tells the two apart.
      if (info.meta === undefined) return this.#settle(waiter, this.#failure(error, request, "prepare"))
      // A promise handler that throws would leave the statement without an end.
      try {
        next(info.meta)
      } catch (defect) {
        this.#settle(waiter, Effect.die(defect))
      }
    }
    prepareOnly(this.#client, text).then(prepared, prepared)
  }

  #answer(answer: Promise<types.ResultSet>, request: Request, waiter: Waiter): void {
    answer.then(
      (result) => this.#settle(waiter, Effect.sync(() => toPage(result))),
      (error: unknown) => this.#settle(waiter, this.#failure(error, request, "execute"))
    )
  }

  #failure(error: unknown, request: Request, phase: Circumstances["phase"]): Effect.Effect<never, CqlError> {
    return Effect.suspend(() => {
      if (error instanceof RefusedAtWriting) return failed(error.reason, request)
      const reason = classify(error, { phase, timeout: request.options.requestTimeout ?? 0 })
      const failure = failed(reason, request)
      const kind = error instanceof Error ? error.name : typeof error
      if (reason._tag !== "UnknownError" || this.#unknownKinds.has(kind)) return failure
      this.#unknownKinds.add(kind)
      return Effect.andThen(Effect.logWarning(`an error of the driver that has no reason: ${kind}`), failure)
    })
  }
}

/** The statements of a batch that are encoded so far. */
class EncodedBatch {
  readonly queries: Array<{ readonly query: string; readonly params: Array<unknown> }> = []
  readonly bound: Array<BoundParams> = []
}

const failed = (reason: Reason.Reason, request: Request): Effect.Effect<never, CqlError> =>
  Effect.fail(new CqlError({ reason, query: textOf(request) }))

const textOf = (request: Request): string =>
  request._tag === "Statement" ? request.text : request.statements.map(({ text }) => text).join("; ")

const ofMember = (refused: Reason.ParametersRefused, index: number): Reason.ParametersRefused => {
  const { _tag, message, ...fields } = refused
  return new Reason.ParametersRefused({ ...fields, message: `statement ${index} of the batch: ${message}` })
}
