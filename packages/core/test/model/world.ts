/**
 * A world in which a run can be watched: its clock stands still until everything that can happen has happened.
 *
 * The virtual clock of Effect's tests moves time for one fiber at a time; here everything that is due at one instant
 * happens in one synchronous drain, so that ties are ties. The scheduler is that of Effect, with its turns of the event
 * loop made by the world.
 */
import { Random as Seeded } from "@effect-cql/test-support/random"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import { EventQueue, type Rank, rank } from "./queue.ts"

export class World {
  /** Nanoseconds. */
  now = 0
  /** Rank of the current event; undefined during its consequences. */
  happening: Rank | undefined
  /** Messages logged so far. */
  readonly logged: Array<string> = []
  readonly #events = new EventQueue()
  readonly #turns: Array<() => void> = []
  readonly #usesPromises: boolean
  readonly #random: Random.Random

  /** `usesPromises`: turns are made by the event loop, for only that lets promises settle. */
  constructor(seed: number, usesPromises: boolean) {
    const random = new Seeded(seed)
    this.#random = {
      nextDoubleUnsafe: () => random.next(),
      nextIntUnsafe: () => random.between(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    }
    this.#usesPromises = usesPromises
  }

  /** Lets something happen at an instant; gives what prevents it. */
  at(at: number, rank: Rank, index: number, run: () => void): () => void {
    const event = this.#events.add(at, rank, index, run)
    return () => {
      event.cancelled = true
    }
  }

  sleep(nanoseconds: number, rank: Rank): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const cancel = this.at(this.now + nanoseconds, rank, 0, () => resume(Effect.void))
      return Effect.sync(cancel)
    })
  }

  sleepPromise(nanoseconds: number, rank: Rank): Promise<void> {
    return new Promise((resolve) => this.at(this.now + nanoseconds, rank, 0, resolve))
  }

  /** Context that effects of this world have to run in. */
  get context(): Context.Context<never> {
    const scheduler = new Scheduler.MixedScheduler("async", (task) => {
      let isCancelled = false
      this.#turns.push(() => {
        if (!isCancelled) task()
      })
      return () => {
        isCancelled = true
      }
    })
    return Context.empty().pipe(
      Context.add(Clock.Clock, this.#clock),
      Context.add(Scheduler.Scheduler, scheduler),
      Context.add(Random.Random, this.#random),
      Context.add(Logger.CurrentLoggers, new Set([Logger.make(({ message }) => this.logged.push(String(message)))]))
    )
  }

  get #clock(): Clock.Clock {
    const nanoseconds = () => BigInt(this.now)
    const milliseconds = () => Math.floor(this.now / 1e6)
    return {
      currentTimeMillisUnsafe: milliseconds,
      currentTimeMillis: Effect.sync(milliseconds),
      currentTimeNanosUnsafe: nanoseconds,
      currentTimeNanos: Effect.sync(nanoseconds),
      monotonicTimeNanosUnsafe: nanoseconds,
      monotonicTimeNanos: Effect.sync(nanoseconds),
      sleep: (duration) => this.sleep(Math.round(Duration.toMillis(duration) * 1e6), rank.timer)
    }
  }

  /** Lets time pass until nothing is left to happen, or too much has. */
  async run(): Promise<"at rest" | "endless"> {
    await this.#settle()
    for (let instants = 0; instants < mostInstants; instants++) {
      const drain = this.#events.takeInstant()
      if (drain.length === 0) return "at rest"
      this.now = drain[0]!.at
      for (const event of drain) {
        this.happening = event.rank
        if (!event.cancelled) event.run()
      }
      this.happening = undefined
      if (this.#usesPromises) await this.#settle()
      else this.#takeTurns()
    }
    return "endless"
  }

  #takeTurns(): void {
    for (let index = 0; index < this.#turns.length; index++) this.#turns[index]!()
    this.#turns.length = 0
  }

  async #settle(): Promise<void> {
    if (!this.#usesPromises) return this.#takeTurns()
    await nextTurn()
    while (this.#turns.length > 0) {
      this.#turns.shift()!()
      await nextTurn()
    }
  }
}

const mostInstants = 200_000

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
