/**
 * A bound that stays where it is.
 */
import { Leaf } from "./leaf.ts"
import type { Time } from "./time.ts"

export class Fixed extends Leaf {
  readonly limit: number
  readonly lastMove: string | undefined = undefined
  readonly timed = false

  constructor(time: Time, limit: number, abandonedFor: number) {
    super(time, abandonedFor)
    this.limit = limit
  }
}
