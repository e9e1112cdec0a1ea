/**
 * Makes the observers of calls and runs.
 */
import type { Spans } from "../../Run.ts"
import type { Environment } from "../run/environment.ts"
import { Observer, type Watched } from "./observer.ts"
import { Times } from "./times.ts"

/** The observer of an environment. Undefined where neither spans nor metrics are on. */
export const observe = (environment: Environment, watched: Watched, spans: Spans = "all"): Observer | undefined => {
  const { context, gate, session } = environment
  const recorder = session.metrics ? session.recorderOf(environment) : undefined
  const tracing = session.spans && (spans !== "off" || watched === "run") ? session.tracingOf(context) : undefined
  if (recorder === undefined && tracing === undefined) return undefined
  if (gate !== undefined) recorder?.began(undefined, gate)
  const times = watched === "run" ? new Times(environment.clock) : session.timesOf(environment.clock)
  return new Observer(environment, recorder, tracing, times, spans, watched)
}
