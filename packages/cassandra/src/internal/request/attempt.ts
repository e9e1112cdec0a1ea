/**
 * One request on its way: who waits for it, what is sent, and the options that the driver reads. All that is one object,
 * for every statement of every run makes one.
 *
 * A statement is prepared (once, the driver remembers it), its parameters are encoded by the types that came back, and it
 * is executed: three steps, of which the first takes no time but for the first statement of a text.
 */
import { type CqlError, Reason } from "@effect-cql/core"
import type { BatchRequest, Done, Page, Request, StatementRequest } from "@effect-cql/core/Port"
import type { types } from "cassandra-driver"
import * as Exit from "effect/Exit"
import { Unreadable } from "../../values/unreadable.ts"
import {
  forget,
  type internals,
  type PreparedInfo,
  type PreparedMeta,
  prepareOnly,
  timesForgotten
} from "../driver/driver.ts"
import { isForgotten } from "../driver/forgotten.ts"
import type { Circumstances } from "./classify.ts"
import { type KeepsPlan, toPage } from "./page.ts"
import { type Bound, encode, refresh } from "./params.ts"
import { preparedOf } from "./prepared.ts"
import { BatchOptions, StatementOptions, toDriver } from "./requestOptions.ts"

/** What all attempts on a client share. */
export interface AttemptContext {
  readonly client: ReturnType<typeof internals>
  /** Requests handed to the driver for which somebody waits. */
  awaited: number
  readonly refused: (reason: Reason.Reason, request: Request) => Exit.Exit<never, CqlError>
  readonly failed: (error: unknown, request: Request, phase: Circumstances["phase"]) => Exit.Exit<never, CqlError>
}

/** A request, and who is told of its end. */
interface Waiter {
  readonly request: Request
  readonly context: AttemptContext
  /** Called once, come what may: also the answer that nobody waits for tells that the request is out of the way. */
  done: Done
  waits: boolean
  /** Whether the driver was given the request, and not only the text to prepare. */
  isSent: boolean
  /** Whether it was begun anew because its statement was forgotten. */
  isRenewed: boolean
  /** Lets the driver forget what was prepared for it, and begins anew. */
  renew(): void
}

/**
 * Gives a request up; true if the driver was given it. The driver cannot recall it: its stream stays taken until the answer
 * comes. A request whose text is still being prepared is never sent.
 */
export const abandon = (waiter: Waiter): boolean => {
  release(waiter)
  return waiter.isSent
}

const release = (waiter: Waiter): void => {
  if (waiter.waits) waiter.context.awaited--
  waiter.waits = false
}

// The driver keeps its requests in a Map, and V8 links each table of a Map to the one that replaces it: one that has grown
// old holds on to all requests since, long after their answers, until the next full collection. So a request lets go of
// who waited for it. Else the whole statement survives the small collections, which cost by what survives.
const finish = (waiter: Waiter, exit: Exit.Exit<Page, CqlError>): void => {
  const { done } = waiter
  release(waiter)
  waiter.done = settled
  done(exit)
}

const settled: Done = () => {}

const nobodyWaits: Exit.Exit<never> = Exit.interrupt()

const awaitAnswer = (waiter: Waiter, answer: Promise<types.ResultSet>, keeper: KeepsPlan | undefined): void => {
  waiter.isSent = true
  answer.then(
    (result) => finish(waiter, waiter.waits ? pageOf(waiter, result, keeper) : nobodyWaits),
    (error: unknown) => {
      if (!waiter.waits) return finish(waiter, nobodyWaits)
      if (waiter.isRenewed || !isForgotten(error)) {
        return finish(waiter, waiter.context.failed(error, waiter.request, "execute"))
      }
      waiter.isRenewed = true
      // The server did not execute it, for it did not know the statement.
      waiter.isSent = false
      // A promise handler that throws would leave the statement without an end.
      try {
        waiter.renew()
      } catch (defect) {
        finish(waiter, Exit.die(defect))
      }
    }
  )
}

const pageOf = (
  { context, request }: Waiter,
  result: types.ResultSet,
  keeper: KeepsPlan | undefined
): Exit.Exit<Page, CqlError> => {
  // A promise handler that throws would leave the statement without an end.
  try {
    return Exit.succeed(toPage(result, keeper))
  } catch (error) {
    return error instanceof Unreadable ? context.refused(error.reason, request) : Exit.die(error)
  }
}

const infoOf = ({ client }: AttemptContext, text: string): PreparedInfo =>
  client.metadata.getPreparedInfo(client.keyspace, text)

// What was prepared is handed on, and not looked up again: among many texts the driver may have dropped it from its cache.
// Nothing is handed on where the keyspace has changed meanwhile, of which it was: then it has to be looked up.
const prepare = (
  waiter: Waiter,
  text: string,
  info: PreparedInfo,
  next: (meta: PreparedMeta | undefined) => void
): void => {
  const { client } = waiter.context
  const { keyspace } = client
  const times = timesForgotten(info)
  const prepared = (error: unknown) => {
    // A statement that was interrupted meanwhile must not be sent any more.
    if (!waiter.waits) return finish(waiter, nobodyWaits)
    // `prepareOnly` fails even when the statement was prepared. What is known by now tells the two apart.
    const isForgotten = timesForgotten(info) !== times
    if (info.meta === undefined && !isForgotten) {
      return finish(waiter, waiter.context.failed(error, waiter.request, "prepare"))
    }
    // A promise handler that throws would leave the statement without an end.
    try {
      next(client.keyspace === keyspace ? info.meta : undefined)
    } catch (defect) {
      finish(waiter, Exit.die(defect))
    }
  }
  prepareOnly(client, text).then(prepared, prepared)
}

const noParams: Array<unknown> = []

/** One page of one statement. */
export class StatementAttempt extends StatementOptions implements Waiter, Bound {
  readonly context: AttemptContext
  done: Done
  waits = true
  isSent = false
  isRenewed = false
  info: PreparedInfo = notPrepared
  meta: PreparedMeta = noMeta
  encoded: Array<unknown> = noParams

  constructor(context: AttemptContext, request: StatementRequest, pageState: string | undefined, done: Done) {
    super(request, pageState)
    this.context = context
    this.done = done
    context.awaited++
  }

  get params(): ReadonlyArray<unknown> {
    return this.request.params
  }

  start(): void {
    const { client } = this.context
    const { params, text } = this.request
    // Types and routing come with the markers. A text without any is sent as it is, which DDL needs anyway.
    if (params.length === 0) return awaitAnswer(this, client.execute(text, noParams, toDriver(this)), undefined)
    const info = infoOf(this.context, text)
    if (info.meta !== undefined) return this.#send(info, info.meta)
    prepare(this, text, info, (meta) => meta === undefined ? this.start() : this.#send(info, meta))
  }

  renew(): void {
    forget(this.info)
    this.start()
  }

  #send(info: PreparedInfo, meta: PreparedMeta): void {
    const { params, text } = this.request
    const prepared = preparedOf(meta)
    this.info = info
    this.meta = meta
    // A copy, to be overwritten, has its length from the start: an array that grows makes room for 17.
    this.encoded = params.slice()
    const refused = encode(prepared, params, this.encoded)
    if (refused !== undefined) {
      if (prepared.mayBeOutdated) return this.renew()
      return finish(this, this.context.refused(refused, this.request))
    }
    awaitAnswer(this, this.context.client.execute(text, this.encoded, toDriver(this)), prepared)
  }

  protected beforeWriting(): void {
    if (this.info.meta !== this.meta) refresh(this)
  }
}

const noMeta: PreparedMeta = { columns: [] }
const notPrepared: PreparedInfo = { meta: noMeta }

/** A batch. */
export class BatchAttempt extends BatchOptions implements Waiter {
  readonly context: AttemptContext
  done: Done
  waits = true
  isSent = false
  isRenewed = false
  readonly #queries: Array<{ readonly query: string; readonly params: Array<unknown> }> = []
  readonly #bound: Array<Bound> = []

  constructor(context: AttemptContext, request: BatchRequest, done: Done) {
    super(request)
    this.context = context
    this.done = done
    context.awaited++
  }

  get prepare(): boolean {
    return this.#bound.length > 0
  }

  /** Encodes the statements from where it stopped, and sends the batch: with a pause for each text not yet prepared. */
  start(just?: PreparedInfo): void {
    const { statements } = this.request
    for (let index = this.#queries.length; index < statements.length; index++) {
      const { params, text } = statements[index]!
      if (params.length === 0) {
        this.#queries.push({ query: text, params: [] })
        continue
      }
      const info = just ?? infoOf(this.context, text)
      just = undefined
      if (info.meta === undefined) {
        return prepare(this, text, info, (meta) => meta === undefined ? this.#beginAnew() : this.start(info))
      }
      const bound: Bound = { params, encoded: [], info, meta: info.meta }
      const prepared = preparedOf(bound.meta)
      const refused = encode(prepared, params, bound.encoded)
      if (refused !== undefined) {
        if (prepared.mayBeOutdated) {
          forget(info)
          return this.#beginAnew()
        }
        return finish(this, this.context.refused(ofMember(refused, index), this.request))
      }
      this.#queries.push({ query: text, params: bound.encoded })
      this.#bound.push(bound)
    }
    awaitAnswer(this, this.context.client.batch(this.#queries, toDriver(this)), undefined)
  }

  renew(): void {
    for (const { info } of this.#bound) forget(info)
    this.#beginAnew()
  }

  #beginAnew(): void {
    this.#queries.length = 0
    this.#bound.length = 0
    this.start()
  }

  protected beforeWriting(): void {
    for (const bound of this.#bound) refresh(bound)
  }
}

const ofMember = (refused: Reason.ParametersRefused, index: number): Reason.ParametersRefused => {
  const { _tag, message, ...fields } = refused
  const { cause } = refused
  return new Reason.ParametersRefused({ ...fields, cause, message: `statement ${index} of the batch: ${message}` })
}
