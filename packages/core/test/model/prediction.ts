/**
 * What can be seen of a run from outside: what the rules predict, and what the harness writes down.
 */

/** Expected observations from outside. A line describes each result, see {@link describeSuccess}. */
export interface Prediction {
  /** Every request in the order of sending, `index:attempt`, with its instant. */
  readonly sent: ReadonlyArray<readonly [request: string, at: number]>
  /** Every request that was sent: how it ended, and when. */
  readonly ended: ReadonlyMap<string, readonly [how: "answered" | "interrupted", at: number]>
  /** Of streams: what was handed over, and when. */
  readonly handedOver: ReadonlyArray<readonly [at: number, results: ReadonlyArray<string>]>
  readonly exit: Exit
  readonly endedAt: number
  readonly summary: Summary
  /** Requests that were sent again after a failure. */
  readonly retried: number
  /** Whether there has been a run at all: a stream that is never pulled has none. */
  readonly hasBegun: boolean
  readonly source: SourceUse
  /** Expected log messages. If the closing of the source is not awaited, the message of its failure is optional. */
  readonly logged: ReadonlyArray<string>
  readonly closingIsAwaited: boolean
  /** Whether the last instant is not determined: of the drain in which a defect shows, any part may have completed. */
  readonly died: boolean
}

export interface Summary {
  readonly started: number
  readonly succeeded: number
  readonly failed: number
  readonly interrupted: number
}

export type Exit =
  | { readonly tag: "results"; readonly results: ReadonlyArray<string> }
  | { readonly tag: "summary"; readonly summary: Summary }
  | { readonly tag: "the stream ended" }
  | { readonly tag: "the consumer left" }
  | ({ readonly tag: "StatementFailed"; readonly failure: string } & Account)
  | ({ readonly tag: "SourceError"; readonly index: number; readonly cause: "thrown" | "no input" } & Account)
  | { readonly tag: "the error of the stream" }
  | { readonly tag: "died" }
  | { readonly tag: "interrupted" }

export interface Account {
  readonly startedCount: number
  readonly failures: ReadonlyArray<string>
  readonly interrupted: ReadonlyArray<number>
  readonly summary: Summary
}

export interface SourceUse {
  /** How often an item (of a stream: an array) was asked for, the end included. */
  readonly pulls: number
  /** How often it was closed: `return` of an iterator, `finally` of a generator, the scope of a stream. */
  readonly closes: number
}

/**
 * What the rules leave open within bounds: when an attempt that is over its time is swept, at its deadline or a little
 * later, and when one that failed is retried, for its wait has a random part.
 *
 * The harness reports the observed times by request. The simulation checks them against the bounds and uses them.
 */
export interface Timings {
  readonly swept: ReadonlyMap<string, Moment>
  readonly sent: ReadonlyMap<string, Moment>
}

/** When something happened, and its place among what happened at that instant. */
export interface Moment {
  readonly at: number
  readonly order: number
}

export const nothingSeen: Timings = { swept: new Map(), sent: new Map() }

/** A success by its index and the pages that its rows came in. */
export const describeSuccess = (index: number, pages: number): string => `${index} succeeded, ${pages} pages, Applied`

/** A failure by its index, reason, outcome and attempts. */
export const describeFailure = (index: number, reason: string, outcome: string, attempts: number): string =>
  `${index} failed, ${reason}, ${outcome}, ${attempts} attempts`
