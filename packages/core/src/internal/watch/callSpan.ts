/**
 * The span of one call: a statement or batch with its attempts and pages.
 */
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import type { ExecutionResult } from "../../ExecutionResult.ts"
import type { Outcome } from "../../Outcome.ts"
import type { Page, Request } from "../../Port.ts"
import type { Reason } from "../../Reason.ts"
import type { SessionState } from "../session/state.ts"
import type { Executable } from "../statement/input.ts"
import type { ResolvedOptions } from "../statement/options.ts"
import { addressOf, defaultPort } from "./address.ts"
import { codeOf, nodeOf, typeOf } from "./codes.ts"
import { describe, type Described } from "./described.ts"
import { shownError } from "./shownError.ts"
import type { Times } from "./times.ts"
import type { Tracing } from "./tracing.ts"

/** The parts of an execution that its span describes. */
export interface Call {
  readonly executable: Executable
  readonly request: Request | undefined
  readonly attempts: number
}

// A stream of millions of pages, or a policy that retries forever, must not fill the memory.
const mostEvents = 128

export class CallSpan {
  readonly span: Tracer.Span
  readonly #tracing: Tracing
  readonly #times: Times
  readonly #session: SessionState
  #events = 0
  #rows = 0
  #pages = 0
  #copies = 0
  #node: string | undefined
  #hasEnded = false
  #hasConsistency = false

  private constructor(span: Tracer.Span, tracing: Tracing, times: Times, session: SessionState) {
    this.span = span
    this.#tracing = tracing
    this.#times = times
    this.#session = session
  }

  /** Begins the span of a call. Undefined if the tracer makes none. */
  static begin(
    tracing: Tracing,
    times: Times,
    session: SessionState,
    executable: Executable,
    begunAt: number,
    options: ResolvedOptions,
    index: number | undefined
  ): CallSpan | undefined {
    const described = describe(executable)
    const span = tracing.begin(described.summary ?? "cassandra", "client", times.nanosAt(begunAt))
    if (span === undefined) return undefined
    const self = new CallSpan(span, tracing, times, session)
    if (span.sampled) self.#describe(described, executable, options, index)
    return self
  }

  #describe(described: Described, executable: Executable, options: ResolvedOptions, index: number | undefined): void {
    const { batchSize, collection, namespace = this.#session.port.keyspace, operation, summary, text } = described
    this.#set("db.system.name", "cassandra")
    this.#set("cql.session.name", this.#session.name)
    if (namespace !== undefined) this.#set("db.namespace", namespace)
    if (collection !== undefined) this.#set("db.collection.name", collection)
    if (operation !== undefined) this.#set("db.operation.name", operation)
    if (batchSize !== undefined) this.#set("db.operation.batch.size", batchSize)
    if (summary !== undefined) this.#set("db.query.summary", summary)
    this.#set("db.query.text", text)
    if (options.pageSize !== undefined && executable._tag === "Statement") {
      this.#set("cassandra.page.size", options.pageSize)
    }
    this.#hasConsistency = options.consistency !== undefined
    if (options.consistency !== undefined) {
      this.#set("cassandra.consistency.level", options.consistency.toLowerCase())
    }
    if (index !== undefined) this.#set("cql.concurrent.index", index)
  }

  #set(key: string, value: unknown): void {
    this.#tracing.attribute(this.span, key, value)
  }

  /** A request is handed to the port. */
  attempt(number: number, at: number): void {
    this.#event("attempt", { "cql.attempt": number }, at)
  }

  /** A page has come. */
  page({ info, rows }: Page): void {
    this.#pages++
    this.#rows += rows.length
    this.#copies += info?.speculativeExecutions ?? 0
    this.#node = info?.coordinator ?? this.#node
    if (!this.#hasConsistency && info?.achievedConsistency !== undefined) {
      this.#hasConsistency = true
      this.#set("cassandra.consistency.level", info.achievedConsistency.toLowerCase())
    }
    if (info?.traceId !== undefined) this.#set("cql.trace.id", info.traceId)
    this.#event("page", { "db.response.returned_rows": rows.length, ...peerOf(info?.coordinator) })
  }

  /** An attempt has failed, and another one follows after so many milliseconds. */
  retry(reason: Reason, delay: number, at?: number): void {
    this.#event("retry", { "error.type": typeOf(reason), "cql.retry.delay": delay, ...peerOf(nodeOf(reason)) }, at)
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
    this.#set("error.type", typeOf(reason))
    const code = codeOf(reason)
    if (code !== undefined) this.#set("db.response.status_code", code)
    this.#finish(call, result.outcome)
    this.#end(Exit.fail(shownError(error, call.executable)), at)
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
    this.#set("error.type", "_OTHER")
    this.#finish(call, "Unknown")
    this.#end(exit)
  }

  #finish({ attempts, request }: Call, outcome: Outcome): void {
    if (this.#hasEnded || !this.span.sampled) return
    this.#set("cql.outcome", outcome)
    this.#set("cql.attempts", attempts)
    this.#set("cql.pages", this.#pages)
    this.#set("db.response.returned_rows", this.#rows)
    if (request !== undefined) this.#set("cassandra.query.idempotent", request.options.idempotent)
    if (this.#copies > 0) this.#set("cassandra.speculative_execution.count", this.#copies)
    const node = this.#node
    if (node === undefined) return
    const { address, port } = addressOf(node)
    this.#set("server.address", address)
    if (port !== defaultPort) this.#set("server.port", port)
    this.#set("network.peer.address", address)
    this.#set("network.peer.port", port)
    const known = this.#session.health?.node(node)
    if (known?.id !== undefined) this.#set("cassandra.coordinator.id", known.id)
    if (known?.dataCenter !== undefined) this.#set("cassandra.coordinator.dc", known.dataCenter)
  }

  #end(exit: Exit.Exit<unknown, unknown>, at = this.#times.now): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#tracing.end(this.span, exit, this.#times.nanosAt(at))
  }

  #event(name: string, attributes: Record<string, unknown>, at = this.#times.now): void {
    if (this.#events++ < mostEvents) this.#tracing.event(this.span, name, this.#times.nanosAt(at), attributes)
  }
}

const peerOf = (node: string | undefined): Record<string, unknown> => {
  if (node === undefined) return {}
  const { address, port } = addressOf(node)
  return { "network.peer.address": address, "network.peer.port": port }
}
