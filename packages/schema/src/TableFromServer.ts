/**
 * Writes the tables of a server as TypeScript. Users reach this module through `Table`.
 *
 * @since 0.1.0
 */
import type { CqlError, Session } from "@effect-cql/core"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { fileOf } from "./internal/generate/file.ts"
import { readKeyspace } from "./internal/generate/metadata.ts"

/**
 * The server has no keyspace of this name.
 *
 * @category errors
 * @since 0.1.0
 */
export class NoKeyspace extends Data.TaggedError("NoKeyspace")<{
  readonly keyspace: string
}> {
  override get message(): string {
    return `reading tables failed: expected the keyspace ${this.keyspace}, got no keyspace of this name. Names are in small letters unless they were quoted.`
  }
}

/**
 * Writes the tables and user-defined types of a keyspace as the text of a TypeScript file. A column without a schema
 * becomes a comment, and so do a materialized view and a table whose key has no schema. Columns outside the key are
 * optional. Null collections are empty. The comment and the default time to live of a table are included.
 *
 * The command `npx effect-cql-schema --keyspace app --out src/tables.ts` writes the file.
 *
 * **Example** (The table of a server)
 *
 * ```ts
 * import { Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const session = MockSession.memory(["CREATE TABLE app.users (id uuid PRIMARY KEY, display_name text)"])
 * const file = await Effect.runPromise(Table.fromServer("app").pipe(Effect.provide(session)))
 * console.assert(file.includes("displayName: Schema.optionalKey(CqlSchema.Text)"))
 * ```
 *
 * @category schema changes
 * @since 0.1.0
 */
export const fromServer = Effect.fn("Table.fromServer")(function*(
  keyspace: string
): Effect.fn.Return<string, CqlError | NoKeyspace, Session> {
  const found = yield* readKeyspace(keyspace)
  return found === undefined ? yield* new NoKeyspace({ keyspace }) : fileOf(found)
})
