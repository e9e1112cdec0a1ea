/**
 * The types of CQL, and the encoding of their values as bytes in the native protocol.
 *
 * The module knows no driver. `docs/guides/values.md` has the table of types and neutral values.
 *
 * @since 0.1.0
 */
import { Reason } from "@effect-cql/core"
import * as Result from "effect/Result"
import * as Model from "./values/cqlType.ts"
import { decoderOf } from "./values/decode.ts"
import { encoderOf } from "./values/encode.ts"
import { bytesOf, Refusal, refusalOf } from "./values/encodeScalar.ts"
import { Unreadable } from "./values/unreadable.ts"

export type {
  /**
   * A type of CQL.
   *
   * @category models
   * @since 0.1.0
   */
  CqlType,
  /**
   * A field of a user-defined type.
   *
   * @category models
   * @since 0.1.0
   */
  Field,
  /**
   * Names of the types without a structure.
   *
   * @category models
   * @since 0.1.0
   */
  ScalarName
} from "./values/cqlType.ts"

/**
 * Writes a type as in CQL.
 *
 * **Example** (A map)
 *
 * ```ts
 * import * as CqlType from "@effect-cql/cassandra/CqlType"
 *
 * const text = CqlType.toText({
 *   _tag: "Map",
 *   key: { _tag: "Scalar", name: "text" },
 *   value: { _tag: "List", element: { _tag: "Scalar", name: "int" } }
 * })
 * console.assert(text === "map<text, list<int>>")
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const toText = (type: Model.CqlType): string => Model.toText(type)

/**
 * Parses the name of a Java class, with which the protocol describes types without a code, such as vectors. An unknown
 * class is the type `Custom`, whose values are bytes.
 *
 * **Example** (A vector)
 *
 * ```ts
 * import * as CqlType from "@effect-cql/cassandra/CqlType"
 *
 * const marshal = "org.apache.cassandra.db.marshal."
 * const type = CqlType.fromClassName(`${marshal}VectorType(${marshal}FloatType, 3)`)
 * console.assert(CqlType.toText(type) === "vector<float, 3>")
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromClassName = (className: string): Model.CqlType => Model.fromClassName(className)

/**
 * Encodes a value other than null as the bytes of a type. Fails with `ParametersRefused` if the value does not fit the
 * type. The error describes the kind of the value, not the value.
 *
 * **Example** (A value that fits, and one that does not)
 *
 * ```ts
 * import * as CqlType from "@effect-cql/cassandra/CqlType"
 * import { Result } from "effect"
 *
 * const int: CqlType.CqlType = { _tag: "Scalar", name: "int" }
 * console.assert(Result.isSuccess(CqlType.encode(int, 7)))
 * console.assert(Result.isFailure(CqlType.encode(int, 1.5)))
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const encode = (type: Model.CqlType, value: unknown): Result.Result<Uint8Array, Reason.ParametersRefused> => {
  const bytes = bytesOrRefusal(type, value)
  if (!(bytes instanceof Refusal)) return Result.succeed(bytes)
  const { at, expected, given } = bytes
  const where = at === "" ? "" : ` at ${at.trim()}`
  const message = `the value cannot be encoded${where}: expected ${expected}, got ${given}. Pass a value of that type.`
  return Result.fail(new Reason.ParametersRefused({ message, expected: toText(type), given }))
}

const bytesOrRefusal = (type: Model.CqlType, value: unknown): Uint8Array | Refusal => {
  // A value is code of the user's as well: a getter may throw.
  try {
    return bytesOf(encoderOf(type), value)
  } catch (error) {
    return refusalOf(toText(type), value, error)
  }
}

/**
 * Decodes the bytes of a type. Fails with `RowDecoding` if the bytes are invalid for the type, or if JavaScript cannot
 * represent the value completely.
 *
 * **Example** (Bytes of an int, and other bytes)
 *
 * ```ts
 * import * as CqlType from "@effect-cql/cassandra/CqlType"
 * import { Result } from "effect"
 *
 * const int: CqlType.CqlType = { _tag: "Scalar", name: "int" }
 * console.assert(Result.getOrThrow(CqlType.decode(int, Uint8Array.of(0, 0, 0, 7))) === 7)
 * console.assert(Result.isFailure(CqlType.decode(int, Uint8Array.of(7))))
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const decode = (type: Model.CqlType, bytes: Uint8Array): Result.Result<unknown, Reason.RowDecoding> => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // Decoders throw: see `Unreadable`.
  try {
    return Result.succeed(decoderOf(type)(buffer, 0, buffer.length))
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    const { issue } = error
    return Result.fail(new Reason.RowDecoding({ message: issue, row: 0, column: undefined, issue }))
  }
}
