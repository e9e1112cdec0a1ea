/**
 * The rule by which an adaptive limiter moves, one window at a time.
 *
 * Latency alone cannot tell a server that has become slower from one whose queue has become longer. So every move of the
 * limit is an experiment, and what it did to the throughput decides whether it stays. See docs/decisions/limiters.md for
 * the reasons.
 */
import { type Quartiles, ratio, scale, type Seen, towards } from "./window.ts"

/** Up to here the limit may grow. */
const calm = 1.6

/** From here on it is cut. */
const congested = 2

/** Growth by this factor is judged by the throughput that it has brought ... */
const judgedAfter = 1.3

/** ... which must have grown by at least this part of it. */
const worthwhile = 0.25

/** A cut is taken back that costs more than this part of itself in throughput. */
const tooDear = 0.6

/** Windows between two looks at what half the limit would do. */
const probeEvery = 25

/** Windows without growth, at first and at most, after growth that brought nothing. */
const pauses = { first: 5, longest: 20 } as const

/** This part of the requests refused is a sign of overload. */
const overload = 0.05

/** Much less than the best of late: the server has collapsed under its load. Where it worked is not far below. */
const collapsed = 2 / 3

/** Windows that a server gets to work off what had made it collapse. */
const rescueLasts = 2

interface Trial {
  readonly kind: "cut" | "probe" | "rescue"
  /** Windows that pass before it is judged. */
  readonly left: number
  readonly from: number
  readonly to: number
  readonly before: Seen
  /** What it did in a first window that spoke for it. */
  readonly first?: number
}

interface Growth {
  /** Where the limit began to grow, and what it did there. */
  readonly from: number
  readonly throughput: number
  /** What the grown limit did in the windows so far. */
  readonly brought: ReadonlyArray<number>
}

export class Controller {
  readonly #min: number
  readonly #max: number
  limit: number
  lastMove: string | undefined
  /** Latencies without a queue. */
  #baseline: Quartiles | undefined
  /** A smaller limit that is being tried out. */
  #trial: Trial | undefined
  #growth: Growth | undefined
  /** Whether growth is by half, as long as it pays, rather than by a small step. */
  #eager = true
  /** Throughput when growth was found to bring nothing, and for how many windows that is believed. */
  #useless: { readonly throughput: number; readonly left: number } | undefined
  #nextPause: number = pauses.first
  /** A limit under which the server did less than under half of it, and for how many windows that is believed. */
  #ruinous: { readonly limit: number; readonly left: number } | undefined
  #ruinLasts: number = 2 * pauses.longest
  #sinceProbe = probeEvery - 2
  #refusals = 0
  /** The best throughput of late, and windows in a row with much less. */
  #best = 0
  #poor = 0

  constructor(min: number, max: number, initial: number) {
    this.#min = min
    this.#max = max
    this.limit = initial
  }

  /** Takes what a window has shown, and moves the limit. */
  decide(seen: Seen): void {
    if (seen.refused >= overload) return this.#refused(seen)
    this.#refusals = 0
    if (Number.isNaN(seen.latencies.median)) return
    this.#baseline ??= seen.latencies
    const trial = this.#trial
    if (trial !== undefined && trial.left > 0) {
      this.#trial = { ...trial, left: trial.left - 1 }
      return
    }
    this.#trial = undefined
    if (trial !== undefined && this.#judge(trial, seen, this.#baseline)) return
    this.#steer(seen, this.#baseline)
  }

  #steer(seen: Seen, baseline: Quartiles): void {
    const slower = ratio(seen.latencies, baseline)
    // Nothing waited here, so that what was measured is not a queue of this limiter's making.
    const unloaded = !seen.limited && seen.peak <= this.limit / 2
    if (slower < 1 || unloaded || this.limit === this.#min) this.#baseline = towards(baseline, seen.latencies, 0.5)
    if (!seen.limited) {
      this.#growth = undefined
      return
    }
    if (slower > congested) return this.#cut(seen, slower)
    if (this.limit > this.#min) {
      if (this.#isCollapsed(seen)) return this.#rescue(seen)
      if (++this.#sinceProbe >= probeEvery) return this.#tryHalf("probe", seen)
    }
    if (this.#isUseless(seen) || this.#isJudged(seen)) return
    if (slower <= calm) this.#grow(seen, slower)
    else this.#eager = false
  }

  /** Whether much less comes out than at the best of late, twice in a row: once may be a pause. */
  #isCollapsed(seen: Seen): boolean {
    this.#best = Math.max(seen.throughput, 0.98 * this.#best)
    this.#poor = seen.throughput < collapsed * this.#best ? this.#poor + 1 : 0
    return this.#poor === 2
  }

  // Growth: additive, unless there is much to gain.

  #grow(seen: Seen, slower: number): void {
    this.#growth ??= { from: this.limit, throughput: seen.throughput, brought: [] }
    const step = this.#eager ? this.limit / 2 : Math.sqrt(this.limit)
    this.#move(Math.min(this.limit + Math.max(1, step), this.#ceiling()), `median ${times(slower)}, growing`)
  }

  /** Judges growth that has gone far enough; whether it stays as it is for now, or is taken back. */
  #isJudged(seen: Seen): boolean {
    const growth = this.#growth
    if (growth === undefined || (this.limit < judgedAfter * growth.from && this.limit < this.#max)) return false
    const verdict = this.#verdict(growth, seen)
    if (verdict === "open") return true
    this.#growth = undefined
    this.#eager = verdict === "paid"
    if (verdict === "paid") {
      this.#nextPause = pauses.first
      return false
    }
    this.#useless = { throughput: growth.throughput, left: this.#nextPause }
    this.#nextPause = Math.min(pauses.longest, 2 * this.#nextPause)
    const more = percent(this.limit / growth.from - 1)
    const brought = percent(seen.throughput / growth.throughput - 1)
    this.#move(growth.from, `${more} more in flight brought ${brought} more`)
    return true
  }

  /**
   * What growth has brought. The first window is not asked: what is new in flight gets quick answers, until it is stuck
   * behind the slowest node. Where the second one leaves doubts, a third is looked at.
   */
  #verdict(growth: Growth, seen: Seen): "paid" | "open" | "useless" {
    const settled = growth.brought.length > 0 ? [...growth.brought.slice(1), seen.throughput] : []
    const more = this.limit / growth.from - 1
    const brought = mean(settled) / growth.throughput - 1
    if (brought >= worthwhile * more) return "paid"
    if (settled.length === 2 || brought < -0.2) return "useless"
    this.#growth = { ...growth, brought: [...growth.brought, seen.throughput] }
    return "open"
  }

  /** Whether growth would be in vain, going by the last time. A server that has become faster is worth a try. */
  #isUseless(seen: Seen): boolean {
    const useless = this.#useless
    if (useless === undefined) return false
    const isFaster = seen.throughput > 1.25 * useless.throughput
    this.#useless = useless.left === 0 || isFaster ? undefined : { ...useless, left: useless.left - 1 }
    return this.#useless !== undefined
  }

  #ceiling(): number {
    const ruinous = this.#ruinous
    if (ruinous === undefined) return this.#max
    this.#ruinous = ruinous.left === 0 ? undefined : { ...ruinous, left: ruinous.left - 1 }
    return Math.max(this.limit, 0.75 * ruinous.limit)
  }

  // Decrease: multiplicative.

  #cut(seen: Seen, slower: number): void {
    const factor = Math.min(0.75, Math.max(0.6, calm / slower))
    const from = this.limit
    this.#slowDown()
    this.#move(from * factor, `median ${times(slower)}`)
    if (this.limit < from) this.#trial = { kind: "cut", left: 0, from, to: this.limit, before: seen }
  }

  #refused(seen: Seen): void {
    // One node of several that answers nothing is no reason to give up the others: cuts go on if most is refused.
    if (++this.#refusals > 4 && seen.refused < 0.5) return
    this.#slowDown()
    this.#trial = undefined
    // A limit that is not reached would bound nothing.
    const from = Math.min(this.limit, Math.max(this.#min, seen.peak))
    this.#move(from * Math.max(0.5, Math.min(0.85, 1 - seen.refused)), `${percent(seen.refused)} refused or timed out`)
  }

  #slowDown(): void {
    this.#eager = false
    this.#growth = undefined
    this.#useless = undefined
    this.#best = 0
  }

  // Experiments.

  /** Looks at what half the limit would do: to latency, which is then without queue, and to throughput. */
  #tryHalf(kind: "probe" | "rescue", before: Seen): void {
    this.#sinceProbe = 0
    this.#growth = undefined
    const from = this.limit
    const to = Math.max(this.#min, Math.ceil(from / 2))
    this.#trial = { kind, left: kind === "probe" ? 0 : rescueLasts, from, to, before }
    this.limit = to
  }

  #rescue(seen: Seen): void {
    this.#slowDown()
    this.#tryHalf("rescue", seen)
  }

  /** Learns from a limit that was tried; whether that has decided this window as well. */
  #judge(trial: Trial, seen: Seen, baseline: Quartiles): boolean {
    // The server became slower meanwhile, or there was less to do: this says nothing about the limit.
    const isVoid = ratio(seen.latencies, trial.before.latencies) > 1.25 || !seen.limited
    if (trial.kind === "cut") return !isVoid && this.#judgeCut(trial, seen, baseline)
    this.limit = trial.from
    if (trial.kind === "rescue" || !isVoid) this.#judgeHalf(trial.kind, trial, seen, baseline)
    return true
  }

  #judgeCut({ before, from, to }: Trial, seen: Seen, baseline: Quartiles): boolean {
    const change = ratio(seen.latencies, before.latencies)
    const lost = 1 - seen.throughput / before.throughput
    const less = 1 - to / from
    // A queue of ours would have become shorter. It did not, and we lost answers: the server itself is slower now.
    const isTheirs = change > 1 - less / 2 && lost > worthwhile * less
    if (!isTheirs && lost < tooDear * less) return false
    this.#eager = isTheirs
    this.#baseline = isTheirs ? seen.latencies : scale(before.latencies, 1 / calm)
    this.#move(
      from,
      isTheirs
        ? `latency stayed when the limit fell: the server is ${times(ratio(seen.latencies, baseline))} slower`
        : `${percent(less)} less in flight lost ${percent(lost)} of the answers`
    )
    return true
  }

  #judgeHalf(kind: "probe" | "rescue", { before, first, from, to }: Trial, seen: Seen, baseline: Quartiles): void {
    const throughput = first === undefined ? seen.throughput : (first + seen.throughput) / 2
    const held = throughput / before.throughput
    this.#baseline = towards(baseline, seen.latencies, ratio(seen.latencies, baseline) < 1 ? 1 : 0.5)
    if (held < 0.95) return
    if (first === undefined && (kind === "probe" || held <= 1.15)) {
      // One window may be chance.
      this.limit = to
      this.#trial = { kind, left: 0, from, to, before, first: throughput }
      return
    }
    this.#slowDown()
    this.#move(kind === "rescue" ? collapsed * from : to, `${to} in flight brought ${percent(held)} of the answers`)
    if (kind === "rescue" && held > 1.15) {
      this.#ruinous = { limit: from, left: this.#ruinLasts }
      this.#ruinLasts *= 2
    }
    // Half was as good. Maybe a quarter is as well.
    if (to > this.#min && (kind === "probe" || held < 1.15)) this.#tryHalf(kind, seen)
  }

  #move(to: number, why: string): void {
    const from = this.limit
    this.limit = Math.min(this.#max, Math.max(this.#min, Math.round(to)))
    if (this.limit !== from) this.lastMove = `${from} → ${this.limit}: ${why}`
  }
}

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

const percent = (share: number): string => `${Math.round(100 * share)} %`

const times = (factor: number): string => `${factor.toFixed(1)} x`
