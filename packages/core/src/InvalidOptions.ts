/**
 * An option that no run can have.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import { hasTypeId } from "./internal/internals.ts"
import { cut } from "./internal/statement/abbreviate.ts"
import * as TypeIds from "./internal/typeIds.ts"

/**
 * Returns true if a value is {@link InvalidOptions}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isInvalidOptions = (value: unknown): value is InvalidOptions => hasTypeId(value, TypeIds.InvalidOptions)

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
  /** The value that was given, where it is one that an option can have: a text, a number, true or false. */
  readonly value: unknown
  /** The value as the message shows it; of one that an option cannot have, and of data, only the kind. */
  readonly given: string
  /** The expected value. */
  readonly expected: string
}> {
  declare readonly [TypeIds.InvalidOptions]: typeof TypeIds.InvalidOptions

  constructor({ expected, given, option, value }: {
    readonly option: string
    readonly value?: unknown
    /** Text shown in place of a value that must not be shown. */
    readonly given?: string
    readonly expected: string
  }) {
    super({ option, value: showable(value), given: given ?? show(value), expected })
  }

  override get message(): string {
    return `${this.option}: expected ${this.expected}, got ${this.given}`
  }
}
Object.defineProperty(InvalidOptions.prototype, TypeIds.InvalidOptions, { value: TypeIds.InvalidOptions })

// Only what an option can be is kept and shown: what stands in a wrong place may hold the values of a statement.
const showable = (value: unknown): unknown => {
  if (typeof value === "string") return cut(value, longest)
  return typeof value === "object" || typeof value === "function" || typeof value === "symbol" ? undefined : value
}

const longest = 80

const show = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      return JSON.stringify(cut(value, longest))
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
