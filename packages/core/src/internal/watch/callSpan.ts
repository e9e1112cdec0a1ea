/**
 * The span of one call: a statement or batch with its attempts and pages.
 */
import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import { type Attempt, CqlError } from "../../CqlError.ts"
import type { ExecutionResult, Failure } from "../../ExecutionResult.ts"
import type { Outcome } from "../../Outcome.ts"
import type { Page, Request } from "../../Port.ts"
import type { Reason } from "../../Reason.ts"
import type { Node } from "../../Telemetry.ts"
import type { SessionState } from "../session/state.ts"
import type { Executable } from "../statement/input.ts"
import type { ResolvedOptions } from "../statement/options.ts"
import { addressOf, defaultPort } from "./address.ts"
import { codeOf, nodeOf } from "./codes.ts"
import { describe, type Described } from "./described.ts"
import type { Times } from "./times.ts"
import type { Tracing } from "./tracing.ts"

/** The parts of an execution that its span describes. */
export interface Call {
  readonly executable: Executable
  readonly request: Request | undefined
  readonly attempts: number
  /** When it began. */
  readonly begunAt: number
}

// A stream of millions of pages, or a policy that retries for ever, must not fill the memory.
const mostEvents = 128

export class CallSpan {
  readonly span: Tracer.Span
  readonly #tracing: Tracing
  readonly #times: Times
  readonly #session: SessionState
  readonly #described: Described
  #events = 0
  #rows = 0
  #pages = 0
  #node: string | undefined
  #hasConsistency: boolean

  constructor(
    tracing: Tracing,
    times: Times,
    session: SessionState,
    { begunAt, executable }: Call,
    options: ResolvedOptions,
    index: number | undefined
  ) {
    const described = describe(executable)
    const { batchSize, collection, namespace = session.port.keyspace, operation, summary, text } = described
    const span = tracing.begin(summary ?? "cassandra", "client", times.nanosAt(begunAt))
    span.attribute("db.system.name", "cassandra")
    span.attribute("cql.session.name", session.name)
    if (namespace !== undefined) span.attribute("db.namespace", namespace)
    if (collection !== undefined) span.attribute("db.collection.name", collection)
    if (operation !== undefined) span.attribute("db.operation.name", operation)
    if (batchSize !== undefined) span.attribute("db.operation.batch.size", batchSize)
    if (summary !== undefined) span.attribute("db.query.summary", summary)
    span.attribute("db.query.text", text)
    if (options.pageSize !== undefined && executable._tag === "Statement") {
      span.attribute("cassandra.page.size", options.pageSize)
    }
    this.#hasConsistency = options.consistency !== undefined
    if (options.consistency !== undefined) {
      span.attribute("cassandra.consistency.level", options.consistency.toLowerCase())
    }
    if (index !== undefined) span.attribute("cql.concurrent.index", index)
    this.span = span
    this.#tracing = tracing
    this.#times = times
    this.#session = session
    this.#described = described
  }

  /** A request is handed to the port. */
  attempt(number: number, at: number): void {
    this.#event("attempt", { "cql.attempt": number }, at)
  }

  /** A page has come. */
  page({ info, rows }: Page): void {
    this.#pages++
    this.#rows += rows.length
    this.#node = info?.coordinator ?? this.#node
    if (!this.#hasConsistency && info?.achievedConsistency !== undefined) {
      this.#hasConsistency = true
      this.span.attribute("cassandra.consistency.level", info.achievedConsistency.toLowerCase())
    }
    if (info?.traceId !== undefined) this.span.attribute("cql.trace.id", info.traceId)
    this.#event("page", { "db.response.returned_rows": rows.length, ...peerOf(info?.coordinator) })
  }

  /** An attempt has failed, and another one follows after so many milliseconds. */
  retry(reason: Reason, delay: number | undefined): void {
    this.#event("retry", retryOf(reason, delay ?? 0))
  }

  /** Adds the attempts of a call that began at this time, and has ended. */
  replay(history: ReadonlyArray<Attempt>, begunAt: number): void {
    let at = begunAt
    for (const [index, { delay, latency, reason }] of history.entries()) {
      this.#event("attempt", { "cql.attempt": index + 1 }, at)
      at += microsOf(latency)
      if (delay === undefined) return
      this.#event("retry", retryOf(reason, Duration.toMillis(delay)), at)
      at += microsOf(delay)
    }
  }

  /** The call has waited so many milliseconds for a permit. */
  waited(millis: number, at: number): void {
    this.#event("permit", { "cql.permit.wait": millis }, at)
  }

  ended(call: Call, result: ExecutionResult<unknown>, at: number): void {
    if (result._tag === "Success") {
      this.#finish(call, result.outcome)
      this.#end(Exit.void, at)
      return
    }
    const { error } = result
    const { reason } = error
    this.#node = nodeOf(reason) ?? this.#node
    this.span.attribute("error.type", reason._tag)
    const code = codeOf(reason)
    if (code !== undefined) this.span.attribute("db.response.status_code", code)
    this.#finish(call, result.outcome)
    this.#end(Exit.fail(withText(error, this.#described.text)), at)
  }

  /** The consumer of a stream wants no further page. */
  closed(call: Call): void {
    this.#finish(call, "Applied")
    this.#end(Exit.void)
  }

  interrupted(call: Call, outcome: Outcome): void {
    this.#finish(call, outcome)
    this.#end(Exit.interrupt())
  }

  /** The call has died with a defect. */
  died(call: Call, exit: Exit.Exit<never, unknown>): void {
    this.span.attribute("error.type", "_OTHER")
    this.#finish(call, "Unknown")
    this.#end(exit)
  }

  #finish({ attempts, request }: Call, outcome: Outcome): void {
    const { span } = this
    if (span.status._tag === "Ended") return
    span.attribute("cql.outcome", outcome)
    span.attribute("cql.attempts", attempts)
    span.attribute("cql.pages", this.#pages)
    span.attribute("db.response.returned_rows", this.#rows)
    if (request !== undefined) span.attribute("cassandra.query.idempotent", request.options.idempotent)
    const node = this.#node
    if (node === undefined) return
    const { address, port } = addressOf(node)
    span.attribute("server.address", address)
    if (port !== defaultPort) span.attribute("server.port", port)
    span.attribute("network.peer.address", address)
    span.attribute("network.peer.port", port)
    const known: Node | undefined = this.#session.port.health?.node(node)
    if (known?.id !== undefined) span.attribute("cassandra.coordinator.id", known.id)
    if (known?.dataCenter !== undefined) span.attribute("cassandra.coordinator.dc", known.dataCenter)
  }

  #end(exit: Exit.Exit<unknown, unknown>, at = this.#times.now): void {
    this.#tracing.end(this.span, exit, this.#times.nanosAt(at))
  }

  #event(name: string, attributes: Record<string, unknown>, at = this.#times.now): void {
    if (this.#events++ < mostEvents) this.#tracing.event(this.span, name, this.#times.nanosAt(at), attributes)
  }
}

/** The error of a statement as exporters may show it: its message quotes the text, which may contain literals. */
export const errorWithoutLiterals = ({ error, statement }: Failure): CqlError =>
  withText(error, describe(statement).text)

const withText = (error: CqlError, text: string): CqlError => {
  if (text === error.query) return error
  const { attempts, isRetryable, outcome, reason } = error
  return Object.assign(new CqlError({ reason, query: text }), { attempts, isRetryable, outcome })
}

const microsOf = (duration: Duration.Duration | undefined): number =>
  duration === undefined ? 0 : Math.round(Duration.toMillis(duration) * 1_000)

const retryOf = (reason: Reason, delay: number): Record<string, unknown> => ({
  "error.type": reason._tag,
  "cql.retry.delay": delay,
  ...peerOf(nodeOf(reason))
})

const peerOf = (node: string | undefined): Record<string, unknown> => {
  if (node === undefined) return {}
  const { address, port } = addressOf(node)
  return { "network.peer.address": address, "network.peer.port": port }
}
