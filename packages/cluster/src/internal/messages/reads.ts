/**
 * Reads of many partitions, where one that cannot be read costs the others nothing.
 *
 * Effect reads the messages of all shards of a process by one call, and the replies to all its requests by another one. If such a call
 * failed with its slowest partition, one of them would stop the process.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Unanswered } from "./errors.ts"

const atOnce = 32
/** Time for which the others wait for a partition: a request that times out, and another one. */
const patience = Duration.seconds(4)
/** Nanoseconds for which they do not wait again. */
const pause = 10_000_000_000n

export class Reads<Key> {
  readonly #part: string
  /** Monotonic time until which a partition is not read beside others. */
  readonly #silent = new Map<Key, bigint>()

  /** `part` says in the log what is read. */
  constructor(part: string) {
    this.#part = part
  }

  /** Reads partitions, and gives those that could be read. Fails if none could. */
  all<A, E, R>(
    keys: ReadonlyArray<Key>,
    read: (key: Key) => Effect.Effect<A, E, R>
  ): Effect.Effect<ReadonlyMap<Key, A>, E | Unanswered, R> {
    return Effect.gen({ self: this }, function*() {
      const now = yield* Clock.monotonicTimeNanos
      for (const [key, until] of this.#silent) if (until <= now) this.#silent.delete(key)
      const heard = keys.filter((key) => !this.#silent.has(key))
      const asked = heard.length > 0 ? heard : keys
      const exits = yield* Effect.forEach(asked, (key) => this.#one(key, read(key), now), { concurrency: atOnce })
      const found = new Map<Key, A>()
      for (const [at, exit] of exits.entries()) if (Exit.isSuccess(exit)) found.set(asked[at]!, exit.value)
      const failed = exits.find(Exit.isFailure)
      if (failed !== undefined && found.size === 0) return yield* Effect.failCause(failed.cause)
      return found
    })
  }

  #one<A, E, R>(
    key: Key,
    read: Effect.Effect<A, E, R>,
    now: bigint
  ): Effect.Effect<Exit.Exit<A, E | Unanswered>, never, R> {
    const part = `${this.#part} ${key}`
    return Effect.exit(Effect.timeoutOrElse(read, {
      duration: patience,
      orElse: () => Effect.fail(new Unanswered({ part }))
    })).pipe(
      Effect.tap((exit) => {
        if (Exit.isSuccess(exit)) return Effect.void
        const isNew = !this.#silent.has(key)
        this.#silent.set(key, now + pause)
        return isNew
          ? Effect.logWarning(`${part} could not be read, and the others continue without it`, Cause.squash(exit.cause))
          : Effect.void
      })
    )
  }
}
