/**
 * The sizes of what a job stores. Runners read the parameters of all jobs, and all units of a lane, at once.
 */
import { type CqlError, Reason } from "@effect-cql/core"
import { kindOf, refused } from "@effect-cql/core/Port"
import * as Effect from "effect/Effect"

/** Largest JSON of parameters, of a unit or of a cursor, in characters. */
const longest = 1_048_576

const advice = {
  parameters: "Put their data into a table or a file, and its key into the parameters.",
  unit: "Put its data into a table or a file, and the key into the unit, or divide the work into more units.",
  cursor: "Store the position only, and data in a table."
} as const

const subjects = {
  parameters: (id: string) => `the parameters of job ${id}`,
  unit: (id: string) => `a unit of job ${id}`,
  cursor: (id: string) => `the cursor of a unit of job ${id}`
} as const

type Part = keyof typeof advice

/** Returns a value as JSON. Dies if it has none. Fails if it is too large to be stored. */
export const textOf = (part: Part, id: string, value: unknown): Effect.Effect<string, CqlError> =>
  Effect.suspend(() => {
    const text: string | undefined = JSON.stringify(value)
    if (text === undefined) {
      const message =
        `${subjects[part](id)} could not be stored: expected a value that JSON has, got ${kindOf(value)}. ` +
        "Use a schema that encodes it."
      return Effect.die(new TypeError(message))
    }
    if (text.length <= longest) return Effect.succeed(text)
    const message = `${subjects[part](id)} could not be stored: expected at most ${longest} characters of JSON, ` +
      `got ${text.length}. ${advice[part]}`
    return Effect.fail(refused(new Reason.InvalidQuery({ message }), "INSERT INTO cluster_lanes"))
  })

/** Returns a value as it is read after a death: a later change of the given one has no effect. Fails if it is too large to be stored. */
export const stored = (part: Part, id: string, value: unknown): Effect.Effect<unknown, CqlError> =>
  Effect.map(textOf(part, id, value), (text): unknown => JSON.parse(text))
