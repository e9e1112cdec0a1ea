/**
 * Events in the order of virtual time. The simulation and the harness each have one of these.
 */

/** Order of the events of one instant. Events of the same rank are ordered by index. */
export const rank = { answer: 0, timer: 1, source: 2, consumer: 3, interrupt: 4 } as const

export type Rank = (typeof rank)[keyof typeof rank]

export interface Event {
  /** Nanoseconds. */
  readonly at: number
  readonly rank: Rank
  readonly index: number
  readonly run: () => void
  cancelled: boolean
}

const isBefore = (a: Event, b: Event): boolean =>
  a.at !== b.at ? a.at < b.at : a.rank !== b.rank ? a.rank < b.rank : a.index < b.index

/** A binary heap. */
export class EventQueue {
  readonly #heap: Array<Event> = []

  add(at: number, rank: Rank, index: number, run: () => void): Event {
    const event: Event = { at, rank, index, run, cancelled: false }
    const heap = this.#heap
    let hole = heap.length
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if (!isBefore(event, heap[parent]!)) break
      heap[hole] = heap[parent]!
      hole = parent
    }
    heap[hole] = event
    return event
  }

  /** Everything that is due at the earliest instant, in its order; nothing when the queue is empty. */
  takeInstant(): ReadonlyArray<Event> {
    const first = this.#take()
    if (first === undefined) return []
    const taken = [first]
    for (let next = this.#first(); next !== undefined && next.at === first.at; next = this.#first()) {
      taken.push(this.#take()!)
    }
    return taken
  }

  /** Events that are still to come. */
  get size(): number {
    return this.#heap.filter((event) => !event.cancelled).length
  }

  #first(): Event | undefined {
    while (this.#heap[0]?.cancelled === true) this.#remove()
    return this.#heap[0]
  }

  #take(): Event | undefined {
    const first = this.#first()
    if (first !== undefined) this.#remove()
    return first
  }

  #remove(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let hole = 0
    for (let child = 1; child < heap.length; child = 2 * hole + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[hole] = heap[child]!
      hole = child
    }
    heap[hole] = last
  }
}
