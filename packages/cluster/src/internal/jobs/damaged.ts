/**
 * Rows of the tables of jobs that do not have the form in which they are written, such as one that was changed by hand.
 */
import { type CqlError, Reason } from "@effect-cql/core"
import { kindOf, refused } from "@effect-cql/core/Port"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

/** A part of a row that cannot be read. It is thrown by what reads rows, and caught by {@link readable}. */
export class Damage extends Error {
  readonly part: string
  readonly expected: string
  readonly got: string

  constructor(part: string, expected: string, got: string) {
    super()
    this.part = part
    this.expected = expected
    this.got = got
  }

  override get message(): string {
    return `${this.part} could not be read: expected ${this.expected}, got ${this.got}`
  }
}

/** Returns the value, unless it is another one than expected. */
export const expected = <A>(part: string, what: string, is: (value: unknown) => value is A, value: unknown): A => {
  if (is(value)) return value
  throw new Damage(part, what, value === null ? "null" : kindOf(value))
}

export const isText = (value: unknown): value is string => typeof value === "string"
export const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0

/** True for an object whose fields are as expected. */
export const hasFields = (
  value: unknown,
  fields: Readonly<Record<string, (value: unknown) => boolean>>
): value is object => {
  if (typeof value !== "object" || value === null) return false
  for (const name in fields) if (!fields[name]!(Reflect.get(value, name))) return false
  return true
}

// Schemas would take most of the time of a process that reads thousands of lanes once in an interval.
/** Reads a text of JSON. */
export const jsonBy = <A>(is: (value: unknown) => value is A): (part: string, text: unknown) => A => (part, text) => {
  const parsed = isText(text) ? Result.try((): unknown => JSON.parse(text)) : undefined
  if (parsed !== undefined && Result.isSuccess(parsed) && is(parsed.success)) return parsed.success
  throw new Damage(part, "its JSON", text === undefined ? "none" : isText(text) ? "another text" : kindOf(text))
}

/** Reads rows of a table. Fails with `RowDecoding`, which names the row, if one is damaged. */
export const readable = <A>(row: string, query: string, read: () => A): Effect.Effect<A, CqlError> =>
  Effect.suspend(() => Effect.succeed(read())).pipe(
    Effect.catchDefect((defect) => {
      if (!(defect instanceof Damage)) return Effect.die(defect)
      const { message: issue, part: column } = defect
      const message = `${row}: ${issue}. Write what it was, or delete it and start the job again under another id.`
      return Effect.fail(refused(new Reason.RowDecoding({ message, row: 0, column, issue }), query))
    })
  )

/** Reads entries of lanes of a job. */
export const readableEntries = <A>(id: string, lane: number | undefined, read: () => A): Effect.Effect<A, CqlError> =>
  readable(
    lane === undefined ? `a lane of job ${id}` : `lane ${lane} of job ${id}`,
    "SELECT entry, body FROM cluster_lanes",
    read
  )
