/**
 * Applies faults to requests.
 */
import { type CqlError, Reason } from "@effect-cql/core"
import type { Page, Request } from "@effect-cql/core/Port"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Fault } from "../FaultPlan.ts"
import { failing, timedOut, unavailable } from "./shortages.ts"

type Answer = Effect.Effect<Page, CqlError>

const overloaded = () => new Reason.Overloaded({ message: "a fault of the plan: the coordinator is overloaded" })

const closed = () =>
  new Reason.ConnectionClosed({
    message: "a fault of the plan: the connection was lost before the answer came",
    written: true
  })

const timeout = (request: Request, writeType?: string) => timedOut(request, { received: 0, blockFor: 1, writeType })

/** Applies the request in every case, and then fails. */
const appliedAnd = (answer: Answer, failure: Answer): Answer => Effect.andThen(answer, failure)

// Long after the timeouts of a client, and soon enough for a test to see it.
const lateBy = "30 seconds"

/** The answer to a request under a fault; `forward` executes it. What is applied late is applied while the session lives. */
export const inject = (fault: Fault, request: Request, forward: () => Answer, session: Scope.Scope): Answer => {
  switch (fault) {
    case "overloaded":
      return failing(request, overloaded())
    case "unavailable":
      return unavailable(request, { required: 1, alive: 0 })
    case "dropped":
      return failing(request, closed())
    case "timeout":
      return timeout(request)
    case "lost":
      return appliedAnd(forward(), failing(request, closed()))
    case "timeoutApplied":
      return appliedAnd(forward(), timeout(request))
    case "late":
      return Effect.andThen(
        Effect.forkIn(Effect.delay(Effect.ignore(Effect.suspend(forward)), lateBy), session),
        failing(request, closed())
      )
    case "commitTimeout":
      // The proposal was accepted and only the commit is late. A condition that did not hold has no commit.
      return Effect.flatMap(
        forward(),
        (page) => page.wasApplied === false ? Effect.succeed(page) : timeout(request, "SIMPLE")
      )
  }
}

const ofReads: ReadonlyArray<Fault> = ["overloaded", "unavailable", "dropped", "timeout"]
const ofWrites: ReadonlyArray<Fault> = [...ofReads, "lost", "timeoutApplied", "late"]
// No replicas answer a definition, so that none can be too few or too late.
const ofDefinitions: ReadonlyArray<Fault> = ["overloaded", "dropped", "lost", "late"]

export const allFaults: ReadonlyArray<Fault> = [...ofWrites, "commitTimeout"]

/** The faults that a request can meet. */
export const faultsOf = ({ conditional, kind }: Request): ReadonlyArray<Fault> => {
  switch (kind) {
    case "read":
      return ofReads
    case "write":
      return conditional ? allFaults : ofWrites
    case "schema":
      return ofDefinitions
    case "other":
      return []
  }
}

/** A fault in words. */
export const described: Readonly<Record<Fault, string>> = {
  overloaded: "refused by an overloaded coordinator",
  unavailable: "refused, too few replicas are alive",
  dropped: "never executed, and the connection lost",
  timeout: "not applied, and timed out",
  lost: "applied, and the answer lost",
  timeoutApplied: "applied, and timed out",
  late: "applied after the client has given up",
  commitTimeout: "decided, and the commit timed out"
}
