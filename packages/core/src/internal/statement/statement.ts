/**
 * The classes of `Statement` and `Batch`: effects with a bound query, which run it in the session of the context.
 */
import type * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import { NodeInspectSymbol } from "effect/Inspectable"
import type { Batch, BatchType } from "../../Batch.ts"
import type { CqlError } from "../../CqlError.ts"
import type { ResultSet } from "../../ResultSet.ts"
import type { Session } from "../../Session.ts"
import type { Options, Params, Statement } from "../../Statement.ts"
import { internals } from "../internals.ts"
import { SessionKey } from "../session/key.ts"
import * as TypeIds from "../typeIds.ts"
import { type Codec, untyped } from "./codec.ts"
import * as Text from "./cqlText.ts"
import { snapshotParams } from "./params.ts"
import { hidingRouting } from "./routing.ts"

/** The part of a statement that all statements of its query share. */
export interface Plan<out Row> {
  readonly text: Text.Text
  readonly codec: Codec<Row>
  /** True if the timestamp in its options is one that a session gave to this very write, and to no other. */
  readonly isOwnTime?: boolean | undefined
}

export class StatementImpl<out Row> extends Effectable.Class<ResultSet<Row>, CqlError, Session>
  implements Statement<Row>
{
  declare readonly _tag: "Statement"
  declare readonly [TypeIds.Statement]: typeof TypeIds.Statement
  readonly text: string
  readonly options: Options
  // Private fields, so that neither inspection nor a spread shows what is bound.
  readonly #params: Params
  readonly #plan: Plan<Row>

  constructor(plan: Plan<Row>, params: Params, options: Options) {
    super()
    this.text = plan.text.cql
    this.options = hidingRouting(options)
    this.#params = snapshotParams(params, plan.codec.encode !== undefined)
    this.#plan = plan
  }

  get params(): Params {
    return this.#params
  }

  /** Undefined for a proxy, which is no statement. */
  get [internals](): Plan<Row> {
    return #plan in this ? this.#plan : undefined!
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
}
Object.defineProperties(StatementImpl.prototype, {
  _tag: { value: "Statement" },
  [TypeIds.Statement]: { value: TypeIds.Statement }
})

/** A statement of a text, without schemas. */
export const ofText = (cql: string, params?: Params, options = noOptions): Statement<Record<string, unknown>> =>
  new StatementImpl(planOf(Text.of(cql)), params, options)

const noOptions: Options = {}

// The statements of a run mostly have the same text: then they share one plan.
let latest: Plan<Record<string, unknown>> | undefined

const planOf = (text: Text.Text): Plan<Record<string, unknown>> => {
  if (latest?.text !== text) latest = { text, codec: untyped }
  return latest
}

/** The same statement with other options. */
export const withOptions = <Row>(self: Statement<Row>, options: Options): Statement<Row> => {
  const { codec, text } = self[internals]
  return new StatementImpl({ codec, text }, self.params, options)
}

/** The same write to be sent again, with values that need no encoding any more where they are given. */
export const again = (
  self: Statement<unknown>,
  params: ReadonlyArray<unknown> | undefined,
  options: Options,
  isOwnTime: boolean
): Statement<unknown> => {
  const { codec, text } = self[internals]
  return params === undefined
    ? new StatementImpl({ codec, text, isOwnTime }, self.params, options)
    : new StatementImpl({ codec: { ...codec, encode: undefined }, text, isOwnTime }, params, options)
}

export class BatchImpl extends Effectable.Class<ResultSet<Record<string, unknown>>, CqlError, Session>
  implements Batch
{
  declare readonly _tag: "Batch"
  declare readonly [TypeIds.Batch]: typeof TypeIds.Batch
  readonly type: BatchType
  readonly statements: ReadonlyArray<Statement<unknown>>
  readonly options: Options
  readonly #isOwnTime: boolean

  constructor(type: BatchType, statements: ReadonlyArray<Statement<unknown>>, options: Options, isOwnTime = false) {
    super()
    this.type = type
    this.statements = statements
    this.options = hidingRouting(options)
    this.#isOwnTime = isOwnTime
  }

  /** Undefined for a proxy, which is no batch. */
  get [internals](): Pick<Plan<unknown>, "isOwnTime"> {
    return #isOwnTime in this ? { isOwnTime: this.#isOwnTime } : undefined!
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
Object.defineProperties(BatchImpl.prototype, {
  _tag: { value: "Batch" },
  [TypeIds.Batch]: { value: TypeIds.Batch }
})

/** Returns true if a value is a statement, of this copy of the package or of another. A proxy or a forged id is none. */
export const isStatement = (value: unknown): value is Statement<unknown> =>
  typeof value === "object" && value !== null && TypeIds.Statement in value && isGenuine(value)

/** Returns true if a value is a batch, of this copy of the package or of another. */
export const isBatch = (value: unknown): value is Batch =>
  typeof value === "object" && value !== null && TypeIds.Batch in value && isGenuine(value)

const isGenuine = (value: object): boolean => internals in value && value[internals] !== undefined

const countOf = (params: Params): number =>
  params === null || params === undefined ? 0 : Array.isArray(params) ? params.length : Object.keys(params).length
