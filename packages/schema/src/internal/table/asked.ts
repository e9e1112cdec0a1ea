/**
 * The conditions of conditional writes, from the options of a verb.
 */
import type { Meta } from "../../TableMeta.ts"
import type { ConditionalOptions } from "../../TableWrites.ts"
import { refuse } from "./assignments.ts"
import type { Record_ } from "./limits.ts"
import type * as Texts from "./texts.ts"
import { conditionsOf } from "./where.ts"

type Options = ConditionalOptions<Record_> | undefined

/** The condition that a write asks for; an empty array where it is unconditional. */
export const askedOf = (meta: Meta, at: string, options: Options): Texts.Asked => {
  const isConditional = options?.ifExists === true || options?.if !== undefined
  if (isConditional && options.timestamp !== undefined) {
    refuse(
      `${at}: timestamp`,
      "a timestamp beside a condition",
      "none, for the server sets that of a conditional write"
    )
  }
  if (options?.ifExists === true) {
    return options.if === undefined ? "exists" : refuse(`${at}: ifExists`, "ifExists beside if", "one of them")
  }
  if (options?.if === undefined) return []
  const tokens = Object.keys(options.if)
  // Without a condition it would be another write.
  if (tokens.length === 0) return refuse(`${at}: if`, "no condition", "at least one condition")
  const conditions = conditionsOf(meta, tokens, "if ")
  const ofNull = conditions.find(({ operator }, index) =>
    operator !== "=" && operator !== "!=" && options.if?.[tokens[index] ?? ""] === null
  )
  return ofNull === undefined
    ? conditions
    : refuse(`${at}: if`, `null for "${ofNull.column.field} ${ofNull.operator}"`, "a value, for null has no order")
}

/** The values of the conditions. */
export const conditionsBound = (options: Options): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options?.if ?? {}).map(([token, value]) => [`if ${token}`, value]))

/** The part of the name of a query that its conditions are. */
export const shapeOf = (asked: Texts.Asked): string =>
  asked === "exists" ? "exists" : asked.map(({ marker }) => marker.key).join()
