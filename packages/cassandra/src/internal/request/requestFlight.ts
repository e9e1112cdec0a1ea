/**
 * A request on a connection: a copy of an attempt.
 */
import type { Next } from "../driver/hosts.ts"
import { Flight } from "../driver/wire.ts"
import type { RawAnswer } from "../protocol/answers.ts"
import type { Slot } from "../protocol/frames.ts"

/** The attempt to which a flight reports. */
export interface Flying {
  /** Called when the turn of a flight to be written has come. Returns its bytes, or undefined if it is not sent any more. */
  readonly frame: (slot: Slot, next: Next) => Buffer | undefined
  /** Called with the answer. */
  readonly answered: (answer: RawAnswer, flight: RequestFlight) => void
  /** Called if there is no answer. */
  readonly broken: (error: unknown, flight: RequestFlight) => void
}

/** A request on a connection. */
export class RequestFlight extends Flight {
  readonly attempt: Flying
  readonly next: Next

  constructor(attempt: Flying, next: Next) {
    super()
    this.attempt = attempt
    this.next = next
  }

  protected frame(version: number, stream: number): Buffer | undefined {
    return this.attempt.frame({ version, stream }, this.next)
  }

  // The core ends a request in time, after it has read the answers that are there.
  getReadTimeout(): number {
    return 0
  }

  answered(answer: RawAnswer): void {
    this.attempt.answered(answer, this)
  }

  failed(error: unknown): void {
    this.attempt.broken(error, this)
  }
}
