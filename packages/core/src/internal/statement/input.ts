/**
 * What a source may give: statements, batches, and the tuples that stand for statements.
 */
import { isQuery, type Query } from "../../Query.ts"
import type { Params } from "../../Statement.ts"
import * as Codec from "./codec.ts"
import * as Text from "./cqlText.ts"
import { BatchImpl, StatementImpl } from "./statement.ts"

/** What is executed. */
export type Executable = StatementImpl<unknown> | BatchImpl

/** A query as the engines bind it. `Query.make` makes no other. */
interface Bindable extends Query.Any {
  readonly bind: (params: Params) => StatementImpl<unknown>
}

const isBindable = (query: unknown): query is Bindable =>
  isQuery(query) && "bind" in query && typeof query.bind === "function"

const noOptions = {}

/** The statement or batch that an input is or stands for; nothing when it is no input. */
export const toStatement = (input: unknown): Executable | undefined => {
  if (StatementImpl.is(input) || input instanceof BatchImpl) return input
  if (!Array.isArray(input) || input.length === 0 || input.length > 2) return undefined
  const params: unknown = input[1]
  return isParams(params) ? bind(input[0], params) : undefined
}

/** Binds the parameters of one statement to a text or query; nothing when it is neither. */
export const bind = (query: unknown, params: Params): StatementImpl<unknown> | undefined => {
  if (typeof query === "string") return new StatementImpl(Text.of(query), params, noOptions, Codec.untyped)
  return isBindable(query) ? query.bind(params) : undefined
}

/** Whether a value can be the parameters of a statement: a list, a record, or nothing. */
export const isParams = (value: unknown): value is Params =>
  value === null || value === undefined || typeof value === "object"
