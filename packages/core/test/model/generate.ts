/**
 * Random cases: small ones mostly, of every kind, by family.
 */
import { Random } from "@effect-cql/test-support/random"
import { type Answers, type Case, type Consumer, millisecond, type Source } from "./case.ts"
import { nothingSeen } from "./prediction.ts"
import { simulate } from "./rules.ts"

function define<Name extends string>(families: Record<Name, (random: Random) => Partial<Case>>) {
  return families
}

/** Properties that the cases of a family share; all others are random. */
export const families = define({
  "arrays on forEach": (random) => ({ verb: "execute", source: sourceOf(random, "array") }),
  "iterators and generators": (random) => ({ source: sourceOf(random, random.pick(["iterator", "generator"])) }),
  "async iterators and generators": (random) => ({
    source: sourceOf(random, random.pick(["asyncIterator", "asyncGenerator"]))
  }),
  "streams as sources": (random) => ({ source: sourceOf(random, "stream") }),
  "ordered streams of results": () => ({ verb: "stream", ordered: true }),
  "unordered streams of results": () => ({ verb: "stream", ordered: false }),
  "exact ties": (random) => ({
    answers: { ...answersOf(random), latency: random.pick(["constant", "ties", "zero"]) },
    failFast: true
  }),
  "answers at once": (random) => ({
    answers: { ...answersOf(random), latency: random.pick(["exit", "sync", "mixed"]) }
  }),
  timeouts: (random) => ({
    answers: { ...answersOf(random), latency: "uniform", hangs: random.pick([0.01, 0.1, 0.5]) },
    requestTimeout: random.pick([1, 7, 20, 30, 45, 700])
  }),
  retries: (random) => ({
    retries: true,
    requestTimeout: random.pick([undefined, undefined, 5, 30]),
    answers: { ...answersOf(random), fails: random.pick([0.02, 0.1, 0.5]), hangs: 0 }
  }),
  "sources that fail": (random) => {
    const at = random.skewed(0, 300)
    return { source: faultyOf(random, at), size: at + random.pick([0, 1, 40]) }
  },
  defects: (random) => ({ answers: { ...answersOf(random), dies: random.pick([0.01, 0.05, 0.2]) } }),
  interruption: (random) => ({ interruptAt: random.next() }),
  "endless sources": (random) => endlessOf(random)
})

export type Family = keyof typeof families

export const generate = (family: Family, seed: number): Case => {
  const random = new Random(seed + 1_000_003 * Object.keys(families).indexOf(family))
  const verb = random.pick<Case["verb"]>(["execute", "stream", "run"])
  const failFast = random.chance(0.5)
  const writes = random.chance(0.5)
  const base: Case = {
    seed,
    verb,
    withArgs: random.chance(0.4),
    writes,
    size: sizeOf(random),
    source: sourceOf(random),
    concurrency: random.chance(0.05) ? "unbounded" : random.skewed(1, random.chance(0.1) ? 4_096 : 64),
    capacity: random.chance(0.1) ? random.skewed(0, 100) : undefined,
    failFast,
    settle: random.chance(0.4),
    ordered: random.chance(0.5),
    bufferSize: random.chance(0.3) ? undefined : random.skewed(0, 100),
    requestTimeout: random.chance(0.1) ? 60_000 : undefined,
    retries: random.chance(0.3),
    idempotent: random.chance(0.5),
    answers: answersOf(random),
    consumer: consumerOf(random),
    interruptAt: undefined,
    reportsProgress: random.chance(0.4),
    callbacks: random.chance(0.5)
  }
  return timed(possible({ ...base, ...families[family](random) }))
}

const sizeOf = (random: Random): number => random.skewed(0, random.chance(0.02) ? 5_000 : 600)

const sourceOf = (random: Random, kind?: Source["kind"]): Source => ({
  kind: kind ?? random.pick(["array", "iterator", "generator", "asyncIterator", "asyncGenerator", "stream"]),
  delay: random.chance(0.4) ? 0 : random.pick([0.01, 1, 10]) * millisecond,
  chunk: random.skewed(1, 100),
  fault: undefined,
  closeDelay: random.chance(0.2) ? 3 * millisecond : 0,
  closeThrows: false,
  asksSession: random.chance(0.2)
})

const faultyOf = (random: Random, at: number): Source => {
  const source = sourceOf(random)
  return {
    ...source,
    fault: { at, kind: source.kind === "array" || random.chance(0.3) ? "gives no input" : "throws" },
    closeThrows: random.chance(0.3)
  }
}

const answersOf = (random: Random): Answers => ({
  latency: random.pick(["exit", "sync", "zero", "constant", "uniform", "uniform", "skewed", "ties", "mixed"]),
  fails: random.pick([0, 0, 0, 0.001, 0.02, 0.3, 1]),
  refused: random.pick([0, 0, 0, 0.01, 0.1]),
  dies: 0,
  hangs: 0,
  pages: random.pick([0, 0, 0, 0.2, 0.6]),
  failing: random.chance(0.2) ? [random.skewed(0, 200)] : []
})

const consumerOf = (random: Random): Consumer => ({
  before: random.chance(0.1) ? 1_000_003 : 0,
  delay: random.chance(0.6) ? 0 : random.between(1, 5 * millisecond),
  stopAfter: random.chance(0.25) ? random.skewed(0, 300) : undefined,
  takes: random.chance(0.5),
  asksSession: random.chance(0.2)
})

const endlessOf = (random: Random): Partial<Case> => {
  const source = sourceOf(random, random.pick(["iterator", "generator", "asyncIterator", "asyncGenerator", "stream"]))
  const answers: Answers = { ...answersOf(random), latency: "uniform", refused: 0 }
  const consumer = consumerOf(random)
  const ending = random.pick<Partial<Case>>([
    { failFast: true, answers: { ...answers, failing: [random.skewed(0, 300)] } },
    { verb: "stream", consumer: { ...consumer, stopAfter: random.skewed(0, 300) }, answers },
    { source: { ...source, fault: { at: random.skewed(0, 300), kind: "throws" } }, answers }
  ])
  const size = Number.POSITIVE_INFINITY
  // A retry could save the statement that is to end it.
  return { size, retries: false, concurrency: random.skewed(1, 64), capacity: undefined, source, ...ending }
}

/** Takes out what makes a case ambiguous by the rules, or endless. */
const possible = (self: Case): Case => {
  const { answers, consumer, source } = self
  const isAsync = source.kind === "asyncIterator" || source.kind === "asyncGenerator"
  const completesAtOnce = answers.latency === "exit" || answers.latency === "sync" || answers.latency === "mixed"
  // How much is handed over at once is open where more is done in an instant than in a turn of the event loop (2,048),
  // or where the source comes up with items between the turns of one instant.
  const isInstant = completesAtOnce || answers.refused > 0 || answers.latency === "zero"
  const isChunkingOpen = isInstant && (self.size > 1_000 || (isAsync && source.delay === 0))
  return {
    ...self,
    source: isAsync || source.kind === "stream" ? source : { ...source, delay: 0, closeDelay: 0, asksSession: false },
    // Only reads have pages.
    answers: self.writes ? { ...answers, pages: 0 } : answers,
    consumer: isChunkingOpen ? { ...consumer, delay: 0, stopAfter: undefined } : consumer
  }
}

/** An interruption is drawn as a part of the time that the case takes without it. */
const timed = (self: Case): Case => {
  if (self.interruptAt === undefined) return self
  const { endedAt } = simulate({ ...self, interruptAt: undefined, retries: false }, nothingSeen)
  return { ...self, interruptAt: endedAt < 2 ? undefined : 1 + Math.floor((endedAt - 1) * self.interruptAt) }
}
