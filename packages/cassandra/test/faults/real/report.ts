/** Report of a run of writes, phase by phase. */
import type { ExecutionResult, Settlement } from "@effect-cql/core"
import type { Tally } from "../fault.ts"
import type { Latencies } from "./latencies.ts"
import type { Write } from "./writes.ts"

/** Report of the writes that were started in one phase. */
export interface PhaseReport {
  readonly name: string
  readonly seconds: number
  readonly tally: Tally
  /** Writes that were sent more often than once. */
  readonly retried: number
  readonly latencies: Latencies
}

/** A write that was open, and what was found of it. */
export interface Settled {
  readonly write: Write
  readonly settlement: Settlement.Settlement
}

export interface Report {
  readonly phases: ReadonlyArray<PhaseReport>
  readonly tally: Tally
  /** Settlements of the writes whose outcome was unknown. */
  readonly settled: ReadonlyArray<Settled>
  readonly results: ReadonlyArray<ExecutionResult.ExecutionResult<unknown>>
}

/** How often each name comes. */
const counted = (names: Iterable<string>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Details that the table of a run omits: one line for each phase, and the findings about unknown writes. */
export const further = ({ phases, settled }: Report): string => {
  const lines = phases.map(({ latencies, name, retried }) => {
    const [half, most, all] = [0.5, 0.99, 1].map((share) => latencies.quantile(share).toFixed(0))
    return `${name}: ${retried} sent again; half took up to ${half} ms, 99 % up to ${most} ms, all up to ${all} ms`
  })
  const findings = counted(settled.map(({ settlement, write }) => `${write.kind}: ${settlement.finding}`))
  const found = Object.entries(findings).map(([finding, count]) => `${count} x ${finding}`)
  return [...lines, `open writes, read back: ${found.join(", ") || "none"}`].join("\n")
}
