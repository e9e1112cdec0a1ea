/**
 * The messages that this process has delivered to its entities. It delivers them again only on request.
 *
 * They are kept in memory: only the owner of a shard reads its messages, and a new owner has to deliver all of them.
 */
import type { Pending } from "./pending.ts"

interface Claim {
  readonly pending: Pending
  /** Monotonic time at which it ends. */
  readonly until: bigint
}

const lasts = 600_000_000_000n

export class Claims {
  readonly #claims = new Map<string, Claim>()

  isClaimed(pending: Pending, now: bigint): boolean {
    const claim = this.#claims.get(keyOf(pending))
    return claim !== undefined && now < claim.until
  }

  claim(pending: Pending, now: bigint): void {
    this.#claims.set(keyOf(pending), { pending, until: now + lasts })
  }

  /** Ends the claims of messages that match. */
  forget(matches: (pending: Pending) => boolean): void {
    for (const [key, { pending }] of this.#claims) if (matches(pending)) this.#claims.delete(key)
  }

  /** Ends the claims of messages that are no longer there. */
  drop(pending: Pick<Pending, "attempt" | "id" | "shard">): void {
    this.#claims.delete(keyOf(pending))
  }
}

const keyOf = ({ attempt, id, shard }: Pick<Pending, "attempt" | "id" | "shard">): string => `${shard} ${id} ${attempt}`
