/**
 * The classes behind `Statement` and `Batch`: effects that carry a bound query and run it in the session of the context.
 */
import type * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import { NodeInspectSymbol } from "effect/Inspectable"
import type { Batch, BatchType } from "../../Batch.ts"
import type { CqlError } from "../../CqlError.ts"
import type { ResultSet } from "../../ResultSet.ts"
import type { Session } from "../../Session.ts"
import type { Options, Params, Statement } from "../../Statement.ts"
import { SessionKey } from "../session/key.ts"
import type { Codec } from "./codec.ts"
import type * as Text from "./cqlText.ts"
import { snapshotParams } from "./params.ts"
import { hidingRouting } from "./routing.ts"

export class StatementImpl<out Row> extends Effectable.Class<ResultSet<Row>, CqlError, Session>
  implements Statement<Row>
{
  declare readonly _tag: "Statement"
  readonly text: string
  readonly options: Options
  // Private fields, so that neither inspection nor a spread shows what is bound.
  readonly #params: Params
  readonly #codec: Codec<Row>
  readonly #analysed: Text.Text

  constructor(text: Text.Text, params: Params, options: Options, codec: Codec<Row>) {
    super()
    this.text = text.cql
    this.options = hidingRouting(options)
    this.#params = snapshotParams(params)
    this.#codec = codec
    this.#analysed = text
  }

  get params(): Params {
    return this.#params
  }

  asEffect(): Effect.Effect<ResultSet<Row>, CqlError, Session> {
    return SessionKey.use((session) => session.execute(this))
  }

  override toJSON(): unknown {
    return { _id: "Statement", text: this.text, params: countOf(this.#params) }
  }

  override toString(): string {
    return `Statement(${this.text}, ${countOf(this.#params)} params)`
  }

  override [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }

  static withOptions<Row>(self: StatementImpl<Row>, options: Options): StatementImpl<Row> {
    return new StatementImpl(self.#analysed, self.#params, options, self.#codec)
  }

  /** The same statement with other options and, where they are given, with values that need no encoding any more. */
  static bound(
    self: StatementImpl<unknown>,
    params: ReadonlyArray<unknown> | undefined,
    options: Options
  ): StatementImpl<unknown> {
    return params === undefined
      ? StatementImpl.withOptions(self, options)
      : new StatementImpl(self.#analysed, params, options, { ...self.#codec, encode: undefined })
  }

  static codec<Row>(self: StatementImpl<Row>): Codec<Row> {
    return self.#codec
  }

  /** Whether it is one itself, and no proxy of one. */
  static is(value: unknown): value is StatementImpl<unknown> {
    return typeof value === "object" && value !== null && #analysed in value
  }

  static analysed(self: StatementImpl<unknown>): Text.Text {
    return self.#analysed
  }
}
Object.defineProperty(StatementImpl.prototype, "_tag", { value: "Statement" })

export class BatchImpl extends Effectable.Class<ResultSet<Record<string, unknown>>, CqlError, Session>
  implements Batch
{
  declare readonly _tag: "Batch"
  readonly type: BatchType
  readonly statements: ReadonlyArray<StatementImpl<unknown>>
  readonly options: Options

  constructor(type: BatchType, statements: ReadonlyArray<StatementImpl<unknown>>, options: Options) {
    super()
    this.type = type
    this.statements = statements
    this.options = hidingRouting(options)
  }

  get text(): string {
    return this.statements.map((statement) => statement.text).join("; ")
  }

  asEffect(): Effect.Effect<ResultSet<Record<string, unknown>>, CqlError, Session> {
    return SessionKey.use((session) => session.execute(this))
  }

  override toJSON(): unknown {
    return { _id: "Batch", type: this.type, statements: this.statements.map((statement) => statement.toJSON()) }
  }

  override toString(): string {
    return `Batch(${this.type}, ${this.statements.length} statements)`
  }

  override [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}
Object.defineProperty(BatchImpl.prototype, "_tag", { value: "Batch" })

const countOf = (params: Params): number =>
  params === null || params === undefined ? 0 : Array.isArray(params) ? params.length : Object.keys(params).length
