/**
 * A constant bound in flight, until it is set again.
 */
import { BasicLimiter } from "./basicLimiter.ts"
import type { Time } from "./time.ts"

export class Fixed extends BasicLimiter {
  limit: number
  readonly lastMove = undefined
  readonly timed = false

  constructor(time: Time, limit: number, abandonedFor: number) {
    super(time, abandonedFor)
    this.limit = limit
  }
}
