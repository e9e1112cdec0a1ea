/**
 * Texts whose literals are replaced by question marks, for what programs show: a literal may be a value of a user.
 */
import { tokenize } from "./cqlText.ts"

const longest = 500

/** The text on one line, with `?` in the place of its literals; cut at some length. */
export const withoutLiterals = (cql: string): string => {
  let text = ""
  let at = 0
  for (const { _tag, end, start } of tokenize(cql)) {
    // What stands between tokens is white space and comments, and a doubled quote makes two tokens of one string.
    if (_tag === "Literal" && start === at && text.endsWith("?")) {
      at = end
      continue
    }
    text += (start > at && text !== "" ? " " : "") + (_tag === "Literal" ? "?" : cql.slice(start, end))
    if (text.length > longest) return `${text.slice(0, longest)}...`
    at = end
  }
  return text
}
