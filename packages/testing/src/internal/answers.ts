/**
 * Answers of a mock session: which requests, and with which rows.
 */
import { Query } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Answer, AnswerOptions, Matcher, Reply } from "../MockSession.ts"
import { checkReply } from "./arguments.ts"
import { checkMatcher, textOfMatcher, toPredicate } from "./matching.ts"
import { checkAnswerOptions } from "./optionNames.ts"
import { rows as rowsReply } from "./replies.ts"

/**
 * Answers the requests that match: with `params`, only those that bind exactly these, in the order of the markers and as the
 * schema of the query encodes them.
 *
 * **Example** (By query and parameters)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const byId = "SELECT name FROM app.users WHERE id = ?"
 * const session = MockSession.layer({
 *   answers: [
 *     MockSession.when(byId, MockSession.rows([{ name: "ada" }]), { params: [1] }),
 *     MockSession.when(byId, MockSession.rows([]))
 *   ]
 * })
 * const program = Effect.all([Statement.make(byId, [1]), Statement.make(byId, [2])])
 * const [ada, none] = await Effect.runPromise(program.pipe(Effect.provide(session)))
 * console.assert(ada.first?.["name"] === "ada" && none.first === undefined)
 * ```
 *
 * @category answers
 * @since 0.1.0
 */
export const when = (
  matcher: Matcher,
  reply: Reply,
  options?: AnswerOptions
): Answer => {
  checkMatcher(matcher)
  checkReply("reply", reply)
  checkAnswerOptions(options)
  const matchesText = toPredicate(matcher)
  const params = options?.params
  return {
    matches: (request) =>
      matchesText(request) &&
      (params === undefined || (request._tag === "Statement" && Equal.equals(params, request.params))),
    reply,
    optional: options?.optional,
    text: textOfMatcher(matcher),
    matchesText,
    params
  }
}

/** The rows that a query gives to a program. */
type RowOf<Q> = Query.Query.RowOf<Q> extends Result.Result<infer Row, unknown> ? Row : Query.Query.RowOf<Q>

/**
 * Answers a query with rows of its decoded type, as the program gets them: the row schema of the query encodes them.
 *
 * **Example** (A row with a date)
 *
 * ```ts
 * import { Query } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Schema } from "effect"
 *
 * const lastSeen = Query.make("SELECT name, seen FROM app.users WHERE id = ?", {
 *   params: Schema.Tuple([Schema.Int]),
 *   row: Schema.Struct({ name: Schema.String, seen: Schema.DateTimeUtcFromDate })
 * })
 * const seen = Schema.decodeSync(Schema.DateTimeUtcFromDate)(new Date("2026-01-01"))
 * const session = MockSession.layer({ answers: [MockSession.whenRows(lastSeen, [{ name: "ada", seen }], { params: [1] })] })
 * const { first } = await Effect.runPromise(lastSeen(1).pipe(Effect.provide(session)))
 * console.assert(first?.name === "ada" && first.seen.epochMilliseconds === seen.epochMilliseconds)
 * ```
 *
 * @category answers
 * @since 0.1.0
 */
export const whenRows = <Q extends Query.Query.Any>(
  query: Q,
  rows: ReadonlyArray<RowOf<Q>>,
  options?: AnswerOptions
): Answer => {
  const encoded = Effect.forEach(rows, (row, index) => encodedRow(query, row, index))
  return when(
    query,
    (request, context) => Effect.flatMap(encoded, (rows) => rowsReply(rows)(request, context)),
    options
  )
}

const encodedRow = (query: Query.Query.Any, row: unknown, index: number): Effect.Effect<Record<string, unknown>> => {
  const schema = schemaOf(query)
  const encoded = schema === undefined ? Effect.succeed(row) : Schema.encodeUnknownEffect(schema)(row)
  return Effect.flatMap(
    Effect.orElseSucceed(encoded, () => undefined),
    (record) =>
      isRecord(record) ? Effect.succeed(record) : Effect.die(
        new Error(
          `the rows scripted for ${query.text}: expected rows of the row type of the query, got another at index ${index}. ` +
            "Pass rows of the decoded type; a row of a class is an instance of it."
        )
      )
  )
}

const schemaOf = (query: Query.Query.Any): Schema.Codec<unknown> | undefined => {
  const { row } = query[Query.TypeId].schemas
  return row === undefined ? undefined : Schema.make<Schema.Codec<unknown>>(row.ast)
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null
