/**
 * The base of the reasons.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import type { Common } from "../Reason.ts"

// Not a subclass of Error: a reason is data inside a CqlError, and a stack trace for each would cost more than the
// statement it belongs to.
export const Tagged = <Tag extends string>(tag: Tag) =>
  class<Fields extends object = {}> {
    readonly _tag: Tag = tag
    declare readonly message: string
    declare readonly coordinator?: string | undefined
    #cause: unknown
    constructor(fields: Common & Fields) {
      Object.assign(this, fields)
    }
    get cause(): unknown {
      return this.#cause
    }
    // What the assignment above meets: the error of the driver is kept out of sight of whoever enumerates.
    set cause(cause: unknown) {
      this.#cause = cause
    }
    toJSON(): unknown {
      return { ...this }
    }
    [NodeInspectSymbol](): unknown {
      return this.toJSON()
    }
  } as new<Fields extends object = {}>(fields: Common & Fields) =>
    & { readonly _tag: Tag; toJSON(): unknown }
    & Common
    & Readonly<Fields>
