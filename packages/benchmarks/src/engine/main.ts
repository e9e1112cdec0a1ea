/**
 * `npm run bench:engine`: what the engine itself costs, beside its peers, and whether it keeps its budgets.
 *
 * docs/benchmarks.md describes the comparison. `--quick` takes fewer rounds; words name the sections to run.
 */
import { atLeast, atMost, conclude, printTable, type Row, type Verdict } from "../internal/report.ts"
import { measure, type Samples } from "../internal/rounds.ts"
import { chosen, type Section } from "../internal/sections.ts"
import { median } from "../internal/stats.ts"
import * as Alone from "./alone.ts"
import { type Answer, batched, nextTick } from "./answers.ts"
import { everybody, names, only } from "./contenders.ts"
import { measureHeap } from "./heap.ts"
import * as Scripted from "./scripted.ts"
import { measureSkew } from "./skew.ts"
import * as Watched from "./watched.ts"
import { makeWorkload } from "./workload.ts"

const { quick, sections } = chosen(
  ["cost", "alone", "scripted", "watched", "concurrency", "failures", "skew", "heap"]
)
const rounds = quick ? 3 : 5
const runsBefore = 3
const concurrencies = [1, 10, 100, 1_000, 4_096]
const concurrency = 100
const began = performance.now()

const costTable = (title: string, samples: Samples): void => {
  const driver = samples.ratio(names.driver, names.driver, names.floor)
  printTable(
    title,
    ["us of CPU a statement", "whole", "own", "own, wall", "own / driver's", "quartiles"],
    samples.names.map((name): Row => {
      const ratio = name === names.driver ? driver : samples.ratio(name, names.driver, names.floor)
      const own = median(samples.own(name, names.floor))
      const wall = median(samples.own(name, names.floor, "wall"))
      const quartiles = `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}`
      return [name, samples.median(name), own, wall, ratio.median, quartiles]
    })
  )
}

/** All contenders at one concurrency. */
const measureCost = async (answer: Answer): Promise<Samples> => {
  const workload = makeWorkload(100_000)
  return measure(everybody({ workload, concurrency, answer, failEvery: 0 }), {
    statements: workload.size,
    rounds,
    warmUp: 1,
    runsBefore
  })
}

const costVerdicts = (samples: Samples): ReadonlyArray<Verdict> => {
  const ratio = (name: string, to: string) => samples.ratio(name, to, names.floor).median
  const more = (name: string, than: string) =>
    median(samples.own(name, names.floor).map((own, round) => own - samples.own(than, names.floor)[round]!))
  return [
    atMost("array form, own cost, to the driver's array form", ratio(names.array, names.driver), 0.4),
    atMost("ordered stream, own cost, to the driver's array form", ratio(names.ordered, names.driver), 0.4),
    atMost("ordered stream, own cost, to Stream.mapEffect", ratio(names.ordered, names.mapEffect), 0.12),
    atMost("array form, requestTimeout more", more(names.arrayTimeout, names.array), 0.15, "us"),
    atMost("ordered stream, requestTimeout more", more(names.orderedTimeout, names.ordered), 0.15, "us")
  ]
}

const cost = async (): Promise<Section> => {
  const single = await measureCost(nextTick)
  costTable(`Concurrency ${concurrency}, each statement answered by a callback of its own on the next tick`, single)
  const together = await measureCost(batched())
  costTable(`Concurrency ${concurrency}, statements answered together on the next tick`, together)
  return { measured: { single, together }, verdicts: costVerdicts(single) }
}

const forms = [names.array, names.run, names.ordered]

/** Some contenders at every concurrency, for so many statements and for four times as many. */
const byConcurrency = async (): Promise<Section> => {
  const table: Array<Row> = []
  const measured: Array<unknown> = []
  let worst = 0
  for (const concurrency of concurrencies) {
    const shown = [names.floor, ...forms, names.driver, names.forEach, names.mapEffect]
    const less = makeWorkload(quick ? 10_000 : 25_000)
    const more = makeWorkload(less.size * 4)
    const setting = { concurrency, answer: nextTick, failEvery: 0 }
    const contenders = [
      ...only({ ...setting, workload: more }, shown),
      // The smaller ones run as often as it takes to run as many statements, so that both are measured alike.
      ...only({ ...setting, workload: less }, forms).map(({ name, run }) => ({
        name: `${name}, fewer`,
        run: async () => {
          for (let time = 0; time < 4; time++) await run()
        }
      }))
    ]
    const samples = await measure(contenders, { statements: more.size, rounds: quick ? 1 : 3, warmUp: 0, runsBefore })
    const growth = forms.map((name) =>
      median(samples.of(name).map(({ cpu }, round) => cpu / samples.of(`${name}, fewer`)[round]!.cpu))
    )
    worst = Math.max(worst, growth.reduce((sum, each) => sum + each, 0) / growth.length)
    table.push([
      String(concurrency),
      ...shown.map((name) => name === names.floor ? samples.median(name) : median(samples.own(name, names.floor))),
      samples.ratio(names.array, names.driver, names.floor).median,
      ...growth
    ])
    measured.push({ concurrency, samples })
  }
  printTable(
    "Own cost by concurrency (us of CPU a statement); growth: cost a statement of four times as many statements",
    [
      "concurrency",
      "bare loop",
      ...forms,
      names.driver,
      names.forEach,
      names.mapEffect,
      "array / driver's",
      "growth",
      "",
      ""
    ],
    table
  )
  return {
    measured,
    verdicts: [atMost("cost a statement of 4 x the statements, mean of three forms, worst concurrency", worst, 1.2)]
  }
}

/** Statements executed alone, and pages, to those of the array form over the same port. */
const alone = async (): Promise<Section> => {
  const workload = makeWorkload(100_000)
  const samples = await measure(Alone.everybody(workload), { statements: workload.size, rounds, warmUp: 1, runsBefore })
  const ratio = (name: string) => samples.median(name) / samples.median(Alone.names.array)
  printTable(
    "Executed alone, one after the other (us of CPU a statement or page)",
    ["", "whole", "to the array form"],
    samples.names.map((name): Row => [name, samples.median(name), ratio(name)])
  )
  return {
    measured: samples,
    verdicts: [
      atMost("yield* statement, to a statement of the array form", ratio(Alone.names.alone), 4),
      atMost("one page of a stream, to a statement of the array form", ratio(Alone.names.page), 4)
    ]
  }
}

/** Statements of a mock session with latency, to those without; and what importing the package takes. */
const scripted = async (): Promise<Section> => {
  const workload = makeWorkload(100_000)
  const samples = await measure(Scripted.everybody(workload), {
    statements: workload.size,
    rounds,
    warmUp: 1,
    runsBefore
  })
  const ratio = (name: string) => samples.median(name) / samples.median(Scripted.names.instant)
  printTable(
    "Scripted statements of a mock session (us of CPU a statement)",
    ["", "whole", "to those without latency"],
    samples.names.map((name): Row => [name, samples.median(name), ratio(name)])
  )
  const millis = Scripted.importMillis()
  console.log(`Importing @effect-cql/testing adds ${millis.toFixed(1)} ms to importing @effect-cql/core.`)
  return {
    measured: { samples, millis },
    verdicts: [
      atMost("scripted statements with latency, to those without", ratio(Scripted.names.latency), 3),
      atMost("importing @effect-cql/testing after @effect-cql/core, best of five", millis, 50, "ms")
    ]
  }
}

/** Spans and metrics, each as the difference to a session that watches nothing. */
const watched = async (): Promise<Section> => {
  const workload = makeWorkload(100_000)
  const samples = await measure(Watched.everybody(workload, nextTick), {
    statements: workload.size,
    // A tenth of a microsecond is less than what a collection of garbage moves in one round.
    rounds: rounds * 2 + 1,
    warmUp: 1,
    runsBefore
  })
  const { all, aloneMetrics, aloneOff, aloneSpans, failures, metrics, off } = Watched.names
  const more = (name: string, than: string) => median(samples.own(name, than))
  printTable(
    "Spans and metrics, with the tracer that Effect has by default (us of CPU a statement)",
    ["", "whole", "more than nothing watched"],
    [
      ...[off, metrics, failures, all].map((name): Row => [name, samples.median(name), more(name, off)]),
      ...[aloneOff, aloneMetrics, aloneSpans].map((name): Row => [name, samples.median(name), more(name, aloneOff)])
    ]
  )
  return {
    measured: samples,
    verdicts: [
      atMost("metrics on, more", more(metrics, off), 0.2, "us"),
      atMost("spans failures, more", more(failures, off), 0.2, "us"),
      atMost("spans all, more", more(all, off), 3, "us"),
      atMost("yield* statement, metrics on, more", more(aloneMetrics, aloneOff), 0.5, "us"),
      atMost("yield* statement, spans on, more", more(aloneSpans, aloneOff), 3, "us")
    ]
  }
}

/** The cost of failures: none, every tenth, all. */
const failures = async (): Promise<Section> => {
  const workload = makeWorkload(50_000)
  const shown = [names.floor, names.array, names.ordered, names.driver]
  const kinds = [["none fails", 0], ["10 % fail", 10], ["all fail", 1]] as const
  const contenders = kinds.flatMap(([kind, failEvery]) =>
    only({ workload, concurrency, answer: nextTick, failEvery }, shown)
      .map(({ name, run }) => ({ name: `${name}, ${kind}`, run }))
  )
  const samples = await measure(contenders, { statements: workload.size, rounds, warmUp: 0, runsBefore })
  const own = (name: string, kind: string) => samples.own(`${name}, ${kind}`, `${names.floor}, ${kind}`)
  const ratio = (name: string) => {
    const succeeding = own(name, "none fails")
    return median(own(name, "all fail").map((cost, round) => cost / succeeding[round]!))
  }
  printTable(
    "Failures in collect mode, own cost (us of CPU a statement)",
    ["", ...kinds.map(([kind]) => kind), "a failing one / a succeeding one"],
    [names.array, names.ordered, names.driver].map((name): Row => [
      name,
      ...kinds.map(([kind]) => median(own(name, kind))),
      ratio(name)
    ])
  )
  return {
    measured: samples,
    verdicts: [
      atMost("array form, a failing statement to a succeeding one", ratio(names.array), 2.6),
      atMost("ordered stream, a failing statement to a succeeding one", ratio(names.ordered), 2.6)
    ]
  }
}

const skew = async (): Promise<Section> => {
  const measured = await measureSkew(concurrency, 30_000, quick ? [1] : [1, 2, 3])
  const { byBuffer, inFlight, relative } = measured
  printTable(
    "Mean in flight at concurrency 100, where 1 % of the statements take 20 times as long",
    ["", "mean", "to the bare loop's"],
    Object.keys(inFlight).map((name): Row => [name, inFlight[name]!, relative[name]!])
  )
  printTable(
    "Ordered stream: mean in flight to the bare loop's, by buffer size",
    ["bufferSize", "mean in flight"],
    byBuffer.map(([size, value]): Row => [String(size), value])
  )
  const of = (name: string, bound: number) =>
    atLeast(`${name}, mean in flight under skew, to the bare loop's`, relative[name]!, bound)
  return {
    measured,
    verdicts: [of(names.array, 0.99), of(names.run, 0.99), of(names.unordered, 0.99), of(names.ordered, 0.99)]
  }
}

const heap = async (): Promise<Section> => {
  const measured = await measureHeap(concurrency, quick ? 200_000 : 1_000_000)
  printTable(
    "Heap kept, bytes a statement",
    ["", "near the end of the run", "after it"],
    measured.map(({ after, name, underWay }): Row => [name, underWay, after])
  )
  const verdicts = measured.slice(0, 3).map(({ after, name, underWay }) =>
    atMost(`${name}, heap kept`, Math.max(after, underWay), 2, "bytes")
  )
  return { measured, verdicts }
}

const section = { cost, alone, scripted, watched, concurrency: byConcurrency, failures, skew, heap }
const measured: Record<string, unknown> = {}
const verdicts: Array<Verdict> = []
for (const name of sections) {
  const result = await section[name]()
  measured[name] = result.measured
  verdicts.push(...result.verdicts)
}
conclude("engine", verdicts, measured)
console.log(`${Math.round((performance.now() - began) / 1_000)} s`)
