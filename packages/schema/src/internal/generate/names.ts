/**
 * Names of a database as names of a program.
 */
import { snakeCase } from "../names.ts"

/** The field of a column: in camelCase where that is the same name, and otherwise as near as it can be. */
export const fieldOf = (column: string): string => {
  const camel = column.replaceAll(/(?<=[a-z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  if (isIdentifier(camel) && snakeCase(camel) === column && !isOfEveryObject(camel)) return camel
  const plain = column.replaceAll(/\W/g, "_")
  return isOfEveryObject(plain) || /^\d/.test(plain) || plain === "" ? `_${plain}` : plain
}

// A schema reads the property of Object.prototype, such as `constructor`, where a record lacks its own.
const isOfEveryObject = (name: string): boolean => name in Object.prototype

const isIdentifier = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name)

/** The class of a table or a type. */
export const classOf = (name: string): string => {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "")
  const pascal = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("")
  return /^[A-Za-z]/.test(pascal) ? pascal : `T${pascal}`
}

/** Gives names, each once. */
export class Names {
  readonly #taken: Set<string>

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken)
  }

  /** The name, or a similar one where it is taken. */
  take(name: string, suffix: string): string {
    let own = name
    for (let at = 1; this.#taken.has(own); at++) own = `${name}${suffix}${at === 1 ? "" : at}`
    this.#taken.add(own)
    return own
  }
}

/** A text as a literal of TypeScript. */
export const literal = (text: string): string =>
  JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")
