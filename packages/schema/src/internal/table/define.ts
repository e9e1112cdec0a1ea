/**
 * Puts the verbs of a table on its class.
 */
import type * as SchemaAST from "effect/SchemaAST"
import { type Meta, TypeId } from "../../TableMeta.ts"
import { makeVerbs, verbNames } from "./verbs.ts"

interface HasAst {
  readonly ast: SchemaAST.AST
}

interface Made {
  readonly meta: Meta
  readonly verbs: Readonly<Record<string, unknown>>
}

/**
 * Defines the verbs as getters: a class that extends that of a table is the class of its rows, and only `this` knows it.
 */
export const defineVerbs = (target: object, metaOf: (self: HasAst) => Meta): void => {
  const known = new WeakMap<object, Made>()
  const madeOf = (self: HasAst): Made => {
    const found = known.get(self)
    if (found !== undefined) return found
    const meta = metaOf(self)
    const made = { meta, verbs: makeVerbs(meta) }
    known.set(self, made)
    return made
  }
  const define = (key: PropertyKey, get: (made: Made) => unknown) =>
    Object.defineProperty(target, key, {
      get(this: HasAst) {
        return get(madeOf(this))
      },
      configurable: true
    })
  define(TypeId, ({ meta }) => meta)
  for (const name of verbNames) define(name, ({ verbs }) => verbs[name])
}
