/**
 * A bound query, ready to run: immutable, and an Effect.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Pipeable from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import type { Batch } from "./Batch.ts"
import type { Consistency, SerialConsistency } from "./Consistency.ts"
import type { CqlError } from "./CqlError.ts"
import { internals } from "./internal/internals.ts"
import { isIdempotent as bindingIsIdempotent } from "./internal/statement/binding.ts"
import * as Codec from "./internal/statement/codec.ts"
import { checked } from "./internal/statement/options.ts"
import * as internal from "./internal/statement/statement.ts"
import type * as TypeIds from "./internal/typeIds.ts"
import type { Query } from "./Query.ts"
import type { ResultSet } from "./ResultSet.ts"
import type { RetryPolicy } from "./RetryPolicy.ts"
import type { Session } from "./Session.ts"

/**
 * A bound query whose rows are `Row`.
 *
 * It is an Effect: `yield* statement` executes it in the `Session` of the context. Functions that accept statements
 * also accept a plain tuple `[text, params]` ({@link Input}).
 *
 * Use the options `retry` and `requestTimeout`, not `Effect.retry` and `Effect.timeout`. With `Effect.retry`, each
 * repetition is a new write with a new timestamp, which overwrites newer writes of other clients. With
 * `Effect.timeout`, the outcome and the timestamp of the interrupted write are lost.
 *
 * The parameters are not enumerable, and neither `toJSON` nor inspection shows them.
 *
 * **Example** (A statement is an effect)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const release = Statement.make("SELECT release_version FROM system.local")
 * const program = Effect.map(release, (result) => result.first?.["release_version"])
 * const session = MockSession.layer({
 *   answers: [MockSession.when(/system\.local/, MockSession.rows([{ release_version: "5.0.8" }]))]
 * })
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))) === "5.0.8")
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export interface Statement<out Row> extends Effect.Effect<ResultSet<Row>, CqlError, Session>, Pipeable.Pipeable {
  readonly [TypeIds.Statement]: typeof TypeIds.Statement
  readonly _tag: "Statement"
  /** The CQL text, unchanged. */
  readonly text: string
  /**
   * The options of the query and of this statement. They take precedence over the options of the run and of the
   * session.
   */
  readonly options: Options
  /** The parameters, as given. */
  readonly params: Params
  /** For this package: how the statement is bound and its rows are decoded. */
  readonly [internals]: internal.Plan<Row>
}

/**
 * Values for the markers: in their order, or by name; `null` or nothing if there are none.
 *
 * @category models
 * @since 0.1.0
 */
export type Params = ReadonlyArray<unknown> | { readonly [name: string]: unknown } | null | undefined

/**
 * Accepted wherever a statement is: a statement, a batch, or a tuple of a text or query and its parameters. The
 * parameters of a tuple are checked only at run time; `query(...)` and `executeConcurrentWithArgs` check their types.
 *
 * @category models
 * @since 0.1.0
 */
export type Input =
  | Statement<unknown>
  | Batch
  | readonly [query: string | Query.Any, params?: Params]

/**
 * The row type of an {@link Input}.
 *
 * @category models
 * @since 0.1.0
 */
export type RowOf<I> = I extends Statement<infer Row> ? Row
  : I extends Batch ? Record<string, unknown>
  : I extends readonly [infer Q, ...ReadonlyArray<unknown>] ? Query.RowOf<Q>
  : never

/**
 * Execution options. They can be set for a session, a run, a query or a statement. The statement takes precedence over
 * the query, then the run, then the session.
 *
 * There is no option for the keyspace, because version 4 of the protocol does not support it. Qualify the table
 * instead.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Consistency level. Default: of the session (`CassandraSession`: `LOCAL_ONE`, the default of the driver). */
  readonly consistency?: Consistency | undefined
  /** Consistency of the Paxos phase of a conditional write. Default: that of the session. */
  readonly serialConsistency?: SerialConsistency | undefined
  /** Rows per page. Default: of the session (`CassandraSession`: 5,000; a mock session: all rows in one page). */
  readonly pageSize?: number | undefined
  /**
   * Timeout of one attempt for one page. Default: of the session (`CassandraSession`: 12 s; a mock session: no
   * timeout).
   */
  readonly requestTimeout?: Duration.Input | undefined
  /**
   * True if executing the statement twice has the same effect as executing it once. Default: inferred from the text and
   * its values. An array in an INSERT or UPDATE may be a list, which would contain its elements twice, and makes the
   * statement not idempotent.
   */
  readonly idempotent?: boolean | undefined
  /** Policy for retries. Default: `RetryPolicy.standard`. `"none"` turns retries off. */
  readonly retry?: RetryPolicy | "none" | undefined
  /**
   * Write time in microseconds since the epoch. Default: the time of the first attempt. Ignored for conditional writes,
   * which the server dates itself.
   */
  readonly timestamp?: bigint | undefined
  /** Asks the server to trace the request. Default: `false`. */
  readonly tracing?: boolean | undefined
  /**
   * Name of an execution profile of the driver. Its consistency, load balancing and speculative executions (of reads)
   * apply. Its timeout and its retries do not: use `requestTimeout` and `retry`.
   */
  readonly executionProfile?: string | undefined
  /** The partition of a statement that the driver cannot determine: its serialised partition key, or a token. */
  readonly routing?: Routing | undefined
}

/**
 * The partition of a statement: its key, with each component serialised as in the protocol, or its token. The token of
 * a range sends the statement to a replica of the range.
 *
 * @category options
 * @since 0.1.0
 */
export type Routing =
  | { readonly key: Uint8Array | ReadonlyArray<Uint8Array>; readonly token?: undefined }
  | { readonly token: bigint; readonly key?: undefined }

/**
 * Binds parameters to a text. Rows are records of unknown values; see {@link withRow} and `Query.make` for typed ones.
 *
 * Parameters that do not fit do not throw here: executing the statement fails with the reason `ParametersRefused`.
 *
 * **Example** (By position and by name)
 *
 * ```ts
 * import { executeConcurrent, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const byPosition = Statement.make("INSERT INTO app.users (id, name) VALUES (?, ?)", [1, "ada"])
 * const byName = Statement.make("INSERT INTO app.users (id, name) VALUES (:id, :name)", { name: "grace", id: 2 })
 * const program = executeConcurrent([byPosition, byName]).pipe(Effect.provide(MockSession.layer()))
 * console.assert((await Effect.runPromise(program)).length === 2)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (text: string, params?: Params, options?: Options): Statement<Record<string, unknown>> =>
  internal.ofText(text, params, options === undefined ? undefined : checked(options))

/**
 * The same statement with rows decoded by a schema. If a row does not fit, the statement fails with the reason
 * `RowDecoding`.
 *
 * **Example** (Rows of a type)
 *
 * ```ts
 * import { cql, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Schema } from "effect"
 *
 * const byId = (id: number) =>
 *   cql`SELECT name FROM app.users WHERE id = ${id}`.pipe(Statement.withRow(Schema.Struct({ name: Schema.String })))
 * const program = Effect.map(byId(1), (users) => users.first?.name)
 * const session = MockSession.layer({ answers: [MockSession.when(/app\.users/, MockSession.rows([{ name: "ada" }]))] })
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))) === "ada")
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const withRow: {
  <Row>(schema: Schema.ConstraintDecoder<Row>): (self: Statement<unknown>) => Statement<Row>
  <Row>(self: Statement<unknown>, schema: Schema.ConstraintDecoder<Row>): Statement<Row>
} = dual(2, <Row>(self: Statement<unknown>, schema: Schema.ConstraintDecoder<Row>): Statement<Row> => {
  const { codec, text } = self[internals]
  return new internal.StatementImpl({ text, codec: Codec.withRow(codec, schema) }, self.params, self.options)
})

/**
 * The same statement with its rows mapped by a function. The function receives the decoded row and the complete record,
 * with columns that the row schema does not name, such as `writetime(name)`. If the function throws, the statement
 * fails with the reason `RowDecoding`.
 *
 * **Example** (Rows with their tokens)
 *
 * ```ts
 * import { Query, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Schema } from "effect"
 *
 * const users = Query.make("SELECT name, token(id) AS t FROM app.users", { row: Schema.Struct({ name: Schema.String }) })
 * const tokens = Statement.mapRows(users(), ({ name }, record) => `${name}: ${record["t"]}`)
 * const session = MockSession.layer({ otherwise: MockSession.rows([{ name: "ada", t: 7n }]) })
 * console.assert((await Effect.runPromise(tokens.pipe(Effect.provide(session)))).first === "ada: 7")
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const mapRows: {
  <Row, A>(f: (row: Row, record: Readonly<Record<string, unknown>>) => A): (self: Statement<Row>) => Statement<A>
  <Row, A>(self: Statement<Row>, f: (row: Row, record: Readonly<Record<string, unknown>>) => A): Statement<A>
} = dual(2, <Row, A>(
  self: Statement<Row>,
  f: (row: Row, record: Readonly<Record<string, unknown>>) => A
): Statement<A> => {
  const { codec, text } = self[internals]
  return new internal.StatementImpl({ text, codec: Codec.mapRows(codec, f) }, self.params, self.options)
})

/**
 * The same statement with further options, which override its own.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withOptions: {
  (options: Options): <Row>(self: Statement<Row>) => Statement<Row>
  <Row>(self: Statement<Row>, options: Options): Statement<Row>
} = dual(
  2,
  <Row>(self: Statement<Row>, options: Options): Statement<Row> =>
    internal.withOptions(self, checked({ ...self.options, ...options }))
)

/**
 * Returns true if a value is a {@link Statement}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isStatement: (value: unknown) => value is Statement<unknown> = internal.isStatement

/**
 * Returns true if executing a statement or a batch twice is known to have the same effect as executing it once. Decides
 * by its option `idempotent`, or else by its text and its values.
 *
 * @category guards
 * @since 0.1.0
 */
export const isIdempotent = (self: Statement<unknown> | Batch): boolean => bindingIsIdempotent(self)

export { first, ManyRows, NoRow, one, page, rows, stream, void } from "./Cardinality.ts"
export { applied, type Condition, ConditionLost, type Held, type Lost, mustHold } from "./Conditional.ts"
export { script, ScriptError } from "./Script.ts"
export { isUnset, orUnset, type Unset, unset } from "./Unset.ts"
