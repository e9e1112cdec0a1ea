/**
 * Reads the text of a CQL type.
 */

/** A type of CQL with its parts: of `map<text, int>` the name is `map`. */
export interface Type {
  readonly name: string
  readonly parts: ReadonlyArray<Type>
}

/** Reads a type as the tables of the server have it. */
export const parse = (text: string): Type => {
  const open = text.indexOf("<")
  if (open < 0 || !text.endsWith(">")) return { name: text.trim(), parts: [] }
  return { name: text.slice(0, open).trim(), parts: split(text.slice(open + 1, -1)).map(parse) }
}

/** The parts between the commas of the outermost level. */
const split = (text: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let depth = 0
  let from = 0
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === "<") depth++
    else if (character === ">") depth--
    else if (character === "," && depth === 0) {
      parts.push(text.slice(from, index))
      from = index + 1
    }
  }
  return [...parts, text.slice(from)]
}
