/**
 * Removes values from messages of servers and of schema checks, which may quote anything.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Hex from "effect/encoding/Hex"
import * as Result from "effect/Result"

const hidden = "<value>"

// Shorter values cannot be distinguished from the words of a message.
const shortest = 3

// A value of this length is replaced wherever it stands, a shorter one only as a word of its own.
const unmistakable = 8

const deepest = 16

/** The message with `<value>` where it quotes one of the values. What stands in the text of the query stays. */
export const withoutValues = (message: string, values: unknown, text: string): string => {
  const strings: Array<string> = []
  const quoted = new Set<string>()
  const add: Add = (form, isText) => {
    if (isText) strings.push(form)
    if (form.length >= shortest && message.includes(form) && !text.includes(form)) quoted.add(form)
  }
  collect(values, add)
  if (hexadecimal.test(message)) collectBytes(values, add)
  if (readsJson.test(text)) collectJson(strings.slice(), add)
  // The longest first: a shorter one may be a part of it.
  const forms = [...quoted].toSorted((one, other) => other.length - one.length)
  const masked = forms.reduce(hide, message)
  return readsJson.test(text) ? withoutWords(masked, strings, text) : masked
}

/** The message with one form of a value hidden, wherever it stands or as a word of its own. */
const hide = (message: string, form: string): string => {
  const isUnmistakable = form.length >= unmistakable
  let masked = ""
  let from = 0
  for (let at = message.indexOf(form); at >= 0; at = message.indexOf(form, at + form.length)) {
    const end = at + form.length
    if (!isUnmistakable && (isOfWord(message[at - 1]) || isOfWord(message[end]))) continue
    masked += message.slice(from, at) + hidden
    from = end
  }
  return masked + message.slice(from)
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
type Add = (form: string, isText: boolean) => void

/** Lists the forms in which a message would quote the values inside of values. */
const collect = (value: unknown, add: Add, depth = 0): void => {
  if (typeof value === "string") return addText(value, add)
  if (typeof value === "number" || typeof value === "bigint") return addNumber(value, add)
  if (typeof value !== "object" || value === null || depth > deepest) return
  readable(() => collectParts(value, add, depth))
}

const collectParts = (value: object, add: Add, depth: number): void => {
  if (value instanceof Date) return addDate(value, add)
  if (BigDecimal.isBigDecimal(value)) return add(BigDecimal.format(value), false)
  if (value instanceof Uint8Array) return addBytes(value, add)
  for (const part of partsOf(value)) collect(part, add, depth + 1)
}

// A value that throws when it is read, such as bytes that were transferred away, was not sent, and no message quotes it.
const readable = (read: () => void): void => void Result.try(read)

// The names of a record are those of columns and fields. The keys of a map are data.
const partsOf = (value: object): Iterable<unknown> => {
  if (value instanceof Map) return [...value.keys(), ...value.values()]
  return value instanceof Set ? value : Object.values(value)
}

/** Lists the values in texts that are JSON, without backslashes and including keys, which may be data. */
const collectJson = (texts: ReadonlyArray<string>, add: Add): void => {
  for (const text of texts) {
    if (text.length > longest) continue
    // Text that is not JSON contains no values.
    Result.try(() =>
      JSON.parse(text, (key, value: unknown) => {
        add(key, true)
        if (typeof value !== "object") collect(value, add)
        return value
      })
    )
  }
}

const hexadecimal = /[0-9a-f]{8}/i

/** Lists the forms of the bytes of values, which a message may quote as another type. */
const collectBytes = (value: unknown, add: Add, depth = 0): void => {
  if (typeof value === "object" && value !== null) {
    if (depth > deepest) return
    readable(() => {
      if (value instanceof Uint8Array) return
      for (const part of partsOf(value)) collectBytes(part, add, depth + 1)
    })
    return
  }
  for (const form of hexOf(value)) {
    add(form, false)
    add(form.toUpperCase(), false)
  }
}

const hexOf = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") {
    if (value.length > longest) return []
    return ofUuid.test(value) ? [Hex.encode(value), value.replaceAll("-", "")] : [Hex.encode(value)]
  }
  const view = new DataView(new ArrayBuffer(8))
  const written = (write: () => void, from = 0): string => {
    write()
    return Hex.encode(new Uint8Array(view.buffer.slice(from)))
  }
  if (typeof value === "bigint") return [written(() => view.setBigInt64(0, BigInt.asIntN(64, value)))]
  return typeof value !== "number" ? [] : [
    written(() => view.setFloat64(0, value)),
    written(() => view.setFloat32(4, value), 4),
    written(() => view.setInt32(4, value), 4),
    written(() => view.setBigInt64(0, Number.isSafeInteger(value) ? BigInt(value) : 0n))
  ]
}

const ofUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const addNumber = (value: number | bigint, add: Add): void => {
  add(String(value), false)
  if (typeof value === "bigint") return
  // As Java writes it: 1.5E7.
  const [mantissa = "", exponent = ""] = value.toExponential().split("e")
  add(`${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(exponent)}`, false)
}

const addText = (text: string, add: Add): void => {
  add(text, true)
  // Written in any case, and quoted in one.
  if (ofHexadecimals.test(text)) add(text.toLowerCase(), true)
  if (!escaped.test(text) || text.length > longest) return
  for (const piece of text.split(escaped)) add(piece, true)
}

const ofHexadecimals = /^[0-9a-f:.-]*[A-F][0-9A-Fa-f:.-]*$/

// Characters that a message may double or escape. The pieces in between appear unchanged.
// oxlint-disable-next-line no-control-regex -- they are escaped
const escaped = /["'`\\\x00-\x1f\x7f]+/

const addDate = (date: Date, add: Add): void => {
  if (Number.isNaN(date.getTime())) return
  const iso = date.toISOString()
  for (const form of [iso, iso.slice(0, -"T00:00:00.000Z".length), String(date), String(date.getTime())]) {
    add(form, false)
  }
}

const addBytes = (bytes: Uint8Array, add: Add): void => {
  if (bytes.length > longest) return
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
  // A Buffer says its text, and other bytes their numbers.
  for (const form of [hex.join(""), hex.join(" "), bytes.join(", "), String(bytes)]) add(form, false)
}

// A message is short. What is longer than any is not looked for.
const longest = 100_000
