/**
 * The differences between two tables that are read in the order of their tokens.
 *
 * Within a token both tables are in one order, which needs not be known: in front of the first key that both have, each row of either
 * side is missing from the other one.
 */
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"

/** A row of one side. */
export interface Keyed<out Row> {
  readonly token: bigint
  readonly partition: string
  /** The text of the whole key; undefined for a partition of static columns alone. */
  readonly key: string | undefined
  readonly row: Row
}

/** Rows that belong together: of both sides, or of one of them. */
export interface Pair<out Row> {
  readonly left: Keyed<Row> | undefined
  readonly right: Keyed<Row> | undefined
  /** True if it is the first pair of both sides in its partition. */
  readonly isFirst: boolean
}

/** The rows of one side that have been read and not yet been compared. */
class Side<Row, E, R> {
  #rows: ReadonlyArray<Keyed<Row>> = []
  #head = 0
  #isEnded = false
  readonly #pull: Pull.Pull<ReadonlyArray<Keyed<Row>>, E, unknown, R>

  constructor(pull: Pull.Pull<ReadonlyArray<Keyed<Row>>, E, unknown, R>) {
    this.#pull = pull
  }

  /** A row by its distance from the first one, as far as it has been read. */
  at(index: number): Keyed<Row> | undefined {
    return this.#rows[this.#head + index]
  }

  drop(count: number): void {
    this.#head += count
  }

  /** Reads until there is a row at a distance from the first one, or no more row. */
  fill(index: number): Effect.Effect<void, E, R> | undefined {
    return this.#isEnded || this.#head + index < this.#rows.length ? undefined : Pull.matchEffect(this.#pull, {
      onSuccess: (rows) =>
        Effect.suspend(() => {
          this.#rows = [...this.#rows.slice(this.#head), ...rows]
          this.#head = 0
          return this.fill(index) ?? Effect.void
        }),
      onFailure: (cause) => Effect.failCause(cause),
      onDone: () =>
        Effect.sync(() => {
          this.#isEnded = true
        })
    })
  }
}

/** Pairs the rows of two sides. */
export class Merge<Row, E, R> {
  readonly #left: Side<Row, E, R>
  readonly #right: Side<Row, E, R>
  /** The partition of the last pair of both sides. */
  #partition: string | undefined

  constructor(
    left: Pull.Pull<ReadonlyArray<Keyed<Row>>, E, unknown, R>,
    right: Pull.Pull<ReadonlyArray<Keyed<Row>>, E, unknown, R>
  ) {
    this.#left = new Side(left)
    this.#right = new Side(right)
  }

  /** The token of the row behind those of `next`; undefined at the end. What lies before it has been compared. */
  get token(): bigint | undefined {
    const [left, right] = [this.#left.at(0)?.token, this.#right.at(0)?.token]
    return left === undefined || (right !== undefined && right < left) ? right : left
  }

  /** Pairs rows until there are so many pairs or more; none at the end. */
  readonly next = (count: number): Effect.Effect<ReadonlyArray<Pair<Row>>, E, R> =>
    Effect.gen({ self: this }, function*() {
      const pairs: Array<Pair<Row>> = []
      while (true) {
        for (const side of [this.#left, this.#right]) {
          const reading = side.fill(0)
          if (reading !== undefined) yield* reading
        }
        // The row behind the pairs has been read by then: without it, the end of a page would look like the end of a side.
        if (pairs.length >= count) break
        const [left, right] = [this.#left.at(0), this.#right.at(0)]
        if (left === undefined && right === undefined) break
        if (right === undefined || (left !== undefined && left.token < right.token)) this.#take(pairs, 1, 0)
        else if (left === undefined || right.token < left.token) this.#take(pairs, 0, 1)
        else if (left.key === right.key && left.partition === right.partition) this.#both(pairs)
        else if (this.#areStatics(left, right)) this.#statics(pairs, left, right)
        else yield* this.#search(pairs, left.token)
      }
      return pairs
    })

  /** Finds the first key that both sides have in a token, and takes what is before it. */
  readonly #search = (pairs: Array<Pair<Row>>, token: bigint): Effect.Effect<void, E, R> =>
    Effect.gen({ self: this }, function*() {
      const [left, right] = [new Map<string, number>(), new Map<string, number>()]
      for (let index = 0;; index++) {
        for (const side of [this.#left, this.#right]) {
          const reading = side.fill(index)
          if (reading !== undefined) yield* reading
        }
        const one = textOf(this.#left.at(index), token)
        const other = textOf(this.#right.at(index), token)
        if (one === undefined && other === undefined) return this.#take(pairs, left.size, right.size)
        if (one !== undefined) left.set(one, index)
        if (other !== undefined) right.set(other, index)
        const match = one !== undefined && right.has(one)
          ? one
          : other !== undefined && left.has(other)
          ? other
          : undefined
        if (match !== undefined) return this.#take(pairs, left.get(match) ?? 0, right.get(match) ?? 0)
      }
    })

  #areStatics(left: Keyed<Row>, right: Keyed<Row>): boolean {
    return left.partition === right.partition && (left.key === undefined || right.key === undefined)
  }

  /** A partition of static columns alone against one that has rows: only the static columns are compared. */
  #statics(pairs: Array<Pair<Row>>, left: Keyed<Row>, right: Keyed<Row>): void {
    this.#push(pairs, { ...left, key: undefined }, { ...right, key: undefined })
    if (left.key === undefined) this.#left.drop(1)
    else this.#right.drop(1)
  }

  #both(pairs: Array<Pair<Row>>): void {
    this.#push(pairs, this.#left.at(0), this.#right.at(0))
    this.#left.drop(1)
    this.#right.drop(1)
  }

  #take(pairs: Array<Pair<Row>>, left: number, right: number): void {
    for (let index = 0; index < left; index++) this.#push(pairs, this.#left.at(index), undefined)
    for (let index = 0; index < right; index++) this.#push(pairs, undefined, this.#right.at(index))
    this.#left.drop(left)
    this.#right.drop(right)
  }

  #push(pairs: Array<Pair<Row>>, left: Keyed<Row> | undefined, right: Keyed<Row> | undefined): void {
    const isFirst = left !== undefined && right !== undefined && left.partition !== this.#partition
    pairs.push({ left, right, isFirst })
    if (isFirst) this.#partition = left.partition
  }
}

const textOf = <Row>(row: Keyed<Row> | undefined, token: bigint): string | undefined =>
  row === undefined || row.token !== token ? undefined : `${row.partition} ${row.key}`
