/**
 * The metrics of a session: their names, units and bounds. docs/guides/watching.md lists them.
 */
import type * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import { type Histogram, histogramOf, type HistogramOptions } from "./histogram.ts"

/** The values of attributes, which are texts. */
export type Attributes = Readonly<Record<string, string>>

interface Definition {
  readonly name: string
  /** The unit, which exporters read from the attribute of this name. */
  readonly unit: string
  readonly description: string
}

// The bounds that the conventions prescribe.
const micros = { boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10], scale: 1_000_000 }
const counts = { boundaries: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000], scale: 1 }

const withUnit = (attributes: Attributes, { unit }: Definition): Attributes => ({ ...attributes, unit })

const histogram =
  (bounds: Pick<HistogramOptions, "boundaries" | "scale">, definition: Definition) =>
  (attributes: Attributes, context: Context.Context<never>): Histogram =>
    histogramOf({ ...definition, ...bounds, attributes: withUnit(attributes, definition) }, context)

const counter = (definition: Definition) => (attributes: Attributes) =>
  Metric.counter(definition.name, {
    incremental: true,
    description: definition.description,
    attributes: withUnit(attributes, definition)
  })

const gauge = (definition: Definition) => (attributes: Attributes) =>
  Metric.gauge(definition.name, { description: definition.description, attributes: withUnit(attributes, definition) })

export const duration = histogram(micros, {
  name: "db.client.operation.duration",
  unit: "s",
  description: "Duration of calls, with their retries and pages. Each page of a stream is one call."
})

export const returnedRows = histogram(counts, {
  name: "db.client.response.returned_rows",
  unit: "{row}",
  description: "Rows that reads returned."
})

export const batchSize = histogram(counts, {
  name: "cql.batch.size",
  unit: "{statement}",
  description: "Statements in a batch."
})

export const queueWait = histogram(micros, {
  name: "cql.concurrent.queue.wait",
  unit: "s",
  description: "Time for which calls waited for a permit of a limiter. Calls that did not wait are not counted."
})

export const results = counter({
  name: "cql.concurrent.results",
  unit: "{call}",
  description: "Calls that have ended, by outcome and by the reason of their failure."
})

export const retries = counter({
  name: "cql.concurrent.retries",
  unit: "{attempt}",
  description: "Retries of calls, by the reason of the failed attempt."
})

export const pages = counter({ name: "cql.pages", unit: "{page}", description: "Pages that were read." })

export const warnings = counter({
  name: "cql.server.warnings",
  unit: "{warning}",
  description: "Warnings of the server."
})

export const inFlight = gauge({
  name: "cql.concurrent.in_flight",
  unit: "{request}",
  description: "Requests in flight."
})

export const limit = gauge({
  name: "cql.concurrent.limit",
  unit: "{request}",
  description: "Limit on requests in flight that the limiter of the last run allows."
})

export const limitMoves = counter({
  name: "cql.concurrent.limit.moves",
  unit: "{move}",
  description: "Moves of an adaptive limit, by their reason."
})

export const buffered = gauge({
  name: "cql.concurrent.reorder.buffered",
  unit: "{result}",
  description: "Finished results that wait for the consumer or for an earlier index."
})

export const connections = gauge({
  name: "db.client.connection.count",
  unit: "{connection}",
  description: "Open connections, by their state."
})

export const nodeInFlight = gauge({
  name: "cql.node.in_flight",
  unit: "{request}",
  description: "Requests in flight to a node."
})

export const nodeUp = gauge({ name: "cql.node.up", unit: "1", description: "1 for a node that is up, 0 otherwise." })

export const events = counter({
  name: "cql.driver.events",
  unit: "{event}",
  description: "Events of the driver, such as nodes that came up or went down."
})
