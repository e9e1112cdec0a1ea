/**
 * Two published laws, for comparison: Gradient2 and Vegas of Netflix' concurrency-limits (0.5.4), with its default
 * constants.
 *
 * The laws are written anew from what that library does. One thing differs: the load that belongs to a sample is what is
 * in flight at the end of a request rather than at its begin. Under a limit that is reached, both are the limit.
 */
import { Random } from "@effect-cql/test-support/random"
import { type Abandoned, BasicLimiter } from "../../../src/internal/limiter/basicLimiter.ts"
import type { Time } from "../../../src/internal/limiter/time.ts"
import type { Signal } from "../../../src/internal/reasons.ts"

export interface Bounds {
  readonly min: number
  readonly max: number
  readonly initial: number
}

interface Sample {
  /** In milliseconds. */
  readonly latency: number
  readonly inFlight: number
  /** At least one request timed out or was refused. */
  readonly dropped: boolean
}

abstract class Published extends BasicLimiter {
  readonly timed = true
  readonly lastMove = undefined
  protected readonly bounds: Bounds
  protected estimate: number
  readonly #window: Window | undefined

  constructor(time: Time, bounds: Bounds, window: Window | undefined) {
    super(time, 5_000)
    this.bounds = bounds
    this.estimate = bounds.initial
    this.#window = window
  }

  get limit(): number {
    return Math.floor(this.estimate)
  }

  override release(signal: Signal, latency: number, now: number): void {
    if (signal !== "failed") this.#sample(latency, signal !== "answered", now)
    super.release(signal, latency, now)
  }

  override abandon(timedOut: boolean, latency: number, now: number): Abandoned {
    if (timedOut) this.#sample(latency, true, now)
    return super.abandon(timedOut, latency, now)
  }

  #sample(latency: number, dropped: boolean, now: number): void {
    const sample = { latency, inFlight: this.inFlight + this.abandoned, dropped }
    const closed = this.#window === undefined ? sample : this.#window.add(sample, now)
    if (closed !== undefined) this.update(closed)
  }

  protected abstract update(sample: Sample): void
}

/** The average of the latencies of a time, by default of a second, and of at least ten requests. */
export class Window {
  readonly #length: number
  #end = 0
  #count = 0
  #sum = 0
  #most = 0
  #dropped = false

  constructor(length = 1_000) {
    this.#length = length
  }

  add({ dropped, inFlight, latency }: Sample, now: number): Sample | undefined {
    if (latency < 0.1) return undefined
    this.#count++
    this.#sum += latency
    this.#most = Math.max(this.#most, inFlight)
    this.#dropped ||= dropped
    if (now <= this.#end) return undefined
    const closed = { latency: this.#sum / this.#count, inFlight: this.#most, dropped: this.#dropped }
    const isReady = this.#count >= 10
    this.#end = now + this.#length
    this.#count = this.#sum = this.#most = 0
    this.#dropped = false
    return isReady ? closed : undefined
  }
}

/**
 * Gradient2: the limit shrinks with the ratio of a long average of latency to the latest one, and always grows by four.
 *
 * A window without drops and one with drops are the same to it.
 */
export class Gradient2 extends Published {
  readonly #long = new LongAverage(600, 10)

  protected override update({ inFlight, latency }: Sample): void {
    const [tolerance, queue, smoothing] = [1.5, 4, 0.2]
    const long = this.#long.add(latency)
    // The load is gone: no need to wait until the average has forgotten it.
    if (long > 2 * latency) this.#long.value *= 0.95
    if (inFlight < this.estimate / 2) return
    const gradient = Math.max(0.5, Math.min(1, tolerance * long / latency))
    const next = (1 - smoothing) * this.estimate + smoothing * (gradient * this.estimate + queue)
    this.estimate = Math.max(this.bounds.min, Math.min(this.bounds.max, next))
  }
}

/** An exponential average that begins as the mean of its first values. */
class LongAverage {
  value = 0
  readonly #factor: number
  readonly #warmUp: number
  #count = 0
  #sum = 0

  constructor(length: number, warmUp: number) {
    this.#factor = 2 / (length + 1)
    this.#warmUp = warmUp
  }

  add(value: number): number {
    if (this.#count < this.#warmUp) {
      this.#sum += value
      this.value = this.#sum / ++this.#count
    } else this.value += this.#factor * (value - this.value)
    return this.value
  }
}

/** Vegas: the queue is the share of the latency above its minimum, and is kept between three and six requests. */
export class Vegas extends Published {
  readonly #random = new Random(1)
  #lowest = 0
  #sinceProbe = 0
  #jitter = this.#random.next() / 2 + 0.5

  protected override update({ dropped, inFlight, latency }: Sample): void {
    // Now and then the minimum is forgotten, since the server may have become slower.
    const isProbe = this.#jitter * 30 * this.estimate <= ++this.#sinceProbe
    if (isProbe) {
      this.#sinceProbe = 0
      this.#jitter = this.#random.next() / 2 + 0.5
    }
    if (isProbe || this.#lowest === 0 || latency < this.#lowest) {
      this.#lowest = latency
      return
    }
    const step = Math.max(1, Math.floor(Math.log10(this.estimate)))
    const queue = Math.ceil(this.estimate * (1 - this.#lowest / latency))
    if (dropped) this.#moveBy(-step)
    else if (2 * inFlight < this.estimate) return
    else if (queue <= step) this.#moveBy(6 * step)
    else if (queue < 3 * step) this.#moveBy(step)
    else if (queue > 6 * step) this.#moveBy(-step)
  }

  #moveBy(step: number): void {
    this.estimate = Math.max(this.bounds.min, Math.min(this.bounds.max, this.estimate + step))
  }
}
