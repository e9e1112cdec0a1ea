import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript-6"
import { assert, describe, it } from "vitest"
import { graphOf, pairsOf, reasonsOf } from "../circles.ts"
import { root } from "../support.ts"

interface Named {
  readonly path: string
  readonly names: ReadonlyArray<string>
}

/** The paths in a page, each with the exports that stand behind it in parentheses. */
const namedIn = (page: string): ReadonlyArray<Named> =>
  [...page.matchAll(/`((?:packages|scripts|docs|\.ci|\.github)\/[\w./-]+)`(?: \(((?:`\w+`(?:, )?)+)\))?/g)].map(
    ([, path = "", names = ""]) => ({ path, names: [...names.matchAll(/\w+/g)].map(([name]) => name) })
  )

/** The names that a module exports. */
const exportsOf = (text: string): ReadonlyArray<string> => {
  const source = ts.createSourceFile("module.ts", text, ts.ScriptTarget.Latest, true)
  return source.statements.flatMap((node) => {
    if (ts.isExportDeclaration(node)) {
      return node.exportClause !== undefined && ts.isNamedExports(node.exportClause)
        ? node.exportClause.elements.map(({ name }) => name.text)
        : []
    }
    const isExported = ts.canHaveModifiers(node) &&
      node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    if (!isExported) return []
    if (ts.isVariableStatement(node)) return node.declarationList.declarations.map(({ name }) => name.getText())
    return [ts.getNameOfDeclaration(node as ts.DeclarationStatement)?.getText() ?? "default"]
  })
}

const page = readFileSync(join(root, "docs/architecture.md"), "utf8")

describe("the page on architecture", () => {
  it("names files and folders that exist, and what they export", () => {
    const named = namedIn(page)
    assert.isAbove(named.length, 40)
    assert.isAbove(named.filter(({ names }) => names.length > 0).length, 8)
    const wrong = named.flatMap(({ names, path }) => {
      if (!existsSync(join(root, path))) return [`${path} does not exist`]
      const exported = names.length === 0 ? [] : exportsOf(readFileSync(join(root, path), "utf8"))
      return names.filter((name) => !exported.includes(name)).map((name) => `${path} does not export ${name}`)
    })
    assert.deepStrictEqual(wrong, [])
  })

  it("answers at least twenty questions", () => {
    const section = /^## Where to change what\n([^]*?)^## /m.exec(page)?.[1] ?? ""
    assert.isAtLeast([...section.matchAll(/^\| (?!to change|-)/gm)].length, 20)
  })

  it("has every folder of the core and of the adapter", () => {
    const paths = new Set(namedIn(page).map(({ path }) => path))
    const folders = globSync("packages/{core,cassandra}/src/{internal/*,*}/", { cwd: root })
      .map((folder) => folder.replace(/\/$/, ""))
      .filter((folder) => !/\.ts$|\/internal$/.test(folder))
    assert.isAbove(folders.length, 8)
    assert.deepStrictEqual(folders.filter((folder) => !paths.has(folder)), [])
  })

  it("understands the exports of a module", () => {
    const text =
      "export const a = 1, b = 2\nexport interface C {}\nexport { d, e as f }\nconst g = 1\nexport class H {}"
    assert.deepStrictEqual(exportsOf(text), ["a", "b", "C", "d", "f", "H"])
  })
})

describe("circles of types", () => {
  it("are found between the modules of a folder", () => {
    const graph = new Map([
      ["A.ts", new Set(["B.ts", "internal/a.ts"])],
      ["B.ts", new Set(["A.ts"])],
      ["C.ts", new Set(["A.ts"])],
      ["internal/a.ts", new Set(["A.ts", "internal/b.ts"])],
      ["internal/b.ts", new Set(["internal/a.ts"])]
    ])
    assert.deepStrictEqual(pairsOf(graph), ["`A.ts` ⇄ `B.ts`", "`internal/a.ts` ⇄ `internal/b.ts`"])
  })

  it("are read from imports of types too", () => {
    const graph = graphOf(join(root, "packages/core/src"))
    assert.isTrue(graph.get("Statement.ts")?.has("Session.ts"))
    assert.isTrue(graph.get("internal/session/session.ts")?.has("Session.ts"))
  })

  it("have their reasons in the section of that name alone", () => {
    const reasons =
      "## Circles of types\n\n- `A.ts` ⇄ `B.ts`: a reason\n- `C.ts` ⇄ `D.ts`: \n\n## Next\n- `E.ts` ⇄ `F.ts`: x\n"
    assert.deepStrictEqual(reasonsOf(reasons), ["`A.ts` ⇄ `B.ts`"])
  })
})
