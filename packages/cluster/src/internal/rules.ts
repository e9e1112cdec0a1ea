/**
 * Rules of options that only jobs and storages have.
 */
import * as Check from "@effect-cql/core/Check"

/** The largest integer of a column of type int. */
const largest = 2_147_483_647
/** Seconds of a time to live at most: 20 years. */
const longest = 630_720_000

export const count: Check.Rule = Check.integer(1, largest)
export const port: Check.Rule = Check.integer(1, 65_535)
/** Bytes. */
export const size: Check.Rule = Check.integer(1, Number.MAX_SAFE_INTEGER)

export const names: Check.Rule = Check.rule(
  "names, each once",
  (value) =>
    Array.isArray(value) && new Set(value).size === value.length && value.length > 0 && value.every(Check.text.accepts)
)

/** A duration that a server can count down. */
export const timeToLive: Check.Rule = Check.rule(
  "a positive duration of at most 20 years, such as \"10 seconds\"",
  (value) => {
    const millis = Check.millisOf(value)
    return millis !== undefined && millis > 0 && millis <= longest * 1_000
  }
)

/** An id that is part of keys, which servers limit to 65,535 bytes. A character has three of them at most. */
export const id: Check.Rule = Check.rule(
  "a text of 1 to 10000 characters",
  (value) => Check.text.accepts(value) && String(value).length <= 10_000
)
