/**
 * Several writes sent as one request.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Pipeable from "effect/Pipeable"
import { isIterable } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Check from "./Check.ts"
import type { CqlError } from "./CqlError.ts"
import type { internals } from "./internal/internals.ts"
import { aKindOf } from "./internal/kindOf.ts"
import * as Input from "./internal/statement/input.ts"
import { checked, names } from "./internal/statement/options.ts"
import * as internal from "./internal/statement/statement.ts"
import type * as TypeIds from "./internal/typeIds.ts"
import { InvalidOptions } from "./InvalidOptions.ts"
import type { Query } from "./Query.ts"
import type { ResultSet } from "./ResultSet.ts"
import type { Session } from "./Session.ts"
import type { Options as StatementOptions, Params, Statement } from "./Statement.ts"

/**
 * Execution mode of a batch. `"logged"`: all statements are applied in the end, or none (but not in isolation).
 * `"unlogged"`: saves round trips within a partition. `"counter"`: for counter updates.
 *
 * @category models
 * @since 0.1.0
 */
export const BatchType = Schema.Literals(["logged", "unlogged", "counter"])

/**
 * @category models
 * @since 0.1.0
 */
export type BatchType = typeof BatchType.Type

/**
 * A batch of writes: an Effect, like a statement. Only a conditional batch has rows.
 *
 * @category models
 * @since 0.1.0
 */
export interface Batch extends Effect.Effect<ResultSet<Record<string, unknown>>, CqlError, Session>, Pipeable.Pipeable {
  readonly [TypeIds.Batch]: typeof TypeIds.Batch
  readonly _tag: "Batch"
  readonly type: BatchType
  readonly statements: ReadonlyArray<Statement<unknown>>
  /**
   * The options of the whole batch. Of the options of its statements, only `idempotent` is used: unless the batch sets
   * it, a batch is idempotent if each of its statements is.
   */
  readonly options: StatementOptions
  /** The texts of its statements, joined by `; `. */
  readonly text: string
  /** For this package. */
  readonly [internals]: Pick<internal.Plan<unknown>, "isOwnTime">
}

/**
 * The type of a batch, and the options of its request.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends StatementOptions {
  /** Default: `"logged"`. */
  readonly type?: BatchType | undefined
}

const mostStatements = 65_535

/**
 * Makes a batch of statements, or of tuples `[text | Query, params]`.
 *
 * Throws {@link InvalidOptions} for an empty batch, and for a member that is neither.
 *
 * **Example** (Two tables kept in step)
 *
 * ```ts
 * import { Batch } from "@effect-cql/core"
 *
 * const rename = Batch.make([
 *   ["UPDATE app.users SET name = ? WHERE id = ?", ["ada", 1]],
 *   ["INSERT INTO app.users_by_name (name, id) VALUES (?, ?)", ["ada", 1]]
 * ], { type: "logged" })
 * console.assert(rename.statements.length === 2)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  statements: Iterable<Statement<unknown> | readonly [query: string | Query.Any, params?: Params]>,
  options?: Options
): Batch => {
  if (options !== undefined) Check.names(options, ["type", ...names])
  const { type = "logged", ...statementOptions } = options ?? {}
  Check.value("type", type, Check.oneOf(BatchType.literals))
  if (!isIterable(statements) || typeof statements === "string") {
    throw new InvalidOptions({
      option: "statements",
      given: aKindOf(statements),
      expected: "an Iterable of statements"
    })
  }
  const members: Array<Statement<unknown>> = []
  for (const input of statements) members.push(memberOf(input, members.length))
  if (members.length > mostStatements) {
    const expected = `at most ${mostStatements} in a batch, the limit of the protocol`
    throw new InvalidOptions({ option: "statements", given: `${members.length} of them`, expected })
  }
  if (members.length === 0) {
    throw new InvalidOptions({ option: "statements", given: "none", expected: "at least one statement in a batch" })
  }
  return new internal.BatchImpl(type, members, checked(statementOptions))
}

const memberOf = (input: unknown, index: number): Statement<unknown> => {
  const statement = Input.toStatement(input)
  if (statement === undefined || statement._tag === "Batch") {
    throw new InvalidOptions({
      option: `statements[${index}]`,
      given: aKindOf(input),
      expected: "a Statement or a tuple [text | Query, params]"
    })
  }
  const { timestamp } = statement.options
  if (timestamp === undefined) return statement
  throw new InvalidOptions({
    option: `statements[${index}].timestamp`,
    value: timestamp,
    expected: "none: a request carries one timestamp, in the options of the batch or as USING TIMESTAMP in the text"
  })
}

/**
 * Returns true if a value is a {@link Batch}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isBatch: (value: unknown) => value is Batch = internal.isBatch
