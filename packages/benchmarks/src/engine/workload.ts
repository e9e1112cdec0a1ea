/**
 * One piece of work in every form that a contender takes, and the clients and sessions that have it answered.
 */
import { CqlError, Query, Reason, Session, type Statement } from "@effect-cql/core"
import type { Port } from "@effect-cql/core/Port"
import cassandra from "cassandra-driver"
import { Effect, Exit, Scope } from "effect"
import type { Answer } from "./answers.ts"

export const text = "INSERT INTO b.t (id, v) VALUES (?, ?)"
const query = Query.make(text)

export interface Workload {
  readonly size: number
  readonly query: typeof query
  /** Made before anything is measured. */
  readonly statements: ReadonlyArray<Statement.Statement<Record<string, unknown>>>
  readonly parameters: Array<Array<unknown>>
}

export const makeWorkload = (size: number): Workload => {
  const parameters = Array.from({ length: size }, (_, id) => [id, "value"])
  return { size, query, parameters, statements: parameters.map(([id, v]) => query(id, v)) }
}

/** Parameters that are made when they are asked for. */
export const lazily = function*(size: number): Generator<Array<unknown>> {
  for (let id = 0; id < size; id++) yield [id, "value"]
}

/** One of so many statements fails, counted as they come; 0 for none. */
export type FailEvery = number

const page = { rows: [] }

/** The effect of one request: what a port does for a statement. */
export const request = (answer: Answer, failEvery: FailEvery): () => Effect.Effect<typeof page, CqlError> => {
  let count = 0
  const succeeded = Effect.succeed(page)
  return () =>
    Effect.callback((resume) => {
      const fails = failEvery > 0 && ++count % failEvery === 0
      answer(() => resume(fails ? refusal() : succeeded))
    })
}

// Measures the engine without delays of retries; the driver retries below the measured part.
const defaults = { retry: "none" } as const

/** A port that gives an effect for each request. */
export const effectPort = (answer: Answer, failEvery: FailEvery): Port => ({
  execute: request(answer, failEvery),
  defaults
})

/** A port that answers by callback. */
export const callbackPort = (answer: Answer, failEvery: FailEvery): Port => {
  const succeeded = Exit.succeed(page)
  let count = 0
  return {
    defaults,
    send: (_request, _pageState, done) => {
      const fails = failEvery > 0 && ++count % failEvery === 0
      answer(() => done(fails ? refusal() : succeeded))
      return ignore
    }
  }
}

/** A session of this library over a port. Without spans and metrics, unless the port asks for them. */
export const sessionOf = (port: Port): Session["Service"] =>
  Effect.runSync(
    Session.make({ spans: false, metrics: false, ...port }).pipe(Effect.provideService(Scope.Scope, Scope.makeUnsafe()))
  )

/** The failure of a request, as a port makes it. */
export const refusal = () =>
  Exit.fail(new CqlError({ reason: new Reason.Overloaded({ message: "too many requests" }), query: text }))

const ignore = (): void => {}

/** A promise of one answer: what every client of promises makes for a statement. */
const promised = (answer: Answer, failEvery: FailEvery): () => Promise<unknown> => {
  let count = 0
  const result = { rows: [] }
  return () =>
    new Promise((resolve, reject) => {
      const fails = failEvery > 0 && ++count % failEvery === 0
      answer(() => fails ? reject(new cassandra.errors.ResponseError(0x1001, "too many requests")) : resolve(result))
    })
}

/** The least that `executeConcurrent` of the driver runs over: an object whose `execute` gives a promise. */
export const bareClient = (answer: Answer, failEvery: FailEvery = 0) => ({ execute: promised(answer, failEvery) })

// The object that a client creates per answer. The driver declares its type, but not its class.
const { ResultSet } = cassandra.types as unknown as {
  readonly ResultSet: new(...args: ReadonlyArray<unknown>) => object
}

/** The part of the options of a request that the driver reads when it makes the request. */
interface ExecutionOptions {
  readonly getOrGenerateTimestamp: () => unknown
}

/**
 * A `Client` of the driver whose public `execute` is untouched: it resolves options and promises a result. A request of it takes
 * its timestamp, as one of this library does. Everything below, from preparing to the socket, is the answer; of that it makes the
 * driver's `ResultSet`, as a client does.
 */
class InstantClient extends cassandra.Client {
  readonly #send: () => Promise<unknown>

  constructor(answer: Answer, failEvery: FailEvery) {
    super({ contactPoints: ["127.0.0.1"], localDataCenter: "datacenter1" })
    this.#send = promised(answer, failEvery)
    // As after connecting. Without it there is no timestamp.
    Object.assign(Reflect.get<object, string>(this, "controlConnection"), { protocolVersion: 4 })
  }

  // In the shape of the method that it stands for, which ends by awaiting what the connection answers.
  async _execute(_query: string, _params: unknown, options: ExecutionOptions): Promise<unknown> {
    options.getOrGenerateTimestamp()
    return new ResultSet(await this.#send(), "127.0.0.1:9042", {}, 0, 1, true)
  }
}

export const instantClient = (answer: Answer, failEvery: FailEvery = 0): cassandra.Client =>
  new InstantClient(answer, failEvery)
