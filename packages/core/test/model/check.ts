/**
 * Holds what a run did against what the rules say it had to do.
 */
import { type Case } from "./case.ts"
import { drive, type Observation } from "./drive.ts"
import { type Family, generate } from "./generate.ts"
import { brokenInvariants, generateOpen } from "./invariants.ts"
import type { Prediction } from "./prediction.ts"
import { BrokenRule, simulate } from "./rules.ts"

/** Runs a case; gives what was wrong, or nothing. */
export const check = async (self: Case): Promise<string | undefined> => {
  const seen = await drive(self)
  try {
    return compare(self, simulate(self, seen.timings), seen)
  } catch (error) {
    if (error instanceof BrokenRule) return error.message
    throw error
  }
}

const compare = (self: Case, expected: Prediction, seen: Observation): string | undefined => {
  const differences = [
    ...seen.wrongs,
    differs("requests sent, with their instants", byTurns(expected.sent), byTurns(seen.sent)),
    differs("results handed over", ...handedOver(expected, seen)),
    differs("exit", expected.exit, seen.exit),
    differs("end of the run", expected.endedAt, seen.endedAt),
    differs("use of the source", expected.source, seen.source),
    expected.closingIsAwaited
      ? differs("what is logged", expected.logged.toSorted(), seen.logged.toSorted())
      : undefined,
    expected.died ? undefined : differs("ends of requests", inOrder(expected.ended), inOrder(seen.ended)),
    self.reportsProgress ? differs("the last progress", ...lastProgress(expected, seen)) : undefined
  ].filter((difference) => difference !== undefined)
  return differences.length === 0 ? undefined : differences.join("\n")
}

/**
 * What was handed over at each instant; in how many arrays is open. Of the instant in which a defect shows it is open
 * what is handed over at all.
 */
const handedOver = (expected: Prediction, seen: Observation) => {
  const byInstant = (all: Prediction["handedOver"]) => {
    const merged = new Map<number, Array<string>>()
    for (const [at, results] of all) {
      if (expected.died && at >= expected.endedAt) continue
      const before = merged.get(at)
      if (before === undefined) merged.set(at, [...results])
      else before.push(...results)
    }
    return [...merged]
  }
  return [byInstant(expected.handedOver), byInstant(seen.handedOver)] as const
}

/** Of the drain in which a defect shows it is open how what was in flight ended, but not how much there was. */
const lastProgress = (expected: Prediction, { progress }: Observation): readonly [unknown, unknown] => {
  if (expected.died) {
    const { started, succeeded, failed, interrupted } = progress ??
      { started: 0, succeeded: 0, failed: 0, interrupted: 0 }
    return [expected.summary.started, succeeded + failed + interrupted === started ? started : progress] as const
  }
  return [
    expected.hasBegun ? { ...expected.summary, retried: expected.retried } : undefined,
    progress && {
      started: progress.started,
      succeeded: progress.succeeded,
      failed: progress.failed,
      interrupted: progress.interrupted,
      retried: progress.retried
    }
  ] as const
}

type Sent = Prediction["sent"]

const requestsPerTurn = 2_048

/**
 * An instant with more requests than a turn of the event loop has several turns, and a statement that waits for the next one is
 * overtaken: by its name alone such a request has a place.
 */
const byTurns = (sent: Sent): Sent => {
  const counts = new Map<number, number>()
  for (const [, at] of sent) counts.set(at, (counts.get(at) ?? 0) + 1)
  const isLong = (at: number) => counts.get(at)! > requestsPerTurn
  return sent.toSorted(([a, at], [b, other]) => at === other && isLong(at) ? (a < b ? -1 : 1) : at - other)
}

const inOrder = (ended: Prediction["ended"]): ReadonlyArray<unknown> =>
  [...ended].map(([request, [how, at]]) => `${request} ${how} ${at}`).toSorted()

const differs = (what: string, expected: unknown, seen: unknown): string | undefined => {
  if (Array.isArray(expected) && Array.isArray(seen)) {
    const length = Math.max(expected.length, seen.length)
    for (let index = 0; index < length; index++) {
      const [a, b] = [JSON.stringify(expected[index]), JSON.stringify(seen[index])]
      if (a !== b) return `${what}: at ${index} of ${expected.length} expected ${a}, saw ${b} (${seen.length} in all)`
    }
    return undefined
  }
  const [a, b] = [JSON.stringify(expected), JSON.stringify(seen)]
  return a === b ? undefined : `${what}: expected ${a}, saw ${b}`
}

/** A smaller case that fails as well, found by taking away what it can do without. */
export const shrink = async (self: Case): Promise<Case> => {
  let smallest = self
  for (let rounds = 0; rounds < 200; rounds++) {
    const smaller = await firstFailing(simplifications(smallest))
    if (smaller === undefined) break
    smallest = smaller
  }
  return smallest
}

const firstFailing = async (cases: ReadonlyArray<Case>): Promise<Case | undefined> => {
  for (const candidate of cases) if (await check(candidate) !== undefined) return candidate
  return undefined
}

const simplifications = (self: Case): ReadonlyArray<Case> => {
  const { answers, consumer, size, source } = self
  const isEndless = !Number.isFinite(size)
  const sizes = isEndless ? [400] : [size >> 1, Math.floor(size * 0.9), size - 1]
  const given = self.concurrency === "unbounded" ? 64 : self.concurrency
  const candidates: ReadonlyArray<Case> = [
    ...sizes.filter((smaller) => smaller >= 0 && smaller < size).map((smaller) => ({ ...self, size: smaller })),
    ...[1, 2, given >> 1, given - 1].filter((less) => less > 0 && less < given).map((concurrency) => ({
      ...self,
      concurrency
    })),
    { ...self, capacity: undefined },
    { ...self, withArgs: false },
    { ...self, writes: false },
    { ...self, bufferSize: undefined },
    { ...self, reportsProgress: false },
    { ...self, interruptAt: undefined },
    { ...self, settle: false },
    { ...self, retries: false },
    { ...self, requestTimeout: undefined, answers: { ...answers, hangs: 0 } },
    { ...self, consumer: { before: 0, delay: 0, stopAfter: undefined, takes: false, asksSession: false } },
    { ...self, consumer: { ...consumer, asksSession: false, takes: false, before: 0 } },
    { ...self, source: { ...source, asksSession: false, closeDelay: 0, closeThrows: false } },
    { ...self, source: { ...source, delay: 0, chunk: 1 } },
    { ...self, source: { ...source, fault: undefined } },
    { ...self, answers: { ...answers, pages: 0, refused: 0 } },
    { ...self, answers: { ...answers, fails: 0, failing: [] } },
    { ...self, answers: { ...answers, dies: 0 } },
    { ...self, answers: { ...answers, latency: "uniform" } }
  ]
  const text = JSON.stringify(self)
  return candidates.filter((candidate) =>
    // What is left of an endless case might have no end.
    (!isEndless || Number.isFinite(candidate.size)) && JSON.stringify(candidate) !== text
  )
}

/** Runs the case of a seed; throws with everything that is needed to replay it. */
export const checkSeed = async (family: Family, seed: number): Promise<Case> => {
  const self = generate(family, seed)
  const wrong = await check(self)
  if (wrong === undefined) return self
  const smallest = await shrink(self)
  throw new Error(
    `${family}: seed ${seed} fails (MODEL_SEED=${seed} replays it)\n${await check(smallest) ?? wrong}\n` +
      `the smallest case found: ${print(smallest)}\nthe case itself: ${print(self)}`
  )
}

/** The same for a case that only invariants describe. */
export const checkOpenSeed = async (seed: number): Promise<Case> => {
  const self = generateOpen(seed)
  const broken = brokenInvariants(self, await drive(self))
  if (broken.length === 0) return self
  throw new Error(`seed ${seed} fails (MODEL_SEED=${seed} replays it)\n${broken.join("\n")}\nthe case: ${print(self)}`)
}

const print = (self: Case): string =>
  JSON.stringify(self, (_, value: unknown) => value === Number.POSITIVE_INFINITY ? "Infinity" : value)
