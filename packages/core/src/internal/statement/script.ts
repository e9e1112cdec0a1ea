/**
 * Splits a script into its statements.
 */
import * as Result from "effect/Result"
import * as Text from "./cqlText.ts"

/** A mistake in a script, and its place. */
export interface Mistake {
  readonly line: number
  readonly column: number
  readonly issue: string
}

/** The texts of the statements of a script, in their order. */
export const split = (script: string): Result.Result<ReadonlyArray<string>, Mistake> => {
  const { cql } = Text.of(script)
  const tokens = Text.tokenize(cql)
  const texts: Array<string> = []
  let statement: Array<Text.Token> = []
  for (const token of tokens) {
    const issue = issueOf(token, statement, cql)
    if (issue !== undefined) return mistake(cql, beginOf(token, statement), issue)
    if (!isSymbol(token, ";")) statement.push(token)
    else if (!isOpenBatch(statement)) {
      if (statement.length > 0) texts.push(textOf(cql, statement))
      statement = []
    }
  }
  const comment = openComment(cql, tokens.at(-1)?.end ?? 0)
  if (comment !== undefined) {
    return mistake(cql, comment, "expected the end of the comment, got the end of the script. Add */.")
  }
  if (isOpenBatch(statement)) {
    return mistake(cql, statement[0]!.start, "expected APPLY BATCH, got the end of the script. End the batch.")
  }
  if (statement.length > 0) texts.push(textOf(cql, statement))
  return Result.succeed(texts)
}

const isSymbol = (token: Text.Token, text: string): boolean => token._tag === "Symbol" && token.text === text

const isWord = (token: Text.Token | undefined, text: string): boolean => token?._tag === "Word" && token.text === text

// The semicolons within a batch are part of it.
const isOpenBatch = (statement: ReadonlyArray<Text.Token>): boolean =>
  isWord(statement[0], "BEGIN") && !(isWord(statement.at(-2), "APPLY") && isWord(statement.at(-1), "BATCH"))

// Without the comments around it: the server takes none without a line break at its end.
const textOf = (cql: string, statement: ReadonlyArray<Text.Token>): string =>
  cql.slice(statement[0]!.start, statement.at(-1)!.end)

const issueOf = (token: Text.Token, statement: ReadonlyArray<Text.Token>, cql: string): string | undefined => {
  // A quote that has no partner is no token of its kind.
  if (isSymbol(token, "'")) return "expected the end of the string, got the end of the script. Add a quote."
  if (isSymbol(token, "\"")) return "expected the end of the quoted name, got the end of the script. Add a quote."
  const isDollars = token._tag === "Literal" && cql.startsWith("$$", token.start)
  if (isDollars && (token.end - token.start < 4 || !cql.endsWith("$$", token.end))) {
    return "expected the end of the text, got the end of the script. Add $$."
  }
  if (token._tag === "Marker") {
    return "expected a value, got a marker, for which a script has no value. Write the value, or make the statement with " +
      "Statement.make."
  }
  return statement.length === 0 && isWord(token, "USE")
    ? "expected a statement that names its keyspace, got USE, which a session refuses. Qualify the tables, or give the " +
      "session its keyspace."
    : undefined
}

// A doubled quote ends one token and begins another: the mistake is where the first of them begins.
const beginOf = (token: Text.Token, statement: ReadonlyArray<Text.Token>): number => {
  if (token._tag !== "Symbol") return token.start
  const kind = token.text === "'" ? "Literal" : "Quoted"
  let begin = token.start
  for (const before of statement.toReversed()) {
    if (before._tag !== kind || before.end !== begin || !before.text.startsWith(token.text)) break
    begin = before.start
  }
  return begin
}

/** Where a comment begins that the script does not end. */
const openComment = (cql: string, from: number): number | undefined => {
  for (let index = from; index < cql.length;) {
    const end = Text.endOfGap(cql, index)!
    if (cql.startsWith("/*", index) && (end - index < 4 || !cql.endsWith("*/", end))) return index
    index = end
  }
  return undefined
}

const mistake = (cql: string, index: number, issue: string): Result.Result<never, Mistake> => {
  const lines = cql.slice(0, index).split(/\r\n|\n|\r/)
  return Result.fail({ line: lines.length, column: [...lines.at(-1)!].length + 1, issue })
}
