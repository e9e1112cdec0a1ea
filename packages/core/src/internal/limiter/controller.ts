/**
 * The rule by which an adaptive limiter moves, one window at a time.
 *
 * Latency alone cannot tell a server that has become slower from one whose queue has become longer. So every move of the
 * limit is an experiment with an outcome: see docs/decisions/limiters.md for the reasons and for what came before.
 */
import { type Quartiles, ratio, type Seen, towards } from "./window.ts"

/** Up to here the limit may grow: must stay below 2, or half the limit would look as good as the whole for ever. */
const calm = 1.5

/** From here on it is cut. */
const congested = 1.75

/** Growth by this factor is judged by the throughput that it has brought ... */
const judgedAfter = 1.3

/** ... which must have grown by at least this part of it. */
const worthwhile = 0.25

/** Windows between two looks at what half the limit would do. */
const probeEvery = 25

/** Windows without growth after growth that brought nothing. */
const pause = 20

/** This part of the requests refused is a sign of overload. */
const overload = 0.05

interface Trial {
  readonly kind: "cut" | "probe"
  readonly from: number
  readonly to: number
  readonly before: Seen
}

export class Controller {
  readonly #min: number
  readonly #max: number
  limit: number
  lastMove: string | undefined
  #baseline: Quartiles | undefined
  /** A smaller limit that is being tried out. */
  #trial: Trial | undefined
  /** Where the limit began to grow, and what it did there. */
  #growth: { readonly from: number; readonly throughput: number } | undefined
  /** Whether growth is by half, as long as it pays, rather than by a small step. */
  #eager = true
  /** Throughput when growth was found to bring nothing, and for how many windows that is believed. */
  #useless: { readonly throughput: number; readonly left: number } | undefined
  #sinceProbe = probeEvery - 2
  #strongCuts = 0

  constructor(min: number, max: number, initial: number) {
    this.#min = min
    this.#max = max
    this.limit = initial
  }

  /** Takes what a window has shown, and moves the limit. */
  decide(seen: Seen): void {
    if (seen.refused >= overload) return this.#refused(seen)
    this.#strongCuts = 0
    if (Number.isNaN(seen.latencies.median)) return
    const baseline = this.#baseline
    if (baseline === undefined) {
      this.#baseline = seen.latencies
      return
    }
    const trial = this.#trial
    this.#trial = undefined
    if (trial !== undefined && this.#judge(trial, seen, baseline)) return
    this.#steer(seen, this.#baseline ?? baseline)
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
    if (++this.#sinceProbe >= probeEvery && this.limit > this.#min) return this.#probe(seen)
    if (slower <= calm) this.#grow(seen, slower)
    else this.#growth = undefined
  }

  // Growth: additive, unless there is much to gain.

  #grow(seen: Seen, slower: number): void {
    if (this.#isUseless(seen)) return
    const growth = this.#growth
    if (growth === undefined) this.#growth = { from: this.limit, throughput: seen.throughput }
    else if (this.limit >= judgedAfter * growth.from || this.limit === this.#max) {
      const more = this.limit / growth.from - 1
      const brought = seen.throughput / growth.throughput - 1
      if (more > 0 && brought < worthwhile * more) {
        this.#useless = { throughput: growth.throughput, left: pause }
        this.#eager = false
        this.#growth = undefined
        return this.#move(growth.from, `${percent(more)} more in flight brought ${percent(brought)} more answers`)
      }
      this.#eager = true
      this.#growth = { from: this.limit, throughput: seen.throughput }
    }
    const step = this.#eager ? this.limit / 2 : Math.sqrt(this.limit)
    this.#move(this.limit + Math.max(1, Math.round(step)), `median ${times(slower)}, growing`)
  }

  /** Whether growth would be in vain, going by the last time. A server that has become faster is worth a try. */
  #isUseless(seen: Seen): boolean {
    const useless = this.#useless
    if (useless === undefined) return false
    const isFaster = seen.throughput > 1.2 * useless.throughput
    this.#useless = useless.left === 0 || isFaster ? undefined : { ...useless, left: useless.left - 1 }
    return this.#useless !== undefined
  }

  // Decrease: multiplicative.

  #cut(seen: Seen, slower: number): void {
    const factor = Math.min(0.75, Math.max(0.5, 1.3 / slower))
    const from = this.limit
    this.#calmDown()
    this.#move(from * factor, `median ${times(slower)}`)
    if (this.limit < from) this.#trial = { kind: "cut", from, to: this.limit, before: seen }
  }

  #refused(seen: Seen): void {
    // One node of several that answers nothing is no reason to give up the others: cuts go on if most is refused.
    if (++this.#strongCuts > 4 && seen.refused < 0.5) return
    this.#calmDown()
    this.#trial = undefined
    // What does not fill the limit is not helped by a smaller one that it does not fill either.
    const from = Math.min(this.limit, Math.max(this.#min, seen.peak))
    this.#move(from * 0.75, `${percent(seen.refused)} refused or timed out`)
  }

  #calmDown(): void {
    this.#eager = false
    this.#growth = undefined
    this.#useless = undefined
  }

  // Experiments.

  /** Looks at what half the limit would do: to latency, which is then without queue, and to throughput. */
  #probe(seen: Seen): void {
    this.#sinceProbe = 0
    const from = this.limit
    const to = Math.max(this.#min, Math.ceil(from / 2))
    this.#trial = { kind: "probe", from, to, before: seen }
    this.limit = to
  }

  /** Learns from a limit that was tried; whether that has decided this window as well. */
  #judge(trial: Trial, seen: Seen, baseline: Quartiles): boolean {
    const { before, from, kind, to } = trial
    const change = ratio(seen.latencies, before.latencies)
    const held = seen.throughput / before.throughput
    // The server became slower meanwhile, or there was less to do: this says nothing about the limit.
    if (change > 1.25 || !seen.limited) {
      if (kind === "probe") this.limit = from
      return kind === "probe"
    }
    if (kind === "cut") {
      // A queue of ours would have become shorter. It did not, and we lost answers: the server itself is slower now.
      const isOurs = change <= (1 + to / from) / 2
      if (isOurs || !isLoss(held, to / from)) return false
      this.#baseline = seen.latencies
      this.#eager = true
      this.#move(
        from,
        `latency stayed when the limit fell: the server is ${times(ratio(seen.latencies, baseline))} slower`
      )
      return true
    }
    const found = ratio(seen.latencies, baseline)
    this.#baseline = found < 1 ? seen.latencies : towards(baseline, seen.latencies, 0.5)
    if (held >= 0.9 && to > this.#min) {
      // Half was as good. Maybe a quarter is as well.
      this.#calmDown()
      this.limit = from
      this.#move(to, `${to} in flight brought ${percent(held)} of the answers`)
      this.#probe(seen)
    } else this.limit = from
    return true
  }

  #move(to: number, why: string): void {
    const from = this.limit
    this.limit = Math.min(this.#max, Math.max(this.#min, Math.round(to)))
    if (this.limit !== from) this.lastMove = `${from} → ${this.limit}: ${why}`
  }
}

/** Whether less in flight brought less, by more than chance. */
const isLoss = (held: number, less: number): boolean => held < 1 - worthwhile * (1 - less)

const percent = (share: number): string => `${Math.round(100 * share)} %`

const times = (factor: number): string => `${factor.toFixed(1)} x`
