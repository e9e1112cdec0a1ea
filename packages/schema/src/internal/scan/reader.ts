/**
 * Reads the pages of one range, and hands over whole partitions where it can.
 */
import { type CqlError, InvalidOptions, type PageState, type Session, type Statement } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { Placed } from "../../TokenRange.ts"

/** A row, with its token where that is known. */
export interface Item<out Row> {
  readonly row: Row
  readonly token: bigint | undefined
}

/** Rows of a range that stand in the order of their tokens. */
export interface Read<out Row> {
  readonly _tag: "Read"
  /** Index of the range in the plan. */
  readonly index: number
  readonly rows: ReadonlyArray<Row>
  /** The rows of the range up to this token have been handed over, these included. */
  readonly upTo: bigint
  readonly isLast: boolean
}

/** The error of a range that could not be read. */
export interface Failed {
  readonly _tag: "Failed"
  readonly index: number
  readonly error: CqlError
}

export type Event<Row> = Read<Row> | Failed

/** The part of a scan that a reader knows. */
export interface Source<out Row> {
  readonly session: Session["Service"]
  readonly ranges: ReadonlyArray<Placed>
  readonly statement: (range: Placed) => Statement.Statement<Item<Row>>
  readonly retry: Schedule.Schedule<unknown, CqlError>
  /** The column of the result that has the token of the row. */
  readonly tokenColumn: string | undefined
}

/** Reads a range to its end, or to its first failure. */
export const readRange = Effect.fnUntraced(function*<Row>(
  { ranges, retry, session, statement, tokenColumn }: Source<Row>,
  index: number,
  emit: (event: Event<Row>) => Effect.Effect<unknown>
): Effect.fn.Return<void> {
  const range = ranges[index]!
  const bound = statement(range)
  const partitions = new Partitions<Row>(range.start)
  let state: PageState | undefined
  while (true) {
    // A page state is good in this process. What outlives it is a token.
    const page = yield* session.executePage(bound, state).pipe(
      Effect.retry({ schedule: retry, while: ({ isRetryable }) => isRetryable }),
      Effect.result
    )
    if (page._tag === "Failure") {
      yield* emit({ _tag: "Failed", index, error: page.failure })
      return
    }
    const items = page.success.result.rows
    if (tokenColumn !== undefined && items[0]?.token === undefined && items.length > 0) {
      return yield* Effect.die(new InvalidOptions({ option: "token", given: "another column", expected: aToken }))
    }
    state = page.success.pageState
    const before = partitions.upTo
    const rows = partitions.add(items)
    if (state === undefined) {
      yield* emit({ _tag: "Read", index, rows: [...rows, ...partitions.rest], upTo: range.end, isLast: true })
      return
    }
    // The end of a partition that was handed over in parts is an event of its own: rows that follow may be parts of the next one.
    if (rows.length > 0 || partitions.upTo > before) {
      yield* emit({ _tag: "Read", index, rows, upTo: partitions.upTo, isLast: false })
    }
  }
})

const aToken = "a column with the token of the row, which the query selects as `token(key) AS t`"

/**
 * Holds the rows of the last partition of a page back until the partition is over, so that a scan that is resumed by a token meets
 * none of them again. A partition that is larger than a page is handed over in parts: to hold it would take its memory.
 */
class Partitions<Row> {
  #held: Array<Row> = []
  #token: bigint | undefined
  #upTo: bigint

  constructor(start: bigint) {
    this.#upTo = start
  }

  get upTo(): bigint {
    return this.#upTo
  }

  /** The rows that are held back. */
  get rest(): ReadonlyArray<Row> {
    return this.#held
  }

  /** Takes the rows of a page, and gives those to hand over. */
  add(items: ReadonlyArray<Item<Row>>): ReadonlyArray<Row> {
    const last = items.at(-1)
    if (last === undefined) return []
    const { token } = last
    if (token === undefined) return items.map(({ row }) => row)
    let from = items.length
    while (from > 0 && items[from - 1]!.token === token) from--
    const before = this.#held
    const rows = items.map(({ row }) => row)
    if (from === 0 && token === this.#token) {
      // A whole page, or more, of one partition.
      this.#held = []
      return before.concat(rows)
    }
    const previous = from > 0 ? items[from - 1]!.token : this.#token
    if (previous !== undefined) this.#upTo = previous
    this.#token = token
    this.#held = rows.slice(from)
    return before.concat(rows.slice(0, from))
  }
}
