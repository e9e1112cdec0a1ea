/**
 * A statement executed alone: a run of one.
 */
import * as Effect from "effect/Effect"
import type { CqlError } from "../../CqlError.ts"
import type { ExecutionResult } from "../../ExecutionResult.ts"
import type { ResultSet } from "../../ResultSet.ts"
import type { ResultPage } from "../../Session.ts"
import type { Execution } from "../execution/execution.ts"
import { makeEnvironment } from "../run/environment.ts"
import { type Paging, type Policy, Run } from "../run/run.ts"
import type { Executable } from "../statement/input.ts"
import type { Seat } from "./session.ts"

const collect: Policy = { failFast: false, settle: false, ordered: false, errorBudget: undefined }

/** Executes one statement, for its whole result or for one page of it. */
export const runOne = <Row>(
  self: Seat,
  executable: Executable,
  paging: Paging
): Effect.Effect<ResultPage<Row>, CqlError> =>
  Effect.flatMap(makeEnvironment(self, undefined, undefined), (environment) => {
    let run: Run
    const ended = Effect.callback<ResultPage<Row>, CqlError>((resume) => {
      let end: Effect.Effect<ResultPage<Row>, CqlError> = Effect.never
      // Collecting, a run of one can only end or die.
      const conclude = () => resume(Effect.andThen(Effect.orDie(run.conclusion), end))
      run = new Run(environment, collect, {
        results: [],
        onEnded: (execution, result) => {
          end = pageOf<Row>(execution, result)
          conclude()
        },
        onAdmitted: () => {},
        onStopping: () => {},
        onSettled: conclude
      }, paging)
      run.start(executable, 0)
    })
    return Effect.onInterrupt(ended, () => run.interrupt)
  })

const pageOf = <Row>(
  execution: Execution,
  result: ExecutionResult<unknown>
): Effect.Effect<ResultPage<Row>, CqlError> =>
  result._tag === "Failure"
    ? Effect.fail(result.error)
    // The rows went through the codec of this very statement: the one place where its row type comes back.
    : Effect.succeed({
      result: result.value as ResultSet<Row>,
      pageState: execution.pageState,
      outcome: result.outcome
    })
