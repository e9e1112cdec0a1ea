/**
 * What a run says of its statements, held against what really became of them.
 */
import type { ExecutionResult, Outcome, SourceError, StatementFailed } from "@effect-cql/core"
import { type Tally, tally } from "./fault.ts"

/** Reported outcome of each index. */
export type Account = ReadonlyMap<number, Outcome.Outcome>

/** Real effects of the statements, by index. */
export interface Truth {
  /** How often the statement took effect. */
  readonly effects: (index: number) => number
  /** Whether it does no harm when the statement takes effect more than once. */
  readonly repeatable: boolean
}

/** Outcomes that results report. An index with two results is omitted, so that the audit fails. */
export const accountOf = (results: Iterable<ExecutionResult.ExecutionResult<unknown>>): Account => {
  const account = new Map<number, Outcome.Outcome>()
  const twice = new Set<number>()
  for (const { index, outcome } of results) {
    if (account.has(index)) twice.add(index)
    account.set(index, outcome)
  }
  for (const index of twice) account.delete(index)
  return account
}

/** Outcomes that the error of a stopped run reports for its statements. */
export const accountOfStopped = (error: StatementFailed | SourceError, given: number): Account => {
  const account = new Map<number, Outcome.Outcome>()
  for (let index = 0; index < given; index++) account.set(index, index < error.startedCount ? "Applied" : "NotApplied")
  const first = error._tag === "StatementFailed" ? [error.failure] : []
  for (const { index, outcome } of [...first, ...error.failures]) account.set(index, outcome)
  for (const { index, outcome } of error.interrupted) account.set(index, outcome)
  return account
}

const isApplied = (outcome: Outcome.Outcome): boolean => outcome === "Applied" || outcome === "WillApply"

/** The tally of a run, with its losses and its unsafe duplicates. */
export const audit = (given: number, account: Account, truth: Truth, more: Partial<Tally> = {}): Tally => {
  let [applied, notApplied, unknown, lost, unsafeDuplicates] = [0, 0, 0, 0, 0]
  for (let index = 0; index < given; index++) {
    const outcome = account.get(index)
    const effects = truth.effects(index)
    if (outcome === undefined) lost++
    else if (isApplied(outcome)) {
      applied++
      if (effects === 0) lost++
    } else if (outcome === "NotApplied") {
      notApplied++
      if (effects > 0) unsafeDuplicates++
    } else unknown++
    if (effects > 1 && !truth.repeatable) unsafeDuplicates++
  }
  return tally({ statements: given, applied, notApplied, unknown, lost, unsafeDuplicates, ...more })
}
