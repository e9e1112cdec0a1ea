/**
 * Shows runs: their progress while they run, and a page about them afterwards.
 *
 * @since 0.1.0
 */
export * as Reporter from "./Reporter.ts"
export * as RunReport from "./RunReport.ts"
export * as Screen from "./Screen.ts"
