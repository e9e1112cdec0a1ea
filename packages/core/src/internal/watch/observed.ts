/**
 * The state of an observed execution. Apart from the execution, which is smaller without an observer.
 */
import type { CallSpan } from "./callSpan.ts"

export class Observed {
  /** When it began. */
  begunAt = 0
  /** When its attempt began, if later. */
  attemptAt: number | undefined
  span: CallSpan | undefined
  /** Events for a span that there is not yet. */
  trail: Array<(span: CallSpan) => void> | undefined
  /** Pages that are not counted yet. */
  pages = 0

  /** When the attempt at hand began. */
  get startOfAttempt(): number {
    return this.attemptAt ?? this.begunAt
  }
}
