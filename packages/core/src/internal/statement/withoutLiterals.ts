/**
 * Texts whose literals are replaced by question marks, for what programs show: a literal may be a value of a user.
 */
import { type Token, tokenize } from "./cqlText.ts"

const constants = new Set(["TRUE", "FALSE", "NAN", "INFINITY"])

// A duration as ISO 8601 has it, which the tokenizer takes for a name.
const duration = /^P(?=[\dT])(?:\d+[YMWD])*(?:T(?:\d+[HMS])+)?$/

const isValue = ({ _tag, text }: Token): boolean =>
  _tag === "Literal" || (_tag === "Word" && (constants.has(text) || duration.test(text)))

// The rest is a string without its end.
const isUnterminated = ({ _tag, text }: Token): boolean => _tag === "Symbol" && (text === "'" || text === "\"")

interface Piece {
  readonly start: number
  end: number
  readonly isLiteral: boolean
}

/** The pieces of a text that are neither white space nor comments. A literal is one piece. */
const piecesOf = (cql: string, tokens: ReadonlyArray<Token>): ReadonlyArray<Piece> => {
  const pieces: Array<Piece> = []
  for (const token of tokens) {
    const { start } = token
    const isRest = isUnterminated(token)
    const isLiteral = isRest || isValue(token)
    const end = isRest ? cql.length : token.end
    const last = pieces.at(-1)
    // A doubled quote makes two tokens of a string, and letters right behind digits are a value that was not quoted.
    const continues = last?.isLiteral === true && last.end === start &&
      (isLiteral || (token._tag === "Word" && /\d/.test(cql[last.start]!)))
    if (continues) last.end = end
    else pieces.push({ start, end, isLiteral })
    if (isRest) break
  }
  return pieces
}

/** A text with `?` for each literal, and without comments, which may hold some. */
export const withoutLiterals = (cql: string, tokens: ReadonlyArray<Token> = tokenize(cql)): string => {
  let text = ""
  let before = 0
  for (const { end, isLiteral, start } of piecesOf(cql, tokens)) {
    text += `${spaceOf(cql.slice(before, start))}${isLiteral ? "?" : cql.slice(start, end)}`
    before = end
  }
  return text
}

const spaceOf = (gap: string): string => gap === "" || /^\s+$/.test(gap) ? gap : " "

/** The values of the literals of a text, without their quotes. */
export const literalsOf = (cql: string): ReadonlyArray<string> =>
  piecesOf(cql, tokenize(cql)).flatMap(({ end, isLiteral, start }) =>
    isLiteral ? [unquoted(cql.slice(start, end))] : []
  )

const unquoted = (literal: string): string =>
  literal.startsWith("'") || literal.startsWith("\"")
    ? literal.replaceAll(/^['"]|'$/g, "").replaceAll("''", "'")
    : literal.replaceAll("$$", "").replace(/^0x/i, "")
