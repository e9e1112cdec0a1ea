/**
 * The strings by which objects of this package are recognised, whichever copy of it has made them.
 */
export const Batch = "~@effect-cql/core/Batch"
export const CqlError = "~@effect-cql/core/CqlError"
export const Fragment = "~@effect-cql/core/Fragment"
export const InvalidOptions = "~@effect-cql/core/InvalidOptions"
export const Limiter = "~@effect-cql/core/Limiter"
export const Query = "~@effect-cql/core/Query"
export const Reason = "~@effect-cql/core/Reason"
export const ResultSet = "~@effect-cql/core/ResultSet"
export const Session = "~@effect-cql/core/Session"
export const Settlement = "~@effect-cql/core/Settlement"
export const Statement = "~@effect-cql/core/Statement"
export const RetryPolicy = "~@effect-cql/core/RetryPolicy"
