/** An event loop of its own: time is a number, and the next event is the earliest one. */
import type { Time } from "../../../src/internal/limiter/time.ts"

interface Event {
  readonly at: number
  readonly order: number
  task: (() => void) | undefined
}

export class Events implements Time {
  #now = 0
  #order = 0
  readonly #heap: Array<Event> = []

  readonly now = (): number => this.#now

  readonly after = (millis: number, task: () => void): () => void => {
    const event: Event = { at: this.#now + Math.max(0, millis), order: this.#order++, task }
    this.#push(event)
    return () => {
      event.task = undefined
    }
  }

  /** Events that are still to come. */
  get pending(): number {
    return this.#heap.filter((event) => event.task !== undefined).length
  }

  /** Runs all events up to a time. */
  runUntil(time: number): void {
    for (let event = this.#heap[0]; event !== undefined && event.at <= time; event = this.#heap[0]) {
      this.#pop()
      this.#now = event.at
      event.task?.()
    }
    this.#now = time
  }

  #push(event: Event): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isEarlier(event, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isEarlier(heap[child + 1]!, heap[child]!)) child++
      if (!isEarlier(heap[child]!, last)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
  }
}

const isEarlier = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
