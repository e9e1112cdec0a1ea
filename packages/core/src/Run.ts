/**
 * The source and the options of a run.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type * as Stream from "effect/Stream"
import type { ErrorBudget } from "./ErrorBudgetExhausted.ts"
import type { Failure } from "./ExecutionResult.ts"
import type { Limiter } from "./Limiter.ts"
import type { Progress } from "./Progress.ts"
import type { SourceError } from "./SourceError.ts"
import type * as Statement from "./Statement.ts"

/**
 * The source of the items of a run: an array, another iterable, an async iterable (preferred if a value is both) or a
 * stream. Each run opens it again.
 *
 * An iterator, such as the result of a generator function, can be read only once: a second run fails with a
 * `SourceError` if the iterator has nothing more, and otherwise goes on where the first has left it. For several runs,
 * use an iterable that makes a new iterator each time: `{ [Symbol.iterator]: generatorFunction }`.
 *
 * If a stream fails, the run fails with the same error, which has no account of the earlier statements. If you need
 * that account, use `streamConcurrent`, which emits their results first, or `Stream.toAsyncIterable`, which turns the
 * error into a `SourceError`.
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
 * Selects items of a source. The result is of the same kind: an iterable, an async iterable or a stream.
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
 * Error of a {@link Source}: never for an array, `SourceError` for iterables, its own error for a stream.
 *
 * @category models
 * @since 0.1.0
 */
export type ErrorOf<S> = S extends Stream.Stream<infer _A, infer E, infer _R> ? E
  : S extends AsyncIterable<unknown> ? SourceError
  : S extends ReadonlyArray<unknown> ? never
  : SourceError

/**
 * The services that a {@link Source} needs, if it is a stream.
 *
 * @category models
 * @since 0.1.0
 */
export type ServicesOf<S> = S extends Stream.Stream<infer _A, infer _E, infer R> ? R : never

/**
 * Options of a run. If an option is invalid, the run dies with `InvalidOptions` before it opens its source.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<
  Raise extends boolean,
  Budget extends ErrorBudget | undefined = undefined,
  Deadline extends Duration.Input | undefined = undefined
> {
  /**
   * Maximum number of statements in flight: a positive integer, or `"unbounded"` for the capacity of the session.
   * Default: 100. A concurrency above the capacity is reduced to it, with a warning.
   */
  readonly concurrency?: number | "unbounded" | undefined
  /** True if the first failure stops the run. Default: `true`. With `false`, failures are results. */
  readonly raiseOnFirstError?: Raise | undefined
  /**
   * Treatment of statements in flight when one fails. `"interrupt"` (the default) interrupts them, so that the outcome
   * of their writes is unknown. `"settle"` lets them finish.
   */
  readonly onFirstError?: "interrupt" | "settle" | undefined
  /**
   * Stops a run with `raiseOnFirstError: false` when too many statements fail: no further statement starts, statements
   * in flight finish, and the run fails with `ErrorBudgetExhausted`. Default: none.
   */
  readonly errorBudget?: Budget | undefined
  /**
   * Maximum duration of the run: a positive duration. Then no further statement starts, statements in flight are
   * interrupted, and the run fails with `DeadlineExceeded`. Default: no limit.
   */
  readonly deadline?: Deadline | undefined
  /** Limits the requests of this run and of all others that share the limiter, in addition to `concurrency`. */
  readonly limiter?: Limiter | undefined
  /**
   * Options of every statement of the run. The options of the statement itself take precedence; the options of the
   * session do not.
   */
  readonly statement?: Statement.Options | undefined
  /**
   * Spans of single statements, in addition to the span of the run: `"off"` (the default), `"failures"`, `"all"`, or a
   * random share between 0 and 1. A session without spans makes none of them.
   */
  readonly spans?: Spans | undefined
  /**
   * Receives a snapshot after each `progressInterval` in which something changed, and an exact one at the end. If the
   * handler fails, the first failure is logged, and at the end the number of failures. The run never waits for a slow
   * handler, except for up to one second for the final call.
   */
  readonly onProgress?: ((progress: Progress) => Effect.Effect<void>) | undefined
  /** Time between two snapshots: a positive, finite duration. Default: 200 ms. */
  readonly progressInterval?: Duration.Input | undefined
}

/**
 * The statements of a run that have a span: none, the failed ones, all, or a random share between 0 and 1.
 *
 * @category options
 * @since 0.1.0
 */
export type Spans = "off" | "failures" | "all" | number

/**
 * Options of a run whose results are an array.
 *
 * @category options
 * @since 0.1.0
 */
export interface ArrayOptions<
  Raise extends boolean,
  Budget extends ErrorBudget | undefined = undefined,
  Deadline extends Duration.Input | undefined = undefined
> extends Options<Raise, Budget, Deadline> {
  /**
   * Repeats failed statements in rounds, until none is left or the schedule ends. Only with `raiseOnFirstError: false`.
   * Default: one round.
   *
   * A round starts after the previous one has ended, and after the delay of the schedule, which receives the failures
   * to repeat. A failure is repeated if that can do no harm (`ExecutionResult.again`), unless its reason is an error of
   * the program, such as refused parameters. A write keeps its first timestamp. Results keep their index, their
   * statement and their item, and `attempts` counts all rounds. `errorBudget` applies to each round, and `deadline` to
   * all rounds together.
   */
  readonly rounds?: ([Raise] extends [false] ? Rounds : RoundsNeedCollectMode) | undefined
}

/**
 * A schedule of rounds. It receives the failures to repeat.
 *
 * @category options
 * @since 0.1.0
 */
export type Rounds = Schedule.Schedule<unknown, ReadonlyArray<Failure>>

/**
 * The type of the option `rounds` in a run that stops at the first failure. It has no values.
 *
 * @category options
 * @since 0.1.0
 */
export interface RoundsNeedCollectMode {
  readonly "set raiseOnFirstError: false with rounds": never
}

/**
 * The type of the option `errorBudget` in a run that stops at the first failure. It has no values.
 *
 * @category options
 * @since 0.1.0
 */
export interface BudgetNeedsCollectMode {
  readonly "set raiseOnFirstError: false with errorBudget": never
}

/**
 * Options of a streamed run.
 *
 * @category options
 * @since 0.1.0
 */
export interface StreamOptions<
  Raise extends boolean,
  Budget extends ErrorBudget | undefined = undefined,
  Deadline extends Duration.Input | undefined = undefined
> extends Options<Raise, Budget, Deadline> {
  /** True if results are emitted in the order of the source, false if as they complete. Default: `true`. */
  readonly ordered?: boolean | undefined
  /**
   * Maximum number of results that wait for the consumer or for an earlier index, at least 0. Default:
   * `max(4096, 16 x concurrency)`; the concurrency if the stream is not ordered.
   */
  readonly bufferSize?: number | undefined
}
