/**
 * A statement executed alone, page by page or as a whole: bound once, with one retry budget over all of its pages.
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { CqlError } from "../../CqlError.ts"
import type { ExecutionResult, Success } from "../../ExecutionResult.ts"
import type { ResultSet } from "../../ResultSet.ts"
import type { ResultPage } from "../../Session.ts"
import { Execution } from "../execution/execution.ts"
import type { Host, Paging } from "../execution/host.ts"
import { Permit } from "../execution/permit.ts"
import { Retries } from "../execution/retries.ts"
import { defectOf } from "../run/defect.ts"
import { Environment } from "../run/environment.ts"
import { YieldBudget } from "../run/yieldBudget.ts"
import type { Executable } from "../statement/input.ts"
import { observe } from "../watch/observe.ts"
import type { Observer, Watched } from "../watch/observer.ts"
import type { SessionInternals } from "./session.ts"

export class Pager<A> implements Host {
  readonly environment: Environment
  readonly paging: Paging
  readonly retries: Retries
  readonly observer: Observer | undefined
  readonly #execution: Execution
  readonly #permit: Permit | undefined
  readonly #toValue: (result: Success<unknown>, execution: Execution) => A
  #yieldBudget: YieldBudget | undefined
  // The fiber of a request that was abandoned, where its port is one of effects.
  #abandoned: Fiber.Fiber<unknown, unknown> | undefined
  #resume: ((exit: Exit.Exit<A, CqlError>) => void) | undefined

  constructor(
    session: SessionInternals,
    executable: Executable,
    context: Context.Context<never>,
    paging: Paging,
    toValue: (result: Success<unknown>, execution: Execution) => A,
    watched: Watched = "statement"
  ) {
    const environment = new Environment(session, context, undefined, undefined)
    this.observer = environment.observer = observe(environment, watched)
    this.environment = environment
    this.paging = paging
    this.retries = new Retries(environment.clock)
    this.#toValue = toValue
    this.#permit = environment.gate === undefined ? undefined : new Permit(environment.gate)
    this.#execution = new Execution(this, executable, 0, executable, this.#permit)
  }

  /** The whole result, or the next page of it. */
  readonly next: Effect.Effect<A, CqlError> = Effect.callback((resume) => {
    this.#resume = resume
    this.observer?.begin(this.#execution)
    this.#execution.start()
    return this.#interrupt
  })

  get yieldBudget(): YieldBudget {
    return this.#yieldBudget ??= new YieldBudget(this.environment.dispatcher)
  }

  enter(execution: Execution, timeout: number | undefined): void {
    execution.place = 0
    if (timeout !== undefined) this.environment.session.sweeper(this.environment).watch(execution, timeout)
    // The request that was being sent when it interrupted its own fiber.
    if (this.isInterrupted) this.#abandon()
  }

  leave(execution: Execution): void {
    execution.place = -1
    execution.sweeper?.unwatch(execution)
  }

  ended(execution: Execution, result: ExecutionResult<unknown>): void {
    this.observer?.ended(execution, result)
    // The caller goes on within the next line: neither its next request nor its work may meet the permit of this one.
    this.#permit?.giveBackEnded()
    this.#end(result._tag === "Failure" ? Exit.fail(result.error) : Exit.succeed(this.#toValue(result, execution)))
  }

  died(execution: Execution, cause: Cause.Cause<unknown>): void {
    this.observer?.died(execution, execution.interrupted.outcome, cause)
    this.die(cause)
  }

  die(cause: Cause.Cause<unknown>): void {
    this.#end(Exit.failCause(defectOf(cause)))
  }

  #end(exit: Exit.Exit<A, CqlError>): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.(exit)
  }

  get isInterrupted(): boolean {
    return this.#resume === undefined
  }

  givenUp(execution: Execution): void {
    this.observer?.interrupted(execution, execution.interrupted.outcome)
  }

  #abandon(): void {
    this.#abandoned = this.#execution.abandon(false)
    this.givenUp(this.#execution)
  }

  /** The pages of a stream will be asked for no more: its span ends, if that of the last page has not ended it. */
  readonly close: Effect.Effect<void> = Effect.sync(() => this.observer?.closed(this.#execution))

  get #interrupt(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#resume = undefined
      if (this.#execution.place >= 0) {
        this.#abandon()
        return this.#atRest
      }
      // It is between two attempts, in the callback that has interrupted its fiber.
      return Effect.andThen(this.environment.drained, this.#atRest)
    })
  }

  get #atRest(): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.#abandoned === undefined ? Effect.void : Effect.asVoid(Fiber.await(this.#abandoned))
    )
  }
}

const everyPage: Paging = { pages: "all", from: undefined }

/** Executes a statement for its whole result. */
export const executeAll = <Row>(
  session: SessionInternals,
  executable: Executable
): Effect.Effect<ResultSet<Row>, CqlError> =>
  Effect.withFiber((fiber) => new Pager(session, executable, fiber.context, everyPage, toResult<Row>).next)

/** A pager that gives one page at a time. */
export const pagesOf = <Row>(
  session: SessionInternals,
  executable: Executable,
  from: Paging["from"],
  watched: Watched
): Effect.Effect<Pager<ResultPage<Row>>> =>
  Effect.withFiberSucceed((fiber) =>
    new Pager(session, executable, fiber.context, { pages: "one", from }, toPage<Row>, watched)
  )

// The rows went through the codec of this very statement: the one place where its row type comes back.
const toResult = <Row>(result: Success<unknown>): ResultSet<Row> => result.value as ResultSet<Row>

const toPage = <Row>(result: Success<unknown>, { pageState }: Execution): ResultPage<Row> => ({
  result: toResult(result),
  pageState,
  outcome: result.outcome
})
