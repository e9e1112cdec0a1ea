/** A simulated cluster: nodes with some workers and a queue each, and a driver that chooses a node at random. */
import type { Random } from "@effect-cql/test-support/random"
import type { Events } from "./events.ts"

export interface Node {
  /** Requests that are worked on at once, at a time. */
  readonly workers: (now: number) => number
  /** How long the work on one takes, in milliseconds, when so many are in the node. */
  readonly service: (random: Random, now: number, inside: number) => number
  /** The node stands still until this moment, when it does. */
  readonly pausedUntil?: ((now: number) => number) | undefined
  /** Requests beyond which the node answers Overloaded. Default: none. */
  readonly most?: number | undefined
}

export type Answer = "answered" | "overloaded"

export class Server {
  readonly #nodes: ReadonlyArray<{ readonly spec: Node; busy: number; readonly queue: Array<() => void> }>
  readonly #events: Events
  readonly #random: Random
  readonly #wire: number

  /** `wire` is the time in the network and the driver, both ways, in milliseconds. */
  constructor(nodes: ReadonlyArray<Node>, events: Events, random: Random, wire = 1) {
    this.#wire = wire
    this.#nodes = nodes.map((spec) => ({ spec, busy: 0, queue: [] }))
    this.#events = events
    this.#random = random
  }

  send(answer: (answer: Answer) => void): void {
    const node = this.#nodes[Math.floor(this.#random.next() * this.#nodes.length)]!
    const { spec } = node
    const events = this.#events
    if (node.busy + node.queue.length >= (spec.most ?? Number.POSITIVE_INFINITY)) {
      events.after(this.#wire, () => answer("overloaded"))
      return
    }
    const begin = (): void => {
      node.busy++
      const now = events.now()
      const paused = Math.max(0, (spec.pausedUntil?.(now) ?? 0) - now)
      const work = spec.service(this.#random, now, node.busy + node.queue.length)
      // A pause that begins during the work stops it as well.
      const until = spec.pausedUntil?.(now + paused + work) ?? 0
      const end = Math.max(now + paused + work, until)
      events.after(end - now, () => {
        node.busy--
        events.after(this.#wire, () => answer("answered"))
        while (node.queue.length > 0 && node.busy < spec.workers(events.now())) node.queue.shift()!()
      })
    }
    if (node.busy < spec.workers(events.now())) begin()
    else node.queue.push(begin)
  }
}

/** Exponential, as if nothing were known about the work: the widest of the usual distributions. */
export const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random.next())

/** The sum of four exponentials: work that is much the same each time. */
export const regular = (random: Random, mean: number): number =>
  -mean / 4 * Math.log((1 - random.next()) * (1 - random.next()) * (1 - random.next()) * (1 - random.next()))
