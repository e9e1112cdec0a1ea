/**
 * Adds up the rounds of a run: each snapshot counts the statements of its own round alone, and those failed in the round before.
 */
import type { Progress } from "@effect-cql/core"
import * as Duration from "effect/Duration"

const mostSlow = 10

export class Rounds {
  #last: Progress | undefined
  // The rounds before that of the last snapshot, added up.
  #before: Progress | undefined

  /**
   * The snapshot of all rounds so far: each statement counts once, as its last round left it. Retries, failures by reason and by node,
   * and the slowest statements are those of all rounds, and percentiles those of the last one.
   */
  add(progress: Progress): Progress {
    const last = this.#last
    if (last !== undefined && roundOf(progress) > roundOf(last)) this.#before = sum(this.#before, last)
    this.#last = progress
    return sum(this.#before, progress)
  }
}

const roundOf = ({ rounds }: Progress): number => rounds ?? 1

const sum = (before: Progress | undefined, progress: Progress): Progress =>
  before === undefined ? progress : {
    ...progress,
    started: before.started,
    succeeded: before.succeeded + progress.succeeded,
    failed: before.failed - progress.started + progress.failed,
    interrupted: before.interrupted + progress.interrupted,
    retried: before.retried + progress.retried,
    failures: added(before.failures, progress.failures),
    failuresByNode: added(before.failuresByNode, progress.failuresByNode),
    slowest: [...before.slowest, ...progress.slowest]
      .toSorted((a, b) => Duration.toMillis(b.duration) - Duration.toMillis(a.duration))
      .slice(0, mostSlow)
  }

type Counts = Readonly<Record<string, number>>

const added = (before: Counts, counts: Counts): Counts => {
  const names = new Set([...Object.keys(before), ...Object.keys(counts)])
  return Object.fromEntries(Array.from(names, (name) => [name, (before[name] ?? 0) + (counts[name] ?? 0)]))
}
