/**
 * What a fault is to the suite of faults: something done to a run of statements, and what became of every one of them.
 */
import type { ExecutionResult, Outcome } from "@effect-cql/core"
import type { Effect, Scope } from "effect"

/**
 * Where a fault is made: in a mock session on the virtual clock, in front of or instead of a server by a proxy or a
 * scripted server, or to the nodes of a real cluster.
 */
export type Layer = "mock" | "scripted" | "real"

/** Outcomes of the statements under a fault. Every statement is in exactly one of the first three counts. */
export interface Tally {
  /** Statements given, those included that were not started because the fault stopped the run. */
  readonly statements: number
  /** Applied, or certain to be. */
  readonly applied: number
  /** Not applied, or not started. */
  readonly notApplied: number
  /** Undetermined before settling. */
  readonly unknown: number
  /** Unknown statements whose outcome `Settlement.settle` could determine. */
  readonly settled: number
  /** Applied by the account, and not there; or without any account. Always 0. */
  readonly lost: number
  /** Executed more often than once where that may do harm, or not applied by the account and there. Always 0. */
  readonly unsafeDuplicates: number
}

/** A fault to survive. Its effect fails where anything is not as it should be; a tally with losses fails it as well. */
export interface Fault<R = Scope.Scope> {
  readonly name: string
  readonly layer: Layer
  readonly run: Effect.Effect<Tally, unknown, R>
}

const none: Tally = {
  statements: 0,
  applied: 0,
  notApplied: 0,
  unknown: 0,
  settled: 0,
  lost: 0,
  unsafeDuplicates: 0
}

/** Makes a tally from the counts that are not 0. */
export const tally = (counts: Partial<Tally>): Tally => ({ ...none, ...counts })

const countOf: { readonly [Name in Outcome.Outcome]: "applied" | "notApplied" | "unknown" } = {
  Applied: "applied",
  WillApply: "applied",
  NotApplied: "notApplied",
  Unknown: "unknown"
}

/** The tally of results. What was not started is counted as not applied. */
export const tallyOf = (
  results: Iterable<ExecutionResult.ExecutionResult<unknown>>,
  more: Partial<Tally> & { readonly notStarted?: number } = {}
): Tally => {
  const { notStarted = 0, ...others } = more
  const counts = { ...none, notApplied: notStarted, statements: notStarted }
  for (const { outcome } of results) {
    counts.statements++
    counts[countOf[outcome]]++
  }
  return { ...counts, ...others }
}

/** The sum of several tallies. */
export const sum = (tallies: Iterable<Tally>): Tally => {
  const total = { ...none }
  for (const tally of tallies) {
    for (const name of Object.keys(total) as ReadonlyArray<keyof Tally>) total[name] += tally[name]
  }
  return total
}
