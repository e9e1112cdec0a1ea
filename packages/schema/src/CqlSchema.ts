/**
 * Schemas of CQL values: one for each type, with a type of Effect where a natural one exists.
 *
 * @since 0.1.0
 */
export * from "./CqlCollection.ts"
export * from "./CqlRow.ts"
export * from "./CqlScalar.ts"
export * from "./CqlTime.ts"
