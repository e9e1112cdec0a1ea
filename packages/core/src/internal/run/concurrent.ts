/**
 * What the nine verbs have in common: options checked, level resolved, engine made, run begun and ended.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { ErrorBudget } from "../../ErrorBudgetExhausted.ts"
import type { ExecutionResult } from "../../ExecutionResult.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import type { Options, StreamOptions } from "../../Run.ts"
import { Session } from "../../Session.ts"
import type { Summary } from "../../Summary.ts"
import { aKindOf } from "../kindOf.ts"
import { sessionInternals } from "../session/session.ts"
import { isSource } from "../source/source.ts"
import { isStatement } from "../statement/statement.ts"
import { ArrayEngine } from "./arrayEngine.ts"
import { Environment } from "./environment.ts"
import { Budget } from "./errorBudget.ts"
import { report } from "./progress.ts"
import { PullEngine } from "./pullEngine.ts"
import * as Sink from "./resultBuffer.ts"
import type { Policy, Run } from "./run.ts"
import type { RunInput } from "./runInput.ts"
import { checkRunOptions, levelOf } from "./runOptions.ts"

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
  input: RunInput,
  options: StreamOptions<boolean, ErrorBudget | undefined>
): Effect.Effect<Begun, never, Session> =>
  Effect.gen(function*() {
    checkRunOptions(options)
    if (input.invalid !== undefined) return yield* Effect.die(input.invalid)
    if (!isSource(input.source)) {
      const given = isStatement(input.source)
        ? "a single Statement: yield* it, or put it into an array"
        : aKindOf(input.source)
      const expected = "an array, an Iterable, an AsyncIterable or a Stream"
      return yield* Effect.die(new InvalidOptions({ option: input.name, given, expected }))
    }
    const session = yield* Session
    const concurrency = yield* levelOf(options.concurrency, session.capacity)
    const environment = yield* Effect.withFiberSucceed((fiber) =>
      new Environment(session[sessionInternals], fiber.context, options.statement, options.limiter)
    )
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
export const collect = (input: RunInput, options: RunOptions): Effect.Effect<Array<Result>, unknown, Session> =>
  Effect.flatMap(begin(input, options), ({ concurrency, environment }) => {
    const policy = policyOf(options, false)
    return Arr.isArray(input.source)
      ? collectArray(environment, policy, input, input.source, concurrency, options)
      : collectPulled(environment, policy, input, concurrency, options)
  })

const collectArray = (
  environment: Environment,
  policy: Policy,
  input: RunInput,
  items: ReadonlyArray<unknown>,
  concurrency: number,
  options: RunOptions
): Effect.Effect<Array<Result>, unknown> => {
  const engine = new ArrayEngine(environment, policy, items, input.bind)
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
  input: RunInput,
  concurrency: number,
  options: RunOptions
): Effect.Effect<Array<Result>, unknown> => {
  const results: Array<Result> = []
  const engine = new PullEngine(environment, policy, input.source, {
    bind: input.bind,
    concurrency,
    bufferSize: Number.POSITIVE_INFINITY,
    sink: Sink.collecting(results)
  })
  return reporting(Effect.as(drained(engine), results), environment, engine.run, options)
}

/** Runs everything and gives the counts. */
export const count = (input: RunInput, options: RunOptions): Effect.Effect<Summary, unknown, Session> =>
  Effect.flatMap(begin(input, options), ({ concurrency, environment }) => {
    const engine = new PullEngine(environment, policyOf(options, false), input.source, {
      bind: input.bind,
      concurrency,
      bufferSize: Number.POSITIVE_INFINITY,
      sink: Sink.discarding
    })
    return reporting(Effect.map(drained(engine), () => engine.run.summary), environment, engine.run, options)
  })

/** Runs as far as the stream is pulled. */
export const stream = (
  input: RunInput,
  options: StreamOptions<boolean, ErrorBudget | undefined>
): Stream.Stream<Result, unknown, Session> =>
  Stream.unwrap(Effect.gen(function*() {
    const { concurrency, environment } = yield* begin(input, options)
    const ordered = options.ordered ?? true
    const policy = policyOf(options, ordered)
    const engine = new PullEngine(environment, policy, input.source, {
      bind: input.bind,
      concurrency,
      bufferSize: options.bufferSize ?? (ordered ? Math.max(4_096, 16 * concurrency) : concurrency),
      sink: ordered ? Sink.ordered(policy.failFast) : Sink.unordered(policy.failFast)
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
