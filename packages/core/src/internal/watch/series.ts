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

const other = "_OTHER"

const unnamed: Described = {
  operation: undefined,
  namespace: undefined,
  collection: undefined,
  summary: undefined,
  text: "",
  batchSize: undefined
}

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

  /** The series of the calls that failed with an `error.type`. */
  failing({ attributes, failures }: Series, type: string): Histogram {
    let known = failures.get(type)
    if (known === undefined) {
      known = Metrics.duration({ ...attributes, "error.type": type }, this.#context)
      failures.set(type, known)
    }
    return known
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
    // Operations are few where their case is left out.
    const shared = operation.toUpperCase()
    if (this.#byName.size >= mostSeries && (collection !== undefined || operation !== shared)) {
      return this.#named({ ...unnamed, operation: shared }, isRead)
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
