/**
 * Time that moves when nothing else is left to do, for worlds of many processes in one.
 *
 * `TestClock` waits for turns of the event loop after each sleep. A world of a thousand runners has millions of sleeps, so that its
 * fibers run on a scheduler of their own: when that has nothing left, the next sleep ends.
 */
import { Cause, Clock, Duration, Effect, Exit, Scheduler } from "effect"

interface Sleep {
  readonly at: number
  readonly order: number
  readonly process: Process | undefined
  wake: (() => void) | undefined
}

// Any time will do that writes can be dated with.
const epoch = 1_700_000_000_000

export class VirtualTime {
  #millis = epoch
  #order = 0
  #tasks: Array<{ run: (() => void) | undefined }> = []
  readonly #sleeps = new Heap()
  readonly #scheduler = new Scheduler.MixedScheduler("async", (run) => {
    const task: { run: (() => void) | undefined } = { run }
    this.#tasks.push(task)
    return () => {
      task.run = undefined
    }
  })
  /** The clock of the world, by which servers count. */
  readonly clock: Clock.Clock = this.#clock(undefined, 0)

  readonly #stepsOfTurn: number

  /** Gives the event loop a turn once in so many steps. */
  constructor(stepsOfTurn = 5_000) {
    this.#stepsOfTurn = stepsOfTurn
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#millis - epoch
  }

  /** A process, whose wall clock is ahead by some milliseconds, or behind. */
  process(ahead = 0): Process {
    const process: Process = new Process((asleep) => this.#clock(asleep, ahead))
    return process
  }

  /** Runs a program to its end. Fails if it waits for what never comes. */
  async run<A, E>(program: Effect.Effect<A, E>): Promise<A> {
    const fiber = Effect.runFork(Effect.provideService(program, Clock.Clock, this.clock), {
      scheduler: this.#scheduler
    })
    for (let step = 1, idle = 0;; step++) {
      this.#drain()
      const exit = fiber.pollUnsafe()
      if (exit !== undefined) return Exit.isSuccess(exit) ? exit.value : Promise.reject(Cause.squash(exit.cause))
      // What waits for a promise goes on, and from time to time whatever else shares the event loop.
      await Promise.resolve()
      if (step % this.#stepsOfTurn === 0) await turn()
      if (this.#tasks.length > 0) continue
      if (this.#advance()) {
        idle = 0
        continue
      }
      // A module may be loading.
      if (++idle > 2_000) throw new Error("the program waits, and nothing is left that could end that")
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  #drain(): void {
    while (this.#tasks.length > 0) {
      const tasks = this.#tasks
      this.#tasks = []
      for (const { run } of tasks) run?.()
    }
  }

  #advance(): boolean {
    for (let sleep = this.#sleeps.pop(); sleep !== undefined; sleep = this.#sleeps.pop()) {
      const { wake } = sleep
      if (wake === undefined) continue
      this.#millis = Math.max(this.#millis, sleep.at)
      if (sleep.process?.isFrozen === true) {
        sleep.process.overdue.push(wake)
        continue
      }
      wake()
      return true
    }
    return false
  }

  #clock(process: Process | undefined, ahead: number): Clock.Clock {
    const millis = () => this.#millis + ahead
    const wallNanos = () => BigInt(Math.floor(millis() * 1_000)) * 1_000n
    const nanos = () => BigInt(Math.floor(this.#millis * 1_000)) * 1_000n
    return {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: wallNanos,
      currentTimeNanos: Effect.sync(wallNanos),
      monotonicTimeNanosUnsafe: nanos,
      monotonicTimeNanos: Effect.sync(nanos),
      sleep: (duration) =>
        Effect.callback((resume) => {
          const length = Duration.toMillis(duration)
          if (length === Number.POSITIVE_INFINITY) return
          const sleep: Sleep = {
            at: this.#millis + Math.max(0, length),
            order: this.#order++,
            process,
            wake: () => resume(Effect.void)
          }
          this.#sleeps.push(sleep)
          return Effect.sync(() => {
            sleep.wake = undefined
          })
        })
    }
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A process of a world. While it is frozen, none of its sleeps ends and none of its answers arrives. */
export class Process {
  readonly clock: Clock.Clock
  /** The sleeps that have ended meanwhile. */
  overdue: Array<() => void> = []
  #isFrozen = false

  constructor(makeClock: (process: Process) => Clock.Clock) {
    this.clock = makeClock(this)
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  freeze(): void {
    this.#isFrozen = true
  }

  thaw(): void {
    this.#isFrozen = false
    const overdue = this.overdue
    this.overdue = []
    for (const wake of overdue) wake()
  }

  /** Waits until the process is not frozen. */
  readonly running: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.#isFrozen) this.overdue.push(() => resume(Effect.void))
    else resume(Effect.void)
  })
}

/** A binary heap of sleeps, by their ends, and then in their order. */
class Heap {
  readonly #items: Array<Sleep> = []

  push(sleep: Sleep): void {
    const items = this.#items
    let at = items.length
    items.push(sleep)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!isBefore(sleep, items[parent]!)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = sleep
  }

  pop(): Sleep | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (first === undefined || last === undefined || items.length === 0) return first
    let at = 0
    while (true) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child++
      if (!isBefore(items[child]!, last)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return first
  }
}

const isBefore = (one: Sleep, other: Sleep): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)
