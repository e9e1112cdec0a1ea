/**
 * The requests in flight on a connection, by their streams.
 *
 * The driver keeps them in a Map. At each answer an entry goes and another comes, and as entries that went keep their
 * place, V8 makes a new table every hundred answers or so, to which it links the old one. A full collection makes the
 * table of the day old; from then on it holds on to each later one, and they to what was in flight in their day. So all
 * that the driver makes for a request survives the small collections, which cost by what survives, long after its answer.
 *
 * Streams are small numbers, taken from the lowest hundreds on: an array does, and holds on to nothing.
 */
export class StreamTable<Operation> implements Map<number, Operation> {
  readonly #operations: Array<Operation | undefined> = []
  readonly [Symbol.toStringTag] = "StreamTable"

  get(stream: number): Operation | undefined {
    return this.#operations[stream]
  }

  set(stream: number, operation: Operation): this {
    // Without gaps, which would turn the array into a dictionary.
    while (this.#operations.length < stream) this.#operations.push(undefined)
    this.#operations[stream] = operation
    return this
  }

  delete(stream: number): boolean {
    if (!this.has(stream)) return false
    this.#operations[stream] = undefined
    return true
  }

  has(stream: number): boolean {
    return this.#operations[stream] !== undefined
  }

  get size(): number {
    return Array.from(this.keys()).length
  }

  clear(): void {
    this.#operations.length = 0
  }

  *entries(): MapIterator<[number, Operation]> {
    for (const [stream, operation] of this.#operations.entries()) {
      if (operation !== undefined) yield [stream, operation]
    }
  }

  *keys(): MapIterator<number> {
    for (const [stream] of this.entries()) yield stream
  }

  *values(): MapIterator<Operation> {
    for (const [, operation] of this.entries()) yield operation
  }

  forEach(each: (operation: Operation, stream: number, table: Map<number, Operation>) => void): void {
    for (const [stream, operation] of this.entries()) each(operation, stream, this)
  }

  [Symbol.iterator](): MapIterator<[number, Operation]> {
    return this.entries()
  }
}
