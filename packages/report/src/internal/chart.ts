/**
 * Charts as SVG, drawn by Vega without a browser.
 *
 * Colours are CSS variables of the page, so that one drawing serves light and dark displays.
 */
import * as Effect from "effect/Effect"
import * as Vega from "vega"
import * as VegaLite from "vega-lite"

/** One line of a chart: the name of its series, its points, and the CSS variable of its colour. */
export interface Line {
  readonly name: string
  readonly color: string
  readonly points: ReadonlyArray<{ readonly x: number; readonly y: number }>
}

export interface Chart {
  readonly title: string
  readonly unit: string
  readonly lines: ReadonlyArray<Line>
  /** True if the values spread over orders of magnitude. */
  readonly isLogarithmic?: boolean | undefined
}

/** The chart as SVG of a width in pixels. */
export const draw = (chart: Chart, width: number): Effect.Effect<string> =>
  Effect.promise(() =>
    new Vega.View(Vega.parse(VegaLite.compile(specOf(chart, width)).spec), { renderer: "none" }).toSVG()
  ).pipe(Effect.map((svg) => svg.replace("<svg ", `<svg role="img" aria-label="${chart.title}" `)))

const specOf = ({ isLogarithmic, lines, unit }: Chart, width: number): VegaLite.TopLevelSpec => {
  const values = lines.flatMap(({ name, points }) => points.map(({ x, y }) => ({ x, y, series: name })))
  const isAlone = lines.length === 1
  return {
    width,
    height: 200,
    autosize: { type: "fit", contains: "padding" },
    background: "transparent",
    data: { values },
    mark: { type: "line", point: values.length <= lines.length, strokeWidth: 2, interpolate: "monotone" },
    encoding: {
      x: { field: "x", type: "quantitative", title: "seconds", axis: { tickCount: width < 500 ? 4 : 8 } },
      y: {
        field: "y",
        type: "quantitative",
        title: unit,
        ...(isLogarithmic === true ? { scale: { type: "log" } } : undefined)
      },
      color: {
        field: "series",
        type: "nominal",
        sort: null,
        scale: { domain: lines.map(({ name }) => name), range: lines.map(({ color }) => `var(${color})`) },
        ...(isAlone ? { legend: null } : { legend: { title: null, orient: "top" } })
      }
    },
    config: {
      font: "system-ui, sans-serif",
      axis: {
        labelColor: "var(--muted)",
        titleColor: "var(--muted)",
        gridColor: "var(--grid)",
        domainColor: "var(--grid)",
        tickColor: "var(--grid)",
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: "normal"
      },
      legend: { labelColor: "var(--text)", labelFontSize: 12 },
      view: { stroke: "transparent" }
    }
  }
}
