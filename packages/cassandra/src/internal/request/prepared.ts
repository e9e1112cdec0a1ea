/**
 * Prepared statements: their ids on the nodes, and the encoders of their parameters.
 */
import { type CqlType, toText } from "../../values/cqlType.ts"
import { encoderOf } from "../../values/encode.ts"
import type { Encode } from "../../values/encodeScalar.ts"
import { now } from "../driver/timer.ts"
import type { ColumnSpec, PreparedAnswer, TableName } from "../protocol/answers.ts"
import type { PreparedId } from "../protocol/frames.ts"
import type { KeepsPlan, RowPlan } from "../protocol/rows.ts"
import type { SchemaChanges } from "./schemaChanges.ts"

/** A marker of a statement. */
export class Marker {
  readonly column: string
  readonly type: CqlType
  readonly encode: Encode

  constructor(column: string, type: CqlType) {
    this.column = column
    this.type = type
    this.encode = encoderOf(type)
  }

  get typeText(): string {
    return toText(this.type)
  }
}

/** A statement as a server last described it. */
export class Prepared implements PreparedId {
  readonly id: Buffer
  readonly resultId: Buffer | undefined
  readonly markers: ReadonlyArray<Marker>
  readonly partitionKeys: ReadonlyArray<number>
  readonly tables: ReadonlyArray<TableName>
  readonly columns: ReadonlyArray<ColumnSpec>
  readonly #description: Buffer
  readonly #since = now()

  constructor({ columns, description, id, markers, partitionKeys, resultId, tables }: PreparedAnswer) {
    this.id = id
    this.resultId = resultId
    this.markers = markers.map(({ name, type }) => new Marker(name, type))
    this.partitionKeys = partitionKeys
    this.tables = tables
    this.columns = columns
    this.#description = description
  }

  /** Returns true if the server still describes its parameters in this way. */
  fits({ description }: PreparedAnswer): boolean {
    return this.#description.equals(description)
  }

  /**
   * True if it is time to ask again which types the parameters have. No server reports that a table was made again while the
   * connection for such reports was down. At most once a second for each statement, because most refusals are deserved.
   */
  get mayBeOutdated(): boolean {
    return now() - this.#since > 1_000
  }
}

/** When a PREPARE was written: how often the statement was forgotten until then, and how many changes of the schema there were. */
export interface Asked {
  readonly forgotten: number
  readonly changes: number
}

/** The text of a statement, and what is known of it: nothing before it is prepared, and after its table has changed. */
export class PreparedText implements KeepsPlan {
  readonly text: string
  /** Decoding plan of its last answer. */
  plan: RowPlan | undefined
  /** True if it was used since the cache last looked for a statement to drop. */
  isUsed = true
  /** Ids of nodes that differ from the id of the other nodes, as during the upgrade of a cluster. */
  #idByHost: Map<string, PreparedId> | undefined
  #current: Prepared | undefined
  #forgotten = 0
  readonly #schema: SchemaChanges
  /** How many changes of the schema there were when it last looked. */
  #seen: number

  constructor(text: string, schema: SchemaChanges) {
    this.text = text
    this.#schema = schema
    this.#seen = schema.count
  }

  /** Undefined after a change of its table as well. Requests may hold a statement that the cache has dropped, so it looks itself. */
  get current(): Prepared | undefined {
    this.#lookAtSchema()
    return this.#current
  }

  #lookAtSchema(): void {
    const since = this.#seen
    if (since === this.#schema.count) return
    this.#seen = this.#schema.count
    if (this.#current !== undefined && this.#schema.concern(this.#current.tables, since)) this.forget()
  }

  /** Called when a PREPARE is written, for {@link holds}. */
  asked(): Asked {
    // A change before the question must not count as one after it.
    this.#lookAtSchema()
    return { forgotten: this.#forgotten, changes: this.#seen }
  }

  /** Returns false if the table of an answer changed after the question: the answer may be from before that. */
  holds({ markers, tables }: PreparedAnswer, { changes, forgotten }: Asked): boolean {
    this.#lookAtSchema()
    if (forgotten !== this.#forgotten) return false
    // Without markers no value can be encoded by an old type.
    return (tables.length === 0 && markers.length === 0) || !this.#schema.concern(tables, changes)
  }

  /** Id of the statement on this node. */
  idOn(host: string, prepared: Prepared): PreparedId {
    return this.#idByHost?.get(host) ?? prepared
  }

  /** Returns true if a node has given the statement this id. */
  isKnownAs(id: Buffer, host: string): boolean {
    const { current } = this
    return current !== undefined && this.idOn(host, current).id.equals(id)
  }

  /** Takes in what a node says of the statement. Returns the description that holds from now on. */
  learn(host: string, answer: PreparedAnswer): Prepared {
    const known = this.current
    if (known === undefined || !known.fits(answer)) {
      this.#idByHost = undefined
      this.#current = new Prepared(answer)
      return this.#current
    }
    if (answer.id.equals(known.id) && sameOrNone(answer.resultId, known.resultId)) this.#idByHost?.delete(host)
    else (this.#idByHost ??= new Map()).set(host, answer)
    return known
  }

  /** Forgets how its parameters are encoded, so that it is prepared before it is executed again. */
  forget(): void {
    this.#current = undefined
    this.#idByHost = undefined
    this.#forgotten++
  }
}

const sameOrNone = (one: Buffer | undefined, other: Buffer | undefined): boolean =>
  one === undefined ? other === undefined : other !== undefined && one.equals(other)
