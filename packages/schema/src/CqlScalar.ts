/**
 * Schemas of the native types of CQL. Users reach this module through `CqlSchema`.
 *
 * @since 0.1.0
 */
import { guaranteedBy } from "@effect-cql/core/Annotations"
import type * as BigDecimal from "effect/BigDecimal"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaGetter from "effect/SchemaGetter"
import { cqlType } from "./internal/cqlType.ts"
import { scalar, text } from "./internal/scalar.ts"

/**
 * A schema of a scalar CQL type.
 *
 * @category models
 * @since 0.1.0
 */
export interface Scalar<T, E, Ast extends SchemaAST.AST = SchemaAST.AST>
  extends Schema.Bottom<T, E, never, never, Ast, Scalar<T, E, Ast>>
{}

/**
 * `text` and `varchar`: a well-formed string.
 *
 * @category text
 * @since 0.1.0
 */
export const Text: Scalar<string, string, SchemaAST.String> = scalar(
  text("text").check(
    Schema.makeFilter((value: string) => value.isWellFormed(), {
      expected: "a string without half a surrogate pair",
      [guaranteedBy]: ["text", "varchar", "ascii"]
    })
  )
)

/**
 * `ascii`: a string of characters below 128.
 *
 * @category text
 * @since 0.1.0
 */
export const Ascii: Scalar<string, string, SchemaAST.String> = scalar(
  text("ascii").check(
    Schema.isPattern(/^\p{ASCII}*$/u, { expected: "ASCII characters", [guaranteedBy]: ["ascii"] })
  )
)

/**
 * `uuid`: a string in canonical form, in lower case. `Uuid.next` makes one.
 *
 * @category text
 * @since 0.1.0
 */
export const Uuid: Scalar<string, string, SchemaAST.String> = scalar(
  text("uuid").check(
    Schema.isPattern(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, {
      expected: "a uuid in small letters",
      [guaranteedBy]: ["uuid", "timeuuid"]
    })
  )
)

/**
 * `timeuuid`: a uuid of version 1, in canonical form. `TimeUuid.next` makes one, `TimeUuid.toDateTime` returns its
 * time.
 *
 * **Example** (The id of a domain)
 *
 * ```ts
 * import { CqlSchema, TimeUuid } from "@effect-cql/schema"
 * import { Effect, Schema } from "effect"
 *
 * const PostId = CqlSchema.TimeUuid.pipe(Schema.brand("PostId"))
 * const id = PostId.make(await Effect.runPromise(TimeUuid.next))
 * console.assert(id[14] === "1")
 * ```
 *
 * @category text
 * @since 0.1.0
 */
export const TimeUuid: Scalar<string, string, SchemaAST.String> = scalar(
  text("timeuuid").check(
    Schema.isPattern(/^[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/, {
      expected: "a uuid of version 1 in small letters",
      [guaranteedBy]: ["timeuuid"]
    })
  )
)

/**
 * `inet`: an address of IPv4 or IPv6 as a string.
 *
 * @category text
 * @since 0.1.0
 */
export const Inet: Scalar<string, string, SchemaAST.String> = scalar(
  text("inet").check(
    Schema.makeFilter((address: string) => isInet(address), {
      expected: "an address of IPv4 or IPv6",
      [guaranteedBy]: ["inet"],
      arbitraryConstraint: {
        patterns: [{ source: "^(?:1\\d{2}|[1-9]?\\d)(?:\\.(?:1\\d{2}|[1-9]?\\d)){3}$", flags: "" }]
      }
    })
  )
)

const ipv4 = /^(?:25[0-5]|2[0-4]\d|1\d{2}|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d{2}|[1-9]?\d)){3}$/

const isInet = (address: string): boolean => ipv4.test(address) || isIpv6(address)

const isIpv6 = (address: string): boolean => {
  // An address of IPv4 at its end stands for two groups.
  const last = address.slice(address.lastIndexOf(":") + 1)
  const halves = (ipv4.test(last) ? address.slice(0, -last.length) + "0:0" : address).split("::")
  const groups = halves.flatMap((half) => half === "" ? [] : half.split(":"))
  const isComplete = halves.length === 1 ? groups.length === 8 : halves.length === 2 && groups.length < 8
  return isComplete && groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
}

const integer = (type: string, bits: number, guaranteed: ReadonlyArray<string>) =>
  scalar<number, number, SchemaAST.Number>(
    Schema.Number.annotate({ [cqlType]: type }).check(
      Schema.isInt({ [guaranteedBy]: guaranteed }),
      Schema.isBetween({ minimum: -(2 ** (bits - 1)), maximum: 2 ** (bits - 1) - 1 }, { [guaranteedBy]: guaranteed })
    )
  )

/**
 * `tinyint`: an integer of 8 bits.
 *
 * @category numbers
 * @since 0.1.0
 */
export const TinyInt: Scalar<number, number, SchemaAST.Number> = integer("tinyint", 8, ["tinyint"])

/**
 * `smallint`: an integer of 16 bits.
 *
 * @category numbers
 * @since 0.1.0
 */
export const SmallInt: Scalar<number, number, SchemaAST.Number> = integer("smallint", 16, ["smallint", "tinyint"])

/**
 * `int`: an integer of 32 bits.
 *
 * @category numbers
 * @since 0.1.0
 */
export const Int: Scalar<number, number, SchemaAST.Number> = integer("int", 32, ["int", "smallint", "tinyint"])

/**
 * `float`: a number of 32 bits. A written number is rounded to the nearest one.
 *
 * @category numbers
 * @since 0.1.0
 */
export const Float: Scalar<number, number, SchemaAST.Number> = scalar(
  Schema.Number.annotate({ [cqlType]: "float" }).check(
    Schema.makeFilter((value: number) => !Number.isFinite(value) || Number.isFinite(Math.fround(value)), {
      expected: "a number of 32 bits",
      [guaranteedBy]: ["float"]
    })
  )
)

/**
 * `double`: any number, with `NaN` and the infinities.
 *
 * @category numbers
 * @since 0.1.0
 */
export const Double: Scalar<number, number, SchemaAST.Number> = scalar(Schema.Number.annotate({ [cqlType]: "double" }))

const bigint = (type: string) =>
  Schema.BigInt.annotate({ [cqlType]: type }).check(
    Schema.isBetweenBigInt({ minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n }, {
      [guaranteedBy]: ["bigint", "counter"]
    })
  )

/**
 * `bigint`: an integer of 64 bits, as a `bigint`. {@link Count} is the same as a number.
 *
 * @category numbers
 * @since 0.1.0
 */
export const BigInt: Scalar<bigint, bigint, SchemaAST.BigInt> = scalar(bigint("bigint"))

/**
 * `varint`: an integer of any size, as a `bigint`.
 *
 * @category numbers
 * @since 0.1.0
 */
export const Varint: Scalar<bigint, bigint, SchemaAST.BigInt> = scalar(
  Schema.BigInt.annotate({ [cqlType]: "varint" })
)

const safeInteger = (type: string) =>
  bigint(type).pipe(
    Schema.decodeTo(Schema.Int, {
      decode: SchemaGetter.transform(Number),
      encode: SchemaGetter.transform(globalThis.BigInt)
    })
  )

/**
 * `bigint` and `count(*)`: an integer as a `number`. Fails if a `number` cannot represent the value exactly.
 *
 * **Example** (How many there are)
 *
 * ```ts
 * import { Query } from "@effect-cql/core"
 * import { CqlSchema } from "@effect-cql/schema"
 * import { Schema } from "effect"
 *
 * const count = Query.make("SELECT count(*) AS total FROM app.posts WHERE author = ?", {
 *   params: Schema.Tuple([CqlSchema.Text]),
 *   row: Schema.Struct({ total: CqlSchema.Count })
 * })
 * console.assert(count("ada").text === count.text)
 * ```
 *
 * @category numbers
 * @since 0.1.0
 */
export const Count: Scalar<number, bigint, SchemaAST.Number> = scalar(safeInteger("bigint"))

/**
 * Encoded type of a counter, which the types of tables recognise.
 *
 * @category models
 * @since 0.1.0
 */
export type CounterBigInt = bigint & { readonly "~cql": "counter" }

/**
 * `counter`: an integer as a `number`. Fails if a `number` cannot represent the value exactly. A counter that was never
 * incremented reads as null in a `Query`, and as 0 in a table.
 *
 * @category numbers
 * @since 0.1.0
 */
export const Counter: Scalar<number, CounterBigInt, SchemaAST.Number> = scalar(safeInteger("counter"))

/**
 * `decimal`: a `BigDecimal`.
 *
 * @category numbers
 * @since 0.1.0
 */
export const Decimal: Scalar<BigDecimal.BigDecimal, BigDecimal.BigDecimal, SchemaAST.Declaration> = scalar(
  Schema.BigDecimal.annotate({ [cqlType]: "decimal" })
)

/**
 * `boolean`.
 *
 * @category others
 * @since 0.1.0
 */
export const Boolean: Scalar<boolean, boolean, SchemaAST.Boolean> = scalar(
  Schema.Boolean.annotate({ [cqlType]: "boolean" })
)

/**
 * `blob`: bytes.
 *
 * @category others
 * @since 0.1.0
 */
export const Blob: Scalar<Uint8Array, Uint8Array, SchemaAST.Declaration> = scalar(
  Schema.Uint8Array.annotate({ [cqlType]: "blob" })
)
