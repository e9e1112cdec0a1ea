/**
 * The counts of a session, until they are handed to the metrics of Effect.
 *
 * Counting is an increment of a field. While calls end, the fields are handed over every 200 ms; beside that at the end of each
 * run, at the end of the session, and when metrics are read. Only the duration of a call, and the number of its rows, are
 * observed when it ends.
 */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import type { ExecutionResult } from "../../ExecutionResult.ts"
import type { Outcome } from "../../Outcome.ts"
import type { Health } from "../../Telemetry.ts"
import type { Gate } from "../limiter/gate.ts"
import type { Environment } from "../run/environment.ts"
import type { SessionState } from "../session/state.ts"
import type { Executable } from "../statement/input.ts"
import { typeOf } from "./codes.ts"
import { Counts } from "./counts.ts"
import type { Histogram } from "./histogram.ts"
import * as Metrics from "./metrics.ts"
import { Nodes } from "./nodes.ts"
import type { Observed } from "./observed.ts"
import { forget, onRead } from "./onRead.ts"
import { type Series, SeriesOf } from "./series.ts"

/** Milliseconds between two times at which counts are handed over. */
const interval = 200

/** A run whose results may wait for their consumer. */
export interface Buffering {
  readonly buffered: number
}

export class Recorder {
  readonly registry: Metric.MetricRegistry
  readonly attributes: Readonly<Record<string, string>>
  /** Requests in flight of the calls that have these attributes. */
  inFlight = 0
  readonly #session: SessionState
  readonly #context: Context.Context<never>
  /** The attributes of all of its metrics. */
  readonly #own: Metrics.Attributes
  readonly #series: SeriesOf
  readonly #results: Counts
  readonly #retries: Counts
  readonly #moves: Counts
  readonly #pages: Counts
  readonly #warnings: Counts
  #waits: Histogram | undefined
  #batches: Histogram | undefined
  readonly #limit: ReturnType<typeof Metrics.limit>
  readonly #buffered: ReturnType<typeof Metrics.buffered>
  readonly #events: Counts
  #nodes: Nodes | undefined
  readonly #runs = new Set<Buffering>()
  #hasBuffered = false
  #gate: Gate | undefined
  #applied = 0
  #readPages = 0
  #handedAt = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(session: SessionState, { context }: Pick<Environment, "context">) {
    this.registry = Context.get(context, Metric.MetricRegistry)
    this.attributes = Context.get(context, Metric.CurrentMetricAttributes)
    this.#session = session
    // Nothing else of the context of the first call is kept by what may live as long as the session.
    this.#context = Context.make(Metric.MetricRegistry, this.registry).pipe(
      Context.add(Metric.CurrentMetricAttributes, this.attributes)
    )
    const own = { "cql.session.name": session.name }
    this.#own = own
    this.#series = new SeriesOf(session, this.#context)
    this.#results = new Counts(this.#context, (key) => Metrics.results({ ...own, ...resultOf(key) }))
    this.#retries = new Counts(this.#context, (reason) => Metrics.retries({ ...own, "error.type": reason }))
    this.#moves = new Counts(this.#context, (reason) => Metrics.limitMoves({ ...own, "cql.limit.reason": reason }))
    this.#pages = new Counts(this.#context, () => Metrics.pages(own))
    this.#warnings = new Counts(this.#context, () => Metrics.warnings(own))
    this.#events = new Counts(this.#context, (event) => Metrics.events({ ...own, "cql.event": event }))
    this.#limit = Metrics.limit(own)
    this.#buffered = Metrics.buffered(own)
    onRead(this, Metrics.inFlight(own), this.#context)
    // A snapshot that hands counts over does not see the series that begin then.
    this.#results.add(applied, 0)
    this.#pages.add("", 0)
  }

  /** Shows the nodes of the session as well. */
  watchNodes(health: Pick<Health, "nodes">): void {
    this.#nodes = new Nodes(health, this.#own, this.#session.name, this.#context)
    this.#nodes.handOver()
  }

  /** Returns true if the counts of this environment belong here. */
  serves({ context }: Pick<Environment, "context">): boolean {
    return this.registry === Context.get(context, Metric.MetricRegistry) &&
      isSame(this.attributes, Context.get(context, Metric.CurrentMetricAttributes))
  }

  /** A run begins: its results may wait, and its limiters have a limit. */
  began(run: Buffering | undefined, gate: Gate | undefined): void {
    if (this.#isClosed) return
    if (run !== undefined) this.#runs.add(run)
    this.#gate = gate ?? this.#gate
  }

  /** A run is over. */
  finished(run: Buffering): void {
    this.#runs.delete(run)
    this.#handOverCounts()
  }

  /** A call has ended at a time in microseconds. */
  ended(executable: Executable, observed: Observed, result: ExecutionResult<unknown>, now: number): void {
    const micros = now - observed.begunAt
    this.#countPages(observed)
    const series = this.#series.of(executable)
    if (result._tag === "Success") {
      series.duration ??= this.#series.durationOf(series)
      series.duration.record(micros)
      if (result.outcome === "Applied") this.#applied++
      else this.#results.add(`success ${result.outcome}`)
      const { info, rows } = result.value
      if (info.warnings !== undefined) this.#warnings.add("", info.warnings.length)
      if (series.isRead) this.#rows(series, rows.length)
    } else {
      const type = typeOf(result.error.reason)
      this.#series.failing(series, type).record(micros)
      this.#results.add(`failure ${result.outcome} ${type}`)
    }
    if (executable._tag === "Batch") {
      this.#batches ??= Metrics.batchSize(this.#own, this.#context)
      this.#batches.record(executable.statements.length)
    }
  }

  /** Hands the counts over if the last time is long enough ago. Returns the milliseconds until it will be. */
  handOverIfDue(now: number): number {
    const passed = now - this.#handedAt
    // A clock that is behind is another one, such as that of a test.
    if (passed >= 0 && passed < interval && !this.#isClosed) return interval - passed
    this.#handedAt = now
    this.handOver()
    return interval
  }

  #rows(series: Series, count: number): void {
    series.rows ??= this.#series.rowsOf(series)
    series.rows.record(count)
  }

  interrupted(observed: Observed, outcome: Outcome): void {
    this.#countPages(observed)
    this.#results.add(`interrupted ${outcome}`)
  }

  #countPages(observed: Observed): void {
    this.#readPages += observed.pages
    observed.pages = 0
  }

  retried(reason: string): void {
    this.#retries.add(reason)
  }

  /** A call waited so many microseconds for a permit. */
  waited(micros: number): void {
    this.#waits ??= Metrics.queueWait(this.#own, this.#context)
    this.#waits.record(micros)
  }

  /** An event of the driver. */
  event(name: string): void {
    this.#events.add(name)
  }

  /** Reading metrics hands over no more of these. They are handed over meanwhile, and at the ends of runs. */
  retire(): void {
    this.handOver()
    forget(this, Metrics.inFlight(this.#own), this.#context)
  }

  /** The session has closed: nothing is in flight, no node is connected. What comes late is counted at once. */
  close(): void {
    this.retire()
    this.#isClosed = true
    this.#nodes?.close()
    this.#nodes = undefined
    this.#runs.clear()
    this.#handOverBuffered()
    if (this.#gate !== undefined) this.#limit.updateUnsafe(0, this.#context)
    this.#gate = undefined
  }

  /** Hands the counts to the metrics. */
  handOver(): void {
    this.#handOverCounts()
    this.#nodes?.handOver()
  }

  // Runs may be short and nodes many.
  #handOverCounts(): void {
    if (this.#applied > 0) this.#results.add(applied, this.#applied)
    if (this.#readPages > 0) this.#pages.add("", this.#readPages)
    this.#applied = 0
    this.#readPages = 0
    this.#handOverMoves()
    for (const counts of this.#counts) counts.handOver()
    this.#handOverBuffered()
  }

  get #counts(): ReadonlyArray<Counts> {
    return [this.#results, this.#retries, this.#moves, this.#pages, this.#warnings, this.#events]
  }

  #handOverMoves(): void {
    const gate = this.#gate
    if (gate === undefined) return
    let limit = Number.POSITIVE_INFINITY
    for (const limiter of gate.limiters) {
      limit = Math.min(limit, limiter.limit)
      for (const [reason, count] of limiter.moves) this.#moves.add(reason, count)
      limiter.moves.clear()
    }
    if (limit < Number.POSITIVE_INFINITY) this.#limit.updateUnsafe(limit, this.#context)
  }

  #handOverBuffered(): void {
    if (this.#runs.size === 0 && !this.#hasBuffered) return
    let waiting = 0
    for (const run of this.#runs) waiting += run.buffered
    this.#hasBuffered = this.#runs.size > 0
    this.#buffered.updateUnsafe(waiting, this.#context)
  }
}

const isSame = (one: Metrics.Attributes, other: Metrics.Attributes): boolean => {
  if (one === other) return true
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key])
}

const applied = "success Applied"

const resultOf = (key: string): Metrics.Attributes => {
  const [result = "", outcome = "", reason] = key.split(" ")
  const attributes = { "cql.result": result, "cql.outcome": outcome }
  return reason === undefined ? attributes : { ...attributes, "error.type": reason }
}
