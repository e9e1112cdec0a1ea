/**
 * The page of a report.
 */
import type { Progress } from "@effect-cql/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type Chart, draw } from "./chart.ts"
import { percentilesOf } from "./data.ts"
import { lasting, short } from "./lines.ts"
import type { Point, Series } from "./series.ts"
import { style } from "./style.ts"

export interface Setting {
  readonly title: string
  readonly settings?: Readonly<Record<string, string | number | boolean>> | undefined
}

const wide = 720
const narrow = 320

/** The page of a run that began at a time. */
export const pageOf = ({ settings, title }: Setting, begun: string, series: Series): Effect.Effect<string> =>
  Effect.gen(function*() {
    const { last, points } = series
    const charts = last === undefined ? [] : yield* Effect.forEach(chartsOf(points), drawn)
    return document(title, [
      `<header><h1>${escaped(title)}</h1><p>Began at <time>${escaped(begun)}</time></p></header>`,
      last === undefined ? `<p>The run has reported no progress.</p>` : tilesOf(last),
      `<div class="charts">${charts.join("")}</div>`,
      ...(last === undefined ? [] : tablesOf(last)),
      settings === undefined ? "" : table("Settings", ["setting", "value"], Object.entries(settings))
    ])
  })

const colors = ["--first", "--second", "--third", "--fourth", "--fifth"]

const chartsOf = (points: ReadonlyArray<Point>): ReadonlyArray<Chart> => {
  const line = (name: string, color: string, valueOf: (point: Point) => number | undefined) => ({
    name,
    color,
    points: points.flatMap((point) => {
      const y = valueOf(point)
      return y === undefined ? [] : [{ x: point.at, y }]
    })
  })
  // A logarithm needs more than zero: a microsecond is below all that is measured.
  const least = (millis: number | undefined) => millis === undefined ? undefined : Math.max(0.001, millis)
  const charts = [
    { title: "Throughput", unit: "statements a second", lines: [line("statements", "--first", ({ rate }) => rate)] },
    {
      title: "Latency",
      unit: "milliseconds",
      isLogarithmic: true,
      lines: [
        line("p50", "--first", ({ p50 }) => least(p50)),
        line("p99", "--second", ({ p99 }) => least(p99)),
        line("p99.9", "--third", ({ p999 }) => least(p999))
      ]
    },
    {
      title: "In flight and limit",
      unit: "statements",
      lines: [
        line("in flight", "--first", ({ inFlight }) => inFlight),
        line("limit", "--second", ({ limit }) => limit)
      ]
    },
    {
      title: "Failures so far",
      unit: "statements",
      lines: countsOf(points.at(-1)?.failures ?? {}).slice(0, colors.length).map(([reason], index) =>
        line(reason, colors[index]!, ({ failures }) => failures[reason] ?? 0)
      )
    }
  ]
  return charts
    .map((chart) => ({ ...chart, lines: chart.lines.filter(({ points }) => points.length > 0) }))
    .filter(({ lines }) => lines.length > 0)
}

// Twice, for letters of a chart that was scaled down could not be read.
const drawn = (chart: Chart): Effect.Effect<string> =>
  Effect.map(
    Effect.all([draw(chart, wide), draw(chart, narrow)]),
    ([large, small]) =>
      `<figure><figcaption>${chart.title}</figcaption><div class="wide">${large}</div>` +
      `<div class="narrow">${small}</div></figure>`
  )

const tilesOf = (progress: Progress): string => {
  const { failed, interrupted, retried, rounds, started, succeeded } = progress
  const seconds = Duration.toMillis(progress.elapsed) / 1_000
  const { p50, p99, p999 } = percentilesOf(progress.latencyOverall)
  const ofRound = (rounds ?? 1) > 1 ? " of the last round" : ""
  const tiles: ReadonlyArray<readonly [string, string]> = [
    ["started", grouped(started)],
    ["succeeded", grouped(succeeded)],
    ["failed", grouped(failed)],
    ["interrupted", grouped(interrupted)],
    ["retries", grouped(retried)],
    ...(rounds === undefined ? [] : [["rounds", grouped(rounds)] as const]),
    ["time", lasting(progress.elapsed)],
    ["a second", grouped(seconds > 0 ? (succeeded + failed) / seconds : 0)],
    [`p50${ofRound}`, short(p50)],
    [`p99${ofRound}`, short(p99)],
    [`p99.9${ofRound}`, short(p999)]
  ]
  return `<dl class="tiles">${
    tiles.map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`).join("")
  }</dl>`
}

const countsOf = (counts: Readonly<Record<string, number>>): ReadonlyArray<readonly [string, number]> =>
  Object.entries(counts).toSorted(([, a], [, b]) => b - a)

const tablesOf = (progress: Progress): ReadonlyArray<string> => {
  const counts = (record: Readonly<Record<string, number>>) =>
    countsOf(record).map(([name, count]) => [name, grouped(count)])
  return [
    table("Failures by reason", ["reason", "failures"], counts(progress.failures)),
    table("Failures by node", ["node", "failures"], counts(progress.failuresByNode)),
    table(
      "Slowest statements",
      ["statement", "index", "time", "result"],
      progress.slowest.map(({ duration, index, result, text }) => [
        text,
        grouped(index),
        short(Duration.toMillis(duration)),
        result
      ])
    )
  ]
}

type Cell = string | number | boolean

const table = (title: string, heads: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<Cell>>): string => {
  if (rows.length === 0) return `<section><h2>${title}</h2><p>None.</p></section>`
  const head = heads.map((name) => `<th scope="col">${name}</th>`).join("")
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${escaped(String(cell))}</td>`).join("")}</tr>`).join("")
  return `<section><h2>${title}</h2><div class="table"><table><thead><tr>${head}</tr></thead>` +
    `<tbody>${body}</tbody></table></div></section>`
}

const grouped = (count: number): string => Math.round(count).toLocaleString("en-US")

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&#39;"
}

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character]!)

const document = (title: string, body: ReadonlyArray<string>): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body.join("\n")}
</main>
</body>
</html>
`
