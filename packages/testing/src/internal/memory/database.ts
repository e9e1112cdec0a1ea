/**
 * Executes statements over the tables in memory.
 */
import type { Description, Request } from "@effect-cql/core/Port"
import { checkBatch, readBy } from "./batches.ts"
import type * as Ast from "./cql/ast.ts"
import { parse } from "./cql/parser.ts"
import { define } from "./definitions.ts"
import type { Environment } from "./environment.ts"
import { invalid, syntaxError, unsupported } from "./failures.ts"
import { BoundMarkers, DescribedMarkers, type Markers } from "./markers.ts"
import { token } from "./murmur3.ts"
import { appliedColumn, type Cursor, describeSelect, keysOfSelect, select } from "./reads.ts"
import { refusal } from "./refusal.ts"
import { isSystemKeyspace, Schema } from "./schema.ts"
import { keyBytes, type WriteTime, writeTime } from "./store.ts"
import { addSystemTables, SystemTables } from "./system.ts"
import { isMet, type Plan, plan } from "./writes.ts"

/** A statement to execute: its text and what is bound. */
export interface Bound {
  readonly text: string
  readonly params: ReadonlyArray<unknown>
}

/** Time and chance at the moment of a request. */
export interface Moment {
  readonly millis: number
  readonly random: () => number
  /** Microseconds that the client gives its writes. */
  readonly timestamp: bigint | undefined
}

/** The answer to a statement. */
export interface Answer {
  readonly rows: ReadonlyArray<Record<string, unknown>>
  readonly columns?: ReadonlyArray<{ readonly name: string; readonly type: string }> | undefined
  readonly wasApplied?: boolean | undefined
  readonly next?: Cursor | undefined
}

const nothing: Answer = { rows: [] }
const mostTexts = 2_000
// A client that is ahead of the clock by more than this has set its time itself.
const mostAhead = 10_000_000n

export class Database {
  readonly schema = new Schema()
  readonly #system: SystemTables
  readonly #keyspace: string | undefined
  readonly #texts = new Map<string, Ast.CqlStatement>()
  #lastTick = 0n
  #latest = 0n
  #order = 0n
  #back = 0n
  #front = 0n

  constructor(keyspace: string | undefined) {
    this.#keyspace = keyspace
    this.#system = new SystemTables(this.schema)
    addSystemTables(this.schema, this.#environment([], { millis: 0, random: () => 0, timestamp: undefined }))
  }

  /** Executes definitions, in a keyspace for names without one; keyspaces are created as they are named. */
  define(texts: ReadonlyArray<string>, moment: Moment): void {
    this.#system.start(Math.floor(moment.millis / 1_000))
    if (this.#keyspace !== undefined) this.#createKeyspace(this.#keyspace, moment)
    for (const text of texts) {
      const statement = this.#parse(text)
      const name =
        statement._tag === "CreateTable" || statement._tag === "CreateIndex" || statement._tag === "AlterTable"
          ? statement.table
          : statement._tag === "CreateType" || statement._tag === "AlterType"
          ? statement.type
          : undefined
      const keyspace = name === undefined ? undefined : name.keyspace ?? this.#keyspace
      if (keyspace !== undefined) this.#createKeyspace(keyspace, moment)
      this.execute({ text, params: [] }, moment, undefined, undefined)
    }
  }

  #createKeyspace(name: string, moment: Moment): void {
    const replication = [["class", "SimpleStrategy"], ["replication_factor", "1"]] as const
    const properties = [["replication", replication]] as const
    define({ _tag: "CreateKeyspace", name, isConditional: true, properties }, this.#environment([], moment))
  }

  execute({ params, text }: Bound, moment: Moment, pageSize: number | undefined, from: Cursor | undefined): Answer {
    const statement = this.#parse(text)
    const environment = this.#environment(params, moment)
    switch (statement._tag) {
      case "Select": {
        const keyspace = statement.table.keyspace ?? this.#keyspace
        if (keyspace !== undefined && isSystemKeyspace(keyspace)) {
          this.#system.refresh(statement.table.name, environment.second)
        }
        return select(statement, environment, pageSize, from)
      }
      case "Insert":
      case "Update":
      case "Delete":
        return this.#write([plan(statement, environment)], moment, environment, false)
      case "BatchText":
        return this.#batchText(statement, moment, environment)
      case "Use":
        throw invalid(
          "USE is refused, because a session is shared: qualify the names of tables, or set the option keyspace of the session"
        )
      default:
        define(statement, environment)
        return nothing
    }
  }

  /** Checks a request against the tables, without executing it. */
  check(request: Request, moment: Moment): void {
    for (const { params, text } of request._tag === "Batch" ? request.statements : [request]) {
      const statement = this.#parse(text)
      const environment = this.#environment(params, moment)
      if (statement._tag === "Select") keysOfSelect(statement, environment)
      else if (isMutation(statement)) plan(statement, environment)
    }
  }

  /** Describes a statement as a server prepares it. Nothing of it is executed. */
  describe(text: string, moment: Moment): Description {
    const statement = this.#parse(text)
    const markers = new DescribedMarkers(this.schema.fieldsOf)
    const environment = this.#environmentOf(markers, moment)
    switch (statement._tag) {
      case "Select": {
        const columns = describeSelect(statement, environment)
        return { params: markers.params, columns }
      }
      case "Insert":
      case "Update":
      case "Delete":
        plan(statement, environment)
        break
      case "BatchText":
        checkBatch(statement.type, this.#plansOf(statement, environment))
    }
    return { params: markers.params, columns: [] }
  }

  /** The token of the partition that a statement names, where it names one. */
  token({ params, text }: Bound, moment: Moment): bigint | undefined {
    const statement = this.#parse(text)
    const environment = this.#environment(params, moment)
    const found = statement._tag === "Select"
      ? keysOfSelect(statement, environment)
      : isMutation(statement)
      ? plan(statement, environment)
      : undefined
    if (found === undefined) return undefined
    const [key, another] = found.targets.keys
    return key === undefined || another !== undefined ? undefined : token(keyBytes(found.table, key))
  }

  /** Executes the statements of a batch as one: all are checked before the first is applied. */
  batch(type: Ast.BatchText["type"], statements: ReadonlyArray<Bound>, moment: Moment): Answer {
    const plans = statements.map(({ params, text }) => {
      const statement = this.#parse(text)
      if (!isMutation(statement)) {
        throw invalid("Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed.")
      }
      return plan(statement, this.#environment(params, moment))
    })
    checkBatch(type, plans)
    return this.#write(plans, moment, this.#environment([], moment), true)
  }

  #batchText(statement: Ast.BatchText, moment: Moment, environment: Environment): Answer {
    const plans = this.#plansOf(statement, environment)
    checkBatch(statement.type, plans)
    return this.#write(plans, moment, environment, true)
  }

  #plansOf({ mutations, using }: Ast.BatchText, environment: Environment): ReadonlyArray<Plan> {
    const plans = mutations.map((mutation) => plan(mutation, environment))
    if (using.ttl !== undefined) throw invalid("Global TTL on the BATCH statement is not supported.")
    if (using.timestamp === undefined) return plans
    if (plans.some(({ condition }) => condition !== undefined)) {
      throw invalid("Cannot provide custom timestamp for conditional BATCH")
    }
    throw unsupported(
      "USING TIMESTAMP of a batch in one text",
      "Make the batch with Batch.make and the option timestamp."
    )
  }

  #write(plans: ReadonlyArray<Plan>, moment: Moment, environment: Environment, isBatch: boolean): Answer {
    const isConditional = plans.some(({ condition }) => condition !== undefined)
    const time = isConditional ? environment.serverTime() : this.#clientTime(moment, environment)
    const isRead = isConditional ? readBy(plans, environment.second) : undefined
    if (isConditional) {
      if (!plans.every((each) => isMet(each, environment.second))) return refusal(plans, environment.second, isBatch)
    }
    // Lists are read before the first of them is written.
    const mutations = plans.flatMap((each) => {
      // Beside a conditional statement, the server ignores the time of any other.
      const at = each.timestamp === undefined || isConditional ? time : this.#seen(each.timestamp, moment)
      return each.targets.keys.map((key) => ({ store: each.table.store, mutation: each.changes(key, at, isRead) }))
    })
    for (const { mutation, store } of mutations) store.apply(mutation)
    return isConditional
      ? { rows: [{ "[applied]": true }], columns: [appliedColumn], wasApplied: true }
      : nothing
  }

  #clientTime(moment: Moment, environment: Environment): WriteTime {
    return moment.timestamp === undefined ? environment.serverTime() : this.#seen(moment.timestamp, moment)
  }

  /** Remembers a write time, so that what the server dates afterwards is later. */
  #seen(timestamp: bigint, { millis }: Moment): WriteTime {
    if (timestamp > this.#latest && timestamp <= BigInt(Math.floor(millis)) * 1_000n + mostAhead) {
      this.#latest = timestamp
      this.#order = 0n
    }
    return writeTime(timestamp)
  }

  #environment(params: ReadonlyArray<unknown>, moment: Moment): Environment {
    return this.#environmentOf(new BoundMarkers(params, this.schema.fieldsOf), moment)
  }

  #environmentOf(markers: Markers, { millis, random }: Moment): Environment {
    return {
      schema: this.schema,
      keyspace: this.#keyspace,
      markers,
      millis,
      second: Math.floor(millis / 1_000),
      random,
      tick: () => {
        const now = BigInt(Math.floor(millis)) * 10_000n
        this.#lastTick = now > this.#lastTick ? now : this.#lastTick + 1n
        return this.#lastTick
      },
      serverTime: () => {
        // Just before the microsecond that the client would give its next write, which has to win.
        const now = BigInt(Math.floor(millis)) * 1_000n - 1n
        if (now > this.#latest) {
          this.#latest = now
          this.#order = 0n
        }
        this.#order++
        return writeTime(this.#latest, this.#order)
      },
      listPlace: (end) => end === "back" ? ++this.#back : --this.#front
    }
  }

  #parse(text: string): Ast.CqlStatement {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    const other = unsupportedStatement(text)
    if (other !== undefined) throw unsupported(other)
    const statement = parse(text)
    if (statement._tag === "Misparsed") {
      const missing = unsupportedSyntax(text)
      throw missing === undefined ? syntaxError(statement.message) : unsupported(missing)
    }
    if (this.#texts.size >= mostTexts) this.#texts.clear()
    this.#texts.set(text, statement)
    return statement
  }
}

const isMutation = (statement: Ast.CqlStatement): statement is Ast.Mutation =>
  statement._tag === "Insert" || statement._tag === "Update" || statement._tag === "Delete"

const others =
  /^\s*(?:(CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(MATERIALIZED\s+VIEW|FUNCTION|AGGREGATE|TRIGGER|ROLE|USER|IDENTITY)|(GRANT|REVOKE|LIST|DESCRIBE|DESC|ADD\s+IDENTITY)\b)/i

/** The name of a kind of statement that a server has, and the memory session has not. */
const unsupportedStatement = (text: string): string | undefined => {
  const match = others.exec(text)
  if (match === null) return undefined
  const [, verb = match[3], what = ""] = match
  return `${verb} ${what}`.trim().toUpperCase().replaceAll(/\s+/g, " ")
}

const literals = /\$\$.*?\$\$|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\/[^\n]*|\/\*.*?\*\//gs

const selection = /^\s*SELECT\s+(?:JSON\s+|DISTINCT\s+)*(.*?)\sFROM\b/is

/** The name of a form that a server parses and the grammar lacks, in a text that does not parse. */
const unsupportedSyntax = (text: string): string | undefined => {
  const plain = text.replaceAll(literals, "''")
  const [, clause = ""] = selection.exec(plain) ?? []
  if (/\[[^\]]*\.\./.test(plain)) return "a slice of a collection"
  if (/(?:^|[,(])\s*(?:-|\(|\[|\{|NULL\b)/i.test(clause)) return "such an expression in a SELECT clause"
  return /[\d?)]\s+[-+*/%]\s+[\d?(:]/.test(plain) ? "arithmetic between values" : undefined
}
