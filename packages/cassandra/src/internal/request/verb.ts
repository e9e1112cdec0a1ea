/**
 * What kind of statement a text is, as far as the adapter has to know it.
 */

const skipped = /\s+|--[^\n\r]*|\/\/[^\n\r]*/y

/** Whether the first word of a text, behind white space and comments, is this one. */
export const beginsWith = (text: string, verb: string): boolean => {
  let index = 0
  for (;;) {
    skipped.lastIndex = index
    const found = skipped.exec(text)
    if (found !== null) index += found[0].length
    else if (text.startsWith("/*", index)) {
      const end = text.indexOf("*/", index + 2)
      if (end < 0) return false
      index = end + 2
    } else break
  }
  const end = index + verb.length
  return text.slice(index, end).toUpperCase() === verb && !/\w/.test(text[end] ?? "")
}
