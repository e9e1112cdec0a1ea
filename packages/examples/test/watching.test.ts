import {
  Batch,
  executeConcurrent,
  Limiter,
  Reason,
  RetryPolicy,
  runConcurrent,
  Session,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Metric, Schema, Stream } from "effect"
import { HttpClient, HttpRouter } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { readdirSync, readFileSync } from "node:fs"
import { collector, importNumbers } from "../src/watching.ts"
import { startCollector } from "./support/collector.ts"

const read = (path: string) => readFileSync(new URL(`../../../docs/${path}`, import.meta.url), "utf8")
const guide = read("guides/watching.md")

/** The rows of the table of the guide whose first column has this title, in cells without backticks. */
const tableOf = (title: string): ReadonlyArray<ReadonlyArray<string>> => {
  const lines = guide.split("\n")
  const begin = lines.findIndex((line) => line.startsWith(`| ${title} `)) + 2
  const end = lines.findIndex((line, index) => index > begin && !line.startsWith("|"))
  return lines.slice(begin, end).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()))
}
const plain = (cell: string | undefined) => (cell ?? "").replaceAll("`", "")
const namesIn = (cell: string | undefined) => [...(cell ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name!)

const spanTable = new Map(
  tableOf("Attribute").map((
    [name, spans, type]
  ) => [plain(name), { spans: plain(spans).split(", "), type: plain(type) }])
)
const eventTable = new Map(tableOf("Event").map(([name, attributes]) => [plain(name), namesIn(attributes)]))
const metricTable = new Map(
  tableOf("Metric").map(([name, kind, unit, attributes]) => [
    plain(name),
    { kind: plain(kind), unit: plain(unit), attributes: namesIn(attributes) }
  ])
)

let emit = (_event: string): void => {}
const health = {
  nodes: () => [{ address: "10.0.0.1:9043", isUp: true, connections: 2, inFlight: 1 }],
  node: () => ({ id: "7a1ffa50-cc5a-11ee-8f1a-dfb3b4a1c6a1", dataCenter: "dc1" }),
  onEvent: (listener: (event: string) => void) => {
    emit = listener
    return () => {}
  }
}
const info = {
  coordinator: "10.0.0.1:9043",
  warnings: ["large"],
  traceId: "7a1ffa50-cc5a-11ee-8f1a-dfb3b4a1c6a1",
  speculativeExecutions: 1
}

const session = MockSession.layer({
  name: "watched",
  health,
  latency: "1 millis",
  defaults: {
    retry: RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 1, initial: "1 millis" }) }),
    pageSize: 100
  },
  otherwise: () => Effect.succeed({ rows: [{ id: 1 }], info }),
  answers: [
    MockSession.when(
      /broken/,
      MockSession.fail(new Reason.Overloaded({ message: "busy", coordinator: "10.0.0.1:9043" })),
      { optional: true }
    )
  ]
})

const broken = Statement.make("INSERT INTO app.broken (a) VALUES ('hidden literal')", [], { consistency: "ONE" })
const insert = Statement.make("INSERT INTO app.numbers (a) VALUES (?)", ["s3cret"])

/** Everything that has an attribute or a metric of its own. */
const everything = Effect.gen(function*() {
  yield* Statement.make("SELECT id FROM app.numbers", [], { consistency: "ONE", tracing: true })
  yield* Batch.make([insert, insert])
  yield* Effect.exit(broken)
  emit("node_down")
  const limiter = yield* Limiter.adaptive({ min: 1, max: 64, initial: 2 })
  yield* runConcurrent(Array.from({ length: 1_500 }, () => insert), { limiter, concurrency: 64 })
  yield* executeConcurrent([insert, broken], { raiseOnFirstError: false, spans: "all" })
  yield* Effect.exit(executeConcurrent([broken]))
  yield* Effect.exit(executeConcurrent([insert, insert], { limiter: yield* Limiter.fixed(1), spans: "all" }))
  yield* Session.limited(
    Effect.all([insert, insert], { concurrency: 2 }),
    yield* Limiter.fixed(1)
  )
  yield* Stream.runDrain(streamConcurrent([insert]))
  assert.strictEqual(yield* importNumbers([1, 2]), 2)
})

describe("a collector of OpenTelemetry", () => {
  it.live("receives the spans and metrics that the guide lists, and no others", () =>
    Effect.gen(function*() {
      const { received, url } = yield* startCollector
      // The layers of a program: the session closes first, and then the exporter sends what is left.
      const program = Effect.provide(everything, Layer.provideMerge(session, collector(url)))
      yield* program.pipe(Effect.provideService(Metric.MetricRegistry, new Map()))

      const found = new Map<string, Set<string>>()
      const events = new Map<string, Set<string>>()
      for (const span of received.spans) {
        if (span.name === "import") continue
        const kind = span.name === "cql.concurrent.run" ? "run" : "call"
        assert.strictEqual(span.kind, kind === "run" ? 1 : 3, span.name)
        for (const [name, type] of Object.entries(span.attributes)) {
          const row = spanTable.get(name)
          assert.isDefined(row, `the guide lists no attribute ${name}`)
          assert.include(row!.spans, kind, name)
          assert.strictEqual(type, row!.type, name)
          found.set(name, (found.get(name) ?? new Set()).add(kind))
        }
        for (const event of span.events) {
          if (event.name === "exception") continue
          const names = eventTable.get(event.name)
          assert.isDefined(names, `the guide lists no event ${event.name}`)
          for (const name of event.attributes) {
            assert.include(names, name, event.name)
            events.set(event.name, (events.get(event.name) ?? new Set()).add(name))
          }
        }
      }
      for (const [name, { spans }] of spanTable) assert.sameMembers([...found.get(name) ?? []], spans, name)
      for (const [name, names] of eventTable) assert.sameMembers([...events.get(name) ?? []], names, name)

      const run = received.spans.find(({ name, parent }) => name === "cql.concurrent.run" && parent !== undefined)
      assert.strictEqual(received.spans.find(({ id }) => id === run?.parent)?.name, "import")

      const metrics = new Map([...received.metrics].map(([name, metric]) => [name, metric]))
      assert.sameMembers([...metrics.keys()], [...metricTable.keys()])
      for (const [name, { attributes, kind, unit }] of metricTable) {
        const metric = metrics.get(name)!
        assert.strictEqual(metric.kind, kind, name)
        assert.strictEqual(metric.unit, unit, name)
        assert.sameMembers([...metric.attributes], [...attributes, "cql.session.name", "unit"], name)
      }
      assert.notInclude(received.bodies.join(""), "s3cret")
      assert.notInclude(received.bodies.join(""), "hidden literal")
    }).pipe(Effect.scoped), 60_000)
})

describe("functions with a span of their own", () => {
  it("are those that the guide lists", () => {
    const packages = ["core", "cassandra", "schema", "testing", "report", "cluster"]
    const found = packages.flatMap((name) => {
      const folder = new URL(`../../${name}/src/`, import.meta.url)
      return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .flatMap((file) => [...readFileSync(new URL(file, folder), "utf8").matchAll(/Effect\.fn\("([^"]+)"/g)])
        .map(([, span]) => `${span} @effect-cql/${name}`)
    })
    const listed = tableOf("Function").map((cells) => cells.map(plain).join(" "))
    assert.sameMembers(listed, found)
  })
})

describe("Prometheus", () => {
  it.live("scrapes all metrics of the guide, with their labels", () =>
    Effect.gen(function*() {
      yield* Effect.provide(everything, session)
      const text = yield* HttpClient.get("/metrics").pipe(Effect.flatMap((response) => response.text))
      for (const [name, { attributes, kind }] of metricTable) {
        const own = name.replaceAll(".", "_")
        assert.include(text, `# TYPE ${own} ${kind}`)
        const lines = text.split("\n").filter((line) =>
          line.startsWith(`${own}${kind === "histogram" ? "_count" : ""}{`)
        )
        const labels = new Set(lines.flatMap((line) => [...line.matchAll(/(\w+)="/g)].map(([, label]) => label!)))
        assert.sameMembers(
          [...labels],
          [...attributes, "cql.session.name"].map((label) => label.replaceAll(".", "_")),
          name
        )
      }
    }).pipe(
      Effect.provide(
        HttpRouter.serve(PrometheusMetrics.layerHttp(), { disableLogger: true, disableListenLog: true }).pipe(
          Layer.provideMerge(NodeHttpServer.layerTest)
        )
      ),
      Effect.provideService(Metric.MetricRegistry, new Map())
    ), 60_000)
})

describe("the dashboard", () => {
  const Dashboard = Schema.Struct({
    title: Schema.String,
    panels: Schema.Array(Schema.Struct({
      title: Schema.String,
      targets: Schema.Array(Schema.Struct({ expr: Schema.String, legendFormat: Schema.String }))
    }))
  })
  const { panels } = Schema.decodeUnknownSync(Dashboard)(JSON.parse(read("grafana/effect-cql.json")))

  // The series of Prometheus by their names: a histogram has three.
  const series = new Map<string, { readonly metric: string; readonly labels: ReadonlyArray<string> }>()
  for (const [metric, { attributes, kind }] of metricTable) {
    const labels = ["cql.session.name", ...attributes, "le"].map((label) => label.replaceAll(".", "_"))
    const suffixes = kind === "histogram" ? ["_bucket", "_sum", "_count"] : [""]
    for (const suffix of suffixes) series.set(metric.replaceAll(".", "_") + suffix, { metric, labels })
  }

  it("asks only for metrics and labels that exist, and for every metric", () => {
    const asked = new Set<string>()
    for (const { targets, title } of panels) {
      for (const { expr, legendFormat } of targets) {
        const name = /\b((?:db|cql)_\w+)\{/.exec(expr)?.[1] ?? ""
        const found = series.get(name)
        assert.isDefined(found, `${title}: ${name}`)
        asked.add(found!.metric)
        const used = [
          ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, by]) => by!.split(", ")),
          ...[...expr.matchAll(/(\w+)(?:=~|!=|=)"/g)].map(([, label]) => label!),
          ...[...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!)
        ]
        for (const label of used) assert.include(found!.labels, label, `${title}: ${expr}`)
      }
    }
    assert.sameMembers([...asked], [...metricTable.keys()])
  })
})
