/**
 * Runs many CQL statements concurrently and reports the outcome of each.
 *
 * @since 0.1.0
 */
export * as Batch from "./Batch.ts"
export {
  executeConcurrent,
  executeConcurrentBy,
  executeConcurrentWithArgs,
  runConcurrent,
  runConcurrentBy,
  runConcurrentWithArgs,
  streamConcurrent,
  streamConcurrentBy,
  streamConcurrentWithArgs
} from "./Concurrent.ts"
export type * as Concurrent from "./Concurrent.ts"
export { Consistency, SerialConsistency } from "./Consistency.ts"
export { cql } from "./Cql.ts"
export { CqlError, isCqlError } from "./CqlError.ts"
export { DeadlineExceeded } from "./DeadlineExceeded.ts"
export { type ErrorBudget, ErrorBudgetExhausted, isErrorBudgetExhausted } from "./ErrorBudgetExhausted.ts"
export * as ExecutionResult from "./ExecutionResult.ts"
export { InvalidOptions, isInvalidOptions } from "./InvalidOptions.ts"
export * as Limiter from "./Limiter.ts"
export * as Outcome from "./Outcome.ts"
export * as Port from "./Port.ts"
export { PageState } from "./Port.ts"
export type { Latencies, Progress, SlowStatement } from "./Progress.ts"
export * as Query from "./Query.ts"
export * as Reason from "./Reason.ts"
export * as ResultSet from "./ResultSet.ts"
export * as RetryPolicy from "./RetryPolicy.ts"
export { Session } from "./Session.ts"
export * as Settlement from "./Settlement.ts"
export { SourceError } from "./SourceError.ts"
export * as Statement from "./Statement.ts"
export { isStatementFailed, StatementFailed } from "./StatementFailed.ts"
export type { Summary } from "./Summary.ts"
export type * as Telemetry from "./Telemetry.ts"
export * as Trace from "./Trace.ts"
