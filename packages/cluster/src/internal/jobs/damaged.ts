/**
 * Rows of the tables of jobs that do not have the form in which they are written, such as one that was changed by hand.
 */
import { type CqlError, Reason } from "@effect-cql/core"
import { kindOf, refused } from "@effect-cql/core/Port"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

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

/** Reads a text of JSON by a schema. */
export const jsonBy = <A>(schema: Schema.ConstraintDecoder<A>): (part: string, text: unknown) => A => {
  const decode = Schema.decodeUnknownOption(Schema.fromJsonString(schema))
  return (part, text) => {
    const found = decode(text)
    if (Option.isSome(found)) return found.value
    throw new Damage(
      part,
      "its JSON",
      text === undefined ? "none" : typeof text === "string" ? "another text" : kindOf(text)
    )
  }
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
