/**
 * An option that no run can have.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * A programming error in the options of a run, a batch or a session. A run dies with it when it starts, before its source
 * is opened; what makes a statement, a query, a batch or a policy throws it at once.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidOptions extends Data.TaggedError("InvalidOptions")<{
  /** Name of the option. */
  readonly option: string
  /** The value that was given. */
  readonly value: unknown
  /** What would have been right. */
  readonly expected: string
}> {
  override get message(): string {
    return `${this.option}: ${show(this.value)} is not valid; give ${this.expected}`
  }
}

// Only what an option can be is shown: a statement given in the wrong place may hold values.
const show = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value)
    case "number":
    case "bigint":
    case "boolean":
    case "undefined":
      return String(value)
    case "function":
      return "a function"
    default:
      return value === null ? "null" : Array.isArray(value) ? `an array of ${value.length}` : `an object`
  }
}
