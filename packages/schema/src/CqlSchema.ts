/**
 * Schemas of CQL values: one for each type, with the natural type of Effect where it has one.
 *
 * @since 0.1.0
 */
export * from "./CqlCollection.ts"
export * from "./CqlRow.ts"
export * from "./CqlScalar.ts"
export * from "./CqlTime.ts"
