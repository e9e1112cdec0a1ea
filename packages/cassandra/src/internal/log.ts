/**
 * The log of the driver, through the loggers of Effect.
 */
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import type { LogEmitter } from "./driver.ts"

// The driver informs of much that only its authors care for.
const levels: Readonly<Record<string, LogLevel.Severity>> = {
  error: "Error",
  warning: "Warn",
  info: "Debug",
  verbose: "Trace"
}

/** A log emitter that logs in the context of the fiber that made it. */
export const makeLog: Effect.Effect<LogEmitter> = Effect.contextWith((context) => {
  const runFork = Effect.runForkWith(context)
  return Effect.map(References.MinimumLogLevel, (minimum): LogEmitter => (_, level, className, message, further) => {
    const severity = levels[level] ?? "Debug"
    // The driver has two verbose lines for every request: not even a fiber that drops them is started.
    if (LogLevel.isLessThan(severity, minimum)) return
    const text = further instanceof Error && !String(message).includes(further.message)
      ? `${String(message)}: ${further.message}`
      : String(message)
    runFork(Effect.logWithLevel(severity)(`${className}: ${text}`))
  })
})
