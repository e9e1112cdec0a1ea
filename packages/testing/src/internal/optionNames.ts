/**
 * The options of sessions and of explorations, checked: a test with a misspelt one would test something else.
 */
import { InvalidOptions } from "@effect-cql/core"
import { checkNames } from "@effect-cql/core/Port"
import type { ExploreOptions } from "../FaultPlan.ts"
import type { AnswerOptions, MemoryOptions, Options } from "../MockSession.ts"
import { allFaults } from "./faults.ts"

type Names<Of> = { readonly [Name in keyof Of]-?: true }

const ofMock: Names<Options> = {
  answers: true,
  otherwise: true,
  lenient: true,
  tables: true,
  latency: true,
  faults: true,
  capacity: true,
  record: true,
  defaults: true,
  health: true,
  name: true,
  spans: true,
  metrics: true
}

const { tables: _, ...ofBoth } = ofMock

const ofMemory: Names<MemoryOptions> = { ...ofBoth, keyspace: true, replicas: true }

/** Throws `InvalidOptions` for a name that no option of a scripted session has. */
export const checkMockOptions = (options: Options | undefined): void => {
  if (options !== undefined) checkNames(options, Object.keys(ofMock))
}

/** The same for a session with tables in memory. */
export const checkMemoryOptions = (options: MemoryOptions | undefined): void => {
  if (options !== undefined) checkNames(options, Object.keys(ofMemory))
}

const ofAnswer: Names<AnswerOptions> = { params: true, optional: true }

/** The same for an answer, which would reply to every request of its text. */
export const checkAnswerOptions = (options: AnswerOptions | undefined): void => {
  if (options !== undefined) checkNames(options, Object.keys(ofAnswer))
}

/** Throws `InvalidOptions` for options with which an exploration would try nothing, or something else. */
export const checkExploreOptions = <A, E, E2, R>(options: ExploreOptions<A, E, E2, R>): void => {
  const names = Object.keys(ofMemory).filter((name) => name !== "faults")
  checkNames(options, [...names, "tables", "invariant", "faults", "kinds", "maxRuns"])
  const { faults, kinds, maxRuns } = options
  const refuse = (option: string, value: unknown, expected: string): never => {
    throw new InvalidOptions({ option, value, expected })
  }
  if (faults !== undefined && faults !== 1 && faults !== 2) refuse("faults", faults, "1 or 2")
  if (maxRuns !== undefined && !(Number.isSafeInteger(maxRuns) && maxRuns > 0)) {
    refuse("maxRuns", maxRuns, "a positive integer")
  }
  if (kinds !== undefined && (kinds.length === 0 || kinds.some((kind) => !allFaults.includes(kind)))) {
    refuse("kinds", kinds, `a list of ${allFaults.join(", ")}`)
  }
}
