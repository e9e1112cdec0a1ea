/**
 * Sessions for tests.
 *
 * @since 0.1.0
 */
export * as MockSession from "./MockSession.ts"
