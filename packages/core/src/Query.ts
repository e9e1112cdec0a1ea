/**
 * CQL text with markers and, where given, schemas for its parameters and its rows.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import { hasProperty, isTagged } from "effect/Predicate"
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type * as Types from "effect/Types"
import * as Check from "./Check.ts"
import * as Codec from "./internal/statement/codec.ts"
import * as Text from "./internal/statement/cqlText.ts"
import { checked, names } from "./internal/statement/options.ts"
import { hidingRouting } from "./internal/statement/routing.ts"
import { StatementImpl } from "./internal/statement/statement.ts"
import type * as Reason from "./Reason.ts"
import type { Options as StatementOptions, Params as StatementParams, Statement } from "./Statement.ts"

/**
 * @category type ids
 * @since 0.1.0
 */
export const TypeId: TypeId = "~@effect-cql/core/Query"

/**
 * @category type ids
 * @since 0.1.0
 */
export type TypeId = "~@effect-cql/core/Query"

/**
 * The schemas of a query, for tools.
 *
 * @category models
 * @since 0.1.0
 */
export interface Schemas {
  readonly params: Schema.Constraint | undefined
  readonly row: Schema.Constraint | undefined
}

/**
 * A query, not yet bound. It is a function: `insert(1, "ada")`, or `insert({ id: 1, name: "ada" })` with named markers,
 * gives a `Statement<Row>`.
 *
 * **Example** (A typed query)
 *
 * ```ts
 * import { Query } from "@effect-cql/core"
 * import { Schema } from "effect"
 *
 * const nameById = Query.make("SELECT name FROM app.users WHERE id = ?", {
 *   params: Schema.Tuple([Schema.Int]),
 *   row: Schema.Struct({ name: Schema.String })
 * })
 * console.assert(nameById(1).text === nameById.text)
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export interface Query<Params, Row> extends Query.Any {
  (...params: Query.Arguments<Params>): Statement<Row>
  readonly [TypeId]: {
    readonly _Params: Types.Contravariant<Params>
    readonly _Row: Types.Covariant<Row>
    readonly bind: (params: StatementParams) => Statement<Row>
    readonly schemas: Schemas
  }
}

/**
 * @since 0.1.0
 */
export declare namespace Query {
  /**
   * Any query, whatever its types.
   *
   * @category models
   * @since 0.1.0
   */
  export interface Any {
    readonly [TypeId]: {
      readonly _Params: Types.Contravariant<never>
      readonly _Row: Types.Covariant<unknown>
      /** For this package: binds values in whichever form they come. */
      readonly bind: (params: StatementParams) => Statement<unknown>
      readonly schemas: Schemas
    }
    /** The CQL text, unchanged. */
    readonly text: string
    readonly options: StatementOptions
  }

  /**
   * Call signature of a query: the values in order, or one record of named values.
   *
   * @category models
   * @since 0.1.0
   */
  export type Arguments<Params> = Params extends ReadonlyArray<unknown> ? Params : [params: Params]

  /**
   * The parameters of a query; those of a plain text are anything that can be bound.
   *
   * @category models
   * @since 0.1.0
   */
  export type ParamsOf<Q> = Q extends { readonly [TypeId]: { readonly _Params: Types.Contravariant<infer Params> } } ?
    Params
    : StatementParams

  /**
   * The row type of a query; that of a plain text is a record of unknown values.
   *
   * @category models
   * @since 0.1.0
   */
  export type RowOf<Q> = Q extends { readonly [TypeId]: { readonly _Row: Types.Covariant<infer Row> } } ? Row
    : Record<string, unknown>
}

/**
 * The parameters of a query without a params schema.
 *
 * @category models
 * @since 0.1.0
 */
export type UntypedParams = ReadonlyArray<unknown> | { readonly [name: string]: unknown }

/**
 * Options of a query: schemas, and the options of its statements.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<Params, Row, OnInvalidRow extends "fail" | "result" = "fail"> extends StatementOptions {
  /** Encodes the parameters: a tuple for `?`, a struct for named markers. Other parameters fail with `ParametersRefused`. */
  readonly params?: Schema.ConstraintCodec<Params, unknown, unknown> | undefined
  /** Decodes each row. A row that does not fit fails the statement with `RowDecoding`. */
  readonly row?: Schema.ConstraintDecoder<Row> | undefined
  /**
   * Fails the statement if a row does not fit (`"fail"`, the default), or makes each row a `Result` (`"result"`), so that a scan
   * continues after a row that does not fit.
   */
  readonly onInvalidRow?: OnInvalidRow | undefined
}

/**
 * The rows of a query: of the type of its schema, or a `Result` each where rows that do not fit are failures among them.
 *
 * @category models
 * @since 0.1.0
 */
export type Decoded<Row, OnInvalidRow extends "fail" | "result"> = OnInvalidRow extends "result"
  ? Result.Result<Row, Reason.RowDecoding>
  : Row

/**
 * The query that {@link make} returns. The type is conditional on purpose: the compiler infers nothing from a generic call that
 * returns a function, so that a query made within the call of a verb would lose the type of its parameters.
 *
 * @category models
 * @since 0.1.0
 */
export type Made<Params, Row, OnInvalidRow extends "fail" | "result"> = [OnInvalidRow] extends ["fail"]
  ? Query<Params, Row>
  : Query<Params, Decoded<Row, OnInvalidRow>>

/**
 * Makes a query. Row and parameter types come from the schemas; without them, they are unknown.
 *
 * **Example** (Named markers)
 *
 * ```ts
 * import { Query } from "@effect-cql/core"
 * import { Schema } from "effect"
 *
 * const insert = Query.make("INSERT INTO app.users (id, name) VALUES (:id, :name)", {
 *   params: Schema.Struct({ id: Schema.Int, name: Schema.String }),
 *   consistency: "LOCAL_QUORUM"
 * })
 * const statement = insert({ id: 1, name: "ada" })
 * console.assert(statement.options.consistency === "LOCAL_QUORUM")
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  Params = UntypedParams,
  Row = Record<string, unknown>,
  OnInvalidRow extends "fail" | "result" = "fail"
>(
  text: string,
  options?: Options<Params, Row, OnInvalidRow>
): Made<Params, Row, OnInvalidRow> => {
  if (options !== undefined) Check.names(options, ["params", "row", "onInvalidRow", ...names])
  const { onInvalidRow, params, row, ...others } = options ?? {}
  if (params !== undefined) Check.value("params", params, aSchema)
  if (row !== undefined) Check.value("row", row, aSchema)
  if (onInvalidRow !== undefined) Check.value("onInvalidRow", onInvalidRow, failOrResult)
  const statementOptions = hidingRouting(checked(others))
  const analysed = Text.of(text)
  const failing = Codec.make(params, row)
  const codec = (row !== undefined && onInvalidRow === "result"
    ? Codec.withResults(failing, row)
    : failing) as Codec.Codec<Decoded<Row, OnInvalidRow>>
  const plan = { text: analysed, codec }
  const bind = (bound: StatementParams): Statement<Decoded<Row, OnInvalidRow>> =>
    new StatementImpl(plan, bound, statementOptions)
  // The schema decides whether one argument is the record of all parameters. Without one an object is where the text has names.
  const isNamed = (args: ReadonlyArray<unknown>): args is [StatementParams] =>
    args.length === 1 &&
    (params === undefined ? analysed.names !== undefined && isRecord(args[0]) : !isList(SchemaAST.toType(params.ast)))
  const query = (...args: ReadonlyArray<unknown>): Statement<Decoded<Row, OnInvalidRow>> =>
    bind(isNamed(args) ? args[0] : args)
  const made: Query<Params, Decoded<Row, OnInvalidRow>> = Object.assign(query, {
    [TypeId]: { ...variance, bind, schemas: { params, row } },
    text,
    options: statementOptions
  })
  return made as Made<Params, Row, OnInvalidRow>
}

const aSchema = Check.rule("a Schema", Schema.isSchema)

const failOrResult = Check.oneOf(["fail", "result"])

const variance = { _Params: (_: unknown) => _, _Row: (_: never) => _ }

const isList = (ast: SchemaAST.AST): boolean =>
  ast._tag === "Arrays" || (ast._tag === "Union" && ast.types.every(isList))

/** Returns true if a value is a record of parameters, also an instance of a class, and no value of a type of CQL. */
const isRecord = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value) &&
  !(value instanceof Map || value instanceof Set || value instanceof Date || value instanceof ArrayBuffer) &&
  !BigDecimal.isBigDecimal(value) && !isTagged(value, "Unset")

/**
 * Returns true if a value is a {@link Query}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isQuery = (value: unknown): value is Query.Any =>
  hasProperty(value, TypeId) && hasProperty(value[TypeId], "bind") && typeof value[TypeId].bind === "function"
