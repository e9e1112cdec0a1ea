/**
 * The log of the driver, through the loggers of Effect.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import type { LogEmitter } from "../driver/driver.ts"
import { Repeated } from "../request/repeated.ts"
import { withoutQueries } from "./quoted.ts"

// The driver informs of much that only its authors care for.
const levels: Readonly<Record<string, LogLevel.Severity>> = {
  error: "Error",
  warning: "Warn",
  info: "Debug",
  verbose: "Trace"
}

export type Annotations = Readonly<Record<string, unknown>>

/** The node that a line is about. */
const address = /\b(?<address>\d+\.\d+\.\d+\.\d+|[\da-f]*:[\da-f:]+(?=:\d+\b)):(?<port>\d{2,5})\b/

/** A session as its log lines name it. */
export interface Named {
  readonly name?: string | undefined
  readonly keyspace?: string | undefined
}

/** A session in the annotations of log lines. */
export const aboutSession = ({ keyspace, name }: Named): Annotations => ({
  ...(name === undefined ? undefined : { "cql.session.name": name }),
  ...(keyspace === undefined ? undefined : { "db.namespace": keyspace })
})

/**
 * A log emitter that logs in the context of the fiber that made it. The driver repeats its warnings and errors at each
 * attempt to reconnect, and for each statement: a line that repeats is shown once, and counted.
 */
export const makeLog = (named: Named): Effect.Effect<LogEmitter> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const runFork = Effect.runForkWith(context)
    const minimum = Context.get(context, References.MinimumLogLevel)
    const isLogged = (severity: LogLevel.Severity) => LogLevel.isGreaterThanOrEqualTo(severity, minimum)
    const verbose = isLogged("Trace")
    const log = (line: string, severity: LogLevel.Severity, annotations: Annotations) =>
      runFork(Effect.annotateLogs(Effect.logWithLevel(severity)(line), annotations))
    const repeated = new Repeated<readonly [LogLevel.Severity, Annotations]>(log)
    return Effect.succeed<LogEmitter>((_, level, className, message, further) => {
      // The driver has two verbose lines for every request.
      if (level === "verbose" && !verbose) return
      const severity = levels[level] ?? "Debug"
      if (!isLogged(severity)) return
      const text = withoutQueries(String(message))
      // Errors of the driver quote others with their stacks: the first line is what happened.
      const cause = further instanceof Error ? further.message.split("\n", 1)[0]! : ""
      const line = `${className}: ${cause === "" || text.includes(cause) ? text : `${text}: ${cause}`}`
      const node = address.exec(line)?.groups
      const annotations = {
        ...aboutSession(named),
        "cql.driver.class": className,
        ...(node === undefined ? {} : { "server.address": node["address"], "server.port": Number(node["port"]) })
      }
      if (severity === "Warn" || severity === "Error") repeated.add(line, severity, annotations)
      else log(line, severity, annotations)
    })
  })
