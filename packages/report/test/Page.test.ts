import { executeConcurrent, Limiter, type Progress, Reason, RetryPolicy } from "@effect-cql/core"
import { RunReport } from "@effect-cql/report"
import { insert, sessionOf, statements, timed } from "@effect-cql/test-support/runs"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { Duration, Effect, FileSystem, Schedule } from "effect"
import { TestConsole } from "effect/testing"
import { lineOf } from "../src/internal/lines.ts"
import { Series } from "../src/internal/series.ts"
import { Chromium, missing, path } from "./support/chromium.ts"

const session = sessionOf({
  latency: (index) => 5 + index % 40,
  failing: [3, 5, 700],
  reason: new Reason.Unavailable({
    message: "few",
    consistency: "ONE",
    required: 1,
    alive: 0,
    coordinator: "<10.0.0.1>:9042"
  })
})

/** A run of some seconds of virtual time, and the file of its report. */
const reported = (file: string, options?: RunReport.Options) =>
  Effect.scoped(Effect.gen(function*() {
    const onProgress = yield* RunReport.html(file, options)
    const limiter = yield* Limiter.adaptive({ min: 1, max: 64, initial: 8 })
    yield* executeConcurrent(
      Array.from({ length: 4_000 }, (_, index) => [`${insert} /* 'comment' */ USING TTL 86400`, [index]] as const),
      { concurrency: 64, onProgress, limiter, raiseOnFirstError: false, statement: { retry: RetryPolicy.standard } }
    )
  })).pipe((run) => timed(run), Effect.provide(session))

// Of the page and of its charts.
const known = [
  ..."!doctype html head meta link title style body main header h1 p time dl div dt dd figure figcaption".split(" "),
  ..."section h2 table thead tbody tr th td svg g path text rect line".split(" ")
]

const title = "Loading <users> & \"others\""
const settings = { concurrency: 64, limiter: "adaptive, <1> to 64", isTest: true }

describe("RunReport", () => {
  it.effect("makes the directories of its file", () =>
    Effect.scoped(Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const file = `${yield* files.makeTempDirectoryScoped()}/reports/today/report.html`
      yield* Effect.scoped(RunReport.html(file, { title: "Users" }))
      assert.include(yield* files.readFileString(file), "<title>Users</title>")
    })).pipe(Effect.provide(NodeServices.layer)))

  it.effect("writes one file that needs no network and no scripts", () =>
    Effect.scoped(Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const file = `${yield* files.makeTempDirectoryScoped()}/report.html`
      yield* reported(file, { title, settings })
      const page = yield* files.readFileString(file)
      assert.include(page, "<title>Loading &lt;users&gt; &amp; &quot;others&quot;</title>")
      assert.notMatch(page, /<script|<link(?! rel="icon" href="data:,")|@import|url\(|src=/)
      for (const text of page.match(/https?:\/\/[^"' ]*/g) ?? []) assert.match(text, /^http:\/\/www\.w3\.org\//)
      assert.include(page, "adaptive, &lt;1&gt; to 64")
      assert.include(page, "INSERT INTO app.numbers (a, b) VALUES (?, ?) USING TTL ?")
      assert.include(page, "&lt;10.0.0.1&gt;:9042")
      assert.isBelow(page.length, 600_000)
    })).pipe(Effect.provide(NodeServices.layer)))

  it.effect("keeps a few hundred points of a run of any length", () =>
    Effect.gen(function*() {
      const report = yield* RunReport.make()
      const run = executeConcurrent(Array.from({ length: 3_000 }, (_, index) => [insert, [index]] as const), {
        concurrency: 1,
        progressInterval: "20 millis",
        onProgress: report.onProgress,
        raiseOnFirstError: false
      })
      yield* timed(run.pipe(Effect.provide(session)))
      const page = yield* report.toHtml
      assert.isBelow(page.length, 400_000)
      assert.include(page, "<title>Run</title>")
    }))

  it.effect("writes the page of a run that failed, and one of no progress", () =>
    Effect.gen(function*() {
      const report = yield* RunReport.make({ title: "nothing" })
      assert.include(yield* report.toHtml, "reported no progress")
      const run = executeConcurrent([[insert, [3]]], { onProgress: report.onProgress, statement: { retry: "none" } })
      yield* timed(run.pipe(Effect.provide(session)))
      const page = yield* report.toHtml
      assert.include(page, "Unavailable")
      assert.notInclude(page, "NaN")
    }))

  it.effect("shows hostile texts, titles, settings, nodes and reasons as text", () =>
    Effect.gen(function*() {
      const hostile = [
        "</script><script>alert(1)</script>",
        "</style></title><img src=x onerror=alert(1)>",
        "\"><svg onload=alert(1)>",
        "' onmouseover='alert(1)",
        "<!--",
        "]]>",
        "&lt;b&gt; 用户 😀 \u202e",
        "x".repeat(1_000_000)
      ]
      for (const text of hostile) {
        const reason = new Reason.ConnectionClosed({ message: text, host: text })
        const failing = sessionOf({ latency: () => 10, failing: [1, 2], reason })
        const report = yield* RunReport.make({ title: text, settings: { [text]: text } })
        const statements = Array.from(
          { length: 20 },
          (_, index) => [`INSERT INTO "${text.replaceAll("\"", "")}" (a) VALUES (?)`, [index]] as const
        )
        const run = executeConcurrent(statements, {
          concurrency: 2,
          onProgress: report.onProgress,
          raiseOnFirstError: false
        })
        yield* timed(run.pipe(Effect.provide(failing)))
        const page = yield* report.toHtml
        assert.include(page, "ConnectionClosed")
        const tags = new Set(Array.from(page.matchAll(/<\/?([a-z!][a-z0-9-]*)/gi), ([, tag]) => tag!.toLowerCase()))
        for (const tag of tags) assert.include(known, tag, text.slice(0, 50))
        const attributes = Array.from(page.matchAll(/<[a-z][^>]*?\s(on[a-z]+|src|href)\s*=/gi), ([, name]) => name)
        assert.deepStrictEqual(attributes, ["href"], text.slice(0, 50))
        assert.isBelow(page.length, 200_000 + 8 * text.length)
      }
    }))

  it.effect("writes pages of no statements, of failures alone, and of times that are all the same", () =>
    Effect.gen(function*() {
      const pageOf = (size: number, latency: number, failing: ReadonlyArray<number>) =>
        Effect.gen(function*() {
          const report = yield* RunReport.make()
          const rows = Array.from({ length: size }, (_, index) => [insert, [index]] as const)
          const busy = sessionOf({
            latency: () => latency,
            failing,
            reason: new Reason.Overloaded({ message: "busy" })
          })
          yield* timed(
            executeConcurrent(rows, { onProgress: report.onProgress, concurrency: 1, raiseOnFirstError: false }).pipe(
              Effect.provide(busy)
            )
          )
          return yield* report.toHtml
        })
      const indexes = Array.from({ length: 100 }, (_, index) => index)
      for (const page of [yield* pageOf(0, 10, []), yield* pageOf(100, 0, []), yield* pageOf(100, 10, indexes)]) {
        assert.notMatch(page, /NaN|Infinity|undefined/)
        assert.include(page, "<figcaption>Throughput</figcaption>")
      }
      assert.include(yield* pageOf(100, 10, indexes), "Failures so far")
    }))

  it.effect("adds up the rounds of a run", () =>
    Effect.gen(function*() {
      const report = yield* RunReport.make()
      const lines: Array<string> = []
      const run = executeConcurrent(statements(100), {
        concurrency: 10,
        onProgress: (progress) => {
          lines.push(lineOf(progress, {}))
          return report.onProgress(progress)
        },
        raiseOnFirstError: false,
        rounds: Schedule.recurs(2)
      })
      const failing = sessionOf({ latency: () => 10, failing: [3, 4, 5] })
      yield* timed(Effect.provide(run, failing))
      const page = yield* report.toHtml
      const tiles = Array.from(
        page.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g),
        ([, name, value]) => `${name}: ${value}`
      )
      assert.deepStrictEqual(tiles.slice(0, 6), [
        "started: 100",
        "succeeded: 97",
        "failed: 3",
        "interrupted: 0",
        "retries: 0",
        "rounds: 3"
      ])
      assert.include(tiles.join(), "p50 of the last round: ")
      // The time of a later round is that of the run.
      assert.deepStrictEqual(
        lines.map((line) => line.includes("/s overall")),
        lines.map((line) => !line.includes("of round"))
      )
      assert.include(page, "<td>Overloaded</td><td>9</td>")
    }))

  it("weighs the rates of joined points by their time, and stays small for millions of snapshots", () => {
    const latency: Progress["latency"] = { count: 0, max: Duration.zero, percentile: () => Duration.zero }
    const snapshot = (millis: number, rate: number): Progress => ({
      started: 0,
      succeeded: 0,
      failed: 0,
      interrupted: 0,
      inFlight: 0,
      retried: 0,
      elapsed: Duration.millis(millis),
      rate,
      concurrency: 1,
      latency,
      latencyOverall: latency,
      limiter: undefined,
      failures: {},
      failuresByNode: {},
      slowest: []
    })
    const series = new Series()
    // Bursts of 200 ms at 1,000 a second, each behind ten seconds at 1 a second.
    let millis = 0
    for (let index = 0; index < 200; index++) {
      series.add(snapshot(millis += 10_000, 1))
      series.add(snapshot(millis += 200, 1_000))
    }
    for (const { rate } of series.points) assert.closeTo(rate, (10 + 200) / 10.2, 0.001)
    for (let index = 0; index < 1_000_000; index++) series.add(snapshot(millis += 200, 5))
    assert.isBelow(series.points.length, 401)
    const ended = series.points.reduce((sum, { rate, seconds }) => sum + rate * seconds, 0)
    assert.closeTo(ended, 200 * 210 + 1_000_000, 1)
  })

  it.effect("logs an error if the file cannot be written, and the result of the run stays", () =>
    Effect.gen(function*() {
      const noDirectory = yield* (yield* FileSystem.FileSystem).makeTempFileScoped()
      const { exit } = yield* reported(`${noDirectory}/all/report.html`)
      assert.strictEqual(exit._tag, "Success")
      const logged = (yield* TestConsole.logLines).map(String).join("\n")
      assert.include(logged, `the report of the run was not written to ${noDirectory}/all/report.html`)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})

if (path === undefined) {
  describe("the page in a browser", () => {
    it.live("is not opened without a Chromium", () => missing)
  })
} else {
  layer(Chromium.layer, { timeout: 120_000, excludeTestServices: true })("the page in a browser", (it) => {
    it.effect(
      "draws its charts without an error, in light and dark, from 360 to 1,600 pixels",
      () =>
        Effect.scoped(Effect.gen(function*() {
          const files = yield* FileSystem.FileSystem
          const folder = yield* files.makeTempDirectoryScoped()
          const file = `${folder}/report.html`
          yield* reportedLive(file)
          const browser = yield* Chromium
          const backgrounds = new Set<string>()
          for (const colorScheme of ["light", "dark"] as const) {
            const context = yield* Effect.acquireRelease(
              Effect.promise(() => browser.newContext({ colorScheme, offline: true })),
              (context) => Effect.promise(() => context.close())
            )
            const page = yield* Effect.promise(() => context.newPage())
            const problems: Array<string> = []
            page.on("console", (message) => problems.push(message.text()))
            page.on("pageerror", (error) => problems.push(String(error)))
            page.on("requestfailed", (request) => problems.push(request.url()))
            for (const width of [360, 600, 601, 1_024, 1_600]) {
              const seen = yield* Effect.promise(async () => {
                await page.setViewportSize({ width, height: 900 })
                await page.goto(`file://${file}`)
                return JSON.parse(String(await page.evaluate(look)))
              })
              const at = `${colorScheme}, ${width} px`
              assert.strictEqual(seen.title, title, at)
              assert.deepStrictEqual(seen.charts.map(({ name }: { name: string }) => name), [
                "Throughput",
                "Latency",
                "In flight and limit",
                "Failures so far"
              ])
              for (const { height, lines, right, strokes, width } of seen.charts) {
                assert.isAtLeast(lines, 1, at)
                assert.isAbove(height, 100, at)
                assert.isAbove(width, 250, at)
                assert.isAtMost(right, seen.width, at)
                assert.strictEqual(new Set(strokes).size, strokes.length, `${at}: each line has a colour of its own`)
                assert.notInclude(strokes, "none", at)
              }
              assert.isAtMost(seen.scrollWidth, seen.width, `${at}: nothing is wider than the page`)
              assert.isAbove(seen.contrast, 4.5, `${at}: the text can be read`)
              backgrounds.add(seen.background)
            }
            assert.deepStrictEqual(problems, [])
          }
          assert.strictEqual(backgrounds.size, 2)
        })).pipe(Effect.provide(NodeServices.layer)),
      120_000
    )
  })
}

const reportedLive = (file: string) =>
  Effect.scoped(Effect.gen(function*() {
    const onProgress = yield* RunReport.html(file, { title, settings })
    const limiter = yield* Limiter.adaptive({ min: 1, max: 64, initial: 8 })
    yield* executeConcurrent(
      Array.from({ length: 600 }, (_, index) => [insert, [index]] as const),
      { concurrency: 16, onProgress, progressInterval: "50 millis", limiter, raiseOnFirstError: false }
    )
  })).pipe(Effect.provide(session))

// Runs in the page, so that it is a text.
const look = `JSON.stringify((() => {
  const brightness = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((part) => {
      const share = part / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const { backgroundColor: background, color } = getComputedStyle(document.body)
  const [dark, light] = [brightness(background), brightness(color)].sort((a, b) => a - b)
  return {
    title: document.title,
    background,
    contrast: (light + 0.05) / (dark + 0.05),
    width: document.documentElement.clientWidth,
    scrollWidth: document.documentElement.scrollWidth,
    charts: [...document.querySelectorAll("figure")].map((figure) => {
      const svg = [...figure.querySelectorAll("svg")].find((svg) => svg.getBoundingClientRect().width > 0)
      const lines = [...svg.querySelectorAll(".mark-line path")]
      const { height, right, width } = svg.getBoundingClientRect()
      const strokes = lines.map((line) => getComputedStyle(line).stroke)
      return { name: figure.querySelector("figcaption").textContent, height, right, width, lines: lines.length, strokes }
    })
  }
})())`
