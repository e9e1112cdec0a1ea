/**
 * Repeats failed statements in rounds: each round is a run over the statements that may be executed again.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import type { CqlError } from "../../CqlError.ts"
import { DeadlineExceeded } from "../../DeadlineExceeded.ts"
import { ErrorBudgetExhausted } from "../../ErrorBudgetExhausted.ts"
import { type ExecutionResult, type Failure, type Interrupted, isFailure } from "../../ExecutionResult.ts"
import type { Unsettled } from "../../Settlement.ts"
import { completed, remembered } from "../execution/completion.ts"
import * as Made from "../execution/results.ts"
import { carrying, internals, requestOf } from "../internals.ts"
import { afterAttempt, dependsOnProgram } from "../reasons.ts"
import { againOfResult } from "../settle/settle.ts"
import type { Executable } from "../statement/input.ts"
import { timestampOf } from "../statement/request.ts"
import type { Environment } from "./environment.ts"

type Result = ExecutionResult<unknown>

/** A failed statement, and the one that repeats it. */
interface Repetition {
  readonly failure: Failure
  readonly statement: Executable
}

export interface Rounds {
  readonly schedule: Schedule.Schedule<unknown, ReadonlyArray<Failure>>
  /** Time that the run may take. */
  readonly deadline: Duration.Duration | undefined
  /** Time of the start of the run. */
  readonly begun: number
  /** Runs the statements of a round, which have these indexes in the source, and gives their results by position. */
  readonly run: (
    statements: ReadonlyArray<Executable>,
    round: number,
    indexes: ReadonlyArray<number>
  ) => Effect.Effect<Array<Result>, unknown>
}

/** Repeats failures after the results of the first round, until none may be repeated or the schedule ends. */
export const repeated = (
  results: Array<Result>,
  environment: Environment,
  { begun, deadline, run, schedule }: Rounds
): Effect.Effect<Array<Result>, unknown> =>
  Effect.gen(function*() {
    const step = yield* Schedule.toStep(schedule)
    for (let round = 2;; round++) {
      const pending = results.flatMap(repetitionOf)
      if (pending.length === 0) return results
      const delay = yield* step(environment.clock.currentTimeMillisUnsafe(), pending.map(({ failure }) => failure))
        .pipe(
          Effect.map(([, delay]) => delay),
          Pull.catchDone(() => Effect.succeed(undefined))
        )
      // A round that cannot begin in time is none: every statement has its result.
      if (delay === undefined || isTooLate(environment.now - begun, delay, deadline)) return results
      yield* environment.clock.sleep(delay)
      const indexes = pending.map(({ failure }) => failure.index)
      const again = yield* run(pending.map(({ statement }) => statement), round, indexes).pipe(
        Effect.mapError((error) => accountOf(error, results, pending))
      )
      merge(results, again, pending)
    }
  })

const isTooLate = (elapsed: number, delay: Duration.Duration, deadline: Duration.Duration | undefined): boolean =>
  deadline !== undefined && elapsed + Duration.toMillis(delay) >= Duration.toMillis(deadline)

const repetitionOf = (result: Result): ReadonlyArray<Repetition> => {
  if (result._tag === "Success" || dependsOnProgram(result.error.reason)) return []
  const statement = againOfResult(result)
  return statement === undefined ? [] : [{ failure: result, statement }]
}

/** Puts the results of a round in the place of the failures that it repeated. */
const merge = (results: Array<Result>, again: ReadonlyArray<Result>, pending: ReadonlyArray<Repetition>): void => {
  for (const result of again) {
    const repetition = pending[result.index]!
    results[repetition.failure.index] = rebased(result, repetition)
  }
}

/** The result of a repetition as that of the statement of the source. */
const rebased = (result: Result, repetition: Repetition): Result => {
  const { failure } = repetition
  const origin = originOf(failure)
  const request = requestAfter(result, repetition)
  const { attempts } = failure.error
  if (result._tag === "Success") {
    const { attempts: last, outcome, value } = result
    const success = new Made.Success(origin, value, outcome, attempts + last)
    return outcome === "Unknown" ? carrying(success, request) : success
  }
  const { error } = result
  const outcome = afterAttempt(failure.outcome, result.outcome)
  const { isRetryable, pageState } = error
  const kept = { request, pageState, ...historyOf(failure.error, error) }
  const own = completed(error, outcome, attempts + error.attempts, isRetryable, kept)
  return new Made.Failure(origin, own, outcome)
}

/** The attempts of both rounds, as the last error has them. */
const historyOf = (before: CqlError, error: CqlError) => {
  const { earlier = [], latency } = error[internals] ?? {}
  return { earlier: remembered([...before.history, ...earlier]), latency }
}

const interruptedAfter = (interrupted: Interrupted, repetition: Repetition): Interrupted => {
  const { failure } = repetition
  const request = requestAfter(interrupted, repetition)
  const outcome = afterAttempt(failure.outcome, interrupted.outcome)
  return carrying(new Made.Interrupted(originOf(failure), outcome, request && timestampOf(request)), request)
}

const originOf = ({ index, item, statement }: Failure) => ({ index, item, executable: statement })

// A write with its first timestamp is the write of the first request. Another one stands for itself.
const requestAfter = (result: Unsettled, { failure, statement }: Repetition) =>
  statement === failure.statement ? requestOf(result) : requestOf(failure)

/** The account of all statements, for the error of a later round. */
const accountOf = (error: unknown, results: Array<Result>, pending: ReadonlyArray<Repetition>): unknown => {
  if (error instanceof DeadlineExceeded) {
    const interrupted = error.interrupted.map((each) => interruptedAfter(each, pending[each.index]!))
    merge(results, error.results, pending)
    const stopped = new Set(interrupted.map(({ index }) => index))
    const ended = results.filter(({ index }) => !stopped.has(index))
    const { deadline, summary } = error
    const startedCount = results.length
    const failures = ended.filter(isFailure)
    return new DeadlineExceeded({ deadline, failures, interrupted, results: ended, startedCount, summary })
  }
  if (error instanceof ErrorBudgetExhausted) {
    merge(results, error.results, pending)
    const { budget, reason, summary } = error
    const failure = results[pending[error.failure.index]!.failure.index]!
    const startedCount = results.length
    return isFailure(failure)
      ? new ErrorBudgetExhausted({ budget, failure, reason, results, startedCount, summary })
      : error
  }
  return error
}
