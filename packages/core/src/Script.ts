/**
 * Texts of several statements.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { split } from "./internal/statement/script.ts"
import { ofText } from "./internal/statement/statement.ts"
import type { Statement } from "./Statement.ts"

/**
 * Splits a text into statements at the semicolons between them, for example a file of definitions. Strings, quoted
 * names, comments, `$$` texts and whole batches (`BEGIN BATCH ... APPLY BATCH`) are not split.
 *
 * Nothing is sent. Run the statements one after the other, because concurrent changes of the schema may conflict. Fails
 * with {@link ScriptError} if a string, a name, a comment or a batch is not terminated, and if the text contains a
 * marker or `USE`.
 *
 * **Example** (A file of definitions)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const file = `
 *   CREATE TABLE app.users (id int PRIMARY KEY, name text); -- the users; by id
 *   INSERT INTO app.users (id, name) VALUES (1, 'ada; the first');
 * `
 * const program = Effect.gen(function*() {
 *   const statements = yield* Statement.script(file)
 *   for (const statement of statements) yield* statement
 *   return statements.length
 * })
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer())))) === 2)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const script = (text: string): Effect.Effect<Array<Statement<Record<string, unknown>>>, ScriptError> =>
  Effect.suspend(() => Effect.fromResult(Result.mapError(split(text), (mistake) => new ScriptError(mistake)))).pipe(
    Effect.map((texts) => texts.map((text) => ofText(text)))
  )

/**
 * A script is not terminated, or contains something that a script cannot contain. Neither the message nor the fields
 * show its text.
 *
 * **Example** (The place of a mistake)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { Effect } from "effect"
 *
 * const error = Effect.runSync(Effect.flip(Statement.script("SELECT 1;\n  INSERT INTO app.users (name) VALUES ('ada);")))
 * console.assert(error.line === 2 && error.column === 40)
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class ScriptError extends Data.TaggedError("ScriptError")<{
  /** Line of the mistake, from 1. */
  readonly line: number
  /** Column of the mistake in its line, from 1, in characters. */
  readonly column: number
  /** The mistake, and how to correct it. */
  readonly issue: string
}> {
  override get message(): string {
    return `line ${this.line}, column ${this.column} of the script: ${this.issue}`
  }
}
