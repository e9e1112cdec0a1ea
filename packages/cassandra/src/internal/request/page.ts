/**
 * Converts the answer of a server to a page of the core.
 */
import type { Consistency } from "@effect-cql/core"
import type { Page } from "@effect-cql/core/Port"
import type { Info } from "@effect-cql/core/ResultSet"
import { withoutQuery } from "../client/quoted.ts"
import * as Consistencies from "../driver/consistency.ts"
import { type Extras, type Result, resultKind } from "../protocol/answers.ts"
import { Malformed } from "../protocol/reader.ts"
import { type KeepsPlan, readRows } from "../protocol/rows.ts"
import { type Paged, pageStateOf } from "./pageState.ts"

const noRows: Page["rows"] = Object.freeze([])

/** The request that an answer is to. */
export interface Asked {
  readonly conditional: boolean
  readonly coordinator: string
  /** The number of its consistency level. */
  readonly consistency: number
  /** Speculative executions so far. */
  readonly copies: number
}

/** A page with neutral values, in plain records. Throws `Unreadable` for a cell, and `Malformed` for anything else. */
export const toPage = (result: Result, asked: Asked, keeper: KeepsPlan | undefined, paged: Paged | undefined): Page => {
  const info = infoOf(result.extras, asked)
  if (result.kind === resultKind.void || result.kind === resultKind.keyspace) return { rows: noRows, info }
  if (result.kind !== resultKind.rows) throw new Malformed("the answer belongs to another request")
  const { pageState, plan, rows } = readRows(result.reader, keeper)
  return {
    rows,
    columns: plan.columns,
    // A column of a plain read may have this name as well.
    wasApplied: !asked.conditional || rows[0]?.["[applied]"] !== false,
    info,
    pageState: pageState === undefined || paged === undefined ? undefined : pageStateOf(pageState, paged)
  }
}

/** Information of the server beside the rows. */
export const infoOf = (
  extras: Extras,
  { consistency, coordinator, copies }: Asked,
  schemaInAgreement?: boolean
): Info => {
  const achievedConsistency = Consistencies.fromCode(consistency)
  const { traceId, warnings } = extras
  if (traceId === undefined && warnings === undefined && schemaInAgreement === undefined && copies === 0) {
    return plainInfo(coordinator, achievedConsistency)
  }
  return {
    coordinator,
    warnings: warnings?.map(withoutQuery),
    achievedConsistency,
    traceId: traceId === undefined ? undefined : uuidOf(traceId),
    schemaInAgreement,
    speculativeExecutions: copies > 0 ? copies : undefined
  }
}

// Nearly all answers of a node carry the same information. The last one is kept and reused for equal answers.
let last: Info = { coordinator: undefined, warnings: undefined, achievedConsistency: undefined, traceId: undefined }

const plainInfo = (coordinator: string, achievedConsistency: Consistency | undefined): Info => {
  if (last.coordinator !== coordinator || last.achievedConsistency !== achievedConsistency) {
    last = Object.freeze({ coordinator, warnings: undefined, achievedConsistency, traceId: undefined })
  }
  return last
}

const uuidOf = (bytes: Buffer): string => bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
