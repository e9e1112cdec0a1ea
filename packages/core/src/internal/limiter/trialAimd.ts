/**
 * AIMD with trials: the law of the adaptive limiter.
 *
 * Additive increase while latency stays near its baseline, multiplicative decrease when it does not. Latency alone cannot
 * distinguish a slower server from a longer queue. So each move is a trial: the throughput before and after it decides
 * whether it stays. See docs/decisions/limiters.md for the comparison with the published laws.
 */
import type { MoveReason } from "../../Limiter.ts"
import { type Quartiles, ratio, scale, type Seen, towards } from "./window.ts"

/** Constants of the law. Latencies are relative to the baseline, times are in windows. */
export interface Constants {
  readonly growBelow: number
  readonly cutAbove: number
  readonly cutTo: readonly [least: number, most: number]
  readonly judgeGrowthAfter: number
  readonly worthwhile: number
  readonly tooCostly: number
  readonly probeEvery: number
  readonly enough: number
  readonly pauses: readonly [first: number, longest: number]
  readonly overload: number
  readonly overloadCutTo: readonly [least: number, most: number]
  readonly overloadCuts: number
  readonly collapsed: number
  readonly bestFades: number
  readonly drainFor: number
  readonly changed: number
  readonly better: number
  readonly belowRuin: number
}

export const constants: Constants = {
  /** The driver spreads requests at random, so that some nodes have a queue before others are busy. */
  growBelow: 1.6,
  /** As much time in the queue as at work. Between the two, the limit rests. */
  cutAbove: 2,
  /**
   * A cut goes to the limit at which latency would be `growBelow`, if it were proportional to the limit. Smaller cuts
   * cannot be judged by throughput, and larger ones lose too much of it if they are wrong.
   */
  cutTo: [0.6, 0.75],
  /** Smaller growth cannot be judged: the throughput of a window is noisy by some percent. */
  judgeGrowthAfter: 1.3,
  /** Growth by 30 % has to bring 7 % more answers, which two windows distinguish from noise. */
  worthwhile: 0.25,
  /** A cut that loses more than this part of itself in throughput took away requests that were at work. */
  tooCostly: 0.6,
  /** A probe loses up to half the throughput of a window. One in 25 costs at most 2 %. */
  probeEvery: 25,
  /** Less than the noise of a window. Half the limit that brings this share of the throughput is enough. */
  enough: 0.95,
  /** Growth that brought nothing is tried again after five windows, then ten, then twenty. */
  pauses: [5, 20],
  /** Fewer refusals than that are no overload of the cluster. */
  overload: 0.05,
  /** A cut by the share of the refusals: at most by half, as TCP does on loss, and by no less than can be felt. */
  overloadCutTo: [0.5, 0.85],
  /** Four cuts by half leave a sixteenth. If requests are still refused, load is not the cause. */
  overloadCuts: 4,
  /** Less than two thirds of the best throughput of late, twice in a row: noise takes less, and a pause only once. */
  collapsed: 2 / 3,
  /** The best throughput is halved within 35 windows, since the server may have changed. */
  bestFades: 0.98,
  /** Windows under half the limit in which a collapsed server works off its queue. */
  drainFor: 2,
  /** A window that differs by this factor from an earlier one shows a server that has changed in between. */
  changed: 1.25,
  /** Half the limit that brings this much more throughput proves that the whole limit made the server collapse. */
  better: 1.15,
  /** Growth stops at this part of a limit that made the server collapse. */
  belowRuin: 0.75
}

interface Trial {
  readonly kind: "cut" | "probe" | "rescue"
  /** Windows that pass before it is judged. */
  readonly left: number
  readonly from: number
  readonly to: number
  readonly before: Seen
  /** Throughput of the first window, if that spoke for the trial and a second one has to confirm it. */
  readonly first?: number
}

interface Growth {
  /** Limit at which the growth began, and the throughput there. */
  readonly from: number
  readonly throughput: number
  /** Throughputs of the windows since the growth has gone far enough. */
  readonly brought: ReadonlyArray<number>
  /** Baseline before the cut that this growth undoes. */
  readonly undoes?: Quartiles
}

/** A move of the limit, and the window that led to it. */
export interface Decision {
  readonly from: number
  readonly to: number
  readonly reason: MoveReason
  /** Latency of the window, relative to the baseline. NaN if no request was answered. */
  readonly latency: number
  /** Answers a millisecond. */
  readonly throughput: number
  /** Share of the requests that were refused or timed out. */
  readonly refused: number
}

export class TrialAimd {
  readonly #min: number
  readonly #max: number
  readonly #constants: Constants
  limit: number
  lastMove: Decision | undefined
  /** Latencies without a queue. */
  #baseline: Quartiles | undefined
  #trial: Trial | undefined
  #growth: Growth | undefined
  /** Growth is by half as long as it pays, and by a small step from then on. */
  #eager = true
  /** Throughput when growth brought nothing, and the windows for which that is believed. */
  #useless: { readonly throughput: number; readonly left: number } | undefined
  #nextPause: number
  /** Limit under which the server did less than under half of it, and the windows for which that is believed. */
  #ruinous: { readonly limit: number; readonly left: number } | undefined
  #ruinLasts: number
  #sinceProbe: number
  #overloadedWindows = 0
  /** The best throughput of late, and windows in a row with much less. */
  #best = 0
  #poor = 0

  constructor(min: number, max: number, initial: number, law: Constants = constants) {
    this.#min = min
    this.#max = max
    this.limit = initial
    this.#constants = law
    this.#nextPause = law.pauses[0]
    this.#ruinLasts = 2 * law.pauses[1]
    // The first probe comes soon: the first baseline was measured under load.
    this.#sinceProbe = law.probeEvery - 2
  }

  /** Takes the measurements of a window, and moves the limit. */
  decide(seen: Seen): void {
    if (seen.refused >= this.#constants.overload) return this.#refused(seen)
    this.#overloadedWindows = 0
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
    // Nothing waited for a permit and half of them were free: this latency is not a queue of this limiter's making.
    const unloaded = !seen.limited && seen.peak <= this.limit / 2
    if (slower < 1 || unloaded || this.limit === this.#min) this.#baseline = towards(baseline, seen.latencies, 0.5)
    if (!seen.limited) {
      this.#growth = undefined
      return
    }
    if (slower > this.#constants.cutAbove) return this.#cut(seen, slower)
    if (this.limit > this.#min) {
      if (this.#isCollapsed(seen)) return this.#rescue(seen)
      if (++this.#sinceProbe >= this.#constants.probeEvery) return this.#tryHalf("probe", seen)
    }
    if (this.#isUseless(seen) || this.#isJudged(seen)) return
    if (slower <= this.#constants.growBelow) this.#grow(seen)
    else this.#eager = false
  }

  /** Much less throughput than the best of late, twice in a row: once may be a pause. */
  #isCollapsed(seen: Seen): boolean {
    this.#best = Math.max(seen.throughput, this.#constants.bestFades * this.#best)
    this.#poor = seen.throughput < this.#constants.collapsed * this.#best ? this.#poor + 1 : 0
    return this.#poor === 2
  }

  // Increase: additive, unless there is much to gain.

  #grow(seen: Seen): void {
    this.#growth ??= { from: this.limit, throughput: seen.throughput, brought: [] }
    const step = this.#eager ? this.limit / 2 : Math.sqrt(this.limit)
    this.#move(Math.min(this.limit + Math.max(1, step), this.#ceiling()), "LatencyLow", seen)
  }

  /** Judges growth that has gone far enough. If so, the limit stays for now, or the growth is taken back. */
  #isJudged(seen: Seen): boolean {
    const growth = this.#growth
    const { judgeGrowthAfter, pauses: [first, longest] } = this.#constants
    if (growth === undefined || (this.limit < judgeGrowthAfter * growth.from && this.limit < this.#max)) return false
    const verdict = this.#verdict(growth, seen)
    if (verdict === "open") return true
    this.#growth = undefined
    if (growth.undoes === undefined) this.#eager = verdict === "paid"
    else if (verdict === "useless") this.#baseline = growth.undoes
    if (verdict === "paid") {
      this.#nextPause = first
      return false
    }
    this.#useless = { throughput: growth.throughput, left: this.#nextPause }
    this.#nextPause = Math.min(longest, 2 * this.#nextPause)
    this.#move(growth.from, "GrowthUseless", seen)
    return true
  }

  /**
   * Result of the growth. The first window does not count: new requests are answered quickly, until they are stuck behind
   * the slowest node. If the second one leaves doubts, a third one decides.
   */
  #verdict(growth: Growth, seen: Seen): "paid" | "open" | "useless" {
    const settled = growth.brought.length > 0 ? [...growth.brought.slice(1), seen.throughput] : []
    const more = this.limit / growth.from - 1
    const brought = mean(settled) / growth.throughput - 1
    if (brought >= this.#constants.worthwhile * more) return "paid"
    if (settled.length === 2 || brought < -0.2) return "useless"
    this.#growth = { ...growth, brought: [...growth.brought, seen.throughput] }
    return "open"
  }

  /** Growth brought nothing the last time, and the server has not become faster since. */
  #isUseless(seen: Seen): boolean {
    const useless = this.#useless
    if (useless === undefined) return false
    const isFaster = seen.throughput > this.#constants.changed * useless.throughput
    this.#useless = useless.left === 0 || isFaster ? undefined : { ...useless, left: useless.left - 1 }
    return this.#useless !== undefined
  }

  #ceiling(): number {
    const ruinous = this.#ruinous
    if (ruinous === undefined) return this.#max
    this.#ruinous = ruinous.left === 0 ? undefined : { ...ruinous, left: ruinous.left - 1 }
    return Math.max(this.limit, this.#constants.belowRuin * ruinous.limit)
  }

  // Decrease: multiplicative.

  #cut(seen: Seen, slower: number): void {
    const { cutTo: [least, most], growBelow } = this.#constants
    const from = this.limit
    // The last cut was undone, and latency is too high still: its baseline was right.
    this.#baseline = this.#growth?.undoes ?? this.#baseline
    this.#slowDown()
    this.#move(from * clamp(growBelow / slower, least, most), "LatencyHigh", seen)
    if (this.limit < from) this.#trial = { kind: "cut", left: 0, from, to: this.limit, before: seen }
  }

  #refused(seen: Seen): void {
    const { overloadCutTo: [least, most], overloadCuts } = this.#constants
    // One node of several that answers nothing is no reason to give up the others: cuts go on if most is refused.
    if (++this.#overloadedWindows > overloadCuts && seen.refused < 0.5) return
    this.#slowDown()
    this.#trial = undefined
    // A limit that is not reached would bound nothing.
    const from = Math.min(this.limit, Math.max(this.#min, seen.peak))
    this.#move(from * clamp(1 - seen.refused, least, most), "Refused", seen)
  }

  #slowDown(): void {
    this.#eager = false
    this.#growth = undefined
    this.#useless = undefined
    this.#best = 0
  }

  // Trials of less.

  /** Tries half the limit: it shows the latency without a queue, and the throughput that half of it brings. */
  #tryHalf(kind: "probe" | "rescue", before: Seen): void {
    this.#sinceProbe = 0
    this.#growth = undefined
    const from = this.limit
    const to = Math.max(this.#min, Math.ceil(from / 2))
    this.#trial = { kind, left: kind === "probe" ? 0 : this.#constants.drainFor, from, to, before }
    this.limit = to
  }

  #rescue(seen: Seen): void {
    this.#slowDown()
    this.#tryHalf("rescue", seen)
  }

  /** Learns from a trial, and returns whether that has decided this window as well. */
  #judge(trial: Trial, seen: Seen, baseline: Quartiles): boolean {
    // The server became slower meanwhile, or there was less to do: the trial proves nothing.
    const isVoid = ratio(seen.latencies, trial.before.latencies) > this.#constants.changed || !seen.limited
    if (trial.kind === "cut") return !isVoid && this.#judgeCut(trial, seen, baseline)
    this.limit = trial.from
    if (trial.kind === "rescue" || !isVoid) this.#judgeHalf(trial.kind, trial, seen, baseline)
    return true
  }

  #judgeCut({ before, from, to }: Trial, seen: Seen, baseline: Quartiles): boolean {
    const { growBelow, tooCostly, worthwhile } = this.#constants
    const change = ratio(seen.latencies, before.latencies)
    const lost = 1 - seen.throughput / before.throughput
    const less = 1 - to / from
    // A queue of ours would have become shorter. It did not, and answers were lost: the server itself is slower now.
    const isServer = change > 1 - less / 2 && lost > worthwhile * less
    if (!isServer && lost < tooCostly * less) return false
    this.#eager = isServer
    this.#move(from, isServer ? "ServerSlower" : "CutTooCostly", seen)
    this.#baseline = isServer ? seen.latencies : scale(before.latencies, 1 / growBelow)
    // The server may have lost capacity in one of the two windows. So undoing the cut is growth that has to pay as well.
    this.#growth = { from: to, throughput: seen.throughput, brought: [], undoes: baseline }
    return true
  }

  #judgeHalf(kind: "probe" | "rescue", { before, first, from, to }: Trial, seen: Seen, baseline: Quartiles): void {
    const throughput = first === undefined ? seen.throughput : (first + seen.throughput) / 2
    const held = throughput / before.throughput
    this.#baseline = towards(baseline, seen.latencies, ratio(seen.latencies, baseline) < 1 ? 1 : 0.5)
    if (held < this.#constants.enough) return
    if (first === undefined && (kind === "probe" || held <= this.#constants.better)) {
      // One window may be chance.
      this.limit = to
      this.#trial = { kind, left: 0, from, to, before, first: throughput }
      return
    }
    this.#slowDown()
    if (kind === "rescue") this.#move(this.#constants.collapsed * from, "Collapsed", seen)
    else this.#move(to, "HalfEnough", seen)
    if (kind === "rescue" && held > this.#constants.better) {
      this.#ruinous = { limit: from, left: this.#ruinLasts }
      this.#ruinLasts *= 2
    }
    // Half was as good. A quarter may be as well.
    if (to > this.#min && (kind === "probe" || held < this.#constants.better)) this.#tryHalf(kind, seen)
  }

  #move(to: number, reason: MoveReason, { latencies, refused, throughput }: Seen): void {
    const from = this.limit
    this.limit = clamp(Math.round(to), this.#min, this.#max)
    if (this.limit === from) return
    const latency = this.#baseline === undefined ? Number.NaN : ratio(latencies, this.#baseline)
    this.lastMove = { from, to: this.limit, reason, latency, throughput, refused }
  }
}

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))
