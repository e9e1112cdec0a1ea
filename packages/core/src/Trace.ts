/**
 * The trace that a server wrote of one request.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"

/**
 * The trace of a request with the option `tracing`. {@link format} prints it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Trace {
  /** The id, as in `info.traceId` of a result. */
  readonly id: string
  /** The kind of the request, such as `QUERY`. */
  readonly command: string | undefined
  /** The requested work, such as `Execute CQL3 query`. */
  readonly request: string | undefined
  /** The node that coordinated the request. */
  readonly coordinator: string | undefined
  /** The address of the client. */
  readonly client: string | undefined
  readonly startedAt: Date | undefined
  readonly duration: Duration.Duration
  /**
   * Parameters of the request, such as its text and its consistency level. Bound values are left out, and a text
   * without markers has `?` instead of literals.
   */
  readonly parameters: ReadonlyMap<string, string>
  /** The steps on all nodes, in the order in which they were recorded. */
  readonly events: ReadonlyArray<Event>
}

/**
 * A step of a traced request on one node.
 *
 * @category models
 * @since 0.1.0
 */
export interface Event {
  /** The description of the step by the server, with `<value>` instead of values of the request. */
  readonly activity: string
  /** The node that took the step. */
  readonly source: string | undefined
  /** Time since the request arrived at that node. */
  readonly elapsed: Duration.Duration | undefined
  readonly thread: string | undefined
}

/**
 * Prints a trace: a line for the request, and one for each step with its time and its node.
 *
 * **Example** (The trace of a read)
 *
 * ```ts
 * import { Session, Statement, Trace } from "@effect-cql/core"
 * import { Console, Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const { info } = yield* Statement.make("SELECT name FROM app.users", [], { tracing: true })
 *   const trace = info.traceId === undefined ? undefined : yield* Session.trace(info.traceId)
 *   if (trace !== undefined) yield* Console.log(Trace.format(trace))
 * })
 * console.assert(Effect.isEffect(program))
 * ```
 *
 * @category printing
 * @since 0.1.0
 */
export const format = (trace: Trace): string => {
  const { client, command = "REQUEST", coordinator = "unknown", duration, events, id, parameters, request } = trace
  const from = client === undefined ? "" : ` for ${client}`
  const head = `${command} ${id}: ${micros(duration)}, coordinator ${coordinator}${from}`
  const lines = [request === undefined ? head : `${head}, ${request}`]
  for (const [name, value] of parameters) lines.push(`  ${name}: ${value}`)
  const times = events.map(({ elapsed }) => elapsed === undefined ? "" : micros(elapsed))
  const sources = events.map(({ source = "" }) => source)
  const [widestTime, widestSource] = [widest(times), widest(sources)]
  for (const [index, { activity, thread }] of events.entries()) {
    const place = `${times[index]!.padStart(widestTime)}  ${sources[index]!.padEnd(widestSource)}`
    lines.push(`  ${place}  ${activity}${thread === undefined ? "" : ` [${thread}]`}`)
  }
  return lines.join("\n")
}

const widest = (texts: ReadonlyArray<string>): number => texts.reduce((most, { length }) => Math.max(most, length), 0)

const micros = (duration: Duration.Duration): string => `${Math.round(Duration.toMillis(duration) * 1_000)} us`
