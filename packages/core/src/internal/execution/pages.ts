/**
 * Joins the pages of a result into one.
 */
import { CqlError } from "../../CqlError.ts"
import type { Page, PageState } from "../../Port.ts"
import * as Reason from "../../Reason.ts"
import type { Column } from "../../ResultSet.ts"

type Row = Record<string, unknown>

export class Pages {
  readonly #rows: Array<Row> = []
  readonly #pages: Array<{ readonly first: number; readonly position: PageState | undefined }> = []
  #warnings: ReadonlyArray<string> | undefined
  #copies: number | undefined
  #columns: ReadonlyArray<Column> | undefined
  #last: ReadonlyArray<Column> | undefined
  /** True if rows came without their columns. */
  #isUndescribed = false
  /** True if the pages differ in their columns: the table was altered while it was read. */
  isAltered = false

  /** Number of rows. */
  get length(): number {
    return this.#rows.length
  }

  /** Takes the page of a position. */
  add({ columns, info, rows }: Page, position: PageState | undefined): this {
    this.#pages.push({ first: this.#rows.length, position })
    for (const row of rows) this.#rows.push(row)
    if (info?.warnings !== undefined) this.#warnings = (this.#warnings ?? []).concat(info.warnings)
    if (info?.speculativeExecutions !== undefined) this.#copies = (this.#copies ?? 0) + info.speculativeExecutions
    if (columns === undefined) this.#isUndescribed ||= rows.length > 0
    if (columns === undefined || columns === this.#last) return this
    if (this.#last === undefined) this.#columns = columns
    else if (!isSame(columns, this.#last)) {
      this.isAltered = true
      const names = new Set(columns.map(({ name }) => name))
      // The last page determines a column.
      this.#columns = (this.#columns ?? []).filter(({ name }) => !names.has(name)).concat(columns)
    }
    this.#last = columns
    return this
  }

  /** The position of the page that a row is on; undefined for the first page. */
  positionOf(row: number): PageState | undefined {
    return this.#pages.findLast(({ first }) => first <= row)?.position
  }

  /** The columns of every row, with the types of its values; undefined if the pages differ in them. */
  get columnsOfAll(): ReadonlyArray<Column> | undefined {
    return this.isAltered || this.#isUndescribed ? undefined : this.#columns
  }

  /**
   * All of it as one page, with the coordinator of the last one, and the warnings and speculative executions of all. If the columns changed on the way,
   * every row has the columns of every page: null where its own page had none, as the server gives for a column that is new.
   */
  join(last: Page, position: PageState | undefined): Page {
    this.add(last, position)
    const columns = this.#columns
    const rows = this.isAltered ? this.#rows.map((row) => ({ ...nulls(columns!), ...row })) : this.#rows
    const info = {
      ...last.info,
      ...(this.#warnings === undefined ? undefined : { warnings: this.#warnings }),
      ...(this.#copies === undefined ? undefined : { speculativeExecutions: this.#copies })
    }
    return { ...last, rows, columns, info }
  }
}

/** The reason with the likely cause of it. */
export const altered = (reason: Reason.RowDecoding): Reason.RowDecoding => {
  const likely = "the table was altered while its pages were read"
  return new Reason.RowDecoding({ ...fieldsOf(reason), message: `${reason.message} (${likely})` })
}

/** The error of a port, which counts the rows of its page, behind so many rows of the result. */
export const behind = (rows: number, error: CqlError): CqlError => {
  const { query, reason } = error
  if (rows === 0 || reason._tag !== "RowDecoding") return error
  const { column, issue } = reason
  const row = rows + reason.row
  const message = `row ${row}${column === undefined ? "" : `, column ${column}`}: ${issue}`
  return new CqlError({ query, reason: new Reason.RowDecoding({ ...fieldsOf(reason), row, message }) })
}

const fieldsOf = ({ applied, cause, column, coordinator, issue, row }: Reason.RowDecoding) => ({
  applied,
  cause,
  column,
  coordinator,
  issue,
  row
})

const isSame = (one: ReadonlyArray<Column>, other: ReadonlyArray<Column>): boolean =>
  one.length === other.length &&
  one.every(({ name, type }, index) => name === other[index]!.name && type === other[index]!.type)

const nulls = (columns: ReadonlyArray<Column>): Row => Object.fromEntries(columns.map(({ name }) => [name, null]))
