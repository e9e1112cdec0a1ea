/**
 * Describes statements for spans and metrics: operation, table, and a text without literals.
 */
import { internals } from "../internals.ts"
import { beginOf, cut } from "../statement/abbreviate.ts"
import { type Text, type Token, tokenize } from "../statement/cqlText.ts"
import type { Executable } from "../statement/input.ts"
import { withoutLiterals } from "../statement/withoutLiterals.ts"

/** A statement as spans and metrics name it. */
export interface Described {
  /** The operation as written: `INSERT`, `CREATE TABLE`; of a batch `BATCH INSERT` or `BATCH`. Undefined for unknown texts. */
  readonly operation: string | undefined
  /** The keyspace that the text names. */
  readonly namespace: string | undefined
  /** The table as written, without its keyspace. */
  readonly collection: string | undefined
  /** Operation and table: the name of the span. */
  readonly summary: string | undefined
  /** The text, with `?` for literals where it has no markers. */
  readonly text: string
  /** Statements of a batch; undefined for one statement, and for a batch of one. */
  readonly batchSize: number | undefined
}

// By text: texts are kept as long as their statements.
const known = new WeakMap<Text, Described>()

/** Describes a text. */
export const describeText = (text: Text): Described => {
  const before = known.get(text)
  if (before !== undefined) return before
  const described = analyse(text)
  known.set(text, described)
  return described
}

/** Describes a statement, or a batch by what its statements have in common. */
export const describe = (executable: Executable): Described =>
  executable._tag === "Statement"
    ? describeText(executable[internals].text)
    : describeBatch(executable.statements.map((statement) => statement[internals].text))

const longestText = 16_384

const describeBatch = (texts: ReadonlyArray<Text>): Described => {
  if (texts.length === 1) return describeText(texts[0]!)
  const distinct = Array.from(new Set(texts), describeText)
  const operation = same(distinct.map(({ operation }) => operation))
  const namespace = same(distinct.map(({ namespace }) => namespace))
  const collection = same(distinct.map(({ collection }) => collection))
  const named = operation === undefined ? "BATCH" : `BATCH ${operation}`
  return {
    operation: named,
    namespace,
    collection,
    summary: summaryOf(named, namespace, collection),
    text: joined(distinct.length === 1 ? [distinct[0]!.text] : texts.map((text) => describeText(text).text)),
    batchSize: texts.length
  }
}

const joined = (texts: ReadonlyArray<string>): string => {
  let text = ""
  for (const next of texts) {
    if (text.length > longestText) return cut(text, longestText)
    text = text === "" ? next : `${text}; ${next}`
  }
  return cut(text, longestText)
}

const same = (values: ReadonlyArray<string | undefined>): string | undefined =>
  values.every((value) => value === values[0]) ? values[0] : undefined

const longestSummary = 255

// A server allows fewer characters: a longer name is none of a table.
const longestName = 255

const summaryOf = (
  operation: string | undefined,
  namespace: string | undefined,
  collection: string | undefined
): string | undefined => {
  if (operation === undefined) return undefined
  const target = collection === undefined
    ? ""
    : namespace === undefined
    ? ` ${collection}`
    : ` ${namespace}.${collection}`
  return beginOf(`${operation}${target}`, longestSummary)
}

// A text that begins with another word may be anything: as an operation it would be a value without a bound.
const operations = new Set([
  "SELECT",
  "INSERT",
  "UPDATE",
  "DELETE",
  "TRUNCATE",
  "BEGIN",
  "CREATE",
  "ALTER",
  "DROP",
  "GRANT",
  "REVOKE",
  "LIST",
  "DESCRIBE",
  "DESC",
  "USE"
])

const kinds = new Set([
  "TABLE",
  "COLUMNFAMILY",
  "KEYSPACE",
  "SCHEMA",
  "INDEX",
  "CUSTOM",
  "TYPE",
  "FUNCTION",
  "AGGREGATE",
  "MATERIALIZED",
  "TRIGGER",
  "ROLE",
  "USER"
])

const analyse = (text: Text): Described => {
  const tokens = tokenize(text.cql)
  const written = (token: Token | undefined): string =>
    token === undefined ? "" : text.cql.slice(token.start, token.end)
  const first = tokens[0]
  const verb = first?._tag === "Word" && operations.has(first.text) ? first.text : undefined
  const definition = verb === "CREATE" || verb === "ALTER" || verb === "DROP" ? tokens[1] : undefined
  const kind = definition !== undefined && kinds.has(definition.text) ? definition : undefined
  const operation = verb === undefined
    ? undefined
    : verb === "BEGIN"
    ? "BATCH"
    : kind === undefined
    ? written(first)
    : `${written(first)} ${written(kind)}`
  const at = verb === undefined ? undefined : tableAt(verb, tokens)
  const isQualified = at !== undefined && tokens[at + 1]?.text === "." && isName(tokens[at + 2])
  const name = (token: Token | undefined): string => beginOf(written(token), longestName)
  const collection = at === undefined ? undefined : name(tokens[isQualified ? at + 2 : at])
  const namespace = isQualified ? name(tokens[at]) : undefined
  return {
    operation,
    namespace,
    collection,
    summary: summaryOf(operation, namespace, collection),
    text: cut(text.markers > 0 ? text.cql : withoutLiterals(text.cql, tokens), longestText),
    batchSize: undefined
  }
}

/** Where the name of the one table begins that a statement is about. */
const tableAt = (verb: string, tokens: ReadonlyArray<Token>): number | undefined => {
  const after = (word: string): number => tokens.findIndex((token) => token._tag === "Word" && token.text === word) + 1
  const at = verb === "SELECT" || verb === "DELETE"
    ? after("FROM")
    : verb === "INSERT"
    ? after("INTO")
    : verb === "UPDATE"
    ? 1
    : verb === "TRUNCATE"
    ? tokens[1]?.text === "TABLE" || tokens[1]?.text === "COLUMNFAMILY" ? 2 : 1
    : (verb === "CREATE" || verb === "ALTER" || verb === "DROP") &&
        (tokens[1]?.text === "TABLE" || tokens[1]?.text === "COLUMNFAMILY")
    ? behindCondition(tokens)
    : 0
  return at > 0 && isName(tokens[at]) ? at : undefined
}

/** `IF EXISTS` and `IF NOT EXISTS` stand before the name of a table. */
const behindCondition = (tokens: ReadonlyArray<Token>): number => {
  if (tokens[2]?.text !== "IF") return 2
  return tokens[3]?.text === "NOT" ? 5 : 4
}

const isName = (token: Token | undefined): boolean => token?._tag === "Word" || token?._tag === "Quoted"
