/**
 * Rows of a result, decoded in place.
 */
import type { Column } from "@effect-cql/core/ResultSet"
import { toText } from "../../values/cqlType.ts"
import { decoderOf, unreadableName, unreadableNameIssue } from "../../values/decode.ts"
import { type Decode, int32At } from "../../values/decodeScalar.ts"
import { Unreadable } from "../../values/unreadable.ts"
import { readColumns } from "./answers.ts"
import { Malformed, type Reader } from "./reader.ts"

type Row = Record<string, unknown>

/** Decoding plan of the rows of a result, reused as long as the server describes the columns by the same bytes. */
export class RowPlan {
  readonly columns: ReadonlyArray<Column>
  readonly names: ReadonlyArray<string>
  readonly #decoders: ReadonlyArray<Decode>
  /** A name of a column under which a row can keep no value. */
  readonly #nameLost: NameLost | undefined
  readonly #count: number
  readonly #isGlobal: boolean
  readonly #description: Buffer

  constructor(reader: Reader, flags: number, count: number) {
    const start = reader.at
    const { columns } = readColumns(reader, flags, count)
    this.#count = count
    this.#isGlobal = isGlobal(flags)
    this.#description = Buffer.from(reader.body.subarray(start, reader.at))
    this.columns = columns.map(({ name, type }) => ({ name, type: toText(type) }))
    this.names = columns.map(({ name }) => name)
    this.#decoders = columns.map(({ type }) => decoderOf(type))
    this.#nameLost = nameLostOf(this.names)
  }

  /** Returns true if the description at this place is that of the plan. If it is, the reader goes on behind it. */
  fits(reader: Reader, flags: number, count: number): boolean {
    const { length } = this.#description
    const { at, body, end } = reader
    if (count !== this.#count || isGlobal(flags) !== this.#isGlobal || length > end - at) return false
    if (body.compare(this.#description, 0, length, at, at + length) !== 0) return false
    reader.at = at + length
    return true
  }

  /** Decodes all rows. Throws {@link Unreadable} with the row and the column. */
  rows(body: Buffer, start: number, end: number, count: number): Array<Row> {
    if (this.#nameLost !== undefined) {
      const { issue, name } = this.#nameLost
      throw Object.assign(new Unreadable(issue, name), { applied: this.#applied(body, start, end) })
    }
    const names = this.names
    const decoders = this.#decoders
    const width = names.length
    const rows: Array<Row> = []
    let at = start
    let row = 0
    let column = 0
    // One handler for all cells: who catches the error has to learn where it was.
    try {
      for (row = 0; row < count; row++) {
        const plain: Row = {}
        for (column = 0; column < width; column++) {
          if (end - at < 4) throw truncated()
          const length = int32At(body, at)
          at += 4
          if (length < 0) {
            plain[names[column]!] = null
            continue
          }
          if (length > end - at) throw truncated()
          plain[names[column]!] = decoders[column]!(body, at, at + length)
          at += length
        }
        rows.push(plain)
      }
    } catch (error) {
      if (error instanceof Unreadable) {
        const applied = row > 0 || column > 0 ? this.#applied(body, start, end) : undefined
        Object.assign(error, { column: names[column], row, applied })
      }
      throw error
    }
    if (at !== end) throw new Malformed("bytes follow the last row")
    return rows
  }

  /** The first cell of the rows of a conditional write. */
  #applied(body: Buffer, start: number, end: number): boolean | undefined {
    const [first] = this.columns
    if (first?.name !== "[applied]" || first.type !== "boolean") return undefined
    if (end - start < 5 || int32At(body, start) !== 1) return undefined
    return body[start + 4] !== 0
  }
}

interface NameLost {
  readonly issue: string
  readonly name: string
}

const nameLostOf = (names: ReadonlyArray<string>): NameLost | undefined => {
  if (names.includes(unreadableName)) return { issue: unreadableNameIssue, name: unreadableName }
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  const issue = "two columns have this name. Give them different names, with AS."
  return twice === undefined ? undefined : { issue, name: twice }
}

const truncated = (): Unreadable => new Unreadable("expected a cell, got an answer that ends before it")

const isGlobal = (flags: number): boolean => (flags & 0x01) !== 0
const hasMorePages = 0x02
const hasNoMetadata = 0x04
const hasNewResultId = 0x08

/** Where the plan of the last page is kept. */
export interface KeepsPlan {
  plan: RowPlan | undefined
}

/** The rows of a result. */
export interface Rows {
  readonly plan: RowPlan
  readonly rows: Array<Row>
  readonly pageState: Buffer | undefined
}

/** Reads the rows of a result. Throws {@link Unreadable} or {@link Malformed}. */
export const readRows = (reader: Reader, keeper: KeepsPlan | undefined): Rows => {
  const flags = reader.int()
  const width = reader.int()
  const pageState = (flags & hasMorePages) === 0 ? undefined : reader.bytes()
  if ((flags & hasNewResultId) !== 0) reader.shortBytes()
  if ((flags & hasNoMetadata) !== 0) throw new Malformed("a result describes no columns")
  const kept = keeper?.plan
  const plan = kept !== undefined && kept.fits(reader, flags, width) ? kept : new RowPlan(reader, flags, width)
  if (keeper !== undefined) keeper.plan = plan
  const count = reader.int()
  if (count < 0 || (width <= 0 && count > 0)) throw new Malformed("a result has no such number of rows")
  return {
    plan,
    rows: plan.rows(reader.body, reader.at, reader.end, count),
    pageState
  }
}
