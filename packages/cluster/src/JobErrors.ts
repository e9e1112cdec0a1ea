/**
 * Errors of jobs. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const tag = (name: string): string => `@effect-cql/cluster/${name}`

/**
 * The job no longer runs, or its lane has to wait for its turn. Everything up to the last checkpoint is kept.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobStopped extends Schema.TaggedError<JobStopped>(tag("JobStopped"))("JobStopped", {
  id: Schema.String
}) {
  override get message(): string {
    return `a unit of job ${this.id} was stopped: expected the job to run, got one that was paused, cancelled or ended. ` +
      `If it runs again, the unit continues after its last checkpoint.`
  }
}

/**
 * A statement of a job is not known to be idempotent. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class StatementNotIdempotent
  extends Schema.TaggedError<StatementNotIdempotent>(tag("StatementNotIdempotent"))("StatementNotIdempotent", {
    id: Schema.String,
    /** The CQL text, with its markers. */
    text: Schema.String
  })
{
  override get message(): string {
    return `a statement of job ${this.id} was refused: expected one that can be executed twice, got ${
      oneLine(this.text)
    }. ` +
      `Write values instead of changes of values, mark it with idempotent: true, or set atLeastOnce: true for the job.`
  }
}

/**
 * A job with this id exists, but has another definition or other parameters.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobConflict extends Schema.TaggedError<JobConflict>(tag("JobConflict"))("JobConflict", {
  id: Schema.String,
  difference: Schema.String
}) {
  override get message(): string {
    return `job ${this.id} could not be started: expected the same ${this.difference} as the job that has this id, got ` +
      `another one. Start it under another id.`
  }
}

/**
 * There is no job with this id: it was never started, or it was removed.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobNotFound extends Schema.TaggedError<JobNotFound>(tag("JobNotFound"))("JobNotFound", {
  id: Schema.String
}) {
  override get message(): string {
    return `job ${this.id} was not found: expected a job that was started with this id, got none, or one that is being ` +
      `removed. Start it.`
  }
}

/**
 * The state of a job does not allow the requested change.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobStateRefused extends Schema.TaggedError<JobStateRefused>(tag("JobStateRefused"))("JobStateRefused", {
  id: Schema.String,
  expected: Schema.String,
  got: Schema.String
}) {
  override get message(): string {
    return `job ${this.id} could not be changed: expected state ${this.expected}, got ${this.got}. Read its progress first.`
  }
}

/**
 * An awaited job has ended with failed units, or was cancelled.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobFailed extends Schema.TaggedError<JobFailed>(tag("JobFailed"))("JobFailed", {
  id: Schema.String,
  state: Schema.Literals(["failed", "cancelled"]),
  units: Schema.Int,
  failed: Schema.Int
}) {
  override get message(): string {
    return this.state === "cancelled"
      ? `job ${this.id} has ended: expected its ${this.units} units to be done, got a job that was cancelled. Start another one.`
      : `job ${this.id} has ended: expected its ${this.units} units to be done, got ${this.failed} that failed. ` +
        `Read its failures, and retry it.`
  }
}

/**
 * An awaited job has ended because it rejected more rows than its error budget allows. Its writes remain.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobBudgetExhausted
  extends Schema.TaggedError<JobBudgetExhausted>(tag("JobBudgetExhausted"))("JobBudgetExhausted", {
    id: Schema.String,
    /** Number of rejects when the job ended, including those that no checkpoint has counted. */
    rejected: Schema.Int,
    /** Number of rejects that the budget allowed at that moment. */
    allowed: Schema.Finite
  })
{
  override get message(): string {
    return `job ${this.id} has ended: expected at most ${this.allowed} rejects, got ${this.rejected}. ` +
      `Read its rejects, and retry it.`
  }
}

const longest = 200

const oneLine = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ").trim()
  return line.length > longest ? `${line.slice(0, longest)}...` : line
}
