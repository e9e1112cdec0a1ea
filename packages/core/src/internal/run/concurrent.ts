/**
 * The steps that the nine verbs share: check the options, resolve the concurrency, make the engine, begin and end the run.
 */
import * as Arr from "effect/Array"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as EffectResult from "effect/Result"
import * as Stream from "effect/Stream"
import type { ExecutionResult } from "../../ExecutionResult.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import { Session } from "../../Session.ts"
import type { Summary } from "../../Summary.ts"
import { aKindOf } from "../kindOf.ts"
import { type SessionInternals, sessionInternals } from "../session/session.ts"
import { isSource } from "../source/source.ts"
import { isStatement } from "../statement/statement.ts"
import { observe } from "../watch/observe.ts"
import { RunSpan } from "../watch/runSpan.ts"
import { RunWatch } from "../watch/runWatch.ts"
import { ArrayEngine } from "./arrayEngine.ts"
import { Environment } from "./environment.ts"
import { Budget } from "./errorBudget.ts"
import { report } from "./progress.ts"
import { PullEngine } from "./pullEngine.ts"
import * as Sink from "./resultBuffer.ts"
import { repeated } from "./rounds.ts"
import type { Policy, Run } from "./run.ts"
import { type RunInput, statements as ofStatements } from "./runInput.ts"
import { checkRunOptions, concurrencyOf, type Form, type RunOptions } from "./runOptions.ts"

type Result = ExecutionResult<unknown>

/** Runs what an input gives: in one of the forms of a result. */
export type Verb = (input: RunInput, options: RunOptions) => unknown

const policyOf = (options: RunOptions, ordered: boolean, round?: number): Policy => ({
  failFast: options.raiseOnFirstError ?? true,
  settle: options.onFirstError === "settle",
  ordered,
  errorBudget: options.errorBudget === undefined ? undefined : new Budget(options.errorBudget),
  deadline: options.deadline === undefined ? undefined : Duration.fromInputUnsafe(options.deadline),
  round
})

/** A run whose options and source have been checked. */
interface Checked {
  readonly session: SessionInternals
  readonly concurrency: number
  readonly options: RunOptions
}

interface Begun extends Checked {
  readonly environment: Environment
  readonly watch: RunWatch
  /** Time of the start of the run, in milliseconds on the monotonic clock. */
  readonly begun: number
  /** In a later round, the indexes of its statements in the source. */
  readonly indexes?: ReadonlyArray<number> | undefined
}

/** Throws for arguments that no run can have. */
const checkArguments = (input: RunInput, options: RunOptions, form: Form): void => {
  checkRunOptions(options, form)
  if (input.invalid !== undefined) throw input.invalid
  if (isSource(input.source)) return
  const given = isStatement(input.source)
    ? "a single Statement: yield* it, or put it into an array"
    : aKindOf(input.source)
  const expected = "an array, an Iterable, an AsyncIterable or a Stream"
  throw new InvalidOptions({ option: input.name, given, expected })
}

/**
 * Checks everything that can be wrong before anything is opened. The arguments are checked at the call of the verb, so that the
 * stack of the error leads there; the run dies of it when it starts.
 */
const check = (
  input: RunInput,
  options: RunOptions,
  form: Form
): Effect.Effect<Checked, never, Session> => {
  const checked = EffectResult.try(() => checkArguments(input, options, form))
  if (EffectResult.isFailure(checked)) {
    const { failure } = checked
    // Made again, for the frames of the check would leave no room for that of the call.
    return Effect.die(failure instanceof InvalidOptions ? new InvalidOptions(failure) : failure)
  }
  return Effect.gen(function*() {
    const session = (yield* Session)[sessionInternals]
    const concurrency = yield* concurrencyOf(options.concurrency, session.session)
    return { concurrency, options, session }
  })
}

/** Takes what a run needs from its fiber, and begins its span. Its effects are within that. */
const begin = (checked: Checked, input: RunInput, context: Context.Context<never>): Begun => {
  const { options, session } = checked
  const span = RunSpan.begin(checked, input.source, context)
  const environment = new Environment(session, span?.context ?? context, options.statement, options.limiter)
  environment.observer = observe(environment, "run", options.spans ?? "off")
  return { ...checked, environment, watch: new RunWatch(environment, span), begun: environment.now }
}

/** Runs a body that is watched. */
const watched = <A, E>(
  checked: Checked,
  input: RunInput,
  body: (begun: Begun) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.withFiber(({ context }) => {
    const begun = begin(checked, input, context)
    return Effect.onExit(Effect.suspend(() => body(begun)), (exit) => begun.watch.end(exit))
  })

/** Reports the progress of a run, and ends it at its deadline, where that is asked for. Succeeds with how to stop both. */
const attend = (run: Run, started: Begun): Effect.Effect<void> => {
  const timer = run.startDeadline(started.begun)
  const reporter = started.options.onProgress === undefined
    ? undefined
    : report(run, started.options.onProgress, started)
  return Effect.suspend(() => {
    timer?.interruptUnsafe()
    return reporter?.finish ?? Effect.void
  })
}

/** The same around an effect. */
const attended = <A, E>(effect: Effect.Effect<A, E>, run: Run, begun: Begun): Effect.Effect<A, E> => {
  const { deadline, onProgress } = begun.options
  if (onProgress === undefined && deadline === undefined) return effect
  return Effect.suspend(() => {
    const end = attend(run, begun)
    return Effect.onExit(effect, () => end)
  })
}

/** Runs everything and gives the results by index. */
export const collect = (
  input: RunInput,
  options: RunOptions
): Effect.Effect<Array<Result>, unknown, Session> =>
  Effect.flatMap(check(input, options, "array"), (checked) =>
    watched(checked, input, (begun) => {
      const { rounds } = options
      const policy = policyOf(options, false, rounds === undefined ? undefined : 1)
      const first = Arr.isArray(input.source)
        ? collectArray(begun, policy, input.source, input.bind)
        : collectPulled(begun, policy, input)
      if (rounds === undefined) return first
      return Effect.flatMap(first, (results) =>
        repeated(results, begun.environment, {
          schedule: rounds,
          deadline: policy.deadline,
          begun: begun.begun,
          run: (statements, round, indexes) => {
            begun.environment.observer?.beginRound(indexes)
            const policy = policyOf(options, false, round)
            return collectArray({ ...begun, indexes }, policy, statements, ofStatements(statements).bind)
          }
        }))
    }))

const collectArray = (
  begun: Begun,
  policy: Policy,
  items: ReadonlyArray<unknown>,
  bind: RunInput["bind"]
): Effect.Effect<Array<Result>, unknown> => {
  const engine = new ArrayEngine(begun.environment, policy, items, bind)
  begun.watch.begin(engine.run)
  const executed = engine.execute(begun.concurrency).pipe(
    Effect.onError(() => engine.run.interrupt),
    Effect.andThen(engine.run.conclusion),
    Effect.as(engine.results)
  )
  return attended(executed, engine.run, begun)
}

const collectPulled = (
  begun: Begun,
  policy: Policy,
  input: RunInput
): Effect.Effect<Array<Result>, unknown> => {
  const results: Array<Result> = []
  const engine = new PullEngine(begun.environment, policy, input.source, {
    bind: input.bind,
    concurrency: begun.concurrency,
    bufferSize: Number.POSITIVE_INFINITY,
    sink: Sink.collecting(results)
  })
  begun.watch.begin(engine.run)
  return attended(Effect.as(drained(engine), results), engine.run, begun)
}

/** Runs everything and gives the counts. */
export const count = (input: RunInput, options: RunOptions): Effect.Effect<Summary, unknown, Session> =>
  Effect.flatMap(check(input, options, "counts"), (checked) =>
    watched(checked, input, (begun) => {
      const engine = new PullEngine(begun.environment, policyOf(options, false), input.source, {
        bind: input.bind,
        concurrency: begun.concurrency,
        bufferSize: Number.POSITIVE_INFINITY,
        sink: Sink.discarding
      })
      begun.watch.begin(engine.run)
      return attended(Effect.map(drained(engine), () => engine.run.summary), engine.run, begun)
    }))

/** Runs as far as the stream is pulled. */
export const stream = (input: RunInput, options: RunOptions): Stream.Stream<Result, unknown, Session> => {
  const checking = check(input, options, "stream")
  return Stream.unwrap(Effect.gen(function*() {
    const checked = yield* checking
    const begun = yield* Effect.acquireRelease(
      Effect.withFiberSucceed(({ context }) => begin(checked, input, context)),
      ({ watch }, exit) => watch.end(exit)
    )
    const { concurrency, environment } = begun
    const ordered = options.ordered ?? true
    const policy = policyOf(options, ordered)
    const engine = new PullEngine(environment, policy, input.source, {
      bind: input.bind,
      concurrency,
      bufferSize: options.bufferSize ?? (ordered ? Math.max(4_096, 16 * concurrency) : concurrency),
      sink: ordered ? Sink.ordered(policy.failFast) : Sink.unordered(policy.failFast)
    })
    begun.watch.begin(engine.run, engine)
    const end = attend(engine.run, begun)
    yield* Effect.addFinalizer(() => end)
    yield* Effect.addFinalizer(() => engine.shutdown)
    return Stream.fromPull(Effect.succeed(engine.pull))
  }))
}

// Nothing is handed over before the end, so that the first pull is answered by the end.
const drained = (engine: PullEngine): Effect.Effect<void, unknown> =>
  engine.pull.pipe(
    Effect.onError(() => engine.shutdown),
    Effect.asVoid,
    Pull.catchDone(() => Effect.void)
  )
