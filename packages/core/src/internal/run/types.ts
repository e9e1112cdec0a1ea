/**
 * The types of results and errors that follow from the options of a run.
 */
import type { DeadlineExceeded } from "../../DeadlineExceeded.ts"
import type { ErrorBudget, ErrorBudgetExhausted } from "../../ErrorBudgetExhausted.ts"
import type { ExecutionResult, Success } from "../../ExecutionResult.ts"
import type { BudgetNeedsCollectMode, ErrorOf } from "../../Run.ts"
import type { StatementFailed } from "../../StatementFailed.ts"

/** Successes where the first failure stops the run, and successes and failures otherwise. */
export type ResultOf<Row, Raise extends boolean, Item> = [Raise] extends [true] ? Success<Row, Item>
  : ExecutionResult<Row, Item>

/** The errors of a run: of a failed statement, of an exhausted budget, of a deadline, of the source. */
export type Errors<S, Row, Raise extends boolean, Budget extends ErrorBudget | undefined, Deadline> =
  | ([Raise] extends [false] ? never : StatementFailed)
  | ([Budget] extends [undefined] ? never : ErrorBudgetExhausted<Row>)
  | ([Deadline] extends [undefined] ? never : DeadlineExceeded<Row>)
  | ErrorOf<S>

/** An error budget is for runs that go on after a failure: beside it `raiseOnFirstError` has to be `false`. */
export type WithBudget<Raise extends boolean, Budget extends ErrorBudget | undefined> = [Budget] extends [undefined]
  ? unknown
  : [Raise] extends [false] ? unknown
  : { readonly errorBudget: BudgetNeedsCollectMode }

/**
 * A source in the place of options makes the data-last form ask for two more arguments. So it is no candidate for the error of
 * a wrong source, and that error keeps its one line.
 */
export interface NoSource<Seen> {
  readonly [Symbol.iterator]?: Seen
  readonly [Symbol.asyncIterator]?: Seen
  readonly pipe?: Seen
  readonly then?: Seen
  readonly toFixed?: Seen
}
export type Refused<Seen> = [Seen] extends [undefined] ? [] : [never, never]
