/**
 * The source of a run, and how its items become statements.
 */
import { InvalidOptions } from "../../InvalidOptions.ts"
import { isQuery, type Query } from "../../Query.ts"
import { aKindOf } from "../kindOf.ts"
import type { Any } from "../source/source.ts"
import * as Input from "../statement/input.ts"

export interface RunInput {
  readonly source: Any
  /** Name of the argument, for errors. */
  readonly name: string
  /** Makes a statement of an item, or the error of one that is no input. Throws what the code of others throws. */
  readonly bind: (item: unknown, index: number) => Input.Executable | InvalidOptions
  /** The error of an argument beside the source, if it is invalid. */
  readonly invalid?: InvalidOptions | undefined
}

const aStatement = "a Statement, a Batch or a tuple [text | Query, params]"

/** Items that are statements, batches, or tuples that stand for statements. */
export const statements = (source: Any): RunInput => ({
  source,
  name: "statements",
  bind: (item, index) => Input.toStatement(item) ?? invalidItem(`statements[${index}]`, item, aStatement)
})

/** Items that are the parameters of one query. */
export const parameters = (query: string | Query.Any, source: Any): RunInput => ({
  source,
  name: "parameters",
  bind: (item, index) =>
    (Input.isParams(item) ? Input.bind(query, item) : undefined) ??
      invalidItem(`parameters[${index}]`, item, "an array of values, or a record of named values"),
  invalid: typeof query === "string" || isQuery(query)
    ? undefined
    : new InvalidOptions({ option: "query", value: query, expected: "a text or a Query" })
})

/** Items from which a function makes statements. */
export const by = (source: Any, statement: (item: unknown, index: number) => unknown): RunInput => ({
  source,
  name: "items",
  bind: (item, index) => {
    const made = statement(item, index)
    return Input.toStatement(made) ?? invalidItem(`the statement of items[${index}]`, made, aStatement)
  },
  invalid: typeof statement === "function"
    ? undefined
    : new InvalidOptions({ option: "statement", value: statement, expected: "a function that returns a statement" })
})

const invalidItem = (option: string, item: unknown, expected: string): InvalidOptions =>
  new InvalidOptions({ option, given: aKindOf(item), expected })
