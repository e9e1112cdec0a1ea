/**
 * Tables in memory as the reply of a mock session.
 */
import { CqlError } from "@effect-cql/core"
import {
  type Description,
  type Page,
  type PageState,
  PageState as makePageState,
  type Partition,
  type Request,
  type Ring,
  type StatementRequest,
  textOf
} from "@effect-cql/core/Port"
import * as Effect from "effect/Effect"
import * as Moments from "../moment.ts"
import { type Answer, Database, type Moment } from "./database.ts"
import { invalidPageState, Refused } from "./failures.ts"
import type { Cursor } from "./reads.ts"
import { ring } from "./ring.ts"

// Page states of a test that reads on and on; the oldest are forgotten.
const mostCursors = 100_000

export class Memory {
  readonly #database: Database
  readonly #cursors = new Map<string, { readonly cursor: Cursor; readonly of: string }>()
  #pages = 0

  constructor(keyspace: string | undefined) {
    this.#database = new Database(keyspace)
  }

  /** Creates tables and types from their texts. Texts that do not fit are a defect. */
  define(texts: ReadonlyArray<string>): Effect.Effect<void> {
    return Effect.flatMap(moment(undefined), (moment) => evaluated(() => this.#database.define(texts, moment))).pipe(
      Effect.catch(({ reason }) => Effect.die(new Error(`a table of the memory session: ${reason.message}`)))
    )
  }

  readonly execute = (request: Request, pageState: PageState | undefined): Effect.Effect<Page, CqlError> =>
    Effect.flatMap(Moments.momentOf(request), (moment) => this.executeAt(request, pageState, moment))

  /** Executes a request as it would be at a moment. */
  executeAt(request: Request, pageState: PageState | undefined, at: Moments.Moment): Effect.Effect<Page, CqlError> {
    return attempt(request, () => this.#page(request, now(at), pageState))
  }

  /** Dies of a request that a server with these tables would refuse. */
  readonly check = (request: Request): Effect.Effect<void> =>
    Effect.flatMap(moment(request), (moment) => evaluated(() => this.#database.check(request, moment))).pipe(
      Effect.catch(({ reason }) =>
        Effect.die(
          new Error(`a server with the tables of the mock session would refuse ${textOf(request)}: ${reason.message}`)
        )
      )
    )

  readonly ring = (): Effect.Effect<Ring> => Effect.succeed(ring)

  readonly partition = (request: StatementRequest): Effect.Effect<Partition | undefined, CqlError> =>
    Effect.flatMap(moment(request), (moment) =>
      attempt(request, () => {
        const token = this.#database.token(request, moment)
        return token === undefined ? undefined : { token }
      }))

  /** Describes a text as a server with these tables prepares it. */
  readonly describe = (request: StatementRequest): Effect.Effect<Description, CqlError> =>
    Effect.flatMap(
      moment(request),
      (moment) => attempt(request, () => this.#database.describe(request.text, moment))
    )

  #page(request: Request, moment: Moment, pageState: PageState | undefined): Page {
    const from = pageState === undefined ? undefined : this.#cursorOf(pageState, request)
    if (request._tag === "Batch") return this.#database.batch(request.type, request.statements, moment)
    const { next, ...answer }: Answer = this.#database.execute(request, moment, request.options.pageSize, from)
    return next === undefined ? answer : { ...answer, pageState: this.#keep(next, request) }
  }

  #cursorOf(pageState: PageState, request: Request): Cursor {
    const kept = this.#cursors.get(pageState)
    if (kept === undefined) throw invalidPageState("Invalid value for the paging state")
    if (request._tag === "Statement" && kept.of === nameOf(request)) return kept.cursor
    throw invalidPageState("the page state belongs to another statement")
  }

  #keep(cursor: Cursor, request: StatementRequest): PageState {
    const state = makePageState(`memory-${++this.#pages}`)
    this.#cursors.set(state, { cursor, of: nameOf(request) })
    for (const oldest of this.#cursors.keys()) {
      if (this.#cursors.size <= mostCursors) break
      this.#cursors.delete(oldest)
    }
    return state
  }
}

/** The text and the values of a statement, as one text. */
const nameOf = ({ params, text }: StatementRequest): string =>
  JSON.stringify([text, ...params], (_, value: unknown) => {
    if (typeof value === "number" || typeof value === "bigint") return String(value)
    if (value instanceof Map || value instanceof Set) return [...value]
    return ArrayBuffer.isView(value) ? [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)] : value
  })

const now = ({ millis, numbers, timestamp }: Moments.Moment): Moment => ({ millis, random: numbers(), timestamp })

const moment = (request: Request | undefined): Effect.Effect<Moment> => Effect.map(Moments.momentOf(request), now)

/** Errors of the interpreter beside refusals: unsupported statements, and its own errors. */
class Broken {
  readonly defect: unknown

  constructor(defect: unknown) {
    this.defect = defect
  }
}

const evaluated = <A>(evaluate: () => A): Effect.Effect<A, Refused> =>
  Effect.try({ try: evaluate, catch: (error) => error instanceof Refused ? error : new Broken(error) }).pipe(
    Effect.catchIf((error) => error instanceof Broken, ({ defect }) => Effect.die(defect))
  )

/** Statements that a server refuses fail. Statements that the memory session does not support are defects of the test. */
const attempt = <A>(request: Request, evaluate: () => A): Effect.Effect<A, CqlError> =>
  Effect.mapError(evaluated(evaluate), ({ reason }) => new CqlError({ reason, query: textOf(request) }))
