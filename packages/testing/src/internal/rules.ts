/**
 * Rules of a plan of faults.
 */
import * as Check from "@effect-cql/core/Check"
import type { Request } from "@effect-cql/core/Port"
import type * as Duration from "effect/Duration"
import type { Fault, Rule } from "../FaultPlan.ts"
import { checkFault, checkFaults, checkShare, checkSpan } from "./arguments.ts"

/**
 * Injects a fault into the request at an index, counted from 0.
 *
 * @category rules
 * @since 0.1.0
 */
export const at = (index: number, fault: Fault): Rule => {
  Check.value("index", index, Check.nonNegativeInteger)
  checkFault("fault", fault)
  return (_, circumstances) => circumstances.index === index ? fault : undefined
}

/**
 * Injects a fault into every request within a period of the Clock, counted from the first request of the session.
 *
 * **Example** (A node that is down for a second)
 *
 * ```ts
 * import { FaultPlan } from "@effect-cql/testing"
 *
 * const down = FaultPlan.make([FaultPlan.between("1 second", "2 seconds", "unavailable")])
 * ```
 *
 * @category rules
 * @since 0.1.0
 */
export const between = (from: Duration.Input, to: Duration.Input, fault: Fault): Rule => {
  const [start, end] = checkSpan(from, to)
  checkFault("fault", fault)
  return (_, { millis }) => millis >= start && millis < end ? fault : undefined
}

/**
 * Injects a random fault of a list into a share of the requests.
 *
 * @category rules
 * @since 0.1.0
 */
export const rate = (share: number, faults: readonly [Fault, ...ReadonlyArray<Fault>]): Rule => {
  checkShare(share)
  checkFaults("faults", faults)
  return (_, { random }) => {
    // Both numbers are drawn for every request, so that the faults of one do not depend on those of others.
    const [chance, which] = [random(), random()]
    return chance < share ? faults[Math.floor(which * faults.length)] : undefined
  }
}

/**
 * Restricts a rule to the requests that match a predicate.
 *
 * @category rules
 * @since 0.1.0
 */
export const only = (matches: (request: Request) => boolean, rule: Rule): Rule => (request, circumstances) =>
  matches(request) ? rule(request, circumstances) : undefined
