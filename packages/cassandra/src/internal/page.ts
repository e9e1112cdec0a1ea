/**
 * From a result of the driver to a page of the core.
 */
import { PageState } from "@effect-cql/core"
import type { Column, Info } from "@effect-cql/core/ResultSet"
import type { Page } from "@effect-cql/core/Session"
import type { types } from "cassandra-driver"
import * as Consistency from "./consistency.ts"
import { fromDriver, toText } from "./cqlType.ts"
import { type Decode, decoderOf } from "./decode.ts"

type Record_ = Record<string, unknown>

const noRows: ReadonlyArray<Record_> = []

/** A page with neutral values, in plain records. */
export const toPage = (result: types.ResultSet): Page => {
  const info = infoOf(result)
  // The driver has no rows for a write, and no columns, against its types.
  const columns: types.ResultSet["columns"] | null = result.columns
  const rows: types.ResultSet["rows"] | undefined = result.rows
  if (columns === null || rows === undefined) return { rows: noRows, info }
  const described: Array<Column> = []
  const decoders: Array<Decode> = []
  for (const { name, type } of columns) {
    const cqlType = fromDriver(type)
    described.push({ name, type: toText(cqlType) })
    decoders.push(decoderOf(cqlType))
  }
  const plain: Array<Record_> = []
  for (const row of rows) plain.push(plainRow(row, described, decoders))
  return {
    rows: plain,
    columns: described,
    wasApplied: described[0]?.name !== "[applied]" || plain[0]?.["[applied]"] !== false,
    info,
    ...(result.pageState === null ? undefined : { pageState: PageState(result.pageState) })
  }
}

const plainRow = (row: Record_, columns: ReadonlyArray<Column>, decoders: ReadonlyArray<Decode>): Record_ => {
  const plain: Record_ = {}
  for (let index = 0; index < columns.length; index++) {
    const name = columns[index]!.name
    const value = row[name]
    const decode = decoders[index]
    plain[name] = decode === undefined || value === null || value === undefined ? value : decode(value)
  }
  return plain
}

const infoOf = ({ info }: types.ResultSet): Info => ({
  coordinator: info.queriedHost,
  warnings: info.warnings ?? undefined,
  achievedConsistency: Consistency.fromCode(info.achievedConsistency),
  traceId: info.traceId === null || info.traceId === undefined ? undefined : info.traceId.toString()
})
