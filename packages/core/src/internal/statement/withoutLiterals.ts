/**
 * Texts whose literals are replaced by question marks, for what programs show: a literal may be a value of a user.
 */
import { type Token, tokenize } from "./cqlText.ts"

const constants = new Set(["TRUE", "FALSE", "NAN", "INFINITY"])

/** A text with `?` for each literal, and without comments, which may hold some. */
export const withoutLiterals = (cql: string, tokens: ReadonlyArray<Token> = tokenize(cql)): string => {
  let text = ""
  let end = 0
  let isBehindLiteral = false
  for (const token of tokens) {
    const gap = cql.slice(end, token.start)
    // The rest is a string without its end.
    if (token._tag === "Symbol" && (token.text === "'" || token.text === "\"")) return `${text}${spaceOf(gap)}?`
    const isLiteral = token._tag === "Literal" || (token._tag === "Word" && constants.has(token.text))
    // A doubled quote makes two tokens of a string.
    if (!(isLiteral && isBehindLiteral && gap === "")) {
      text += `${spaceOf(gap)}${isLiteral ? "?" : cql.slice(token.start, token.end)}`
    }
    isBehindLiteral = isLiteral
    end = token.end
  }
  return text
}

const spaceOf = (gap: string): string => gap === "" || /^\s+$/.test(gap) ? gap : " "
