/**
 * The tokens of CQL.
 */
import { reservedWords } from "@effect-cql/core/Cql"
import { createToken, type IToken, Lexer, type TokenType } from "chevrotain"

const token = (name: string, pattern: RegExp | string): TokenType => createToken({ name, pattern })

const space = createToken({ name: "Space", pattern: /\s+/, group: Lexer.SKIPPED })
// A server reads a comment of one line to the end of the line, which the last line of a text has to have.
const comment = createToken({
  name: "Comment",
  pattern: /(?:--|\/\/)[^\r\n]*[\r\n]|\/\*[^]*?\*\//,
  group: Lexer.SKIPPED,
  line_breaks: true
})

export const Word: TokenType = token("Word", /[a-zA-Z][a-zA-Z0-9_]*/)
export const Quoted: TokenType = token("Quoted", /"(?:[^"]|"")*"/)
export const Text: TokenType = createToken({
  name: "Text",
  pattern: /'(?:[^']|'')*'|\$\$[^]*?\$\$/,
  line_breaks: true
})
const hex = "[0-9a-fA-F]"
export const Uuid: TokenType = token("Uuid", new RegExp(`${hex}{8}-${hex}{4}-${hex}{4}-${hex}{4}-${hex}{12}`))
export const DurationText: TokenType = token(
  "Duration",
  new RegExp(
    `-?(?:(?:\\d+(?:[mM][oOsS]|[uUµnN][sS]|[yYwWdDhHmMsS]))+|P(?:\\d+W|\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d|` +
      `(?=\\d|T\\d)(?:\\d+Y)?(?:\\d+M)?(?:\\d+D)?(?:T(?=\\d)(?:\\d+H)?(?:\\d+M)?(?:\\d+S)?)?))(?!\\w)`
  )
)
export const Hex: TokenType = token("Hex", /0[xX][0-9a-fA-F]*/)
export const Float: TokenType = token("Float", /-?\d+(?:\.\d*(?:[eE][+-]?\d+)?|[eE][+-]?\d+)/)
export const Integer: TokenType = token("Integer", /-?\d+/)

const symbolOf = (name: string, text: string): TokenType => createToken({ name, pattern: text, line_breaks: false })

export const LeftParen: TokenType = symbolOf("LeftParen", "(")
export const RightParen: TokenType = symbolOf("RightParen", ")")
export const LeftBrace: TokenType = symbolOf("LeftBrace", "{")
export const RightBrace: TokenType = symbolOf("RightBrace", "}")
export const LeftBracket: TokenType = symbolOf("LeftBracket", "[")
export const RightBracket: TokenType = symbolOf("RightBracket", "]")
export const Comma: TokenType = symbolOf("Comma", ",")
export const Semicolon: TokenType = symbolOf("Semicolon", ";")
export const Colon: TokenType = symbolOf("Colon", ":")
export const Question: TokenType = symbolOf("Question", "?")
export const Dots: TokenType = symbolOf("Dots", "..")
export const Dot: TokenType = symbolOf("Dot", ".")
export const Star: TokenType = symbolOf("Star", "*")
export const Slash: TokenType = symbolOf("Slash", "/")
export const Percent: TokenType = symbolOf("Percent", "%")
export const PlusEquals: TokenType = symbolOf("PlusEquals", "+=")
export const MinusEquals: TokenType = symbolOf("MinusEquals", "-=")
export const Plus: TokenType = symbolOf("Plus", "+")
// Two of them begin a comment.
export const Minus: TokenType = token("Minus", /-(?!-)/)
export const NotEquals: TokenType = symbolOf("NotEquals", "!=")
export const LessOrEqual: TokenType = symbolOf("LessOrEqual", "<=")
export const GreaterOrEqual: TokenType = symbolOf("GreaterOrEqual", ">=")
export const Equals: TokenType = symbolOf("Equals", "=")
export const Less: TokenType = symbolOf("Less", "<")
export const Greater: TokenType = symbolOf("Greater", ">")

const unreserved =
  ("ANN AS CAST CLUSTERING COMPACT CONTAINS COUNT COUNTER CUSTOM DISTINCT EXISTS FILTERING FROZEN GROUP " +
    "JSON KEY KEYS LIKE LIST LOGGED MAP MAXWRITETIME OPTIONS PARTITION PER STATIC STORAGE TIMESTAMP TTL TUPLE TYPE VALUES " +
    "VECTOR WRITETIME").split(" ")

/** The words that the grammar knows. Those that are not reserved are names as well. */
export const keywords: ReadonlyMap<string, TokenType> = new Map([
  ...Array.from(reservedWords, (word) => word.toUpperCase())
    .map((word) => [word, createToken({ name: word, pattern: Lexer.NA })] as const),
  ...unreserved.map((word) => [word, createToken({ name: word, pattern: Lexer.NA, categories: [Word] })] as const)
])

const scanned: ReadonlyArray<TokenType> = [
  space,
  comment,
  Text,
  Quoted,
  Uuid,
  DurationText,
  Hex,
  Float,
  Integer,
  Word,
  LeftParen,
  RightParen,
  LeftBrace,
  RightBrace,
  LeftBracket,
  RightBracket,
  Comma,
  Semicolon,
  Colon,
  Question,
  Dots,
  Dot,
  Star,
  Slash,
  Percent,
  PlusEquals,
  MinusEquals,
  Plus,
  Minus,
  NotEquals,
  LessOrEqual,
  GreaterOrEqual,
  Equals,
  Less,
  Greater
]

export const vocabulary: Array<TokenType> = [...scanned, ...keywords.values()]

const lexer = new Lexer([...scanned], { positionTracking: "onlyOffset", ensureOptimizations: false })

/** The tokens of a text, or where there is none. */
export const scan = (text: string): { readonly tokens: Array<IToken>; readonly failedAt: number | undefined } => {
  const { errors, tokens } = lexer.tokenize(text)
  for (const each of tokens) {
    if (each.tokenType !== Word) continue
    const keyword = keywords.get(each.image.toUpperCase())
    if (keyword === undefined) continue
    each.tokenType = keyword
    each.tokenTypeIdx = keyword.tokenTypeIdx ?? each.tokenTypeIdx
  }
  return { tokens, failedAt: errors[0]?.offset }
}
