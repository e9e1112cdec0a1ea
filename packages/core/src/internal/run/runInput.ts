/**
 * The source of a run, and how its items become statements.
 */
import { InvalidOptions } from "../../InvalidOptions.ts"
import { isQuery, type Query } from "../../Query.ts"
import type { Any } from "../source/source.ts"
import * as Input from "../statement/input.ts"

export interface RunInput {
  readonly source: Any
  /** Name of the argument, for errors. */
  readonly name: string
  readonly toExecutable: (item: unknown) => Input.Executable | undefined
  /** What an item has to be. */
  readonly expected: string
  /** What is wrong with the query, if anything is. */
  readonly invalid?: InvalidOptions | undefined
}

/** Items that are statements, batches, or tuples that stand for statements. */
export const statements = (source: Any): RunInput => ({
  source,
  name: "statements",
  toExecutable: Input.toStatement,
  expected: "a Statement, a Batch or a tuple [text | Query, params]"
})

/** Items that are the parameters of one query. */
export const parameters = (query: string | Query.Any, source: Any): RunInput => ({
  source,
  name: "parameters",
  toExecutable: (item) => Input.isParams(item) ? Input.bind(query, item) : undefined,
  expected: "an array of values, or a record of named values",
  invalid: typeof query === "string" || isQuery(query)
    ? undefined
    : new InvalidOptions({ option: "query", value: query, expected: "a text or a Query" })
})
