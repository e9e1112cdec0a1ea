/** A collector of OpenTelemetry for a test: keeps what it receives as JSON over HTTP. */
import { Effect, Schema } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const Attributes = Schema.Array(
  Schema.Struct({ key: Schema.String, value: Schema.Record(Schema.String, Schema.Unknown) })
)

const Traces = Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({
    scopeSpans: Schema.Array(Schema.Struct({
      spans: Schema.Array(Schema.Struct({
        name: Schema.String,
        kind: Schema.Number,
        spanId: Schema.String,
        parentSpanId: Schema.optional(Schema.String),
        attributes: Attributes,
        events: Schema.Array(Schema.Struct({ name: Schema.String, attributes: Attributes }))
      }))
    }))
  }))
})

const Points = Schema.Struct({ dataPoints: Schema.Array(Schema.Struct({ attributes: Attributes })) })

const Metrics = Schema.Struct({
  resourceMetrics: Schema.Array(Schema.Struct({
    scopeMetrics: Schema.Array(Schema.Struct({
      metrics: Schema.Array(Schema.Struct({
        name: Schema.String,
        unit: Schema.String,
        sum: Schema.optional(Points),
        gauge: Schema.optional(Points),
        histogram: Schema.optional(Points)
      }))
    }))
  }))
})

export interface ReceivedSpan {
  readonly name: string
  readonly kind: number
  readonly id: string
  readonly parent: string | undefined
  /** The types of the attributes by their names. */
  readonly attributes: Readonly<Record<string, string>>
  readonly events: ReadonlyArray<{ readonly name: string; readonly attributes: ReadonlyArray<string> }>
}

export interface ReceivedMetric {
  readonly kind: string
  readonly unit: string
  readonly attributes: Set<string>
}

class Received {
  readonly bodies: Array<string> = []
  readonly spans: Array<ReceivedSpan> = []
  readonly metrics = new Map<string, ReceivedMetric>()

  take(path: string, body: string): void {
    this.bodies.push(body)
    if (path === "/v1/traces") this.#takeTraces(JSON.parse(body))
    if (path === "/v1/metrics") this.#takeMetrics(JSON.parse(body))
  }

  #takeTraces(json: unknown): void {
    const { resourceSpans } = Schema.decodeUnknownSync(Traces)(json)
    for (const { attributes, events, kind, name, parentSpanId, spanId } of resourceSpans.flatMap(spansOf)) {
      this.spans.push({
        name,
        kind,
        id: spanId,
        parent: parentSpanId,
        attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, typeOf(value)])),
        events: events.map(({ attributes, name }) => ({ name, attributes: attributes.map(({ key }) => key) }))
      })
    }
  }

  #takeMetrics(json: unknown): void {
    const { resourceMetrics } = Schema.decodeUnknownSync(Metrics)(json)
    for (const { gauge, histogram, name, sum, unit } of resourceMetrics.flatMap(metricsOf)) {
      const kind = sum !== undefined ? "counter" : gauge !== undefined ? "gauge" : "histogram"
      const attributes = this.metrics.get(name)?.attributes ?? new Set()
      for (const point of (sum ?? gauge ?? histogram)?.dataPoints ?? []) {
        for (const { key } of point.attributes) attributes.add(key)
      }
      this.metrics.set(name, { kind, unit, attributes })
    }
  }
}

const spansOf = ({ scopeSpans }: typeof Traces.Type.resourceSpans[number]) => scopeSpans.flatMap(({ spans }) => spans)

const metricsOf = ({ scopeMetrics }: typeof Metrics.Type.resourceMetrics[number]) =>
  scopeMetrics.flatMap(({ metrics }) => metrics)

const typeOf = (value: Readonly<Record<string, unknown>>): string =>
  "intValue" in value ? "int" : "boolValue" in value ? "boolean" : "doubleValue" in value ? "double" : "string"

/** Starts a collector, and ends it with the scope. */
export const startCollector = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly received: Received; readonly close: () => void }>((resume) => {
    const received = new Received()
    const server = createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        received.take(request.url ?? "", Buffer.concat(chunks).toString("utf8"))
        response.writeHead(200, { "content-type": "application/json" }).end("{}")
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, received, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)
