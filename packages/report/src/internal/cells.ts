/**
 * The width of texts on a terminal.
 */

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" })

// Characters of East Asian scripts, and those that are drawn as emojis, take two cells.
const wide = new RegExp(
  "\\p{Emoji_Presentation}|\\p{Extended_Pictographic}\\ufe0f|[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\ua960-\\ua97f" +
    "\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff01-\\uff60\\uffe0-\\uffe6\\u{16fe0}-\\u{1b2ff}\\u{1f200}-\\u{1f2ff}" +
    "\\u{20000}-\\u{3fffd}]",
  "u"
)

/** A text on one line, without characters that control a terminal or the direction of its text. */
export const printable = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, " ").toWellFormed()

const cellsOf = (character: string): number => wide.test(character) ? 2 : 1

const characters = (text: string): ReadonlyArray<string> =>
  Array.from(segmenter.segment(text), ({ segment }) => segment)

/** The number of cells that a text takes. */
export const widthOf = (text: string): number =>
  characters(text).reduce((width, character) => width + cellsOf(character), 0)

/** A text as one line of at most so many cells. */
export const cut = (text: string, columns: number): string => {
  const line = printable(text)
  if (widthOf(line) <= columns) return line
  if (columns < 1) return ""
  let begin = ""
  let width = 1
  for (const character of characters(line)) {
    width += cellsOf(character)
    if (width > columns) break
    begin += character
  }
  return `${begin}…`
}
