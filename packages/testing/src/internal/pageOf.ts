/**
 * Pages of scripted rows.
 */
import { CqlError, Reason } from "@effect-cql/core"
import { PageState as makePageState, textOf } from "@effect-cql/core/Port"
import * as Effect from "effect/Effect"
import type { Reply } from "../MockSession.ts"

/** The page of some rows that a request asks for. */
export const pageOf = (
  rows: ReadonlyArray<Record<string, unknown>>,
  ...[request, context]: Parameters<Reply>
): ReturnType<Reply> => {
  const { pageState } = context
  if (pageState !== undefined && !/^\d+$/.test(pageState)) {
    const reason = new Reason.InvalidPageState({ message: "Invalid value for the paging state" })
    return Effect.fail(new CqlError({ reason, query: textOf(request) }))
  }
  const from = pageState === undefined ? 0 : Number(pageState)
  const to = Math.min(rows.length, from + (request.options.pageSize ?? rows.length))
  return Effect.succeed({
    rows: from === 0 && to === rows.length ? rows : rows.slice(from, to),
    pageState: to < rows.length ? makePageState(String(to)) : undefined
  })
}
