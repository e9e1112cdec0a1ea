/**
 * Rows in slices of about a second.
 *
 * The rest of a time to live is counted when the statements of a slice are made. Under a low rate, a page may take hours to be sent.
 */
import * as Effect from "effect/Effect"
import { monotonicMillis } from "../monotonic.ts"

const largest = 256
/** Milliseconds that a slice should not exceed. */
const most = 1_000

export class Slices {
  #size = 1

  /** Works on slices of rows, one after the other. */
  over<A, E, R>(
    rows: ReadonlyArray<A>,
    work: (slice: ReadonlyArray<A>) => Effect.Effect<void, E, R>
  ): Effect.Effect<void, E, R> {
    return Effect.gen({ self: this }, function*() {
      for (let at = 0; at < rows.length;) {
        const slice = rows.slice(at, at + this.#size)
        const began = yield* monotonicMillis
        yield* work(slice)
        this.#adapt(slice.length, (yield* monotonicMillis) - began)
        at += slice.length
      }
    })
  }

  #adapt(length: number, millis: number): void {
    if (millis > most) this.#size = Math.max(1, Math.floor(length * most / millis))
    else if (millis < most / 2 && length === this.#size) this.#size = Math.min(largest, 2 * this.#size)
  }
}
