/**
 * The series of the metrics of single calls, by operation and table. Their number is bounded.
 */
import type * as Context from "effect/Context"
import { internals } from "../internals.ts"
import type { SessionState } from "../session/state.ts"
import type { Text } from "../statement/cqlText.ts"
import type { Executable } from "../statement/input.ts"
import { describe, type Described } from "./described.ts"
import type { Histogram } from "./histogram.ts"
import * as Metrics from "./metrics.ts"

export interface Series {
  readonly attributes: Metrics.Attributes
  readonly isRead: boolean
  /** Undefined before the first call that succeeded. */
  duration: Histogram | undefined
  readonly failures: Map<string, Histogram>
  rows: Histogram | undefined
}

// A program with more tables builds their names from values.
const mostSeries = 200

// Reasons of later versions included.
const mostReasons = 50

const other = "_OTHER"

export class SeriesOf {
  readonly #session: SessionState
  readonly #context: Context.Context<never>
  readonly #byText = new WeakMap<Text, Series>()
  readonly #byName = new Map<string, Series>()
  #lastText: Text | undefined
  #last: Series | undefined

  constructor(session: SessionState, context: Context.Context<never>) {
    this.#session = session
    this.#context = context
  }

  of(executable: Executable): Series {
    if (executable._tag === "Batch") return this.#named(describe(executable), false)
    const text = executable[internals].text
    if (text === this.#lastText) return this.#last!
    let series = this.#byText.get(text)
    if (series === undefined) {
      series = this.#named(describe(executable), text.kind === "read")
      this.#byText.set(text, series)
    }
    this.#lastText = text
    this.#last = series
    return series
  }

  /** The series of the calls that failed for a reason. */
  failing(series: Series, reason: string): Histogram {
    const known = series.failures.get(reason)
    if (known !== undefined) return known
    const isFull = series.failures.size >= mostReasons
    const metric = Metrics.duration({ ...series.attributes, "error.type": isFull ? other : reason }, this.#context)
    if (!isFull) series.failures.set(reason, metric)
    return metric
  }

  durationOf({ attributes }: Series): Histogram {
    return Metrics.duration(attributes, this.#context)
  }

  rowsOf({ attributes }: Series): Histogram {
    return Metrics.returnedRows(attributes, this.#context)
  }

  #named(
    { collection, namespace = this.#session.port.keyspace, operation = other }: Described,
    isRead: boolean
  ): Series {
    const key = `${operation} ${namespace ?? ""} ${collection ?? ""}`
    const known = this.#byName.get(key)
    if (known !== undefined) return known
    const isFull = this.#byName.size >= mostSeries
    if (isFull && collection !== undefined) {
      return this.#named(
        { operation, namespace: undefined, collection: undefined, summary: undefined, text: "", batchSize: undefined },
        isRead
      )
    }
    const attributes: Record<string, string> = {
      "cql.session.name": this.#session.name,
      "db.system.name": "cassandra",
      "db.operation.name": operation
    }
    if (namespace !== undefined) attributes["db.namespace"] = namespace
    if (collection !== undefined) attributes["db.collection.name"] = collection
    const series: Series = {
      attributes,
      isRead,
      duration: undefined,
      failures: new Map(),
      rows: undefined
    }
    this.#byName.set(key, series)
    return series
  }
}
