/**
 * What the six verbs have in common: options checked, level resolved, engine made, run begun and ended.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { Options, StreamOptions } from "../Concurrent.ts"
import type { ErrorBudget } from "../ErrorBudgetExhausted.ts"
import type { ExecutionResult } from "../ExecutionResult.ts"
import { InvalidOptions } from "../InvalidOptions.ts"
import { Session } from "../Session.ts"
import type { Summary } from "../Summary.ts"
import { ArrayEngine } from "./arrayEngine.ts"
import { kindOf } from "./codec.ts"
import { type Environment, makeEnvironment } from "./environment.ts"
import { Budget } from "./errorBudget.ts"
import type { Inputs } from "./inputs.ts"
import { checkRunOptions, levelOf } from "./level.ts"
import { report } from "./progress.ts"
import { PullEngine } from "./pullEngine.ts"
import type { Policy, Run } from "./run.ts"
import { seat } from "./session.ts"
import * as Sink from "./sink.ts"
import { isSource } from "./source.ts"

type Result = ExecutionResult<unknown>

type RunOptions = Options<boolean, ErrorBudget | undefined>

const policyOf = (options: RunOptions, ordered: boolean): Policy => ({
  failFast: options.raiseOnFirstError ?? true,
  settle: options.onFirstError === "settle",
  ordered,
  errorBudget: options.errorBudget === undefined ? undefined : new Budget(options.errorBudget)
})

interface Begun {
  readonly environment: Environment
  readonly concurrency: number
}

/** Checks everything that can be wrong before anything is opened, and takes what the run needs from its fiber. */
const begin = (
  inputs: Inputs,
  options: StreamOptions<boolean, ErrorBudget | undefined>
): Effect.Effect<Begun, never, Session> =>
  Effect.gen(function*() {
    checkRunOptions(options)
    if (inputs.invalid !== undefined) throw inputs.invalid
    if (!isSource(inputs.source)) {
      throw new InvalidOptions({
        option: inputs.name,
        value: kindOf(inputs.source),
        expected: "an array, an Iterable, an AsyncIterable or a Stream"
      })
    }
    const session = yield* Session
    const concurrency = yield* levelOf(options.concurrency, session.capacity)
    const environment = yield* makeEnvironment(session[seat], options.statement, options.limiter)
    return { concurrency, environment }
  })

/** Reports progress around an effect, where it is asked for. */
const reporting = <A, E>(
  effect: Effect.Effect<A, E>,
  environment: Environment,
  run: Run,
  options: RunOptions
): Effect.Effect<A, E> => {
  const handler = options.onProgress
  if (handler === undefined) return effect
  return Effect.suspend(() => {
    const reporter = report(environment, run, handler)
    return Effect.onExit(effect, () => reporter.finish)
  })
}

/** Runs everything and gives the results by index. */
export const collect = (inputs: Inputs, options: RunOptions): Effect.Effect<Array<Result>, unknown, Session> =>
  Effect.flatMap(begin(inputs, options), ({ concurrency, environment }) => {
    const policy = policyOf(options, false)
    return Arr.isArray(inputs.source)
      ? collectArray(environment, policy, inputs, inputs.source, concurrency, options)
      : collectPulled(environment, policy, inputs, concurrency, options)
  })

const collectArray = (
  environment: Environment,
  policy: Policy,
  inputs: Inputs,
  items: ReadonlyArray<unknown>,
  concurrency: number,
  options: RunOptions
): Effect.Effect<Array<Result>, unknown> => {
  const engine = new ArrayEngine(environment, policy, items, (item, index) => {
    const executable = inputs.toExecutable(item)
    if (executable !== undefined) return executable
    return new InvalidOptions({ option: `${inputs.name}[${index}]`, value: kindOf(item), expected: inputs.expected })
  })
  const executed = engine.execute(concurrency).pipe(
    Effect.onError(() => engine.run.interrupt),
    Effect.andThen(engine.run.conclusion),
    Effect.as(engine.results)
  )
  return reporting(executed, environment, engine.run, options)
}

const collectPulled = (
  environment: Environment,
  policy: Policy,
  inputs: Inputs,
  concurrency: number,
  options: RunOptions
): Effect.Effect<Array<Result>, unknown> => {
  const results: Array<Result> = []
  const engine = new PullEngine(environment, policy, inputs.source, {
    ...inputs,
    concurrency,
    bufferSize: Number.POSITIVE_INFINITY,
    sink: Sink.collecting(results),
    results
  })
  return reporting(Effect.as(drained(engine), results), environment, engine.run, options)
}

/** Runs everything and gives the counts. */
export const count = (inputs: Inputs, options: RunOptions): Effect.Effect<Summary, unknown, Session> =>
  Effect.flatMap(begin(inputs, options), ({ concurrency, environment }) => {
    const engine = new PullEngine(environment, policyOf(options, false), inputs.source, {
      ...inputs,
      concurrency,
      bufferSize: Number.POSITIVE_INFINITY,
      sink: Sink.discarding,
      results: []
    })
    return reporting(Effect.map(drained(engine), () => engine.run.summary), environment, engine.run, options)
  })

/** Runs as far as the stream is pulled. */
export const stream = (
  inputs: Inputs,
  options: StreamOptions<boolean, ErrorBudget | undefined>
): Stream.Stream<Result, unknown, Session> =>
  Stream.unwrap(Effect.gen(function*() {
    const { concurrency, environment } = yield* begin(inputs, options)
    const ordered = options.ordered ?? true
    const policy = policyOf(options, ordered)
    const engine = new PullEngine(environment, policy, inputs.source, {
      ...inputs,
      concurrency,
      bufferSize: options.bufferSize ?? (ordered ? Math.max(4_096, 16 * concurrency) : concurrency),
      sink: ordered ? Sink.ordered(policy.failFast) : Sink.unordered(policy.failFast),
      results: []
    })
    if (options.onProgress !== undefined) {
      const reporter = report(environment, engine.run, options.onProgress)
      yield* Effect.addFinalizer(() => reporter.finish)
    }
    yield* Effect.addFinalizer(() => engine.shutdown)
    return Stream.fromPull(Effect.succeed(engine.pull))
  }))

// Nothing is handed over before the end, so that the first pull is answered by the end.
const drained = (engine: PullEngine): Effect.Effect<void, unknown> =>
  engine.pull.pipe(
    Effect.onError(() => engine.shutdown),
    Effect.asVoid,
    Pull.catchDone(() => Effect.void)
  )
