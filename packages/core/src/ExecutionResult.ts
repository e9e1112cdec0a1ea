/**
 * The result of one statement of a run.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { Batch } from "./Batch.ts"
import type { CqlError } from "./CqlError.ts"
import * as internal from "./internal/resultSchema.ts"
import { againOfResult } from "./internal/settle/settle.ts"
import type { Outcome } from "./Outcome.ts"
import type { ResultSet } from "./ResultSet.ts"
import type { Statement } from "./Statement.ts"

/**
 * A statement that succeeded, with its rows.
 *
 * `success` repeats the tag, as in `ExecutionResult(success, result_or_exc)` of the Python driver.
 *
 * @category models
 * @since 0.1.0
 */
export interface Success<out Row, out Item = unknown> {
  readonly _tag: "Success"
  readonly success: true
  /** Position of the statement in the source, from 0. */
  readonly index: number
  /** The very statement that was given; for a tuple the statement made of it. */
  readonly statement: Statement<Row> | Batch
  /**
   * The item of the source that the statement was made of. It may contain parameters, and is therefore neither
   * enumerable nor part of any inspection; a spread copy has no item. Undefined for results that {@link schema}
   * decoded.
   */
  readonly item: Item
  readonly value: ResultSet<Row>
  /** For destructuring: `for (const { error, value } of results)`. */
  readonly error?: undefined
  /** Applied. If its condition did not hold: NotApplied, or Unknown after an attempt of unknown outcome. */
  readonly outcome: Outcome
  /** Number of requests, as in `CqlError.attempts`: one for each page, and one for each retry. */
  readonly attempts: number
}

/**
 * A statement that failed, with its error.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failure<out Item = unknown> {
  readonly _tag: "Failure"
  readonly success: false
  /** Position of the statement in the source, from 0. */
  readonly index: number
  /** The very statement that was given; for a tuple the statement made of it. */
  readonly statement: Statement<unknown> | Batch
  /** As in {@link Success}. */
  readonly item: Item
  readonly error: CqlError
  readonly value?: undefined
  /** The outcome of the error. */
  readonly outcome: Outcome
}

/**
 * A statement that was interrupted, because another statement failed or the deadline was exceeded. It is part of the
 * error of its run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Interrupted {
  readonly _tag: "Interrupted"
  /** Position of the statement in the source, from 0. */
  readonly index: number
  readonly statement: Statement<unknown> | Batch
  /** As in {@link Success}. */
  readonly item: unknown
  /**
   * Unknown for a write in flight. For a write that waited for its next attempt, the outcome of the attempts before.
   */
  readonly outcome: Outcome
  /** As in `CqlError.timestamp`. */
  readonly timestamp: bigint | undefined
}

/**
 * The result of one statement: success or failure, as a value.
 *
 * @category models
 * @since 0.1.0
 */
export type ExecutionResult<Row, Item = unknown> = Success<Row, Item> | Failure<Item>

/**
 * Returns true if the statement succeeded.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSuccess = <Row, Item>(self: ExecutionResult<Row, Item>): self is Success<Row, Item> =>
  self._tag === "Success"

/**
 * Returns true if the statement failed.
 *
 * @category guards
 * @since 0.1.0
 */
export const isFailure = <Row, Item>(self: ExecutionResult<Row, Item>): self is Failure<Item> => self._tag === "Failure"

/**
 * Folds a result into one value.
 *
 * **Example** (One line for each result)
 *
 * ```ts
 * import { executeConcurrent, ExecutionResult, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const results = yield* executeConcurrent([Statement.make("SELECT now() FROM system.local")], {
 *     raiseOnFirstError: false
 *   })
 *   return results.map(ExecutionResult.match({
 *     onSuccess: ({ value }) => `${value.length} rows`,
 *     onFailure: ({ error }) => error.reason._tag
 *   }))
 * })
 * const lines = await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer())))
 * console.assert(lines[0] === "0 rows")
 * ```
 *
 * @category pattern matching
 * @since 0.1.0
 */
export const match: {
  <Row, Item, A, B>(options: {
    readonly onSuccess: (success: Success<Row, Item>) => A
    readonly onFailure: (failure: Failure<Item>) => B
  }): (self: ExecutionResult<Row, Item>) => A | B
  <Row, Item, A, B>(self: ExecutionResult<Row, Item>, options: {
    readonly onSuccess: (success: Success<Row, Item>) => A
    readonly onFailure: (failure: Failure<Item>) => B
  }): A | B
} = dual(2, <Row, Item, A, B>(self: ExecutionResult<Row, Item>, options: {
  readonly onSuccess: (success: Success<Row, Item>) => A
  readonly onFailure: (failure: Failure<Item>) => B
}): A | B => self._tag === "Success" ? options.onSuccess(self) : options.onFailure(self))

/**
 * Splits results into successes and failures, each in their order.
 *
 * @category filtering
 * @since 0.1.0
 */
export const partition = <Row, Item>(
  results: Iterable<ExecutionResult<Row, Item>>
): [successes: Array<Success<Row, Item>>, failures: Array<Failure<Item>>] => {
  const successes: Array<Success<Row, Item>> = []
  const failures: Array<Failure<Item>> = []
  for (const result of results) {
    if (result._tag === "Success") successes.push(result)
    else failures.push(result)
  }
  return [successes, failures]
}

/**
 * The rows or the error as a `Result` of Effect.
 *
 * @category converting
 * @since 0.1.0
 */
export const toResult = <Row>(self: ExecutionResult<Row>): Result.Result<ResultSet<Row>, CqlError> =>
  self._tag === "Success" ? Result.succeed(self.value) : Result.fail(self.error)

/**
 * An effect that succeeds with the rows, or fails with the error.
 *
 * @category converting
 * @since 0.1.0
 */
export const toEffect = <Row>(self: ExecutionResult<Row>): Effect.Effect<ResultSet<Row>, CqlError> =>
  self._tag === "Success" ? Effect.succeed(self.value) : Effect.fail(self.error)

/**
 * The statement of a failure, to be executed again; undefined if that might do harm.
 *
 * A write keeps its values, its options and the timestamp of its first attempt, so that it does not overwrite newer
 * writes. A write of unknown outcome is returned only if it is idempotent. A write that was not applied is always
 * returned.
 *
 * **Example** (Once more, what failed)
 *
 * ```ts
 * import { executeConcurrent, ExecutionResult, Reason, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const insert = Statement.make("INSERT INTO app.users (id) VALUES (?)", [1])
 * const program = Effect.gen(function*() {
 *   const results = yield* executeConcurrent([insert], { raiseOnFirstError: false })
 *   const failures = results.filter(ExecutionResult.isFailure)
 *   return yield* executeConcurrent(failures.flatMap((failure) => ExecutionResult.again(failure) ?? []))
 * })
 * const session = MockSession.layer({
 *   otherwise: MockSession.inTurn(MockSession.fail(new Reason.Overloaded({ message: "busy" })), MockSession.rows([]))
 * })
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))).length === 1)
 * ```
 *
 * @category converting
 * @since 0.1.0
 */
export const again = (failure: Failure | Interrupted): Statement<unknown> | Batch | undefined => againOfResult(failure)

/**
 * Sends results to another process: encodes to JSON if the schema of the rows does, and decodes to results. The
 * parameters of statements and the causes of errors are not included, so that the statements cannot be executed there.
 *
 * **Example** (A result in a queue)
 *
 * ```ts
 * import { executeConcurrent, ExecutionResult, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Schema } from "effect"
 *
 * const User = Schema.Struct({ name: Schema.String })
 * const Result = ExecutionResult.schema(User)
 * const program = Effect.gen(function*() {
 *   const select = Statement.make("SELECT name FROM app.users").pipe(Statement.withRow(User))
 *   const [result] = yield* executeConcurrent([select], { raiseOnFirstError: false })
 *   const json = JSON.stringify(yield* Schema.encodeEffect(Result)(result!))
 *   return yield* Schema.decodeUnknownEffect(Result)(JSON.parse(json))
 * })
 * const session = MockSession.layer({ otherwise: MockSession.rows([{ name: "ada" }]) })
 * const result = await Effect.runPromise(program.pipe(Effect.provide(session)))
 * console.assert(result._tag === "Success" && result.value.first?.name === "ada")
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const schema = <Row, Encoded, RD, RE>(
  row: Schema.Codec<Row, Encoded, RD, RE>
): Schema.Codec<ExecutionResult<Row>, { readonly _tag: "Success" | "Failure" }, RD, RE> => internal.schema(row) as never
