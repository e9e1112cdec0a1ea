/**
 * The base of the reasons.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import { isTagged } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { hasTypeId } from "./internals.ts"
import { isPassing } from "./reasons.ts"
import * as TypeIds from "./typeIds.ts"

/**
 * Fields of every reason.
 *
 * @category models
 * @since 0.1.0
 */
export interface Common {
  /** Description in one line, without any parameter value. */
  readonly message: string
  /** The error beneath, of a driver or a schema. Not enumerable; a `Redacted` where it quotes what was bound. */
  readonly cause?: unknown
  /** The node that answered, as `address:port`, where the answer named one. */
  readonly coordinator?: string | undefined
  /**
   * False if the request itself was not sent, so that no node can have executed it: its connection was lost before, or its statement
   * could not be prepared. True or absent if a node may have it.
   */
  readonly written?: boolean | undefined
}

/** A class of reasons. */
export interface ReasonClass<Tag extends string, Fields extends Schema.Struct.Fields> {
  new(fields: Common & Schema.Struct.Type<Fields>): Tagged<Tag> & Common & Schema.Struct.Type<Fields>
  /** Encodes its instances to JSON, without their cause. */
  readonly schema: Schema.Codec<
    Tagged<Tag> & Common & Schema.Struct.Type<Fields>,
    & {
      readonly _tag: Tag
      readonly message: string
      readonly coordinator?: string | undefined
      readonly written?: boolean | undefined
    }
    & Schema.Struct.Encoded<Fields>
  >
}

// Not a subclass of Error: a reason is data inside a CqlError, and a stack trace for each would cost more than the
// statement it belongs to.
export const Tagged = <Tag extends string, const Fields extends Schema.Struct.Fields = {}>(
  tag: Tag,
  fields?: Fields
): ReasonClass<Tag, Fields> => {
  const json = Schema.Struct({
    _tag: Schema.Literal(tag),
    message: Schema.String,
    coordinator: Schema.optional(Schema.String),
    written: Schema.optional(Schema.Boolean),
    ...fields
  })
  class Base {
    readonly _tag = tag
    #cause: unknown
    constructor(fields: object) {
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
    static get schema() {
      const isOfClass = (value: unknown): value is Base => hasTypeId(value, TypeIds.Reason) && isTagged(value, tag)
      return json.pipe(Schema.decodeTo(
        Schema.declare(isOfClass, { expected: tag }),
        SchemaTransformation.transform({
          decode: (fields: object) => new this(fields),
          encode: (reason): typeof json.Type => ({ ...reason } as never)
        })
      ))
    }
  }
  Object.defineProperties(Base.prototype, {
    name: { value: tag },
    [TypeIds.Reason]: { value: TypeIds.Reason }
  })
  return Base as never
}

/** Common members of all reasons. */
export interface Tagged<Tag extends string> {
  readonly [TypeIds.Reason]: typeof TypeIds.Reason
  readonly _tag: Tag
  /** The tag. */
  readonly name: Tag
  /** True if the reason may pass, so that sending again can help. Whether it can do harm is for the error to say. */
  readonly isRetryable: boolean
  toJSON(): unknown
}
