/**
 * Items of a source: statements, batches, and tuples that stand for statements.
 */
import type { Batch } from "../../Batch.ts"
import { isQuery, TypeId } from "../../Query.ts"
import type { Params, Statement } from "../../Statement.ts"
import { isBatch, isStatement, ofText } from "./statement.ts"

/** A statement or batch. */
export type Executable = Statement<unknown> | Batch

/** The statement or batch that an input is or stands for; nothing when it is no input. */
export const toStatement = (input: unknown): Executable | undefined => {
  if (isStatement(input) || isBatch(input)) return input
  if (!Array.isArray(input) || input.length === 0 || input.length > 2) return undefined
  const params: unknown = input[1]
  return isParams(params) ? bind(input[0], params) : undefined
}

/** Binds the parameters of one statement to a text or query; nothing when it is neither. */
export const bind = (query: unknown, params: Params): Statement<unknown> | undefined => {
  if (typeof query === "string") return ofText(query, params)
  return isQuery(query) ? query[TypeId].bind(params) : undefined
}

/** Returns true if a value can be the parameters of a statement: a list, a record, or nothing. */
export const isParams = (value: unknown): value is Params =>
  value === null || value === undefined || typeof value === "object"
