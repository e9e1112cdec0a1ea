import * as Cause from "effect/Cause"

/** The defect of a run whose statement ended with neither a result nor a failure. */
export const defectOf = (cause: Cause.Cause<unknown>): Cause.Cause<never> =>
  Cause.hasDies(cause)
    ? Cause.fromReasons(cause.reasons.filter(Cause.isDieReason))
    : Cause.die(
      Cause.hasInterruptsOnly(cause)
        ? new Error("a statement was interrupted, but not by the run that it belongs to")
        : new Error("a port failed with an error that is not a CqlError", { cause: Cause.squash(cause) })
    )
