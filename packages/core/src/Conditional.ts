/**
 * Conditional writes and their results. Users reach this module through `Statement`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Batch } from "./Batch.ts"
import type { CqlError } from "./CqlError.ts"
import { SessionKey } from "./internal/session/key.ts"
import { abbreviate } from "./internal/statement/abbreviate.ts"
import type { Outcome } from "./Outcome.ts"
import type { Session } from "./Session.ts"
import type { RowOf, Statement } from "./Statement.ts"

/**
 * The answer to a conditional write.
 *
 * @category conditions
 * @since 0.1.0
 */
export type Condition<Current> = Held | Lost<Current>

/**
 * The condition held, and the write was applied.
 *
 * @category conditions
 * @since 0.1.0
 */
export interface Held {
  readonly _tag: "Held"
}

/**
 * The condition did not hold, and this attempt wrote nothing.
 *
 * @category conditions
 * @since 0.1.0
 */
export interface Lost<out Current> {
  readonly _tag: "Lost"
  /** The row that the condition met; none where no such row exists. */
  readonly current: Option.Option<Current>
  /** The rows that the conditions of a batch met; of a single statement at most one. */
  readonly rows: ReadonlyArray<Current>
  /**
   * `"Unknown"` if an earlier attempt of the same write ended without an answer: the condition may have found the
   * values of that attempt. Otherwise `"NotApplied"`.
   */
  readonly outcome: Outcome
}

/**
 * The condition of a write did not hold. `current` and `rows` are not enumerable, and no message shows them.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConditionLost<out Current> extends Data.TaggedError("ConditionLost")<{
  /** The CQL text, without values. */
  readonly query: string
  /** As that of {@link Lost}. */
  readonly outcome: Outcome
}> {
  readonly #lost: Lost<Current>

  constructor(query: string, lost: Lost<Current>) {
    super({ query, outcome: lost.outcome })
    this.#lost = lost
  }

  /** The row that the condition met; none where no such row exists. */
  get current(): Option.Option<Current> {
    return this.#lost.current
  }

  /** The rows that the conditions of a batch met; of a single statement at most one. */
  get rows(): ReadonlyArray<Current> {
    return this.#lost.rows
  }

  override get message(): string {
    const found = this.rows.length === 0 ? "no row" : "a row that does not fit it"
    return `a conditional write failed: expected its condition to hold, got ${found} [${abbreviate(this.query)}] ` +
      `(${this.outcome})`
  }
}

/**
 * Runs a conditional write and returns {@link Held}, or {@link Lost} with the current row.
 *
 * The row schema of the statement describes the current row. The server returns the whole row for `IF NOT EXISTS`, and
 * the columns of the condition for `IF column = ...`. A write without a condition always holds.
 *
 * **Example** (Claiming a name)
 *
 * ```ts
 * import { Query, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Option, Schema } from "effect"
 *
 * const claim = Query.make("INSERT INTO app.names (name, owner) VALUES (?, ?) IF NOT EXISTS", {
 *   params: Schema.Tuple([Schema.String, Schema.Int]),
 *   row: Schema.Struct({ owner: Schema.Int })
 * })
 * const owner = Effect.map(Statement.applied(claim("ada", 2)), (answer) =>
 *   answer._tag === "Held" ? 2 : Option.getOrThrow(answer.current).owner)
 * const session = MockSession.layer({ otherwise: MockSession.notApplied({ name: "ada", owner: 1 }) })
 * console.assert((await Effect.runPromise(owner.pipe(Effect.provide(session)))) === 1)
 * ```
 *
 * @category conditions
 * @since 0.1.0
 */
export const applied = <I extends Statement<unknown> | Batch>(
  self: I
): Effect.Effect<Condition<RowOf<I>>, CqlError, Session> =>
  SessionKey.use((session) =>
    Effect.map(session.executePage(self), ({ outcome, result }) =>
      result.wasApplied ? held : {
        _tag: "Lost",
        current: result.length === 0 ? Option.none() : Option.some(result.rows[0]!),
        rows: result.rows,
        outcome
      })
  )

const held: Held = { _tag: "Held" }

/**
 * Runs a conditional write, and fails with {@link ConditionLost} if its condition did not hold.
 *
 * **Example** (A version that has moved on)
 *
 * ```ts
 * import { cql, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const save = cql`UPDATE app.docs SET body = ${"x"}, version = ${2} WHERE id = ${1} IF version = ${1}`.pipe(
 *   Statement.mustHold,
 *   Effect.as("saved"),
 *   Effect.catchTag("ConditionLost", () => Effect.succeed("read it again"))
 * )
 * const session = MockSession.layer({ otherwise: MockSession.notApplied({ version: 7 }) })
 * console.assert((await Effect.runPromise(save.pipe(Effect.provide(session)))) === "read it again")
 * ```
 *
 * @category conditions
 * @since 0.1.0
 */
export const mustHold = <I extends Statement<unknown> | Batch>(
  self: I
): Effect.Effect<void, CqlError | ConditionLost<RowOf<I>>, Session> =>
  Effect.flatMap(
    applied(self),
    (answer): Effect.Effect<void, ConditionLost<RowOf<I>>> =>
      answer._tag === "Held" ? Effect.void : Effect.fail(new ConditionLost(self.text, answer))
  )
