/**
 * The account of a run's statements, for its errors.
 */
import { hasProperty } from "effect/Predicate"
import * as Stream from "effect/Stream"
import { isCqlError } from "../../CqlError.ts"
import type { ExecutionResult, Failure, Interrupted } from "../../ExecutionResult.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import { isCertain } from "../../Outcome.ts"
import type { Selection } from "../../Run.ts"
import type { Summary } from "../../Summary.ts"
import { counted } from "../kindOf.ts"
import { isExhausted } from "../source/exhausted.ts"
import type { Any } from "../source/source.ts"

/** The account of a run's statements for its error. */
export interface Account {
  readonly startedCount: number
  readonly failures: ReadonlyArray<Failure>
  readonly interrupted: ReadonlyArray<Interrupted>
  readonly summary: Summary
}

/** Returns true for the error of a run that a failed statement stopped, also for one of another copy of core. */
export const hasFailure = (error: unknown): error is { readonly failure: Failure } =>
  hasProperty(error, "failure") && hasProperty(error.failure, "error") && isCqlError(error.failure.error)

/** The same as the end of a message. The counts of a later round are those of its own statements. */
export const stoppedAt = ({ startedCount, summary }: Pick<Account, "startedCount" | "summary">): string => {
  const { failed, interrupted, rounds = 1, started, succeeded } = summary
  const those = rounds > 1
    ? `in round ${rounds}, of ${counted(started, "statement")}`
    : `of ${counted(startedCount, "statement")}`
  return `${those} started ${succeeded} succeeded, ${failed} failed, ${interrupted} were interrupted`
}

/** The results whose outcome is not certain, by index. */
export const unsettledOf = <Result extends Failure | Interrupted | ExecutionResult<unknown>>(
  results: ReadonlyArray<Result>
): ReadonlyArray<Result> => results.filter(({ outcome }) => !isCertain(outcome)).toSorted((a, b) => a.index - b.index)

/** Selects the items that are still to be done: those that were not started, and those that did not succeed. */
export const remainingOf = (startedCount: number, unsuccessful: Iterable<{ readonly index: number }>): Selection => {
  const indexes = new Set(Array.from(unsuccessful, ({ index }) => index))
  return selecting((index) => index >= startedCount || indexes.has(index))
}

/** Selects the items that were not started. */
export const notStartedOf = (startedCount: number): Selection => selecting((index) => index >= startedCount)

/** Selects the items whose indexes pass, when they are asked for. Dies with `InvalidOptions` for an exhausted iterator. */
const selecting = (passes: (index: number) => boolean): Selection =>
  ((source: Any): Any => {
    if (Stream.isStream(source)) return selectedOf(source, passes)
    return Symbol.asyncIterator in source
      ? Stream.toAsyncIterable(selectedLater(source, passes))
      : { [Symbol.iterator]: () => selected(source, passes) }
  }) as Selection

const selectedOf = <Item, E, R>(source: Stream.Stream<Item, E, R>, passes: (index: number) => boolean) =>
  source.pipe(Stream.zipWithIndex, Stream.filter(([, index]) => passes(index)), Stream.map(([item]) => item))

function* selected(source: Iterable<unknown>, passes: (index: number) => boolean): Generator<unknown> {
  const wasRead = isExhausted(source)
  let index = 0
  for (const item of source) if (passes(index++)) yield item
  if (wasRead && index === 0) throw exhaustedSource()
}

const selectedLater = (source: AsyncIterable<unknown>, passes: (index: number) => boolean) =>
  Stream.suspend(() => {
    const wasRead = isExhausted(source)
    let isEmpty = true
    const items = Stream.fromAsyncIterable(source, (error) => error).pipe(Stream.map((item) => {
      isEmpty = false
      return item
    }))
    return Stream.concat(
      selectedOf(items, passes),
      Stream.suspend(() => wasRead && isEmpty ? Stream.die(exhaustedSource()) : Stream.empty)
    )
  })

const exhaustedSource = () =>
  new InvalidOptions({
    option: "source",
    given: "an iterator that a run has read",
    expected: "an array, or what makes a new iterator each time"
  })
