/**
 * A lease on a row: one owner at a time, for as long as it is renewed.
 *
 * Servers count the lease down as the TTL of the row, and only conditional writes touch it. Each acquisition writes a term of its
 * own. A request of a former term that arrives late (the server had it, and its answer was given up) finds another owner in the
 * row and changes nothing: a late release cannot free what has been acquired again.
 */
import type { CqlError } from "@effect-cql/core"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { nanosOf } from "./monotonic.ts"
import type { Store } from "./store.ts"

export interface Settings {
  readonly store: Store
  readonly table: string
  readonly key: string
  /** Name of the process, which no other process has. */
  readonly owner: string
  readonly duration: Duration.Duration
  /** Gives each acquisition of the process its number. */
  readonly nextTerm: () => number
}

export class Lease {
  readonly #settings: Settings
  readonly #texts: Texts
  readonly #seconds: number
  readonly #nanos: bigint
  // Its own conditional writes on one partition are sent one after the other: they would contend.
  readonly #oneByOne = Semaphore.makeUnsafe(1)
  /** The term that holds the row, or that may hold it: the answer to its acquisition was lost. */
  #term: string | undefined
  #isHeld = false
  /** Monotonic time until which no other process can have acquired the row. */
  #validUntil = 0n

  constructor(settings: Settings) {
    this.#settings = settings
    this.#texts = textsOf(settings.table)
    // Servers round the age of a cell to seconds.
    this.#seconds = Math.ceil(Duration.toSeconds(settings.duration)) + 1
    this.#nanos = nanosOf(settings.duration)
  }

  /** Monotonic time until which the lease is certain. 0 if it is not held. */
  get validUntil(): bigint {
    return this.#isHeld ? this.#validUntil : 0n
  }

  /** Acquires the row where it is free, and renews it where it is held. */
  readonly acquire: Effect.Effect<boolean, CqlError> = Effect.suspend(() =>
    this.#isHeld
      ? Effect.flatMap(this.#renew, (isRenewed) => isRenewed ? Effect.succeed(true) : this.#acquire)
      : this.#acquire
  ).pipe(this.#oneByOne.withPermits(1))

  /** Renews the lease. Gives false, and forgets it, if the row has expired or belongs to another process. */
  readonly renew: Effect.Effect<boolean, CqlError> = Effect.suspend(() =>
    this.#isHeld ? this.#renew : Effect.succeed(false)
  ).pipe(this.#oneByOne.withPermits(1))

  /** Gives the row back. */
  readonly release: Effect.Effect<void, CqlError> = Effect.suspend(() => {
    const term = this.#term
    if (term === undefined) return Effect.void
    this.#isHeld = false
    const { key, store } = this.#settings
    return store.condition(this.#texts.release, [store.cluster, key, term]).pipe(
      Effect.tap(Effect.sync(() => {
        if (this.#term === term) this.#term = undefined
      })),
      Effect.asVoid
    )
  }).pipe(this.#oneByOne.withPermits(1))

  get #acquire(): Effect.Effect<boolean, CqlError> {
    const { key, nextTerm, owner, store } = this.#settings
    return Effect.gen({ self: this }, function*() {
      const term = `${owner} ${nextTerm()}`
      this.#term = term
      const begun = yield* Clock.monotonicTimeNanos
      const first = yield* store.condition(this.#texts.insert, [store.cluster, key, term, this.#seconds])
      const current = first.current["owner"]
      if (first.held || current === term) return yield* this.#hold(begun)
      if (typeof current !== "string" || !current.startsWith(`${owner} `)) {
        this.#term = undefined
        return false
      }
      // A former term of this process, whose release may be on its way.
      const second = yield* store.condition(this.#texts.replace, [this.#seconds, term, store.cluster, key, current])
      if (second.held || second.current["owner"] === term) return yield* this.#hold(begun)
      this.#term = undefined
      return false
    })
  }

  get #renew(): Effect.Effect<boolean, CqlError> {
    const { key, store } = this.#settings
    return Effect.gen({ self: this }, function*() {
      const term = this.#term
      const begun = yield* Clock.monotonicTimeNanos
      const { held } = yield* store.condition(this.#texts.replace, [this.#seconds, term, store.cluster, key, term])
      if (held) return yield* this.#hold(begun)
      this.#term = undefined
      this.#isHeld = false
      return false
    })
  }

  // The servers began to count after the request was sent. An answer that came too late says nothing.
  #hold(begun: bigint): Effect.Effect<boolean> {
    return Effect.map(Clock.monotonicTimeNanos, (now) => {
      this.#validUntil = begun + this.#nanos
      this.#isHeld = now < this.#validUntil
      return this.#isHeld
    })
  }
}

interface Texts {
  readonly insert: string
  readonly replace: string
  readonly release: string
}

const textsOf = (table: string): Texts => ({
  insert: `INSERT INTO ${table} (cluster, key, owner) VALUES (?, ?, ?) IF NOT EXISTS USING TTL ?`,
  replace: `UPDATE ${table} USING TTL ? SET owner = ? WHERE cluster = ? AND key = ? IF owner = ?`,
  release: `DELETE FROM ${table} WHERE cluster = ? AND key = ? IF owner = ?`
})
