/**
 * The CQL type of a column, as a schema needs it: its name and the types within it.
 */

/**
 * A CQL type: of `map<text, int>` the name is `map`, and the parts are `text` and `int`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ColumnType {
  readonly name: string
  readonly parts: ReadonlyArray<ColumnType>
}

/** Reads the text of a type, as the server and its tables have it. */
export const parseColumnType = (text: string): ColumnType => {
  const open = text.indexOf("<")
  if (open < 0 || !text.endsWith(">")) return { name: text.trim(), parts: [] }
  return { name: text.slice(0, open).trim(), parts: split(text.slice(open + 1, -1)).map(parseColumnType) }
}

/** The type of its values: whether they are frozen makes no difference to them. */
export const parseValueType = (text: string): ColumnType => thawed(parseColumnType(text))

const thawed = ({ name, parts }: ColumnType): ColumnType =>
  name === "frozen" && parts[0] !== undefined ? thawed(parts[0]) : { name, parts: parts.map(thawed) }

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

const types = (...names: ReadonlyArray<string>): ReadonlySet<string> => new Set(names)

/** Types whose values are strings, ... whatever the adapter. */
export const texts = types("ascii", "text", "varchar", "uuid", "timeuuid", "inet", "date")
export const integers = types("tinyint", "smallint", "int")
export const numbers = types("tinyint", "smallint", "int", "float", "double")
export const bigints = types("bigint", "counter", "varint", "time")

type NativeKind = "string" | "number" | "bigint" | "boolean" | "object"

/** The JavaScript type of the values of each native type, by its name. */
export const nativeTypes: ReadonlyMap<string, NativeKind> = new Map<string, NativeKind>([
  ...Array.from(texts, (name) => [name, "string"] as const),
  ...Array.from(numbers, (name) => [name, "number"] as const),
  ...Array.from(bigints, (name) => [name, "bigint"] as const),
  ["boolean", "boolean"],
  ...["blob", "decimal", "duration", "timestamp"].map((name) => [name, "object"] as const)
])
