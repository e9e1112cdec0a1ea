/**
 * Parses the target and values of an INSERT, UPDATE or DELETE, so that the write can be read back.
 *
 * Only the plain forms are understood, `column = value` with a marker or a literal. Whatever else a text sets is left out,
 * and a text whose row cannot be named is not read back at all.
 */
import { type Token, tokenize } from "../statement/cqlText.ts"

/** A value of a text: a marker, by its number; a literal, as it is written and as it is; or what only the server knows. */
export type Term =
  | { readonly _tag: "Marker"; readonly marker: number }
  | { readonly _tag: "Literal"; readonly cql: string; readonly value: unknown }
  | { readonly _tag: "Other" }

/** A column by its name, as the schema has it, and what stands for its value. */
export interface Assignment {
  readonly column: string
  readonly term: Term
}

export interface Mutation {
  readonly verb: "INSERT" | "UPDATE" | "DELETE"
  readonly keyspace: string
  readonly table: string
  /** The values that it sets. They include the key of an INSERT, and the named columns of a DELETE. */
  readonly assignments: ReadonlyArray<Assignment>
  /** True if it sets more: elements, fields, or values that are not plain. */
  readonly setsMore: boolean
  /** The equalities of its WHERE; empty for an INSERT. */
  readonly where: ReadonlyArray<Assignment>
  /** Of `USING TIMESTAMP`. */
  readonly timestamp: Term | undefined
  /** True if there is a `USING TTL`. */
  readonly expires: boolean
}

/** Parses the mutation of a text, or explains why it cannot be read back. `keyspace` qualifies an unqualified table. */
export const mutationOf = (cql: string, keyspace?: string): Mutation | string => {
  const reader = new Reader(tokenize(cql), keyspace)
  if (reader.takes("INSERT")) return insert(reader)
  if (reader.takes("UPDATE")) return update(reader)
  if (reader.takes("DELETE")) return deletion(reader)
  return reader.takes("BEGIN")
    ? "a batch in one text cannot be settled; make it with Batch.make"
    : "only INSERT, UPDATE and DELETE can be read back"
}

const insert = (reader: Reader): Mutation | string => {
  reader.takes("INTO")
  const name = reader.table()
  if (typeof name === "string") return name
  if (!reader.takes("(")) return "an INSERT ... JSON does not name its columns"
  const columns: Array<string> = []
  do columns.push(reader.name() ?? "")
  while (reader.takes(","))
  if (!reader.takes(")") || !reader.takes("VALUES") || !reader.takes("(")) return notUnderstood
  const terms: Array<Term> = []
  do terms.push(reader.term())
  while (reader.takes(","))
  if (!reader.takes(")") || columns.includes("") || columns.length !== terms.length) return notUnderstood
  const assignments = columns.map((column, index): Assignment => ({ column, term: terms[index]! }))
  return { verb: "INSERT", ...name, assignments, setsMore: false, where: [], ...reader.using() }
}

const update = (reader: Reader): Mutation | string => {
  const name = reader.table()
  if (typeof name === "string") return name
  const using = reader.using()
  if (!reader.skipTo("SET")) return notUnderstood
  const assignments: Array<Assignment> = []
  let setsMore = false
  do {
    const column = reader.name()
    const isPlain = column !== undefined && reader.takes("=")
    const term = reader.term()
    if (isPlain && term._tag !== "Other") assignments.push({ column, term })
    else setsMore = true
  } while (reader.takes(","))
  const where = wherePart(reader)
  return typeof where === "string" ? where : { verb: "UPDATE", ...name, assignments, setsMore, where, ...using }
}

const deletion = (reader: Reader): Mutation | string => {
  const columns: Array<string> = []
  while (!reader.takes("FROM")) {
    const column = reader.name()
    if (column === undefined || reader.sees("[") || reader.sees(".")) {
      return "a deletion within a collection leaves no trace"
    }
    columns.push(column)
    reader.takes(",")
  }
  const name = reader.table()
  if (typeof name === "string") return name
  const using = reader.using()
  const where = wherePart(reader)
  if (typeof where === "string") return where
  const assignments = columns.map((column): Assignment => ({ column, term: nothing }))
  return { verb: "DELETE", ...name, assignments, setsMore: false, where, ...using }
}

const nothing: Term = { _tag: "Literal", cql: "NULL", value: null }
const notUnderstood = "its text was not understood"

const wherePart = (reader: Reader): ReadonlyArray<Assignment> | string => {
  if (!reader.skipTo("WHERE")) return notUnderstood
  const where: Array<Assignment> = []
  do {
    const column = reader.name()
    const isEquality = column !== undefined && reader.takes("=")
    const term = reader.term()
    if (!isEquality || term._tag === "Other") {
      return "its WHERE has conditions other than equalities of columns and values"
    }
    where.push({ column, term })
  } while (reader.takes("AND"))
  return where
}

// Tokens that end a value outside of brackets.
const ends = new Set([",", ")", ";", "AND", "SET", "WHERE", "IF", "USING"])
const opening = new Set(["(", "[", "{"])
const closing = new Set([")", "]", "}"])

/** Reads tokens one after the other, knowing how many markers have passed. */
class Reader {
  readonly #tokens: ReadonlyArray<Token>
  readonly #keyspace: string | undefined
  #at = 0
  #markers = 0

  constructor(tokens: ReadonlyArray<Token>, keyspace: string | undefined) {
    this.#tokens = tokens
    this.#keyspace = keyspace
  }

  get #next(): Token | undefined {
    return this.#tokens[this.#at]
  }

  #advance(): void {
    if (this.#next?._tag === "Marker") this.#markers++
    this.#at++
  }

  sees(text: string): boolean {
    const token = this.#next
    return (token?._tag === "Word" || token?._tag === "Symbol") && token.text === text
  }

  takes(text: string): boolean {
    if (!this.sees(text)) return false
    this.#advance()
    return true
  }

  skipTo(word: string): boolean {
    return this.#skipTo(word, [])
  }

  #skipTo(word: string, butNotOver: ReadonlyArray<string>): boolean {
    while (this.#next !== undefined && !butNotOver.some((end) => this.sees(end))) {
      if (this.takes(word)) return true
      this.#advance()
    }
    return false
  }

  /** A name as the schema has it: in lower case, unless it is quoted. */
  name(): string | undefined {
    const token = this.#next
    if (token?._tag === "Word") {
      this.#advance()
      return token.text.toLowerCase()
    }
    const quoted = this.#pieces("Quoted")
    return quoted === undefined ? undefined : quoted.slice(1, -1).replaceAll("\"\"", "\"")
  }

  /** The text of a string or a name, with the pieces that doubled quotes make of it put together. */
  #pieces(tag: "Quoted" | "Literal"): string | undefined {
    let text: string | undefined
    while (this.#next?._tag === tag && (text === undefined || /^["']/.test(this.#next.text))) {
      text = (text ?? "") + this.#next.text
      this.#advance()
    }
    return text
  }

  table(): { readonly keyspace: string; readonly table: string } | string {
    const first = this.name()
    if (first === undefined) return notUnderstood
    if (!this.takes(".")) {
      return this.#keyspace === undefined
        ? "its table is not qualified with a keyspace, and the session has none"
        : { keyspace: this.#keyspace, table: first }
    }
    const table = this.name()
    return table === undefined ? notUnderstood : { keyspace: first, table }
  }

  /** The value that comes next, up to what ends it. */
  term(): Term {
    const begin = this.#at
    const marker = this.#markers
    const literal = this.#literal()
    if (literal !== undefined && this.#isAtEnd) return literal
    this.#skipValue()
    return begin + 1 === this.#at && this.#tokens[begin]?._tag === "Marker"
      ? { _tag: "Marker", marker }
      : { _tag: "Other" }
  }

  get #isAtEnd(): boolean {
    const token = this.#next
    return token === undefined || ((token._tag === "Word" || token._tag === "Symbol") && ends.has(token.text))
  }

  #skipValue(): void {
    let depth = 0
    while (this.#next !== undefined && (depth > 0 || !this.#isAtEnd)) {
      const { _tag, text } = this.#next
      if (_tag === "Symbol" && opening.has(text)) depth++
      if (_tag === "Symbol" && closing.has(text)) depth--
      this.#advance()
    }
  }

  #literal(): Term | undefined {
    const sign = this.takes("-") ? "-" : ""
    if (sign === "" && this.#next?._tag === "Word") {
      const value = words.get(this.#next.text)
      if (value === undefined) return undefined
      const cql = this.#next.text
      this.#advance()
      return { _tag: "Literal", cql, value }
    }
    const text = this.#pieces("Literal")
    return text === undefined || text === ""
      ? undefined
      : { _tag: "Literal", cql: sign + text, value: valueOf(sign + text) }
  }

  /** The USING clause before the next SET or WHERE, or before the end. Consumes nothing. */
  using(): Pick<Mutation, "timestamp" | "expires"> {
    const [at, markers] = [this.#at, this.#markers]
    let timestamp: Term | undefined
    let expires = false
    if (this.#skipTo("USING", ["SET", "WHERE"])) {
      do {
        if (this.takes("TIMESTAMP")) timestamp = this.term()
        else if (this.takes("TTL")) {
          expires = true
          this.term()
        }
      } while (this.takes("AND"))
    }
    this.#at = at
    this.#markers = markers
    return { timestamp, expires }
  }
}

const words: ReadonlyMap<string, unknown> = new Map<string, unknown>([["TRUE", true], ["FALSE", false], ["NULL", null]])

/** The value of a literal; `undefined` if it depends on the type of its column. */
const valueOf = (literal: string): unknown => {
  if (literal.startsWith("$$")) return literal.slice(2, -2)
  if (literal.startsWith("'")) return literal.slice(1, -1).replaceAll("''", "'")
  if (/^-?\d+$/.test(literal)) return BigInt(literal)
  if (/^-?\d[\d.]*(?:e[+-]?\d+)?$/i.test(literal)) return Number(literal)
  return /^[0-9a-f]{8}-/i.test(literal) ? literal : undefined
}
