/**
 * Applies faults to requests.
 */
import { CqlError, Reason } from "@effect-cql/core"
import { type Page, type Request, textOf } from "@effect-cql/core/Port"
import * as Effect from "effect/Effect"
import type { Fault } from "../FaultPlan.ts"

type Answer = Effect.Effect<Page, CqlError>

const consistency = "LOCAL_ONE"

const failing = (request: Request, reason: Reason.Reason): Effect.Effect<never, CqlError> =>
  Effect.fail(new CqlError({ reason, query: textOf(request) }))

const overloaded = () => new Reason.Overloaded({ message: "a fault of the plan: the coordinator is overloaded" })

const closed = () =>
  new Reason.ConnectionClosed({
    message: "a fault of the plan: the connection was lost before the answer came",
    written: true
  })

const unavailable = ({ conditional, options }: Request) =>
  new Reason.Unavailable({
    message: "a fault of the plan: too few replicas are alive",
    consistency: conditional ? options.serialConsistency ?? "SERIAL" : options.consistency ?? consistency,
    required: 1,
    alive: 0
  })

/** The kind of write that the server names in a timeout whose effect is unknown. */
const writeType = (request: Request): string => {
  if (request.conditional) return "CAS"
  if (request._tag === "Statement") return "SIMPLE"
  return request.type === "logged" ? "BATCH_LOG" : request.type === "counter" ? "COUNTER" : "UNLOGGED_BATCH"
}

const timeout = (request: Request, type = writeType(request)) => {
  const fields = {
    message: "a fault of the plan: too few replicas answered in time",
    consistency: request.options.consistency ?? consistency,
    received: 0,
    blockFor: 1
  } as const
  return request.kind === "read"
    ? new Reason.ReadTimeout({ ...fields, dataPresent: false })
    : new Reason.WriteTimeout({ ...fields, writeType: type })
}

/** Applies the request whatever becomes of it, and then fails. */
const appliedAnd = (request: Request, answer: Answer, reason: Reason.Reason): Answer =>
  Effect.andThen(answer, failing(request, reason))

// Long after the timeouts of a client, and soon enough for a test to see it.
const lateBy = "30 seconds"

/** The answer to a request under a fault; `forward` executes it. */
export const inject = (fault: Fault, request: Request, forward: () => Answer): Answer => {
  switch (fault) {
    case "overloaded":
      return failing(request, overloaded())
    case "unavailable":
      return failing(request, unavailable(request))
    case "dropped":
      return failing(request, closed())
    case "timeout":
      return failing(request, timeout(request))
    case "lost":
      return appliedAnd(request, forward(), closed())
    case "timeoutApplied":
      return appliedAnd(request, forward(), timeout(request))
    case "late":
      return Effect.andThen(
        Effect.forkDetach(Effect.delay(Effect.ignore(Effect.suspend(forward)), lateBy)),
        failing(request, closed())
      )
    case "commitTimeout":
      // The proposal was accepted and only the commit is late. A condition that did not hold has no commit.
      return Effect.flatMap(
        forward(),
        (page) => page.wasApplied === false ? Effect.succeed(page) : failing(request, timeout(request, "SIMPLE"))
      )
  }
}

const ofReads: ReadonlyArray<Fault> = ["overloaded", "unavailable", "dropped", "timeout"]
const ofWrites: ReadonlyArray<Fault> = [...ofReads, "lost", "timeoutApplied", "late"]
// No replicas answer a definition, so that none can be too few or too late.
const ofDefinitions: ReadonlyArray<Fault> = ["overloaded", "dropped", "lost", "late"]

/** The faults that a request can meet. */
export const faultsOf = ({ conditional, kind }: Request): ReadonlyArray<Fault> => {
  switch (kind) {
    case "read":
      return ofReads
    case "write":
      return conditional ? [...ofWrites, "commitTimeout"] : ofWrites
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
