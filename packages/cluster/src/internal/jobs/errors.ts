/**
 * Errors of jobs.
 */
import * as Data from "effect/Data"

/**
 * A job with this id exists, with another definition or other parameters.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobConflict extends Data.TaggedError("JobConflict")<{ readonly id: string; readonly difference: string }> {
  override get message(): string {
    return `job ${this.id} could not be started: expected the same ${this.difference} as the job that has this id, got ` +
      `another one. Start it under another id.`
  }
}

/**
 * A job is not in a state in which it can be changed as asked.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobStateRefused extends Data.TaggedError("JobStateRefused")<{
  readonly id: string
  readonly expected: string
  readonly got: string
}> {
  override get message(): string {
    return `job ${this.id} could not be changed: expected state ${this.expected}, got ${this.got}. Read its progress first.`
  }
}

/**
 * A job that was awaited has ended otherwise than well.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobFailed extends Data.TaggedError("JobFailed")<{
  readonly id: string
  readonly state: "failed" | "cancelled"
  readonly units: number
  readonly failed: number
}> {
  override get message(): string {
    return this.state === "cancelled"
      ? `job ${this.id} has ended: expected its ${this.units} units to be done, got a job that was cancelled. Start another one.`
      : `job ${this.id} has ended: expected its ${this.units} units to be done, got ${this.failed} that failed. ` +
        `Read its failures, and retry it.`
  }
}
