/**
 * Concurrent execution: nine verbs over one engine.
 *
 * | | statements | parameters of one query | items and a function |
 * |---|---|---|---|
 * | an array of results | {@link executeConcurrent} | {@link executeConcurrentWithArgs} | {@link executeConcurrentBy} |
 * | a stream of results | {@link streamConcurrent} | {@link streamConcurrentWithArgs} | {@link streamConcurrentBy} |
 * | counts only | {@link runConcurrent} | {@link runConcurrentWithArgs} | {@link runConcurrentBy} |
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Stream from "effect/Stream"
import type { ErrorBudget } from "./ErrorBudgetExhausted.ts"
import * as internal from "./internal/run/concurrent.ts"
import * as RunInput from "./internal/run/runInput.ts"
import type { RunOptions } from "./internal/run/runOptions.ts"
import type { Errors, NoSource, Refused, ResultOf, WithBudget } from "./internal/run/types.ts"
import { type Any, isDataFirst } from "./internal/source/source.ts"
import type { Query } from "./Query.ts"
import type { ArrayOptions, ItemOf, Options, ServicesOf, Source, StreamOptions } from "./Run.ts"
import type { Session } from "./Session.ts"
import type * as Statement from "./Statement.ts"
import type { Summary } from "./Summary.ts"

export type {
  ArrayOptions,
  BudgetNeedsCollectMode,
  ErrorOf,
  ItemOf,
  Options,
  Rounds,
  RoundsNeedCollectMode,
  Selection,
  ServicesOf,
  Source,
  StreamOptions
} from "./Run.ts"

/**
 * Forms of the result of a verb: an array of results, a stream of them, or their counts.
 *
 * @category models
 * @since 0.1.0
 */
export type Form = "array" | "stream" | "counts"

/**
 * The options of a verb with this {@link Form}.
 *
 * @category models
 * @since 0.1.0
 */
export type OptionsOf<
  F extends Form,
  Raise extends boolean,
  Budget extends ErrorBudget | undefined,
  Deadline extends Duration.Input | undefined
> =
  & (F extends "stream" ? StreamOptions<Raise, Budget, Deadline>
    : F extends "array" ? ArrayOptions<Raise, Budget, Deadline>
    : Options<Raise, Budget, Deadline>)
  & WithBudget<Raise, Budget>

/**
 * The effect or the stream that a verb returns.
 *
 * @category models
 * @since 0.1.0
 */
export type Output<
  F extends Form,
  S,
  Row,
  Raise extends boolean,
  Budget extends ErrorBudget | undefined,
  Deadline extends Duration.Input | undefined
> = F extends "stream" ? Stream.Stream<
    ResultOf<Row, Raise, ItemOf<S>>,
    Errors<S, Row, Raise, Budget, Deadline>,
    Session | ServicesOf<S>
  >
  : Effect.Effect<
    F extends "array" ? Array<ResultOf<Row, Raise, ItemOf<S>>> : Summary,
    Errors<S, Row, Raise, Budget, Deadline>,
    Session | ServicesOf<S>
  >

/**
 * A verb that runs statements. Its options may come first, for a pipe.
 *
 * @category models
 * @since 0.1.0
 */
export interface OfStatements<F extends Form> {
  <
    Raise extends boolean = true,
    Budget extends ErrorBudget | undefined = undefined,
    Deadline extends Duration.Input | undefined = undefined,
    Seen = undefined
  >(
    options: OptionsOf<F, Raise, Budget, Deadline> & NoSource<Seen>,
    ...refused: Refused<Seen>
  ): <S extends Source<Statement.Input>>(
    statements: S
  ) => Output<F, S, Statement.RowOf<ItemOf<S>>, Raise, Budget, Deadline>
  <
    S extends Source<Statement.Input>,
    Raise extends boolean = true,
    Budget extends ErrorBudget | undefined = undefined,
    Deadline extends Duration.Input | undefined = undefined
  >(
    statements: S,
    options?: OptionsOf<F, Raise, Budget, Deadline>
  ): Output<F, S, Statement.RowOf<ItemOf<S>>, Raise, Budget, Deadline>
}

/**
 * A verb that runs one query with many parameters.
 *
 * @category models
 * @since 0.1.0
 */
export type OfParameters<F extends Form> = <
  Q extends string | Query.Any,
  const S extends Source<Query.ParamsOf<Q>>,
  Raise extends boolean = true,
  Budget extends ErrorBudget | undefined = undefined,
  Deadline extends Duration.Input | undefined = undefined
>(
  query: Q,
  parameters: S,
  options?: OptionsOf<F, Raise, Budget, Deadline>
) => Output<F, S, Query.RowOf<Q>, Raise, Budget, Deadline>

/**
 * A verb that runs the statements that a function makes of items.
 *
 * @category models
 * @since 0.1.0
 */
export type OfItems<F extends Form> = <
  S extends Source<unknown>,
  I extends Statement.Input,
  Raise extends boolean = true,
  Budget extends ErrorBudget | undefined = undefined,
  Deadline extends Duration.Input | undefined = undefined
>(
  items: S,
  statement: (item: ItemOf<S>, index: number) => I,
  options?: OptionsOf<F, Raise, Budget, Deadline>
) => Output<F, S, Statement.RowOf<I>, Raise, Budget, Deadline>

// The types of a verb follow from its arguments, which no body can show to the compiler: one cast for each kind of verb.
const ofStatements = <F extends Form>(run: internal.Verb): OfStatements<F> =>
  dual(
    isDataFirst,
    (statements: Any, options?: RunOptions) => run(RunInput.statements(statements), options ?? {})
  ) as never

const ofParameters = <F extends Form>(run: internal.Verb): OfParameters<F> =>
  ((query: string | Query.Any, parameters: Any, options?: RunOptions) =>
    run(RunInput.parameters(query, parameters), options ?? {})) as never

const ofItems = <F extends Form>(run: internal.Verb): OfItems<F> =>
  ((items: Any, statement: (item: unknown, index: number) => unknown, options?: RunOptions) =>
    run(RunInput.by(items, statement), options ?? {})) as never

/**
 * Runs statements concurrently and returns their results in input order.
 *
 * At most `concurrency` statements are in flight. Whenever one ends, the next one starts.
 *
 * By default, the run stops at the first failure with `StatementFailed`. With `raiseOnFirstError: false`, every
 * statement runs and failures are values among the results, so that the run of an array cannot fail.
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
export const executeConcurrent: OfStatements<"array"> = ofStatements(internal.collect)

/**
 * Runs one query with many parameters, and returns the results in the order of the parameters.
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
export const executeConcurrentWithArgs: OfParameters<"array"> = ofParameters(internal.collect)

/**
 * Runs statements concurrently and streams their results, in input order or, with `ordered: false`, as they complete.
 *
 * Nothing starts before the first pull. A slow consumer slows the run down: at most `concurrency + bufferSize`
 * statements have started without being consumed. The source may be endless. Ending the stream early interrupts the
 * statements in flight.
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
export const streamConcurrent: OfStatements<"stream"> = ofStatements(internal.stream)

/**
 * Runs one query with many parameters and streams the results; see {@link streamConcurrent}.
 *
 * @category execution
 * @since 0.1.0
 */
export const streamConcurrentWithArgs: OfParameters<"stream"> = ofParameters(internal.stream)

/**
 * Runs statements concurrently, discards their rows, and returns counts, in constant memory.
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
export const runConcurrent: OfStatements<"counts"> = ofStatements(internal.count)

/**
 * Runs one query with many parameters and returns counts; see {@link runConcurrent}.
 *
 * @category execution
 * @since 0.1.0
 */
export const runConcurrentWithArgs: OfParameters<"counts"> = ofParameters(internal.count)

/**
 * Makes a statement of each item and runs it. Returns the results in the order of the items, each with its item.
 *
 * The function is called when the statement is about to start. If it throws, the run dies for an array or a `Stream`,
 * and fails with `SourceError` for another source.
 *
 * **Example** (A name for each user)
 *
 * ```ts
 * import { executeConcurrentBy, Query } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Schema } from "effect"
 *
 * const nameById = Query.make("SELECT name FROM app.users WHERE id = ?", {
 *   params: Schema.Tuple([Schema.Int]),
 *   row: Schema.Struct({ name: Schema.String })
 * })
 * const users = [{ id: 1, city: "London" }, { id: 2, city: "Arlington" }]
 * const program = executeConcurrentBy(users, ({ id }) => nameById(id)).pipe(
 *   Effect.map((results) => results.map(({ item, value }) => `${value.first?.name} of ${item.city}`))
 * )
 * const session = MockSession.layer({ answers: [MockSession.when(nameById, MockSession.rows([{ name: "ada" }]))] })
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))).join() === "ada of London,ada of Arlington")
 * ```
 *
 * @category execution
 * @since 0.1.0
 */
export const executeConcurrentBy: OfItems<"array"> = ofItems(internal.collect)

/**
 * Makes a statement of each item, runs it, and streams the results with their items; see {@link streamConcurrent} and
 * {@link executeConcurrentBy}.
 *
 * **Example** (Lines of a file, and their outcomes)
 *
 * ```ts
 * import { Statement, streamConcurrentBy } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Stream } from "effect"
 *
 * const lines = Stream.make("1;ada", "2;grace")
 * const program = streamConcurrentBy(lines, (line, index) =>
 *   Statement.make("INSERT INTO app.lines (number, line) VALUES (?, ?)", [index, line])).pipe(
 *     Stream.map(({ item, outcome }) => `${item}: ${outcome}`),
 *     Stream.runCollect
 *   )
 * const report = await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer())))
 * console.assert(report.join() === "1;ada: Applied,2;grace: Applied")
 * ```
 *
 * @category execution
 * @since 0.1.0
 */
export const streamConcurrentBy: OfItems<"stream"> = ofItems(internal.stream)

/**
 * Makes a statement of each item, runs it, and returns counts; see {@link runConcurrent} and {@link
 * executeConcurrentBy}.
 *
 * **Example** (A table of numbers)
 *
 * ```ts
 * import { runConcurrentBy } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const program = runConcurrentBy([10, 20, 30], (b) => ["INSERT INTO app.numbers (a, b) VALUES (1, ?)", [b]])
 * const { succeeded } = await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer())))
 * console.assert(succeeded === 3)
 * ```
 *
 * @category execution
 * @since 0.1.0
 */
export const runConcurrentBy: OfItems<"counts"> = ofItems(internal.count)
