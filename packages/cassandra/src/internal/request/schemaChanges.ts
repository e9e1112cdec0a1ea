/**
 * The changes of the schema that a session has heard of.
 */
import type { SchemaChange, TableName } from "../protocol/answers.ts"

// A program that makes and drops tables of ever new names must not fill the memory.
const mostNames = 1_000

/** The last change of each table and each keyspace. */
export class SchemaChanges {
  #count = 0
  /** The last change that may concern every statement. */
  #ofAll = 0
  /** Tables by keyspace and name. A keyspace, of whose types a table may be, has no name of a table. */
  readonly #last = new Map<string, number>()

  /** How many there were. */
  get count(): number {
    return this.#count
  }

  add({ keyspace, table }: SchemaChange): void {
    if (this.#last.size >= mostNames) return this.addAny()
    this.#last.set(nameOf(keyspace, table), ++this.#count)
  }

  /** Takes in that anything may have changed. */
  addAny(): void {
    this.#ofAll = ++this.#count
    this.#last.clear()
  }

  /** Returns true if one of the changes after the first `since` may concern a statement on these tables, or on unknown ones. */
  concern(tables: ReadonlyArray<TableName>, since: number): boolean {
    if (since === this.#count) return false
    if (tables.length === 0 || this.#ofAll > since) return true
    return tables.some(({ keyspace, table }) =>
      this.#isAfter(since, nameOf(keyspace, undefined)) || this.#isAfter(since, nameOf(keyspace, table))
    )
  }

  #isAfter(since: number, name: string): boolean {
    return (this.#last.get(name) ?? 0) > since
  }
}

const nameOf = (keyspace: string, table: string | undefined): string => JSON.stringify([keyspace, table])
