/**
 * Measures the mean number of statements in flight when some statements are slow.
 *
 * In virtual time. The clock advances only when a contender has had several turns of the event loop to do whatever it
 * does about the last answer, so that the numbers are those of its way of scheduling, the same on every machine.
 */
import { Session, streamConcurrent } from "@effect-cql/core"
import { Effect, Stream } from "effect"
import { random } from "../internal/random.ts"
import { median } from "../internal/stats.ts"
import type { Answer } from "./answers.ts"
import { names, only, type Setting } from "./contenders.ts"
import { callbackPort, makeWorkload, sessionOf } from "./workload.ts"

const turns = 4

interface Pending {
  readonly at: number
  readonly answered: () => void
}

/** A server of its own time: statements take from 0.5 to 1.5, and one of a hundred takes twenty times that. */
class Server {
  readonly #random: () => number
  // A binary heap by time.
  readonly #pending: Array<Pending> = []
  #now = 0
  #area = 0
  #pumping = false

  constructor(seed: number) {
    this.#random = random(seed)
  }

  get meanInFlight(): number {
    return this.#area / this.#now
  }

  readonly answer: Answer = (answered) => {
    const latency = 0.5 + this.#random()
    this.#push({ at: this.#now + (this.#random() < 0.01 ? 20 * latency : latency), answered })
    if (this.#pumping) return
    this.#pumping = true
    this.#after(turns)
  }

  #after(left: number): void {
    setImmediate(() => left > 1 ? this.#after(left - 1) : this.#advance())
  }

  #advance(): void {
    const { answered, at } = this.#pop()
    this.#area += (this.#pending.length + 1) * (at - this.#now)
    this.#now = at
    answered()
    this.#pumping = this.#pending.length > 0
    if (this.#pumping) this.#after(turns)
  }

  #push(entry: Pending): void {
    const heap = this.#pending
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (heap[parent]!.at <= entry.at) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = entry
  }

  #pop(): Pending {
    const heap = this.#pending
    const first = heap[0]!
    const entry = heap.pop()!
    if (heap.length === 0) return first
    let index = 0
    for (let child = 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++
      if (heap[child]!.at >= entry.at) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = entry
    return first
  }
}

export interface Skew {
  readonly statements: number
  /** Mean in flight, by contender: the median over the seeds. */
  readonly inFlight: Readonly<Record<string, number>>
  /** The same, relative to the bare loop's with the same seed. */
  readonly relative: Readonly<Record<string, number>>
  /** Of the ordered stream, relative to the bare loop's, by buffer size. */
  readonly byBuffer: ReadonlyArray<readonly [bufferSize: number, relative: number]>
}

const chosen = [
  names.floor,
  names.array,
  names.run,
  names.unordered,
  names.ordered,
  names.driver,
  names.driverStream,
  names.pMap,
  names.forEach,
  names.mapEffect
]
const buffers = [0, 100, 400, 1_000, 2_000, 4_096, 16_384]

export const measureSkew = async (concurrency: number, size: number, seeds: ReadonlyArray<number>): Promise<Skew> => {
  const workload = makeWorkload(size)
  const inFlightOf = async (seed: number, run: (setting: Setting) => Promise<unknown>): Promise<number> => {
    const server = new Server(seed)
    await run({ workload, concurrency, answer: server.answer, failEvery: 0 })
    return server.meanInFlight
  }
  const buffered = (bufferSize: number) => ({ answer }: Setting) =>
    Effect.runPromise(
      Stream.runDrain(streamConcurrent(workload.statements, { concurrency, bufferSize })).pipe(
        Effect.provideService(Session, sessionOf(callbackPort(answer, 0)))
      )
    )
  const bySeed = async (run: (setting: Setting) => Promise<unknown>): Promise<ReadonlyArray<number>> => {
    const means: Array<number> = []
    for (const seed of seeds) means.push(await inFlightOf(seed, run))
    return means
  }
  const inFlight: Record<string, ReadonlyArray<number>> = {}
  for (const name of chosen) inFlight[name] = await bySeed((setting) => only(setting, [name])[0]!.run())
  const bare = inFlight[names.floor]!
  const relative = (means: ReadonlyArray<number>) => median(means.map((mean, seed) => mean / bare[seed]!))
  const byBuffer: Array<readonly [number, number]> = []
  for (const size of buffers) byBuffer.push([size, relative(await bySeed(buffered(size)))])
  return {
    statements: size,
    inFlight: Object.fromEntries(Object.entries(inFlight).map(([name, means]) => [name, median(means)])),
    relative: Object.fromEntries(Object.entries(inFlight).map(([name, means]) => [name, relative(means)])),
    byBuffer
  }
}
