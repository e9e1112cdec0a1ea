/**
 * Takes values out of messages that others wrote: a server, or a check of a schema, quotes what it pleases.
 */
import * as BigDecimal from "effect/BigDecimal"

const hidden = "<value>"

// What is shorter cannot be told from the words of a message.
const shortest = 3

// A value of this length is replaced wherever it stands, a shorter one only as a word of its own.
const unmistakable = 8

const deepest = 16

/** The message with `<value>` where it quotes one of the values. What stands in the text of the query stays. */
export const withoutValues = (message: string, values: unknown, text: string): string => {
  const strings: Array<string> = []
  const quoted = new Set<string>()
  collect(values, (form, isText) => {
    if (isText) strings.push(form)
    if (form.length >= shortest && message.includes(form) && !text.includes(form)) quoted.add(form)
  })
  // The longest first: a shorter one may be a part of it.
  const forms = [...quoted].toSorted((one, other) => other.length - one.length)
  const told = forms.reduce(hide, message)
  return readsJson.test(text) ? withoutWords(told, strings, text) : told
}

/** The message with one form of a value hidden, wherever it stands or as a word of its own. */
const hide = (message: string, form: string): string => {
  const isUnmistakable = form.length >= unmistakable
  let told = ""
  let from = 0
  for (let at = message.indexOf(form); at >= 0; at = message.indexOf(form, at + form.length)) {
    const end = at + form.length
    if (!isUnmistakable && (isOfWord(message[at - 1]) || isOfWord(message[end]))) continue
    told += message.slice(from, at) + hidden
    from = end
  }
  return told + message.slice(from)
}

const isOfWord = (character: string | undefined): boolean => character !== undefined && ofWord.test(character)

const ofWord = /[\p{L}\p{N}_]/u

// Where the server parses a value, it quotes pieces of it.
const readsJson = /json/i

const word = /[\p{L}\p{N}_]+/gu

const withoutWords = (message: string, values: ReadonlyArray<string>, text: string): string => {
  const kept = new Set(text.toLowerCase().match(word))
  const words = new Set(values.flatMap((value) => value.toLowerCase().match(word) ?? []))
  return message.replaceAll(word, (each) => {
    const lower = each.toLowerCase()
    return each.length >= shortest && words.has(lower) && !kept.has(lower) ? hidden : each
  })
}

/** Takes a form in which a message may quote a value, and whether the value is a text. */
type Tell = (form: string, isText: boolean) => void

/** Tells of each value inside of values how a message would quote it. */
const collect = (value: unknown, tell: Tell, depth = 0): void => {
  if (typeof value === "string") return tellText(value, tell)
  if (typeof value === "number" || typeof value === "bigint") return tell(String(value), false)
  if (typeof value !== "object" || value === null || depth > deepest) return
  if (value instanceof Date) return tellDate(value, tell)
  if (BigDecimal.isBigDecimal(value)) return tell(BigDecimal.format(value), false)
  if (value instanceof Uint8Array) return tellBytes(value, tell)
  // The names of a record are those of columns and fields. The keys of a map are data.
  const parts = value instanceof Map
    ? [...value.keys(), ...value.values()]
    : value instanceof Set
    ? value
    : Object.values(value)
  for (const part of parts) collect(part, tell, depth + 1)
}

const tellText = (text: string, tell: Tell): void => {
  tell(text, true)
  // Written in any case, and quoted in one.
  if (ofHexadecimals.test(text)) tell(text.toLowerCase(), true)
  if (!escaped.test(text) || text.length > longest) return
  for (const piece of text.split(escaped)) tell(piece, true)
}

const ofHexadecimals = /^[0-9a-f:.-]*[A-F][0-9A-Fa-f:.-]*$/

// What a message may show otherwise than it is: doubled, or behind a backslash. The pieces in between it shows as they are.
// oxlint-disable-next-line no-control-regex -- they are escaped
const escaped = /["'`\\\x00-\x1f\x7f]+/

const tellDate = (date: Date, tell: Tell): void => {
  if (Number.isNaN(date.getTime())) return
  const iso = date.toISOString()
  for (const form of [iso, iso.slice(0, -"T00:00:00.000Z".length), String(date), String(date.getTime())]) {
    tell(form, false)
  }
}

const tellBytes = (bytes: Uint8Array, tell: Tell): void => {
  if (bytes.length > longest) return
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
  // A Buffer says its text, and other bytes their numbers.
  for (const form of [hex.join(""), hex.join(" "), bytes.join(", "), String(bytes)]) tell(form, false)
}

// A message is short. What is longer than any is not looked for.
const longest = 100_000
