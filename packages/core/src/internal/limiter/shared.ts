/**
 * State that all limiters of a process share.
 *
 * A request that is resumed can end at once, release its permit and wait again, at any other limiter of the process. So
 * one loop has to resume all of them, or the stack would grow with every waiter, and one sequence of tickets has to order
 * them. The state stands on the global object, so that two copies of this package share it as well.
 */
import type { BasicLimiter } from "./basicLimiter.ts"

interface Shared {
  /** Limiters made so far: the next identifier. */
  made: number
  /** Tickets given to waiters so far. */
  tickets: number
  /** The loop that resumes waiters is running. */
  isDraining: boolean
  /** Limiters that the running loop has to look at. */
  readonly touched: Set<BasicLimiter>
}

const key = Symbol.for("@effect-cql/core/Limiter/shared/1")

const holder: typeof globalThis & { [key]?: Shared } = globalThis

export const shared: Shared = holder[key] ??= { made: 0, tickets: 0, isDraining: false, touched: new Set() }
