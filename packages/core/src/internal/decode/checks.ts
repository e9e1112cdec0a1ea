/**
 * The checks of a schema as predicates.
 */
import type * as SchemaAST from "effect/SchemaAST"
import { guaranteedBy } from "../../Annotations.ts"
import { type ColumnType, integers } from "./columnType.ts"

/** The options of every parser. */
export const options: SchemaAST.ParseOptions = {}

type Filter = SchemaAST.Filter<unknown>

/** The predicates of the most common checks of Effect, without creating an issue. */
const commonChecks: Readonly<Record<string, (value: unknown) => boolean>> = {
  "effect/schema/isInt": Number.isSafeInteger,
  "effect/schema/isFinite": Number.isFinite
}

/** A check as a predicate. */
export const toPredicate = (check: Filter, ast: SchemaAST.AST): (value: unknown) => boolean => {
  const id = check.annotations?.representation?.id
  return (typeof id === "string" && Object.hasOwn(commonChecks, id) ? commonChecks[id] : undefined) ??
    ((value) => check.run(value, ast, options) === undefined)
}

/** The filters of a check. */
export const flatten = (check: SchemaAST.Check<unknown>): ReadonlyArray<Filter> =>
  check._tag === "Filter" ? [check] : check.checks.flatMap(flatten)

/** Returns true if every value of a column passes a check. */
export const passes = ({ annotations }: Filter, type: ColumnType | undefined): boolean => {
  if (type === undefined) return false
  if (integers.has(type.name) && annotations?.representation?.id === "effect/schema/isInt") return true
  const names: unknown = annotations?.[guaranteedBy]
  return Array.isArray(names) && names.includes(type.name)
}
