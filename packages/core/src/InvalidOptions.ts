/**
 * The error of an invalid option.
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
 * A programming error in the options of a run, a batch or a session. A run dies with it before it opens its source.
 * Constructors of statements, queries, batches and policies throw it.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidOptions extends Data.TaggedError("InvalidOptions")<{
  /** Name of the option. */
  readonly option: string
  /** The given value, if it is a string, a number or a boolean. */
  readonly value: unknown
  /**
   * The value as the message shows it. Only the kind of the value, if the value is data or of a type that no option
   * has.
   */
  readonly given: string
  /** The expected value. */
  readonly expected: string
}> {
  declare readonly [TypeIds.InvalidOptions]: typeof TypeIds.InvalidOptions

  constructor({ expected, given, option, value }: {
    readonly option: string
    readonly value?: unknown
    /** Text to show instead of a value that must not be shown. */
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

// Keeps and shows only the types that an option can have: a value in a wrong place may contain those of a statement.
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
