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
  if (options?.ifExists === true) {
    return options.if === undefined ? "exists" : refuse(`${at}: ifExists`, "ifExists beside if", "one of them")
  }
  if (options?.if === undefined) return []
  const tokens = Object.keys(options.if)
  // Without a condition it would be another write.
  return tokens.length === 0
    ? refuse(`${at}: if`, "no condition", "at least one condition")
    : conditionsOf(meta, tokens, "if ")
}

/** The values of the conditions. */
export const conditionsBound = (options: Options): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options?.if ?? {}).map(([token, value]) => [`if ${token}`, value]))

/** The part of the name of a query that its conditions are. */
export const shapeOf = (asked: Texts.Asked): string =>
  asked === "exists" ? "exists" : asked.map(({ marker }) => marker.key).join()
