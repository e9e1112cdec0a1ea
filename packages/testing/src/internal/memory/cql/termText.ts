/**
 * Terms and relations as the messages of the server show them.
 */
import { typeNameText } from "../values/types.ts"
import type { Term } from "./ast.ts"

export const termText = (term: Term): string => {
  switch (term._tag) {
    case "Null":
      return "NULL"
    case "Marker":
      return term.name === undefined ? "?" : `:${term.name}`
    case "Constant":
      return term.kind === "STRING" ? `'${term.text}'` : term.text
    case "ListTerm":
      return `[${listText(term.elements)}]`
    case "SetTerm":
      return `{${listText(term.elements)}}`
    case "MapTerm":
      return `{${term.entries.map(([key, value]) => `${termText(key)}: ${termText(value)}`).join(", ")}}`
    case "UdtTerm":
      return `{${term.fields.map(([name, value]) => `${name}: ${termText(value)}`).join(", ")}}`
    case "TupleTerm":
      return `(${listText(term.elements)})`
    case "CallTerm":
      return `${term.name}(${listText(term.args)})`
    case "Hint":
      return `(${typeNameText(term.type)})${termText(term.term)}`
    case "Operation":
      return term.left === undefined
        ? `${term.operator}${termText(term.right)}`
        : `${termText(term.left)} ${term.operator} ${termText(term.right)}`
  }
}

const listText = (terms: ReadonlyArray<Term>): string => terms.map(termText).join(", ")
