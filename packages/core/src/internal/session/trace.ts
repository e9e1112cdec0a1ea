/**
 * Reads the trace of a request from the tables of the server, which writes it after its answer.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Check from "../../Check.ts"
import type { CqlError } from "../../CqlError.ts"
import type { Service } from "../../Session.ts"
import type { Options } from "../../Statement.ts"
import type { Event, Trace } from "../../Trace.ts"
import * as Text from "../statement/cqlText.ts"
import { ofText } from "../statement/statement.ts"
import { literalsOf } from "../statement/withoutLiterals.ts"
import { withoutValues } from "../statement/withoutValues.ts"
import { describeText } from "../watch/described.ts"

type Row = Readonly<Record<string, unknown>>
type Execute = Service["execute"]

const options: Options = { consistency: "ONE", idempotent: true, tracing: false }

const select = (table: string, id: string) =>
  ofText(`SELECT * FROM system_traces.${table} WHERE session_id = ?`, [id], options)

const shortestWait = 10
const longestWait = 500
// Nodes other than the coordinator write their steps later than it.
const mostReads = 5

/** Reads a trace, and waits until the server has written it. Undefined where it has not within the timeout. */
export const readTrace = Effect.fn("Session.trace")(function*(
  execute: Execute,
  id: string,
  timeout: Duration.Input
): Effect.fn.Return<Trace | undefined, CqlError> {
  const millis = Check.millis("timeout", timeout, Check.finiteDuration)
  const session = yield* written(execute, id, millis)
  if (session === undefined) return undefined
  return traceOf(id, session, yield* allEvents(execute, id))
})

/** The row of the request, once the server has set how long it took. */
const written = Effect.fnUntraced(function*(
  execute: Execute,
  id: string,
  timeout: number
): Effect.fn.Return<Row | undefined, CqlError> {
  const clock = yield* Clock.Clock
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const begun = now()
  for (let wait = shortestWait;; wait = Math.min(longestWait, 2 * wait)) {
    const row: Row | undefined = (yield* execute(select("sessions", id))).first
    if (typeof row?.["duration"] === "number") return row
    const left = timeout - (now() - begun)
    if (left <= 0) return undefined
    yield* Effect.sleep(Duration.millis(Math.min(wait, left)))
  }
})

const allEvents = Effect.fnUntraced(function*(
  execute: Execute,
  id: string
): Effect.fn.Return<ReadonlyArray<Row>, CqlError> {
  let rows: ReadonlyArray<Row> = []
  for (let read = 0; read < mostReads; read++) {
    const before = rows.length
    rows = (yield* execute(select("events", id))).rows
    if (read > 0 && rows.length === before) return rows
    yield* Effect.sleep(Duration.millis(shortestWait))
  }
  return rows
})

const traceOf = (id: string, row: Row, events: ReadonlyArray<Row>): Trace => {
  const given = row["parameters"] instanceof Map ? row["parameters"] : noParameters
  const hide = hiding(given)
  return {
    id,
    command: textOf(row["command"]),
    request: textOf(row["request"]),
    coordinator: nodeOf(row["coordinator"], row["coordinator_port"]),
    client: textOf(row["client"]),
    startedAt: row["started_at"] instanceof Date ? row["started_at"] : undefined,
    duration: Duration.micros(BigInt(numberOf(row["duration"]) ?? 0)),
    parameters: parametersOf(given),
    events: events.map((event) => eventOf(event, hide))
  }
}

const eventOf = (row: Row, hide: (activity: string) => string): Event => {
  const elapsed = numberOf(row["source_elapsed"])
  return {
    activity: hide(textOf(row["activity"]) ?? ""),
    source: nodeOf(row["source"], row["source_port"]),
    elapsed: elapsed === undefined ? undefined : Duration.micros(BigInt(elapsed)),
    thread: textOf(row["thread"])
  }
}

type Parameters = ReadonlyMap<unknown, unknown>

const noParameters: Parameters = new Map()

// The values that the request bound.
const bound = /^bound_var/

const parametersOf = (given: Parameters): ReadonlyMap<string, string> => {
  const parameters = new Map<string, string>()
  for (const [name, value] of given) {
    if (bound.test(String(name))) continue
    parameters.set(String(name), name === "query" ? shown(String(value)) : String(value))
  }
  return parameters
}

/** A text as spans show it: with `?` for its literals, unless it has markers. */
const shown = (cql: string): string => describeText(Text.of(cql.toWellFormed())).text

/** Takes the values of a request out of the steps that quote them. */
const hiding = (given: Parameters): (activity: string) => string => {
  const text = textOf(given.get("query")) ?? ""
  const masked = shown(text)
  const literals = masked === text ? [] : literalsOf(text)
  const values = Array.from(given).flatMap(([name, value]) => bound.test(String(name)) ? literalsOf(String(value)) : [])
  return (activity) => {
    const withoutText = text === "" ? activity : activity.replaceAll(text, () => masked)
    return withoutValues(withoutText, [values, literals], masked)
      .replace(quoted, (_, before: string, cql: string) => before + shown(cql))
      .replaceAll(key, "$1<value>")
      .replace(rows, "$1<value>")
  }
}

// A step quotes the text that it parses, and one that met too much the query that made it do so.
const quoted = /(^Parsing | query '?)((?:SELECT|INSERT|UPDATE|DELETE|BEGIN|CREATE|ALTER|DROP)\b.*)$/is

// The key of a partition in hexadecimal, behind its token.
const key = /(\bDecoratedKey\([^,)]*, )[\da-f]+/gi

// The rows that a condition met, and the partition of a proposal: whatever the table holds.
const rows = /(\bcurrent values |\bkey=).*$/s

const textOf = (value: unknown): string | undefined => typeof value === "string" ? value : undefined

const numberOf = (value: unknown): number | undefined => typeof value === "number" ? value : undefined

const nodeOf = (address: unknown, port: unknown): string | undefined => {
  if (typeof address !== "string" || typeof port !== "number") return textOf(address)
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
}
