/**
 * Sessions for tests.
 *
 * @since 0.1.0
 */
export * as FaultPlan from "./FaultPlan.ts"
export * as Fixtures from "./Fixtures.ts"
export * as MockSession from "./MockSession.ts"
