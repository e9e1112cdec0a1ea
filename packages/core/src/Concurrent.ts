/**
 * Concurrent execution: six verbs over one engine.
 *
 * | | statements | parameters of one query |
 * |---|---|---|
 * | an array of results | {@link executeConcurrent} | {@link executeConcurrentWithArgs} |
 * | a stream of results | {@link streamConcurrent} | {@link streamConcurrentWithArgs} |
 * | counts only | {@link runConcurrent} | {@link runConcurrentWithArgs} |
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Stream from "effect/Stream"
import type { ErrorBudget } from "./ErrorBudgetExhausted.ts"
import * as internal from "./internal/run/concurrent.ts"
import * as RunInput from "./internal/run/runInput.ts"
import type { Errors, NoSource, Refused, ResultOf, WithBudget } from "./internal/run/types.ts"
import { isDataFirst } from "./internal/source/source.ts"
import type { Limiter } from "./Limiter.ts"
import type { Progress } from "./Progress.ts"
import type { Query } from "./Query.ts"
import type { Session } from "./Session.ts"
import type { SourceError } from "./SourceError.ts"
import type * as Statement from "./Statement.ts"
import type { Summary } from "./Summary.ts"

/**
 * Where the items of a run come from: an array, another iterable, an async iterable (preferred where a value is both)
 * or a stream. It is opened anew at each run.
 *
 * An iterator, such as the object that a generator function gives, can be read once: a second run of it fails with a
 * `SourceError` rather than succeed with nothing. What makes a new iterator each time can be run again:
 * `{ [Symbol.iterator]: generatorFunction }`.
 *
 * The error of a failing stream is handed on as it is, without an account of the statements before: where that matters,
 * take a `streamConcurrent`, which gives their results first, or `Stream.toAsyncIterable`, which makes it a `SourceError`.
 *
 * @category models
 * @since 0.1.0
 */
export type Source<Item> =
  | ReadonlyArray<Item>
  | Iterable<Item>
  | AsyncIterable<Item>
  | Stream.Stream<Item, unknown, unknown>

/**
 * Selects items of a source: of an iterable as an iterable, of an async iterable as one of its kind, of a stream as a stream.
 *
 * @category models
 * @since 0.1.0
 */
export interface Selection {
  <Item, E, R>(source: Stream.Stream<Item, E, R>): Stream.Stream<Item, E, R>
  <Item>(source: AsyncIterable<Item>): AsyncIterable<Item>
  <Item>(source: Iterable<Item>): Iterable<Item>
}

/**
 * The item type of a {@link Source}.
 *
 * @category models
 * @since 0.1.0
 */
export type ItemOf<S> = S extends Stream.Stream<infer Item, infer _E, infer _R> ? Item
  : S extends AsyncIterable<infer Item> ? Item
  : S extends Iterable<infer Item> ? Item
  : never

/**
 * What a {@link Source} can fail with: nothing for an array, `SourceError` for iterables, its own error for a stream.
 *
 * @category models
 * @since 0.1.0
 */
export type ErrorOf<S> = S extends Stream.Stream<infer _A, infer E, infer _R> ? E
  : S extends AsyncIterable<unknown> ? SourceError
  : S extends ReadonlyArray<unknown> ? never
  : SourceError

/**
 * The services that a {@link Source} needs: those of a stream.
 *
 * @category models
 * @since 0.1.0
 */
export type ServicesOf<S> = S extends Stream.Stream<infer _A, infer _E, infer R> ? R : never

/**
 * Options of a run. Bad ones are programming errors: the run dies with `InvalidOptions` before its source is opened.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<Raise extends boolean, Budget extends ErrorBudget | undefined = undefined> {
  /**
   * Statements in flight: a positive integer, or `"unbounded"` for all that the session can take. Default: 100. A level
   * above the capacity of the session is clamped to it, with a warning.
   */
  readonly concurrency?: number | "unbounded" | undefined
  /** Whether the first failure stops the run. Default: `true`. With `false` failures are results like successes. */
  readonly raiseOnFirstError?: Raise | undefined
  /**
   * What becomes of the statements in flight when one fails: `"interrupt"` (the default) stops them, so that nobody knows
   * what becomes of the writes among them; `"settle"` lets them finish.
   */
  readonly onFirstError?: "interrupt" | "settle" | undefined
  /**
   * Stops a run that goes on after failures (`raiseOnFirstError: false`) when too many statements fail: nothing more is
   * started, what is in flight finishes, and the run fails with `ErrorBudgetExhausted`. Default: none.
   */
  readonly errorBudget?: Budget | undefined
  /** Bounds the requests of this run, and of all others that share it, beside `concurrency`. */
  readonly limiter?: Limiter | undefined
  /** Options of every statement of the run, behind its own and before those of the session. */
  readonly statement?: Statement.Options | undefined
  /**
   * Is given a snapshot at most every 200 ms, and a last, exact one at the end. A handler that fails is logged; a slow
   * one is never waited for, but for the last call: one second at most.
   */
  readonly onProgress?: ((progress: Progress) => Effect.Effect<void>) | undefined
}

/**
 * Options of a streamed run.
 *
 * @category options
 * @since 0.1.0
 */
export interface StreamOptions<Raise extends boolean, Budget extends ErrorBudget | undefined = undefined>
  extends Options<Raise, Budget>
{
  /** Whether results come in the order of the source, or else as they complete. Default: `true`. */
  readonly ordered?: boolean | undefined
  /**
   * Finished results that may wait for the consumer or for an earlier index, at least 0. Default:
   * `max(4096, 16 x concurrency)`, and the concurrency when not ordered.
   */
  readonly bufferSize?: number | undefined
}

/**
 * Runs statements concurrently and gives their results in input order.
 *
 * At most `concurrency` are in flight, and the end of any starts the next. Stops at the first failure with
 * `StatementFailed`; with `raiseOnFirstError: false` every statement is run and failures are values, so that an array of
 * statements cannot fail.
 *
 * **Example** (Every result, failures among them)
 *
 * ```ts
 * import { executeConcurrent, ExecutionResult, Query } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Schema } from "effect"
 *
 * const nameById = Query.make("SELECT name FROM app.users WHERE id = ?", {
 *   params: Schema.Tuple([Schema.Int]),
 *   row: Schema.Struct({ name: Schema.String })
 * })
 * const names = executeConcurrent([1, 2, 3].map((id) => nameById(id)), {
 *   concurrency: 50,
 *   raiseOnFirstError: false
 * }).pipe(Effect.map((results) => results.filter(ExecutionResult.isSuccess).map(({ value }) => value.first?.name)))
 * const session = MockSession.layer({ answers: [MockSession.when(nameById, MockSession.rows([{ name: "ada" }]))] })
 * console.assert((await Effect.runPromise(names.pipe(Effect.provide(session)))).join() === "ada,ada,ada")
 * ```
 *
 * @category execution
 * @since 0.1.0
 */
export const executeConcurrent: {
  <Raise extends boolean = true, Budget extends ErrorBudget | undefined = undefined, Seen = undefined>(
    options: Options<Raise, Budget> & WithBudget<Raise, Budget> & NoSource<Seen>,
    ...refused: Refused<Seen>
  ): <S extends Source<Statement.Input>>(statements: S) => Effect.Effect<
    Array<ResultOf<Statement.RowOf<ItemOf<S>>, Raise>>,
    Errors<S, Statement.RowOf<ItemOf<S>>, Raise, Budget>,
    Session | ServicesOf<S>
  >
  <
    S extends Source<Statement.Input>,
    Raise extends boolean = true,
    Budget extends ErrorBudget | undefined = undefined
  >(
    statements: S,
    options?: Options<Raise, Budget> & WithBudget<Raise, Budget>
  ): Effect.Effect<
    Array<ResultOf<Statement.RowOf<ItemOf<S>>, Raise>>,
    Errors<S, Statement.RowOf<ItemOf<S>>, Raise, Budget>,
    Session | ServicesOf<S>
  >
} = dual(
  isDataFirst,
  (statements: Source<unknown>, options?: Options<boolean, ErrorBudget | undefined>) =>
    internal.collect(RunInput.statements(statements), options ?? {})
) as never

/**
 * Runs one query with many parameters, and gives the results in the order of the parameters.
 *
 * **Example** (A thousand inserts)
 *
 * ```ts
 * import { executeConcurrentWithArgs } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const insert = "INSERT INTO app.numbers (a, b) VALUES (1, ?)"
 * const program = executeConcurrentWithArgs(insert, Array.from({ length: 1000 }, (_, b) => [b]), { concurrency: 50 })
 * const results = await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer())))
 * console.assert(results.length === 1000)
 * ```
 *
 * @category execution
 * @since 0.1.0
 */
export const executeConcurrentWithArgs = <
  Q extends string | Query.Any,
  const S extends Source<Query.ParamsOf<Q>>,
  Raise extends boolean = true,
  Budget extends ErrorBudget | undefined = undefined
>(
  query: Q,
  parameters: S,
  options?: Options<Raise, Budget> & WithBudget<Raise, Budget>
): Effect.Effect<
  Array<ResultOf<Query.RowOf<Q>, Raise>>,
  Errors<S, Query.RowOf<Q>, Raise, Budget>,
  Session | ServicesOf<S>
> => internal.collect(RunInput.parameters(query, parameters), options ?? {}) as never

/**
 * Runs statements concurrently as a stream of their results, in input order or, with `ordered: false`, as they complete.
 *
 * Nothing starts before the first pull. A slow consumer holds the run back: started minus consumed is at most
 * `concurrency + bufferSize`. The source may be endless; ending the stream early stops what is in flight.
 *
 * **Example** (An endless source)
 *
 * ```ts
 * import { Statement, streamConcurrent } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Stream } from "effect"
 *
 * const statements = Stream.iterate(0, (id) => id + 1).pipe(
 *   Stream.map((id) => Statement.make("INSERT INTO app.numbers (a, b) VALUES (1, ?)", [id]))
 * )
 * const indexes = streamConcurrent(statements).pipe(Stream.map(({ index }) => index), Stream.take(3), Stream.runCollect)
 * console.assert((await Effect.runPromise(indexes.pipe(Effect.provide(MockSession.layer())))).join() === "0,1,2")
 * ```
 *
 * @category execution
 * @since 0.1.0
 */
export const streamConcurrent: {
  <Raise extends boolean = true, Budget extends ErrorBudget | undefined = undefined, Seen = undefined>(
    options: StreamOptions<Raise, Budget> & WithBudget<Raise, Budget> & NoSource<Seen>,
    ...refused: Refused<Seen>
  ): <S extends Source<Statement.Input>>(statements: S) => Stream.Stream<
    ResultOf<Statement.RowOf<ItemOf<S>>, Raise>,
    Errors<S, Statement.RowOf<ItemOf<S>>, Raise, Budget>,
    Session | ServicesOf<S>
  >
  <
    S extends Source<Statement.Input>,
    Raise extends boolean = true,
    Budget extends ErrorBudget | undefined = undefined
  >(
    statements: S,
    options?: StreamOptions<Raise, Budget> & WithBudget<Raise, Budget>
  ): Stream.Stream<
    ResultOf<Statement.RowOf<ItemOf<S>>, Raise>,
    Errors<S, Statement.RowOf<ItemOf<S>>, Raise, Budget>,
    Session | ServicesOf<S>
  >
} = dual(
  isDataFirst,
  (statements: Source<unknown>, options?: StreamOptions<boolean, ErrorBudget | undefined>) =>
    internal.stream(RunInput.statements(statements), options ?? {})
) as never

/**
 * Runs one query with many parameters as a stream of results; see {@link streamConcurrent}.
 *
 * @category execution
 * @since 0.1.0
 */
export const streamConcurrentWithArgs = <
  Q extends string | Query.Any,
  const S extends Source<Query.ParamsOf<Q>>,
  Raise extends boolean = true,
  Budget extends ErrorBudget | undefined = undefined
>(
  query: Q,
  parameters: S,
  options?: StreamOptions<Raise, Budget> & WithBudget<Raise, Budget>
): Stream.Stream<
  ResultOf<Query.RowOf<Q>, Raise>,
  Errors<S, Query.RowOf<Q>, Raise, Budget>,
  Session | ServicesOf<S>
> => internal.stream(RunInput.parameters(query, parameters), options ?? {}) as never

/**
 * Runs statements concurrently for their effect alone, and gives the counts, in constant memory.
 *
 * **Example** (Counting)
 *
 * ```ts
 * import { runConcurrent, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * function* generate() {
 *   for (let id = 0; id < 500; id++) yield Statement.make("INSERT INTO app.numbers (a, b) VALUES (1, ?)", [id])
 * }
 * const inserts = { [Symbol.iterator]: generate } // a new generator for each run
 * const program = runConcurrent(inserts, { raiseOnFirstError: false })
 * const summary = await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer())))
 * console.assert(summary.succeeded === 500)
 * ```
 *
 * @category execution
 * @since 0.1.0
 */
export const runConcurrent: {
  <Raise extends boolean = true, Budget extends ErrorBudget | undefined = undefined, Seen = undefined>(
    options: Options<Raise, Budget> & WithBudget<Raise, Budget> & NoSource<Seen>,
    ...refused: Refused<Seen>
  ): <S extends Source<Statement.Input>>(statements: S) => Effect.Effect<
    Summary,
    Errors<S, Statement.RowOf<ItemOf<S>>, Raise, Budget>,
    Session | ServicesOf<S>
  >
  <
    S extends Source<Statement.Input>,
    Raise extends boolean = true,
    Budget extends ErrorBudget | undefined = undefined
  >(
    statements: S,
    options?: Options<Raise, Budget> & WithBudget<Raise, Budget>
  ): Effect.Effect<
    Summary,
    Errors<S, Statement.RowOf<ItemOf<S>>, Raise, Budget>,
    Session | ServicesOf<S>
  >
} = dual(
  isDataFirst,
  (statements: Source<unknown>, options?: Options<boolean, ErrorBudget | undefined>) =>
    internal.count(RunInput.statements(statements), options ?? {})
) as never

/**
 * Runs one query with many parameters for its effect alone; see {@link runConcurrent}.
 *
 * @category execution
 * @since 0.1.0
 */
export const runConcurrentWithArgs = <
  Q extends string | Query.Any,
  const S extends Source<Query.ParamsOf<Q>>,
  Raise extends boolean = true,
  Budget extends ErrorBudget | undefined = undefined
>(
  query: Q,
  parameters: S,
  options?: Options<Raise, Budget> & WithBudget<Raise, Budget>
): Effect.Effect<
  Summary,
  Errors<S, Query.RowOf<Q>, Raise, Budget>,
  Session | ServicesOf<S>
> => internal.count(RunInput.parameters(query, parameters), options ?? {}) as never
