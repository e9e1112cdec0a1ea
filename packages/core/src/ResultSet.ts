/**
 * The rows of a statement, and information from the server.
 *
 * @since 0.1.0
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import type { Consistency } from "./Consistency.ts"
import { hasTypeId } from "./internal/internals.ts"
import * as TypeIds from "./internal/typeIds.ts"

/**
 * Information from the server about one request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Info {
  /** The node that answered, as `address:port`. */
  readonly coordinator?: string | undefined
  /** Warnings of the server, for example of a large batch; those of all pages. */
  readonly warnings?: ReadonlyArray<string> | undefined
  /** The consistency level that was reached. */
  readonly achievedConsistency?: Consistency | undefined
  /** The id of the trace, with the option `tracing`. */
  readonly traceId?: string | undefined
  /** For a change of the schema: true if all nodes that are up agreed on the schema when the statement ended. */
  readonly schemaInAgreement?: boolean | undefined
  /** Speculative executions: copies of the request that went to further nodes before the answer, of all pages. Absent if none. */
  readonly speculativeExecutions?: number | undefined
}

/**
 * A column of a result, with its type in CQL.
 *
 * @category models
 * @since 0.1.0
 */
export interface Column {
  readonly name: string
  readonly type: string
}

/**
 * All rows of a result, from all pages.
 *
 * It is iterable. It holds its rows in memory: for a large read, use the `stream` of the session. Equal results without
 * rows may be the same frozen object.
 *
 * **Example** (Reading a result)
 *
 * ```ts
 * import { ResultSet } from "@effect-cql/core"
 *
 * const users = new ResultSet.ResultSet({ rows: [{ name: "ada" }, { name: "grace" }] })
 * console.assert(users.first?.name === "ada")
 * console.assert([...users].length === 2)
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export class ResultSet<out Row> implements Iterable<Row> {
  declare readonly [TypeIds.ResultSet]: typeof TypeIds.ResultSet
  /** The rows, in the order in which the server gave them. */
  readonly rows: ReadonlyArray<Row>
  /**
   * False if the condition of the statement did not hold, otherwise true. If it is false, `rows` contains the current
   * row, without the column `[applied]`.
   */
  readonly wasApplied: boolean
  /** Information from the server about the last request, with the warnings of all pages. */
  readonly info: Info
  /** The columns, if the adapter provides them. */
  readonly columns: ReadonlyArray<Column> | undefined

  constructor(fields: {
    readonly rows: ReadonlyArray<Row>
    readonly wasApplied?: boolean | undefined
    readonly info?: Info | undefined
    readonly columns?: ReadonlyArray<Column> | undefined
  }) {
    this.rows = fields.rows
    this.wasApplied = fields.wasApplied ?? true
    this.info = fields.info ?? noInfo
    this.columns = fields.columns
  }

  /** The first row, or `undefined` when there is none. */
  get first(): Row | undefined {
    return this.rows[0]
  }

  /** The number of rows. */
  get length(): number {
    return this.rows.length
  }

  [Symbol.iterator](): Iterator<Row> {
    return this.rows[Symbol.iterator]()
  }

  toJSON(): unknown {
    return { _id: "ResultSet", rows: this.rows, wasApplied: this.wasApplied, info: this.info }
  }

  [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}

Object.defineProperty(ResultSet.prototype, TypeIds.ResultSet, { value: TypeIds.ResultSet })

const noInfo: Info = {}

/**
 * Returns true if a value is a {@link ResultSet}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isResultSet = (value: unknown): value is ResultSet<unknown> => hasTypeId(value, TypeIds.ResultSet)
