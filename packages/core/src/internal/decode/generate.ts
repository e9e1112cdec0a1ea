/**
 * Generates the function that decodes a row.
 *
 * A loop over the columns costs ten times the checks that it makes: the engine of JavaScript knows neither the shape of the row
 * that it reads nor that of the one that it builds. A function whose text names them costs what hand-written code costs. Its
 * text holds the names of columns and fields, as literals, and nothing else from outside; no value of a row comes near it.
 */
import type { DecodeRow, Field } from "./row.ts"
import { absent, refused } from "./value.ts"

/**
 * The function for these fields; nothing where the process forbids code generation (`--disallow-code-generation-from-strings`).
 * With `isRow` the record of the fields is the row itself, which is not copied.
 */
export const generate = (fields: ReadonlyArray<Field>, isRow = false): DecodeRow | undefined => {
  const decoders = fields.map(({ steps }) => steps.decode)
  // The only way to ask whether it is allowed is to try.
  try {
    const make = new Function("decoders", "refused", "absent", textOf(fields, isRow))
    return make(decoders, refused, absent)
  } catch {
    return undefined
  }
}

const textOf = (fields: ReadonlyArray<Field>, isRow: boolean): string =>
  [
    ...fields.flatMap(({ steps }, at) => steps.decode === undefined ? [] : [`const d${at} = decoders[${at}]`]),
    "return (row) => {",
    ...fields.flatMap(stepsText),
    ...(isRow ? ["return row"] : recordText(fields)),
    "}"
  ].join("\n")

/** Makes the record, with its fields in their order. A literal is the fastest, and has all optional fields or none of them. */
const recordText = (fields: ReadonlyArray<Field>): ReadonlyArray<string> => {
  const numbered = fields.map(({ isOptional, name }, at) => ({ isOptional, name: literal(name), value: `v${at}` }))
  const record = (fields: typeof numbered) => `{ ${fields.map(({ name, value }) => `${name}: ${value}`).join(", ")} }`
  const optional = numbered.filter(({ isOptional }) => isOptional)
  if (optional.length === 0) return [`return ${record(numbered)}`]
  const isNone = optional.map(({ value }) => `${value} === absent`).join(" && ")
  const isAll = optional.map(({ value }) => `${value} !== absent`).join(" && ")
  return [
    `if (${isAll}) return ${record(numbered)}`,
    `if (${isNone}) return ${record(numbered.filter(({ isOptional }) => !isOptional))}`,
    "const decoded = {}",
    ...numbered.map(({ isOptional, name, value }) =>
      `${isOptional ? `if (${value} !== absent) ` : ""}decoded[${name}] = ${value}`
    ),
    "return decoded"
  ]
}

const stepsText = ({ column, isOptional, steps }: Field, at: number): ReadonlyArray<string> => {
  const { decode, kind, ofNull } = steps
  const value = `v${at}`
  const read = `row[${literal(column)}]`
  const fits = kind === undefined ? `${value} !== undefined` : `typeof ${value} === "${kind}"`
  const decoded = decode === undefined ? "" : `${value} = d${at}(${value})`
  const isMissing = `${value} === undefined && !(${literal(column)} in row)`
  const isRefused = ofNull === "refuse" ? `${value} === null || !(${fits})` : `!(${fits})`
  return [
    `let ${value} = ${read}`,
    ...(isOptional ? [`if (${isMissing}) ${value} = absent; else {`] : []),
    ...(ofNull === "pass"
      ? [`if (${value} !== null) {`, `if (!(${fits})) return refused`, decoded, "}"]
      : [`if (${isRefused}) return refused`, decoded]),
    ...(isOptional ? ["}"] : []),
    ...(decode === undefined
      ? []
      : [`if (${value} === refused${isOptional ? "" : ` || ${value} === absent`}) return refused`])
  ]
}

// A name in the text of a function. `__proto__`, which would be no field there, never gets here.
const literal = (name: string): string => JSON.stringify(name)
