/** How long statements took, in milliseconds. */
export class Latencies {
  readonly #millis: Array<number> = []

  add(millis: number): void {
    this.#millis.push(millis)
  }

  /** The latency that this share of the requests did not exceed; 0 if there were none. */
  quantile(share: number): number {
    const sorted = this.#millis.toSorted((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  }
}
