/**
 * Watches a run as a whole: its span, its counts, and what its statements had in common.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Environment } from "../run/environment.ts"
import type { Run } from "../run/run.ts"
import type { Buffering } from "./recorder.ts"
import type { RunSpan } from "./runSpan.ts"

const notBuffering: Buffering = { buffered: 0 }

export class RunWatch {
  readonly #environment: Environment
  readonly #span: RunSpan | undefined
  // One for each round.
  readonly #runs: Array<Run> = []
  #buffering = notBuffering

  constructor(environment: Environment, span: RunSpan | undefined) {
    this.#environment = environment
    this.#span = span
    environment.session.driverEvents.begin()
  }

  /** The run, or a round of it, begins. Its results may wait. */
  begin(run: Run, buffering: Buffering = notBuffering): void {
    this.#runs.push(run)
    this.#buffering = buffering
    this.#environment.observer?.recorder?.began(buffering, undefined)
  }

  /** Hands over the counts, and gives the span what is known at the end of the run. */
  end(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { gate, observer, session } = this.#environment
      observer?.recorder?.finished(this.#buffering)
      const span = this.#span
      if (span !== undefined) {
        span.count(this.#runs, observer)
        if (gate !== undefined) span.describeLimit(gate)
        span.end(exit)
      }
      const events = session.driverEvents.end(session)
      const { warnings } = observer ?? {}
      return warnings === undefined ? events : Effect.andThen(warnings.summary(session), events)
    })
  }
}
