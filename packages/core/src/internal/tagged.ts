/**
 * The base of the reasons.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import { isPassing } from "./reasons.ts"
import * as TypeIds from "./typeIds.ts"

/**
 * What every reason carries.
 *
 * @category models
 * @since 0.1.0
 */
export interface Common {
  /** What happened, in one line, without any parameter value. */
  readonly message: string
  /** The error beneath, of a driver or a schema. Not enumerable; a `Redacted` where it quotes what was bound. */
  readonly cause?: unknown
  /** The node that answered, as `address:port`, where the answer named one. */
  readonly coordinator?: string | undefined
}

// Not a subclass of Error: a reason is data inside a CqlError, and a stack trace for each would cost more than the
// statement it belongs to.
export const Tagged = <Tag extends string>(tag: Tag) => {
  class Base<Fields extends object = {}> {
    declare readonly [TypeIds.Reason]: typeof TypeIds.Reason
    declare readonly name: Tag
    readonly _tag: Tag = tag
    declare readonly message: string
    #cause: unknown
    constructor(fields: Common & Fields) {
      Object.assign(this, fields)
    }
    get cause(): unknown {
      return this.#cause
    }
    // The assignment above ends here, so that the error of the driver is not enumerable.
    set cause(cause: unknown) {
      this.#cause = cause
    }
    get isRetryable(): boolean {
      return isPassing(tag)
    }
    toJSON(): unknown {
      return { ...this }
    }
    [NodeInspectSymbol](): unknown {
      return this.toJSON()
    }
  }
  Object.defineProperties(Base.prototype, {
    name: { value: tag },
    [TypeIds.Reason]: { value: TypeIds.Reason }
  })
  return Base as new<Fields extends object = {}>(fields: Common & Fields) => Tagged<Tag> & Common & Readonly<Fields>
}

export interface Tagged<Tag extends string> {
  readonly [TypeIds.Reason]: typeof TypeIds.Reason
  readonly _tag: Tag
  /** The tag. */
  readonly name: Tag
  /** Whether the reason may pass, so that sending again can help. Whether it can do harm is for the error to say. */
  readonly isRetryable: boolean
  toJSON(): unknown
}
