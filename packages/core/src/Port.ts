/**
 * The interface that an adapter implements: one request, one page. {@link Session.make} derives everything else from it.
 *
 * @since 0.1.0
 */
import * as Brand from "effect/Brand"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { BatchType } from "./Batch.ts"
import type { Consistency, SerialConsistency } from "./Consistency.ts"
import type { CqlError } from "./CqlError.ts"
import { refused } from "./internal/execution/completion.ts"
import { kindOf } from "./internal/kindOf.ts"
import { textOf } from "./internal/statement/request.ts"
import { withoutValues as hideValues } from "./internal/statement/withoutValues.ts"
import type { Column, Info } from "./ResultSet.ts"
import type { Partition, Ring } from "./Ring.ts"
import type * as Statement from "./Statement.ts"
import type * as Telemetry from "./Telemetry.ts"

export type { ColumnType } from "./internal/decode/columnType.ts"
export type { Partition, Ring, TokenRange } from "./Ring.ts"

export {
  /**
   * The native types of CQL by name, each with the `typeof` of its values. A name that is not here is that of a collection, a
   * tuple, a vector or a user-defined type. For tools that compare or generate types.
   *
   * **Example** (Native types)
   *
   * ```ts
   * import { nativeTypes } from "@effect-cql/core/Port"
   *
   * console.assert(nativeTypes.get("counter") === "bigint" && nativeTypes.get("uuid") === "string")
   * console.assert(!nativeTypes.has("address"))
   * ```
   *
   * @category types
   * @since 0.1.0
   */
  nativeTypes,
  /**
   * Parses the text of a CQL type: `frozen<list<int>>` is `frozen` of `list` of `int`. For tools that compare or
   * generate types.
   *
   * **Example** (The parts of a type)
   *
   * ```ts
   * import { parseColumnType } from "@effect-cql/core/Port"
   *
   * const { name, parts } = parseColumnType("map<text, frozen<list<int>>>")
   * console.assert(name === "map")
   * console.assert(parts[1]?.parts[0]?.name === "list")
   * ```
   *
   * @category types
   * @since 0.1.0
   */
  parseColumnType
} from "./internal/decode/columnType.ts"

export {
  /**
   * Returns the next timestamp of a Clock, in microseconds since the epoch: later than every timestamp that the process
   * has used. For adapters whose clients also write without the session.
   *
   * @category timestamps
   * @since 0.1.0
   */
  nextTimestamp
} from "./internal/timestamps.ts"

export {
  /**
   * Throws `InvalidOptions` for invalid options of statements, and returns valid ones. `at` is the prefix of the name
   * in the message, such as `"defaults."`. For adapters that check the `defaults` of a session before they connect.
   *
   * @category options
   * @since 0.1.0
   */
  checked as checkStatementOptions
} from "./internal/statement/options.ts"

export {
  /**
   * Returns the kind of a value without the value: `string`, `null`, `Array`, `Date`, and so on. For the errors of ports.
   *
   * @category messages
   * @since 0.1.0
   */
  kindOf,
  /**
   * The error of a request that was refused before it was sent. For errors outside of a session, such as those of
   * opening one.
   *
   * @category errors
   * @since 0.1.0
   */
  refused,
  /**
   * The CQL text of a request, without values. For a batch, the texts of its statements, joined by `; `. For errors.
   *
   * @category messages
   * @since 0.1.0
   */
  textOf
}

/**
 * The interface of an adapter: one request, one page. A port has `send` or `execute`, never both.
 *
 * @category models
 * @since 0.1.0
 */
export type Port = SendPort | ExecutePort

/**
 * The parts of a port that do not depend on how it sends requests.
 *
 * @category models
 * @since 0.1.0
 */
export interface PortCommon extends Telemetry.Options {
  /** Maximum number of requests in flight now, over all live hosts. */
  readonly capacity?: Effect.Effect<number | undefined> | undefined
  readonly ring?: ((keyspace: string) => Effect.Effect<Ring | undefined, CqlError>) | undefined
  readonly partition?: ((request: StatementRequest) => Effect.Effect<Partition | undefined, CqlError>) | undefined
  /** Describes a statement as the server prepares it. Its parameters are not bound, and nothing of it is executed. */
  readonly describe?: ((request: StatementRequest) => Effect.Effect<Description | undefined, CqlError>) | undefined
  /** Waits until all nodes agree on the schema, for at most `timeout` milliseconds. Returns true if they agree. */
  readonly schemaAgreement?: ((timeout: number) => Effect.Effect<boolean, CqlError>) | undefined
  readonly defaults?: Statement.Options | undefined
  /** The keyspace of unqualified table names. */
  readonly keyspace?: string | undefined
  /**
   * True if the server dates conditional writes with its own clock, in whole milliseconds, as Cassandra does. A
   * conditional request is then sent in a later millisecond than the last plain write, which could otherwise hide it.
   */
  readonly datesConditionalWrites?: boolean | undefined
  /**
   * Maximum time for which the end of the scope waits for requests in flight. It waits at most one second for requests that
   * timed out or were interrupted. Default: 10 seconds.
   */
  readonly closeTimeout?: Duration.Input | undefined
  /** Nodes and their events, for spans and metrics. */
  readonly health?: Telemetry.Health | undefined
}

/**
 * A port for a driver that answers with callbacks. A request needs no fiber.
 *
 * @category models
 * @since 0.1.0
 */
export interface SendPort extends PortCommon {
  /**
   * Sends one request. `done` is called once with a page or a `CqlError`, possibly before `send` returns. An exception
   * is a defect.
   */
  readonly send: (request: Request, pageState: PageState | undefined, done: Done) => Cancel
  readonly execute?: undefined
}

/**
 * A port whose requests are effects, each in its own fiber.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExecutePort extends PortCommon {
  /**
   * Returns one page, or fails with `new CqlError({ reason, query })`. An exception is a defect. Interruption has to
   * return at once, and does not have to recall the request.
   */
  readonly execute: (request: Request, pageState?: PageState) => Effect.Effect<Page, CqlError>
  readonly send?: undefined
}

/**
 * Receives the answer to a request.
 *
 * @category models
 * @since 0.1.0
 */
export type Done = (exit: Exit.Exit<Page, CqlError>) => void

/**
 * Gives up a request that timed out or was interrupted. Called at most once, and never after `done`.
 *
 * Returns `false` if the request was not sent and will not be, for example while its text is being prepared: the
 * statement is NotApplied, and `done` does not have to be called. Otherwise the server may have the request: it counts
 * as load until `done` is called, and the outcome of a write is Unknown.
 *
 * @category models
 * @since 0.1.0
 */
export type Cancel = () => boolean | void

/**
 * A request to a port.
 *
 * @category models
 * @since 0.1.0
 */
export type Request = StatementRequest | BatchRequest

/**
 * The kind of a statement, by its first words. `"read"`: SELECT, DESCRIBE, LIST. `"write"`: INSERT, UPDATE, DELETE, TRUNCATE,
 * and a batch. `"schema"`: CREATE, ALTER, DROP of anything but a role or user. `"other"`: everything else.
 *
 * @category models
 * @since 0.1.0
 */
export const Kind = Schema.Literals(["read", "write", "schema", "other"])

/**
 * @category models
 * @since 0.1.0
 */
export type Kind = typeof Kind.Type

/**
 * A statement with its parameters in the order of the markers and its options resolved: a record that can be spread.
 *
 * @category models
 * @since 0.1.0
 */
export interface StatementRequest {
  readonly _tag: "Statement"
  readonly text: string
  readonly kind: Kind
  /** True if the statement has a condition (`IF ...`). */
  readonly conditional: boolean
  /** An array that prints as its length. */
  readonly params: ReadonlyArray<unknown>
  readonly options: RequestOptions
}

/**
 * A batch with its options resolved.
 *
 * @category models
 * @since 0.1.0
 */
export interface BatchRequest {
  readonly _tag: "Batch"
  readonly type: BatchType
  readonly kind: "write"
  /** True if any of its statements has a condition (`IF ...`). */
  readonly conditional: boolean
  readonly statements: ReadonlyArray<{ readonly text: string; readonly params: ReadonlyArray<unknown> }>
  readonly options: RequestOptions
}

/**
 * The options of a request, resolved over session, run and statement.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestOptions {
  readonly consistency: Consistency | undefined
  readonly serialConsistency: SerialConsistency | undefined
  readonly pageSize: number | undefined
  /** Milliseconds. */
  readonly requestTimeout: number | undefined
  readonly idempotent: boolean
  /** Microseconds since the epoch; set for every write that is neither conditional nor possibly on a counter. */
  readonly timestamp: bigint | undefined
  /**
   * Time of the first attempt, on the same clock; set for every INSERT, UPDATE, DELETE and batch. An adapter uses it
   * for a statement without a timestamp: `x = x + ?` may be a list, which would lose elements that are appended at an
   * older time than its own.
   */
  readonly sentAt?: bigint | undefined
  readonly tracing: boolean
  readonly executionProfile: string | undefined
  readonly routing: Statement.Routing | undefined
}

/**
 * One page of a port. Its values are plain JavaScript values, independent of the driver.
 *
 * @category models
 * @since 0.1.0
 */
export interface Page {
  /**
   * One record for each row. If the page has `columns`, each row has exactly these fields. Rows without a schema, and rows
   * that their schema does not change, are returned to the program without a copy: a port that keeps its rows copies them.
   */
  readonly rows: ReadonlyArray<Record<string, unknown>>
  /** Position of the next page; absent on the last page. */
  readonly pageState?: PageState | undefined
  readonly columns?: ReadonlyArray<Column> | undefined
  /** `false` if a condition did not hold. */
  readonly wasApplied?: boolean | undefined
  readonly info?: Info | undefined
}

/**
 * Position of a page: an opaque string that the adapter makes, which can be stored and sent.
 *
 * @category models
 * @since 0.1.0
 */
export type PageState = Brand.Branded<string, "@effect-cql/core/PageState">

/**
 * Makes a page state of the string of an adapter.
 *
 * @category constructors
 * @since 0.1.0
 */
export const PageState: Brand.Constructor<PageState> & {
  /** Decodes a string from a client. A wrong page state fails with `InvalidPageState` when it is used. */
  readonly schema: Schema.Codec<PageState, string>
} = Object.assign(Brand.nominal<PageState>(), {
  schema: Schema.NonEmptyString.pipe(Schema.brand("@effect-cql/core/PageState"))
})

/**
 * Replaces bound values that a message quotes by `<value>`. Quotations of the text of the query, and values shorter
 * than three characters, are kept.
 *
 * @category messages
 * @since 0.1.0
 */
export const withoutValues = (message: string, request: Request): string =>
  hideValues(
    message,
    request._tag === "Statement" ? request.params : request.statements.map(({ params }) => params),
    textOf(request)
  )

/**
 * A statement as the server prepares it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Description {
  /** The markers in their order, with the name of the marker or of its column. */
  readonly params: ReadonlyArray<Column>
  /** The columns of the rows. Empty for a statement without rows, and for a conditional one, whose rows depend on the condition. */
  readonly columns: ReadonlyArray<Column>
}
