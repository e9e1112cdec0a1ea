/**
 * The source of the statements of a run: one pull interface for arrays, iterables, async iterables and streams.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Environment } from "../run/environment.ts"
import { ArraySource } from "./array.ts"
import { AsyncIterableSource } from "./asyncIterable.ts"
import { IterableSource } from "./iterable.ts"
import { StreamSource } from "./stream.ts"

/** Result of a pull: an item (in `item`), pending (`onReady` will be called), the end, or a failure. */
export type Found = "item" | "pending" | "end" | "failed"

/**
 * A source while it is open. It is pulled only when a statement can start at once, and is never pulled again after its
 * end, its failure or its closing.
 */
export interface Source {
  readonly pull: () => Found
  readonly item: unknown
  /** True if it is known to have no more items before a pull has found that. */
  readonly hasEnded: boolean
  /** Why it failed: what an iterator threw, or the cause of a stream. */
  readonly failure: SourceFailure | undefined
  /** True if a wrong item is an error of the source, or a defect of the program. */
  readonly checked: boolean
  /** Begins to close it; later calls do nothing. */
  readonly close: () => void
  /** Succeeds when it has closed. */
  readonly closed: Effect.Effect<unknown>
}

export type SourceFailure =
  | { readonly _tag: "Threw"; readonly error: unknown }
  | { readonly _tag: "Failed"; readonly cause: Cause.Cause<unknown> }

/** A source of statements. */
export type Any = Iterable<unknown> | AsyncIterable<unknown> | Stream.Stream<unknown, unknown, unknown>

/** Opens a source. `onReady` is called when a pull that found nothing should be tried again. */
export const open = (source: Any, environment: Environment, onReady: () => void): Source => {
  if (Stream.isStream(source)) return new StreamSource(provided(source), environment, onReady)
  if (Symbol.asyncIterator in source) return new AsyncIterableSource(source, environment, onReady)
  return Array.isArray(source) ? new ArraySource(source) : new IterableSource(source, environment)
}

/** Returns true if a value is a source at all: not a string, not a promise, not a lone statement. */
export const isSource = (value: unknown): value is Any =>
  typeof value === "object" && value !== null &&
  (Stream.isStream(value) || (!Effect.isEffect(value) && (Symbol.asyncIterator in value || Symbol.iterator in value)))

/** Returns true if a verb is called with its source, and not with options alone, which stand for a function of the source. */
export const isDataFirst = (args: IArguments): boolean => {
  const first: unknown = args[0]
  if (args.length !== 1 || typeof first !== "object" || first === null) return true
  return isSource(first) || Effect.isEffect(first) || "then" in first
}

// The context of the run holds what the stream needs: the types of the public functions see to that.
const provided = (stream: Stream.Stream<unknown, unknown, unknown>): Stream.Stream<unknown, unknown> =>
  stream as Stream.Stream<unknown, unknown>
