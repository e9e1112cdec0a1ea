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
export interface Options<
  Raise extends boolean,
  Budget extends ErrorBudget | undefined = undefined,
  Deadline extends Duration.Input | undefined = undefined
> {
  /**
   * Statements in flight: a positive integer, or `"unbounded"` for all that the session can take. Default: 100. A level
   * above the capacity of the session is clamped to it, with a warning.
   */
  readonly concurrency?: number | "unbounded" | undefined
  /** True if the first failure stops the run. Default: `true`. With `false` failures are results like successes. */
  readonly raiseOnFirstError?: Raise | undefined
  /**
   * Treatment of statements in flight when one fails: `"interrupt"` (the default) stops them, so that it is unknown
   * which writes among them take effect; `"settle"` lets them finish.
   */
  readonly onFirstError?: "interrupt" | "settle" | undefined
  /**
   * Stops a run that goes on after failures (`raiseOnFirstError: false`) when too many statements fail: nothing more is
   * started, what is in flight finishes, and the run fails with `ErrorBudgetExhausted`. Default: none.
   */
  readonly errorBudget?: Budget | undefined
  /**
   * Time that the run may take, from its start: a positive duration. At its end nothing more starts, statements in flight are
   * interrupted, and the run fails with `DeadlineExceeded`. Default: no bound.
   */
  readonly deadline?: Deadline | undefined
  /** Bounds the requests of this run, and of all others that share it, beside `concurrency`. */
  readonly limiter?: Limiter | undefined
  /** Options of every statement of the run, behind its own and before those of the session. */
  readonly statement?: Statement.Options | undefined
  /**
   * Spans of single statements, beside the span of the run: of none (`"off"`, the default), of those that fail, of all, or of
   * a share between 0 and 1 that is chosen at random. A session without spans has none of these either.
   */
  readonly spans?: Spans | undefined
  /**
   * Receives a snapshot after each `progressInterval` in which something changed, and a last, exact one at the end. The first
   * failure of a handler is logged, and the number of all of them at the end. The run never waits for a slow handler, except
   * for up to one second for the final call.
   */
  readonly onProgress?: ((progress: Progress) => Effect.Effect<void>) | undefined
  /** Time between two snapshots: a positive, finite duration. Default: 200 ms. */
  readonly progressInterval?: Duration.Input | undefined
}

/**
 * The statements of a run that have a span each: none, those that fail, all, or a share between 0 and 1.
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
   * Repeats what failed, in rounds, until nothing is left to repeat or the schedule ends. Only with
   * `raiseOnFirstError: false`. Default: one round.
   *
   * Each round comes after the round before has ended and the delay of the schedule is over; the schedule receives the failures
   * that are to be repeated. A failure is repeated where that can do no harm (`ExecutionResult.again`) and its reason is none of
   * the program, such as refused parameters. A write keeps its first timestamp. Results keep their index, their statement and
   * their item, and `attempts` counts all rounds. `errorBudget` holds for each round, and `deadline` for all of them together:
   * a round that would start after it does not start.
   */
  readonly rounds?: ([Raise] extends [false] ? Rounds : RoundsNeedCollectMode) | undefined
}

/**
 * A schedule of rounds. It receives the failures that are to be repeated.
 *
 * @category options
 * @since 0.1.0
 */
export type Rounds = Schedule.Schedule<unknown, ReadonlyArray<Failure>>

/**
 * The type of the option `rounds` in a run that stops at the first failure: no value has it.
 *
 * @category options
 * @since 0.1.0
 */
export interface RoundsNeedCollectMode {
  readonly "give raiseOnFirstError: false beside rounds": never
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
  /** True if results come in the order of the source, or else as they complete. Default: `true`. */
  readonly ordered?: boolean | undefined
  /**
   * Finished results that may wait for the consumer or for an earlier index, at least 0. Default:
   * `max(4096, 16 x concurrency)`, and the concurrency when not ordered.
   */
  readonly bufferSize?: number | undefined
}
