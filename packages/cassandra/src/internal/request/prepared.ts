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
  readonly table: TableName | undefined
  readonly columns: ReadonlyArray<ColumnSpec>
  readonly #description: Buffer
  readonly #since = now()

  constructor({ columns, description, id, markers, partitionKeys, resultId, table }: PreparedAnswer) {
    this.id = id
    this.resultId = resultId
    this.markers = markers.map(({ name, type }) => new Marker(name, type))
    this.partitionKeys = partitionKeys
    this.table = table
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

/** Counts the changes of the schema that a session has heard of. */
export interface SchemaChanges {
  readonly count: number
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
  #changes = 0
  /** The changes of the schema, and how many there were when the cache dropped the statement, or since it last looked. */
  #schema: SchemaChanges | undefined
  #seen = 0

  constructor(text: string) {
    this.text = text
  }

  get current(): Prepared | undefined {
    if (this.#schema !== undefined) this.#lookAtSchema(this.#schema)
    return this.#current
  }

  /** Counts the changes of its table. What was asked before a change may be answered by what was before it. */
  get changes(): number {
    if (this.#schema !== undefined) this.#lookAtSchema(this.#schema)
    return this.#changes
  }

  #lookAtSchema({ count }: SchemaChanges): void {
    if (count === this.#seen) return
    this.#seen = count
    this.forget()
  }

  /**
   * Takes in that the cache has dropped the statement. Requests that hold it go on, and no change of its table is reported
   * to it any more: it forgets at any change of the schema.
   */
  drop(schema: SchemaChanges): void {
    this.#schema = schema
    this.#seen = schema.count
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
    this.#changes++
  }
}

const sameOrNone = (one: Buffer | undefined, other: Buffer | undefined): boolean =>
  one === undefined ? other === undefined : other !== undefined && one.equals(other)
