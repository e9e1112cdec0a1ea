/**
 * The requests in flight on a connection, by their streams.
 *
 * The driver keeps them in a Map (`lib/connection.js:101`). It calls `set` (`lib/connection.js:577`), `get`
 * (`lib/connection.js:690`), `delete` (`lib/connection.js:637`) and `values` (`lib/connection.js:364`).
 *
 * Each answer deletes an entry, and each request adds one. Deleted entries keep their place, so that V8 makes a new table
 * about every hundred answers, and links the old table to it. A full garbage collection promotes the current table to the old
 * generation. That table then retains all later tables, and with them every request that was in flight, until the next full
 * collection. So everything that the driver makes for a request survives the minor collections long after its answer, and
 * their cost depends on the surviving objects.
 *
 * Streams are small numbers, and the lowest ones are used first. An array is enough, and retains nothing.
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
