/**
 * Sums up the warnings of the server during a run: a run of many statements gets the same one many times.
 */
import type * as Effect from "effect/Effect"
import { counted } from "../kindOf.ts"
import { abbreviate } from "../statement/abbreviate.ts"
import { logOf, type Named } from "./logs.ts"

interface Kind {
  readonly first: string
  count: number
}

const mostKinds = 100
const mostShown = 3

export class Warnings {
  #total = 0
  readonly #kinds = new Map<string, Kind>()

  /** Warnings that differ in their numbers alone are of one kind. */
  add(warnings: ReadonlyArray<string>): void {
    this.#total += warnings.length
    for (const warning of warnings) {
      const key = warning.replaceAll(/\d+/g, "#")
      const kind = this.#kinds.get(key)
      if (kind !== undefined) kind.count++
      else if (this.#kinds.size < mostKinds) this.#kinds.set(key, { first: warning, count: 1 })
    }
  }

  /** Logs one line for all of them. */
  summary(session: Named): Effect.Effect<void> {
    const shown = [...this.#kinds.values()].toSorted((a, b) => b.count - a.count).slice(0, mostShown)
    const kinds = shown.map(({ count, first }) => `${count} x "${abbreviate(first)}"`).join(", ")
    return logOf(session, "Warn", `The server gave ${counted(this.#total, "warning")} during the run: ${kinds}`, {
      "cql.server.warnings": this.#total
    })
  }
}
