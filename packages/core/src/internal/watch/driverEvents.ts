/**
 * Sums up the events of the driver during runs: of a node that goes down and comes up again and again, a line for each run.
 */
import * as Effect from "effect/Effect"
import { counted } from "../kindOf.ts"
import { logOf, type Named } from "./logs.ts"

export class DriverEvents {
  readonly #counts = new Map<string, number>()
  #runs = 0

  add(event: string): void {
    if (this.#runs > 0) this.#counts.set(event, (this.#counts.get(event) ?? 0) + 1)
  }

  /** A run begins. */
  begin(): void {
    this.#runs++
  }

  /** A run ends. Of several runs at once, the first that ends logs what they have in common. */
  end(session: Named): Effect.Effect<void> {
    this.#runs--
    if (this.#counts.size === 0) return Effect.void
    const counts = [...this.#counts]
    this.#counts.clear()
    const total = counts.reduce((sum, [, count]) => sum + count, 0)
    const isBad = counts.some(([event]) => event === "node_down" || event === "control_lost")
    const shown = counts.map(([event, count]) => `${count} x ${event}`).join(", ")
    return logOf(
      session,
      isBad ? "Warn" : "Info",
      `The driver had ${counted(total, "event")} during the run: ${shown}`,
      { "cql.driver.events": total }
    )
  }
}
