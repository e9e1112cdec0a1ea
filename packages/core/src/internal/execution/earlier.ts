/**
 * The attempts of an execution that have failed.
 */
import type { Attempt } from "../../CqlError.ts"
import type { Outcome } from "../../Outcome.ts"
import type { Steps } from "./retries.ts"

export class Earlier {
  /** The waits so far at the current page. */
  steps: Steps | undefined
  /** Requests of all pages that were not sent. */
  unsent = 0
  /** The effect on the database that they may have had together. */
  outcome: Outcome | undefined
  history: ReadonlyArray<Attempt> | undefined
}
