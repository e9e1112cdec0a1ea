/**
 * From a result of the driver to a page of the core.
 */
import { PageState } from "@effect-cql/core"
import type { Page } from "@effect-cql/core/Port"
import type { Column, Info } from "@effect-cql/core/ResultSet"
import type { types } from "cassandra-driver"
import { fromDriver, toText } from "../../values/cqlType.ts"
import { type Decode, decoderOf, readable } from "../../values/decode.ts"
import { Unreadable } from "../../values/unreadable.ts"
import { withoutQuery } from "../client/quoted.ts"
import * as Consistency from "../driver/consistency.ts"
import type { ColumnType, DriverColumn } from "../driver/driver.ts"

type Record_ = Record<string, unknown>

const noRows: ReadonlyArray<Record_> = []

/** How the rows of a result are read, which is the same for as long as the columns are. */
export class RowPlan {
  readonly columns: ReadonlyArray<Column>
  readonly decoders: ReadonlyArray<Decode>
  readonly #types: ReadonlyArray<ColumnType>

  constructor(columns: ReadonlyArray<DriverColumn>) {
    this.#types = columns.map(({ type }) => type)
    this.columns = columns.map(({ name, type }) => ({ name: readable(name), type: toText(fromDriver(type)) }))
    this.decoders = columns.map(({ type }) => decoderOf(fromDriver(type)))
    const twice = columns.find(({ name }, index) => columns.findIndex((other) => other.name === name) !== index)
    if (twice !== undefined) {
      throw new Unreadable(
        "two columns bear this name, and the driver keeps but one: give them names, with AS",
        twice.name
      )
    }
  }

  /** Whether these are the columns. The server tells them with every answer, and the driver reads them anew. */
  fits(columns: ReadonlyArray<DriverColumn>): boolean {
    if (columns.length !== this.columns.length) return false
    for (let index = 0; index < columns.length; index++) {
      const { name, type } = columns[index]!
      const known = this.#types[index]!
      // Most types are their code: nothing else is looked at for these.
      if (name !== this.columns[index]!.name || type.code !== known.code || !isSame(type.info, known.info)) return false
    }
    return true
  }
}

/** Whether two descriptions of a type, or parts of such, say the same. */
const isSame = (one: unknown, other: unknown): boolean => {
  if (one === other) return true
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false
  for (const key in one) {
    if (!isSame(Reflect.get(one, key), Reflect.get(other, key))) return false
  }
  for (const key in other) {
    if (!(key in one)) return false
  }
  return true
}

/** Where the plan of the last page is kept. */
export interface KeepsPlan {
  plan: RowPlan | undefined
}

/** A page with neutral values, in plain records. */
export const toPage = (result: types.ResultSet, keeper: KeepsPlan | undefined): Page => {
  const info = infoOf(result)
  // The driver has no rows for a write, and no columns, against its types.
  const columns: types.ResultSet["columns"] | null = result.columns
  const rows: types.ResultSet["rows"] | undefined = result.rows
  if (columns === null || rows === undefined) return { rows: noRows, info }
  const kept = keeper?.plan
  const plan = kept?.fits(columns) === true ? kept : new RowPlan(columns)
  if (keeper !== undefined) keeper.plan = plan
  // Mapped, not pushed: an array that grows makes room for 17, and most answers are one row.
  const plain = rows.map((row, index) => plainRow(row, plan, index))
  const { pageState } = result
  return {
    rows: plain,
    columns: plan.columns,
    wasApplied: plan.columns[0]?.name !== "[applied]" || plain[0]?.["[applied]"] !== false,
    info,
    pageState: pageState === null || pageState === undefined ? undefined : PageState(pageState)
  }
}

const plainRow = (row: Record_, { columns, decoders }: RowPlan, at: number): Record_ => {
  const plain: Record_ = {}
  for (let index = 0; index < columns.length; index++) {
    const name = columns[index]!.name
    const value = row[name]
    const decode = decoders[index]
    plain[name] = decode === undefined || value === null || value === undefined ? value : read(decode, value, name, at)
  }
  return plain
}

const read = (decode: NonNullable<Decode>, value: unknown, column: string, row: number): unknown => {
  // It is told where that was, on its way to whoever catches it.
  try {
    return decode(value)
  } catch (error) {
    if (error instanceof Unreadable) Object.assign(error, { column, row })
    throw error
  }
}

// Nearly all answers of a node say the same of themselves. The last is kept, and given again to whoever gets the same.
let last: Info = { coordinator: undefined, warnings: undefined, achievedConsistency: undefined, traceId: undefined }

const infoOf = ({ info }: types.ResultSet): Info => {
  const { queriedHost, traceId, warnings } = info
  const achievedConsistency = Consistency.fromCode(info.achievedConsistency)
  if (isAbsent(warnings) && isAbsent(traceId)) {
    if (last.coordinator !== queriedHost || last.achievedConsistency !== achievedConsistency) {
      last = Object.freeze({ coordinator: queriedHost, warnings: undefined, achievedConsistency, traceId: undefined })
    }
    return last
  }
  return {
    coordinator: queriedHost,
    warnings: warnings?.map(withoutQuery),
    achievedConsistency,
    traceId: isAbsent(traceId) ? undefined : String(traceId)
  }
}

const isAbsent = (value: unknown): boolean => value === null || value === undefined
