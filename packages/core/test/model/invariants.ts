/**
 * Invariants that hold for every timing, for cases whose timing the rules do not fully determine.
 *
 * A session that answers at once can do more in an instant than one turn of the event loop takes. How much of it is
 * handed over at once is open then, and with it how much has started when a consumer leaves.
 */
import { Random } from "@effect-cql/test-support/random"
import { attemptOf, bufferOf, type Case, concurrencyOf, millisecond, planOf } from "./case.ts"
import type { Observation } from "./drive.ts"

/** A case that only invariants describe: many answers at once, and a consumer that is slow or leaves. */
export const generateOpen = (seed: number): Case => {
  const random = new Random(seed)
  const size = random.skewed(2_000, 12_000)
  return {
    seed,
    verb: random.chance(0.8) ? "stream" : random.pick(["execute", "run"]),
    withArgs: random.chance(0.5),
    writes: false,
    size,
    source: {
      kind: random.pick(["array", "iterator", "generator", "stream", "asyncIterator"]),
      delay: 0,
      chunk: random.skewed(1, 4_000),
      fault: undefined,
      closeDelay: 0,
      closeThrows: false,
      asksSession: false
    },
    concurrency: random.skewed(1, 4_096),
    capacity: undefined,
    failFast: random.chance(0.5),
    settle: random.chance(0.5),
    ordered: random.chance(0.5),
    bufferSize: random.skewed(0, 5_000),
    requestTimeout: undefined,
    retries: false,
    idempotent: false,
    answers: {
      latency: random.pick(["exit", "sync", "zero"]),
      fails: random.pick([0, 0.001]),
      refused: 0,
      dies: 0,
      hangs: 0,
      pages: 0,
      failing: []
    },
    consumer: {
      before: 0,
      delay: random.chance(0.5) ? 0 : 0.001 * millisecond,
      stopAfter: random.chance(0.5) ? random.skewed(1, 9_000) : undefined,
      takes: random.chance(0.5),
      asksSession: false
    },
    interruptAt: undefined,
    reportsProgress: true,
    callbacks: random.chance(0.5)
  }
}

/** Invariants that an observation violates. The bounds of window and buffer were checked at each request. */
export const brokenInvariants = (self: Case, seen: Observation): ReadonlyArray<string> => {
  const broken: Array<string> = [...seen.wrongs]
  const hold = (what: string, holds: boolean) => {
    if (!holds) broken.push(what)
  }
  const { started, succeeded, failed, interrupted } = seen.summary
  const indexes = seen.sent.map(([request]) => Number.parseInt(request, 10))
  const handed = seen.handedOver.flatMap(([, results]) => results)
  const handedIndexes = handed.map((result) => Number.parseInt(result, 10))
  const failing = new Set(indexes.filter((index) => attemptOf(planOf(self, index), 0).end !== "rows"))

  hold("statements start in the order of the source, none twice, none left out", isCounting(indexes))
  hold(
    "started = succeeded + failed + interrupted",
    started === succeeded + failed + interrupted && started === indexes.length
  )
  hold("the source is closed once if at all", seen.source.closes <= 1)
  hold("no result comes out twice", new Set(handedIndexes).size === handed.length)
  if (self.ordered) hold("an ordered stream keeps the order", isCounting(handedIndexes))
  if (seen.exit.tag === "StatementFailed") {
    const { failure, failures } = seen.exit
    const all = [failure, ...failures].map((line) => Number.parseInt(line, 10))
    hold("the failures are those that the session gave", all.every((index) => failing.has(index)))
    hold("the lowest index wins", Math.min(...all) === all[0])
    hold("failures stop a run that raises them only", self.failFast)
  } else if (seen.exit.tag === "the stream ended") {
    hold("every result comes out", handed.length === self.size && started === self.size)
  } else if (seen.exit.tag === "the consumer left") {
    const { stopAfter = 0 } = self.consumer
    hold("a consumer leaves with what it wanted", handed.length >= stopAfter)
    hold(
      "not more starts than may wait",
      started <= handed.length + concurrencyOf(self) + bufferOf(self) || self.consumer.takes
    )
  } else if (seen.exit.tag === "results" || seen.exit.tag === "summary") {
    hold("every statement is run", started === self.size && interrupted === 0)
  } else hold(`the run ends as its verb does, and not: ${seen.exit.tag}`, false)
  return broken
}

const isCounting = (indexes: ReadonlyArray<number>): boolean => indexes.every((index, position) => index === position)
