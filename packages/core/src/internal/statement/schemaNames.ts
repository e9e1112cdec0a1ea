/**
 * The names that a schema itself gives to fields. Any other key of what it is about is data.
 */
import type * as SchemaAST from "effect/SchemaAST"

const known = new WeakMap<SchemaAST.AST, ReadonlySet<string>>()

/** Every name of a field anywhere in a schema, on either of its sides. */
export const namesOf = (ast: SchemaAST.AST): ReadonlySet<string> => {
  const found = known.get(ast)
  if (found !== undefined) return found
  const names = new Set<string>()
  const seen = new Set<SchemaAST.AST>()
  const open: Array<SchemaAST.AST> = [ast]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    if (next._tag === "Objects") { for (const { name } of next.propertySignatures) names.add(String(name)) }
    open.push(...partsOf(next), ...(next.encoding ?? []).map(({ to }) => to))
  }
  known.set(ast, names)
  return names
}

const partsOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> => {
  switch (ast._tag) {
    case "Declaration":
      return ast.typeParameters
    case "Arrays":
      return [...ast.elements, ...ast.rest]
    case "Objects":
      return [...ast.propertySignatures, ...ast.indexSignatures].map(({ type }) => type)
    case "Union":
      return ast.types
    case "Suspend":
      return [ast.thunk()]
    default:
      return []
  }
}
