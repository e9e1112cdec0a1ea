/**
 * The options of sessions and of explorations, checked: a test with a misspelt one would test something else.
 */
import * as Check from "@effect-cql/core/Check"
import type { ExploreOptions } from "../FaultPlan.ts"
import type { AnswerOptions, MemoryOptions, Options } from "../MockSession.ts"
import { checkFaults, checkTables, refuse } from "./arguments.ts"
import type { Replicas } from "./nodes.ts"

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
  if (options === undefined) return
  Check.names(options, Object.keys(ofMock))
  checkLatency(options)
}

const checkLatency = ({ latency }: Options | MemoryOptions): void => {
  if (latency !== undefined && typeof latency !== "function") Check.millis("latency", latency, Check.finiteDuration)
}

/** The same for a session with tables in memory. */
export const checkMemoryOptions = (options: MemoryOptions | undefined): void => {
  if (options === undefined) return
  Check.names(options, Object.keys(ofMemory))
  checkLatency(options)
  const { replicas } = options
  if (replicas === undefined) return
  Check.names(replicas, Object.keys(ofReplicas), "replicas.")
  if (replicas.count !== undefined) Check.value("replicas.count", replicas.count, Check.positiveInteger)
  for (const name of ["hintsAfter", "writeTimeout", "readTimeout"] as const) {
    if (replicas[name] !== undefined) Check.millis(`replicas.${name}`, replicas[name])
  }
}

const ofReplicas: Names<Replicas> = {
  count: true,
  faults: true,
  hintsAfter: true,
  writeTimeout: true,
  readTimeout: true,
  seed: true
}

const ofAnswer: Names<AnswerOptions> = { params: true, optional: true }

/** The same for an answer, which would reply to every request of its text. */
export const checkAnswerOptions = (options: AnswerOptions | undefined): void => {
  if (options !== undefined) Check.names(options, Object.keys(ofAnswer))
}

/** Throws `InvalidOptions` for options with which an exploration would try nothing, or something else. */
export const checkExploreOptions = <A, E, E2, R>(options: ExploreOptions<A, E, E2, R>): void => {
  const names = Object.keys(ofMemory).filter((name) => name !== "faults")
  Check.names(options, [...names, "tables", "invariant", "faults", "kinds", "maxRuns"])
  const { faults, invariant, kinds, maxRuns, tables } = options
  checkTables(tables)
  if (typeof invariant !== "function") refuse("invariant", invariant, "a function that returns an effect")
  if (faults !== undefined && faults !== 1 && faults !== 2) refuse("faults", faults, "1 or 2")
  if (maxRuns !== undefined) Check.value("maxRuns", maxRuns, Check.positiveInteger)
  if (kinds !== undefined) checkFaults("kinds", kinds)
}
