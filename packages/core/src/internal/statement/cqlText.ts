/**
 * Analyses a CQL text without a server: its kind, conditions and markers.
 *
 * A tokenizer, not a parser: it recognises strings, quoted names, comments and markers for certain, and decides the
 * rest so that being wrong is harmless (a text that it does not understand is an ordinary write without a timestamp).
 */

import type { BatchType } from "../../Batch.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import type { Kind } from "../../Port.ts"

/** A CQL text, looked at once. */
export interface Text {
  readonly cql: string
  readonly kind: Kind
  /** True if it is `USE keyspace`. */
  readonly isUse: boolean
  /** Type of a batch that is written as one text. */
  readonly batch?: BatchType | undefined
  /** INSERT, UPDATE or DELETE with a condition. */
  readonly conditional: boolean
  /** True if it writes rows: INSERT, UPDATE, DELETE or a batch. */
  readonly isMutation: boolean
  /** True if the write is surely stored with its timestamp: not with conditions, and not where it may be a counter. */
  readonly takesTimestamp: boolean
  /** True if it may write to several partitions: an UPDATE or a DELETE with IN, whose columns only the schema knows. */
  readonly manyPartitions: boolean
  /** True if it says itself at what time it writes. */
  readonly hasTimestamp: boolean
  /** True if executing it twice is known to have the effect of executing it once, but for values that {@link fills} lists. */
  readonly idempotent: boolean
  /** How a bound value may become a list: as an array, as JSON as well, or not at all. */
  readonly fills: "nothing" | "arrays" | "json"
  /** Number of markers. */
  readonly markers: number
  /** Names of the markers in their order, when they are named. */
  readonly names: ReadonlyArray<string> | undefined
}

// Texts are few and statements many. What is known of a text follows from the text alone, and statements are made before there is
// a session: so all sessions share it. The bound only matters to programs that build texts from values.
const remembered = 1_000
const longestRemembered = 10_000
const texts = new Map<string, Text>()

/** The {@link Text} of a CQL string, from memory where it was seen before. */
export const of = (cql: string): Text => {
  if (typeof cql !== "string") throw new InvalidOptions({ option: "text", value: cql, expected: "CQL as a string" })
  const known = texts.get(cql)
  if (known !== undefined) return known
  // A lone surrogate would become another character on its way.
  if (!cql.isWellFormed()) {
    throw new InvalidOptions({
      option: "text",
      given: "a string that is not well-formed",
      expected: "CQL in whole characters"
    })
  }
  const text = analyse(cql)
  if (cql.length > longestRemembered) return text
  if (texts.size >= remembered) texts.delete(texts.keys().next().value!)
  texts.set(cql, text)
  return text
}

/** A piece of CQL. Words are in upper case; strings and names that hold doubled quotes come in several pieces. */
export interface Token {
  readonly _tag: "Word" | "Quoted" | "Literal" | "Marker" | "Symbol"
  readonly text: string
  /** Where it begins in the text, and where it ends. */
  readonly start: number
  readonly end: number
}

// Sticky patterns, tried in this order at each position; none repeats a group, for that would overflow the stack in a text
// of megabytes. A doubled quote within a string or a name makes two tokens of it, which harms nothing.
const patterns = {
  space: /\s+|--[^\n\r]*|\/\/[^\n\r]*/y,
  string: /'[^']*'/y,
  quoted: /"[^"]*"/y,
  uuid: /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/iy,
  // A keyword may stand right behind a number. The units are those of durations.
  number: /0x[0-9a-f]*|\d+(?:mo|ms|us|µs|ns|[ywdhms])|\d+(?:\.\d*)?(?:e[+-]?\d+)?/iy,
  word: /[a-z_]\w*/iy,
  named: /:\s*(?:"([^"]*(?:""[^"]*)*)"|([a-z_]\w*))/iy
}

/** The end of what begins here with one mark and ends with another, or with the text; nothing when it does not begin. */
const endOf = (cql: string, index: number, begin: string, end: string): number | undefined => {
  if (!cql.startsWith(begin, index)) return undefined
  const found = cql.indexOf(end, index + begin.length)
  return found < 0 ? cql.length : found + end.length
}

const at = (pattern: RegExp, cql: string, index: number): RegExpExecArray | null => {
  pattern.lastIndex = index
  return pattern.exec(cql)
}

/** The end of the white space or the comment that begins here; undefined if neither does. */
export const endOfGap = (cql: string, index: number): number | undefined => {
  const space = at(patterns.space, cql, index)
  return space === null ? endOf(cql, index, "/*", "*/") : index + space[0].length
}

/** The tokens of a text, without white space and comments. */
export const tokenize = (cql: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  let index = 0
  let braces = 0
  const push = (tag: Token["_tag"], text: string, length: number) => {
    tokens.push({ _tag: tag, text, start: index, end: index + length })
    index += length
  }
  while (index < cql.length) {
    const gap = endOfGap(cql, index)
    if (gap !== undefined) {
      index = gap
      continue
    }
    const dollars = endOf(cql, index, "$$", "$$")
    if (dollars !== undefined) {
      push("Literal", cql.slice(index, dollars), dollars - index)
      continue
    }
    const character = cql[index]!
    const literal = at(patterns.string, cql, index) ?? at(patterns.uuid, cql, index) ?? at(patterns.number, cql, index)
    const quoted = literal === null ? at(patterns.quoted, cql, index) : null
    const word = literal === null && quoted === null ? at(patterns.word, cql, index) : null
    // Inside braces the first colon after a key belongs to the map or the UDT: { street: :street }.
    const named = character === ":" && !(braces > 0 && endsTerm(tokens.at(-1))) ? at(patterns.named, cql, index) : null
    if (literal !== null) push("Literal", literal[0], literal[0].length)
    else if (quoted !== null) push("Quoted", quoted[0], quoted[0].length)
    else if (word !== null) push("Word", word[0].toUpperCase(), word[0].length)
    else if (character === "?") push("Marker", "", 1)
    else if (named !== null) push("Marker", named[1]?.replaceAll("\"\"", "\"") ?? named[2]!, named[0].length)
    else {
      if (character === "{") braces++
      if (character === "}") braces--
      push("Symbol", character, 1)
    }
  }
  return tokens
}

const endsTerm = (token: Token | undefined): boolean =>
  token !== undefined && (token._tag !== "Symbol" || token.text === ")" || token.text === "]" || token.text === "}")

const reads = new Set(["SELECT", "DESCRIBE", "DESC", "LIST"])
const mutations = new Set(["INSERT", "UPDATE", "DELETE", "BEGIN"])

const definitions = new Set(["CREATE", "ALTER", "DROP"])
const logins = new Set(["ROLE", "USER"])

const kindOf = (verb: string, tokens: ReadonlyArray<Token>): Kind => {
  if (reads.has(verb)) return "read"
  if (verb === "TRUNCATE" || mutations.has(verb) || verb === "BEGIN COUNTER") return "write"
  if (!definitions.has(verb)) return "other"
  return logins.has(tokens.filter((token) => token._tag === "Word")[1]?.text ?? "") ? "other" : "schema"
}

const analyse = (cql: string): Text => {
  const tokens = tokenize(cql)
  const verb = verbOf(tokens)
  const markers = tokens.filter((token) => token._tag === "Marker")
  const mutation = mutations.has(verb)
  const conditional = mutation && tokens.some((token) => isWord(token, "IF"))
  const arithmetic = tokens.some((_, index) => isOperator(tokens, index) || isIncrement(tokens, index))
  const fills = !mutation || verb === "DELETE" ? "nothing" : takesJson(tokens) ? "json" : "arrays"
  return {
    cql,
    batch: verb.startsWith("BEGIN") ? batchOf(tokens) : undefined,
    kind: kindOf(verb, tokens),
    isUse: verb === "USE",
    conditional,
    isMutation: mutation,
    takesTimestamp: mutation && !conditional && !arithmetic,
    manyPartitions: (verb === "UPDATE" || verb === "DELETE") && tokens.some((token) => isWord(token, "IN")),
    hasTimestamp: mutation && tokens.some((_, index) => setsTimestamp(tokens, index)),
    // A read changes nothing, whatever it calls.
    idempotent: reads.has(verb) ||
      (mutation && !conditional && !arithmetic && !hasElementAccess(tokens) && !callsUnknownFunction(tokens) &&
        !(fills !== "nothing" && hasList(tokens, fills))),
    fills,
    markers: markers.length,
    names: markers.length > 0 && markers.every((marker) => marker.text !== "") ? markers.map((m) => m.text) : undefined
  }
}

// `c = c + 1` may be a counter or a list, which only the schema distinguishes. A sign before a literal is no operator.
const isOperator = (tokens: ReadonlyArray<Token>, index: number): boolean =>
  (isSymbol(tokens[index], "+") || isSymbol(tokens[index], "-")) &&
  (endsTerm(tokens[index - 1]) || tokens[index + 1]?.text === "=")

// `c = c 1` adds as well: the grammar has the sign within the number.
const isIncrement = (tokens: ReadonlyArray<Token>, index: number): boolean =>
  tokens[index]?._tag === "Literal" && isName(tokens[index - 1]) && isSymbol(tokens[index - 2], "=")

// `USING TTL 5 AND TIMESTAMP 7`. A column of that name is followed by something else.
const setsTimestamp = (tokens: ReadonlyArray<Token>, index: number): boolean => {
  const [before, token, after] = tokens.slice(Math.max(0, index - 1), index + 2)
  return token?._tag === "Word" && token.text === "TIMESTAMP" && before?._tag === "Word" &&
    (before.text === "USING" || before.text === "AND") && (after?._tag === "Literal" || after?._tag === "Marker")
}

const batchOf = (tokens: ReadonlyArray<Token>): BatchType => {
  const kind = tokens.filter((token) => token._tag === "Word")[1]?.text
  return kind === "UNLOGGED" ? "unlogged" : kind === "COUNTER" ? "counter" : "logged"
}

const verbOf = (tokens: ReadonlyArray<Token>): string => {
  const first = tokens.find((token) => token._tag === "Word")?.text ?? ""
  if (first !== "BEGIN") return first
  // `BEGIN COUNTER BATCH` adds up at each execution.
  return tokens.some((token) => isWord(token, "COUNTER")) ? "BEGIN COUNTER" : first
}

// `SET list[?] = ?` and `DELETE list[?]` hit another element the second time; a map would be harmless, but looks alike.
const hasElementAccess = (tokens: ReadonlyArray<Token>): boolean =>
  tokens.some((token, index) => isSymbol(token, "[") && isName(tokens[index - 1]))

// A list that is set again at the same timestamp has its elements twice: what was there is deleted as of the microsecond before.
const hasList = (tokens: ReadonlyArray<Token>, fills: Text["fills"]): boolean =>
  tokens.some((token, index) =>
    token._tag === "Literal"
      ? fills === "json" && holdsJsonArray(token.text)
      : isSymbol(token, "[") && !isSymbol(tokens[index + 1], "]")
  )

const takesJson = (tokens: ReadonlyArray<Token>): boolean =>
  tokens.some((token) => token._tag === "Word" && (token.text === "JSON" || /^FROM_?JSON$/.test(token.text)))

// JSON may write a bracket by its code, within a string that holds the list.
const holdsJsonArray = (json: string): boolean => /(?:\[|\\u005b)\s*[^\]\s]/i.test(json)

/** Returns true if a value that is bound to a text may fill a list. Sets and tuples may be arrays, and are taken for lists. */
export const fillsList = ({ fills }: Text, params: ReadonlyArray<unknown>): boolean => {
  if (fills === "nothing") return false
  // Called for every write: a closure, or an iterator of a subclass of arrays, would cost as much as everything else here.
  for (let index = 0; index < params.length; index++) {
    const value = params[index]
    if (
      Array.isArray(value)
        ? value.length > 0
        : fills === "json" && typeof value === "string" && holdsJsonArray(value)
    ) {
      return true
    }
  }
  return false
}

// Functions whose result depends on nothing but their arguments. Those of users count as changing.
const pureFunctions = new Set([
  "TOKEN",
  "CAST",
  "TO_DATE",
  "TODATE",
  "TO_TIMESTAMP",
  "TOTIMESTAMP",
  "TO_UNIX_TIMESTAMP",
  "TOUNIXTIMESTAMP",
  "MIN_TIMEUUID",
  "MINTIMEUUID",
  "MAX_TIMEUUID",
  "MAXTIMEUUID",
  "TO_JSON",
  "TOJSON",
  "FROM_JSON",
  "FROMJSON"
])

// Words that a parenthesis follows without being called.
const keywords = new Set(["VALUES", "IN", "WHERE", "AND", "OR", "NOT", "SET", "CONTAINS", "LIKE", "USING"])

// Conversions between a native type and its bytes.
const native =
  "(?:ASCII|BIGINT|BOOLEAN|COUNTER|DATE|DECIMAL|DOUBLE|DURATION|FLOAT|INET|INT|SMALLINT|TEXT|TIME|TIMESTAMP" +
  "|TIMEUUID|TINYINT|UUID|VARCHAR|VARINT)"
const conversion = new RegExp(`^(?:${native}_AS_BLOB|${native}ASBLOB|BLOB_AS_${native}|BLOBAS${native})$`)

const callsUnknownFunction = (tokens: ReadonlyArray<Token>): boolean =>
  tokens.some((token, index) => isSymbol(tokens[index + 1], "(") && isName(token) && !isHarmless(tokens, index))

const isHarmless = (tokens: ReadonlyArray<Token>, index: number): boolean => {
  const name = tokens[index]!
  // The table of an INSERT, and the parenthesis of its columns.
  const qualified = isSymbol(tokens[index - 1], ".")
  const before = tokens[qualified ? index - 3 : index - 1]
  if (before?._tag === "Word" && before.text === "INTO") return true
  return !qualified && name._tag === "Word" &&
    (keywords.has(name.text) || pureFunctions.has(name.text) || conversion.test(name.text) ||
      (name.text === "KEY" && before?._tag === "Word" && before.text === "CONTAINS"))
}

const isName = (token: Token | undefined): boolean => token?._tag === "Word" || token?._tag === "Quoted"

const isWord = (token: Token | undefined, text: string): boolean => token?._tag === "Word" && token.text === text

const isSymbol = (token: Token | undefined, text: string): boolean => token?._tag === "Symbol" && token.text === text
