/**
 * Statements and batches as attempts.
 */
import { Reason } from "@effect-cql/core"
import type { BatchRequest, Done, StatementRequest } from "@effect-cql/core/Port"
import { shared } from "../../values/output.ts"
import { hasRing } from "../driver/client.ts"
import type { RoutingKey } from "../driver/policyOptions.ts"
import {
  batchFrame,
  type BatchMember,
  executeFrame,
  noValues,
  queryFrame,
  type Slot,
  type Values
} from "../protocol/frames.ts"
import type { KeepsPlan } from "../protocol/rows.ts"
import { Attempt, type Refused } from "./attempt.ts"
import type { AttemptContext } from "./attemptContext.ts"
import { fingerprintOf, type Paged, type Parts, refusalOf } from "./pageState.ts"
import { encode, encodeOnto } from "./params.ts"
import type { Prepared, PreparedText } from "./prepared.ts"
import { compositeKey, keyAmong, namedKey, namedToken } from "./tokens.ts"

const noTexts: ReadonlyArray<PreparedText> = []

/** One page of one statement: a prepared one if it has parameters. A text without any is sent as it is, which DDL needs. */
export class StatementAttempt extends Attempt implements Paged {
  readonly request: StatementRequest
  readonly #from: Parts | undefined
  #text: PreparedText | undefined
  #prepared: Prepared | undefined
  #values: Values = noValues
  #fingerprint: string | undefined

  constructor(context: AttemptContext, request: StatementRequest, from: Parts | undefined, done: Done) {
    super(context, done)
    this.request = request
    this.#from = from
    if (request.params.length > 0) this.#text = context.prepared.get(request.text)
  }

  get texts(): Iterable<PreparedText> {
    return this.#text === undefined ? noTexts : [this.#text]
  }

  get text(): string {
    return this.request.text
  }

  get values(): Values {
    return this.#values
  }

  // Compared with that of the page state, and put in front of the next one.
  get fingerprint(): string {
    return this.#fingerprint ??= fingerprintOf(this)
  }

  get keyspace(): string | undefined {
    return this.context.client.keyspace
  }

  get pageState(): Buffer | undefined {
    return this.#from?.state
  }

  protected get paged(): Paged {
    return this
  }

  protected get keeper(): KeepsPlan {
    return this.#text ?? this.context.unprepared
  }

  protected get planText(): string {
    return this.request.text
  }

  // A sibling of a write could be under way when the first fails, and its outcome would be unknown: only reads.
  protected get isSpeculated(): boolean {
    return this.isIdempotent()
  }

  isIdempotent(): boolean {
    return this.request.options.idempotent && this.request.kind === "read"
  }

  isPrepared(): boolean {
    return this.#text !== undefined
  }

  getKeyspace(): string | undefined {
    return this.#prepared?.tables[0]?.keyspace
  }

  getRoutingKey(): RoutingKey | undefined {
    const { client } = this.context
    if (!hasRing(client)) return undefined
    return namedToken(client.metadata, this.request) ?? compositeKey(
      namedKey(this.request) ?? (this.#prepared === undefined ? undefined : keyAmong(this.#prepared, this.#values))
    )
  }

  protected bind(): "bound" | "waits" | Refused {
    const text = this.#text
    if (text === undefined) return this.#refusal() ?? "bound"
    const { current } = text
    if (current === undefined) {
      this.prepare([text])
      return "waits"
    }
    const values = encode(current, this.request.params)
    if (values instanceof Reason.ParametersRefused) {
      if (!current.mayBeOutdated) return values
      text.forget()
      this.prepare([text])
      return "waits"
    }
    this.#prepared = current
    this.#values = values
    this.#fingerprint = undefined
    return this.#refusal() ?? "bound"
  }

  #refusal(): Reason.InvalidPageState | undefined {
    return this.#from === undefined ? undefined : refusalOf(this.#from, this)
  }

  protected isCurrent(): boolean {
    return this.#text === undefined || this.#text.current === this.#prepared
  }

  protected write(slot: Slot, host: string): Buffer {
    const { text } = this.request
    if (this.#text === undefined || this.#prepared === undefined) return queryFrame(slot, text, this)
    return executeFrame(slot, this.#text.idOn(host, this.#prepared), this, this.#values)
  }
}

/** A prepared statement of a batch, and the end of its values among those of all. */
class Member {
  readonly entry: PreparedText
  readonly prepared: Prepared
  readonly end: number

  constructor(entry: PreparedText, prepared: Prepared, end: number) {
    this.entry = entry
    this.prepared = prepared
    this.end = end
  }
}

/** A batch. */
export class BatchAttempt extends Attempt {
  readonly request: BatchRequest
  readonly pageState: undefined
  // Held from the start: among many texts the cache may drop one before the others are prepared.
  readonly #texts: ReadonlyArray<PreparedText | undefined>
  #members: Array<Member | string> = []
  // Those of all statements: a Buffer for each would cost more than encoding it.
  #values: Values = noValues

  constructor(context: AttemptContext, request: BatchRequest, done: Done) {
    super(context, done)
    this.request = request
    this.#texts = request.statements.map(({ params, text }) =>
      params.length === 0 ? undefined : context.prepared.get(text)
    )
  }

  get texts(): Iterable<PreparedText> {
    return this.#texts.filter((text) => text !== undefined)
  }

  protected get keeper(): undefined {
    return undefined
  }

  protected get paged(): undefined {
    return undefined
  }

  protected get planText(): string {
    return "batch"
  }

  protected get isSpeculated(): boolean {
    return false
  }

  isIdempotent(): boolean {
    return false
  }

  isPrepared(): boolean {
    return this.#texts.some((text) => text !== undefined)
  }

  getKeyspace(): string | undefined {
    return this.#first?.prepared.tables[0]?.keyspace
  }

  getRoutingKey(): RoutingKey | undefined {
    const { client } = this.context
    if (!hasRing(client)) return undefined
    const first = this.#first
    return namedToken(client.metadata, this.request) ?? compositeKey(
      namedKey(this.request) ??
        (first === undefined ? undefined : keyAmong(first.prepared, this.#values.subarray(0, first.end)))
    )
  }

  get #first(): Member | undefined {
    const [first] = this.#members
    return typeof first === "string" ? undefined : first
  }

  protected bind(): "bound" | "waits" | Refused {
    const missing = new Set<PreparedText>()
    for (const text of this.#texts) if (text !== undefined && text.current === undefined) missing.add(text)
    if (missing.size > 0) {
      this.prepare(missing)
      return "waits"
    }
    const start = shared.at
    // A value may be a proxy that throws wherever it is looked at.
    try {
      return this.#encode(start)
    } finally {
      shared.reset(start)
    }
  }

  #encode(start: number): "bound" | "waits" | Refused {
    const members: Array<Member | string> = []
    const { statements } = this.request
    for (let index = 0; index < statements.length; index++) {
      const { params, text } = statements[index]!
      const entry = this.#texts[index]
      const prepared = entry?.current
      if (entry === undefined || prepared === undefined) {
        members.push(text)
        continue
      }
      const refused = encodeOnto(prepared, params)
      if (refused !== undefined) {
        if (!prepared.mayBeOutdated) return ofMember(refused, index)
        entry.forget()
        this.prepare([entry])
        return "waits"
      }
      members.push(new Member(entry, prepared, shared.at - start))
    }
    this.#values = shared.cut(start)
    this.#members = members
    return "bound"
  }

  protected isCurrent(): boolean {
    return this.#members.every((member) => typeof member === "string" || member.entry.current === member.prepared)
  }

  protected write(slot: Slot, host: string): Buffer {
    const members = this.#members.map((member): BatchMember => {
      if (typeof member === "string") return { text: member }
      const prepared = member.entry.idOn(host, member.prepared)
      return prepared === member.prepared ? member : { prepared, end: member.end }
    })
    return batchFrame(slot, this.request.type, members, this.#values, this)
  }
}

const ofMember = (refused: Reason.ParametersRefused, index: number): Reason.ParametersRefused => {
  const { _tag, message, ...fields } = refused
  const { cause } = refused
  return new Reason.ParametersRefused({ ...fields, cause, message: `statement ${index} of the batch: ${message}` })
}
