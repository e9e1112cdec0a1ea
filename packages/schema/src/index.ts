/**
 * Typed values and tables for `@effect-cql/core`.
 *
 * @since 0.1.0
 */
export * as Change from "./Change.ts"
export * as Check from "./Check.ts"
export * as CqlSchema from "./CqlSchema.ts"
export * as Lookup from "./Lookup.ts"
export * as Migrations from "./Migrations.ts"
export * as Scan from "./Scan.ts"
export * as Table from "./Table.ts"
export * as TimeUuid from "./TimeUuid.ts"
export * as TokenRange from "./TokenRange.ts"
export * as Uuid from "./Uuid.ts"
