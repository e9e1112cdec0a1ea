// A stage of `npm run check`: the circles of type imports in the packages.
//
// Values import each other in no circle (the linter sees to that). Types do: a statement needs a session, and a session runs
// statements. Each circle of two modules that stays has a line with its reason in docs/architecture.md, section "Circles of
// types": "- `Session.ts` ⇄ `Statement.ts`: the reason"; modules of other packages than core begin with the name of their package.
// A public module and what implements it need no line.
import { globSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import ts from "typescript-6"
import { root } from "./support.ts"

export type Graph = ReadonlyMap<string, ReadonlySet<string>>

/** The modules of a folder, each with those that it imports, types included. */
export const graphOf = (folder: string): Graph => {
  const files = globSync("**/*.ts", { cwd: folder }).filter((file) => file !== "index.ts").toSorted()
  const importsOf = (file: string): ReadonlySet<string> => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(folder, file), "utf8"), true)
    const local = importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith("."))
    return new Set(local.map((name) => relative(folder, join(folder, dirname(file), name))))
  }
  return new Map(files.map((file) => [file, importsOf(file)]))
}

const isImplementation = (one: string, other: string): boolean => {
  const publics = [one, other].filter((file) => !file.startsWith("internal/"))
  return publics.length === 1
}

/** The pairs of modules that import each other. Each needs a reason. */
export const pairsOf = (graph: Graph, prefix = ""): ReadonlyArray<string> =>
  [...graph].flatMap(([one, imports]) =>
    [...imports].filter((other) => one < other && graph.get(other)?.has(one) && !isImplementation(one, other))
      .map((other) => `\`${prefix}${one}\` ⇄ \`${prefix}${other}\``)
  ).toSorted()

/** The pairs that the page gives reasons for. */
export const reasonsOf = (page: string): ReadonlyArray<string> => {
  const section = /^## Circles of types\n([^]*?)(?=^## |$(?![^]))/m.exec(page)?.[1] ?? ""
  return [...section.matchAll(/^- (`[\w/.-]+` ⇄ `[\w/.-]+`): \S/gm)].map(([, pair]) => pair ?? "")
}

if (process.argv[1] === import.meta.filename) {
  const pairs = globSync("*/src", { cwd: join(root, "packages") }).toSorted().flatMap((source) => {
    const name = dirname(source)
    return pairsOf(graphOf(join(root, "packages", source)), name === "core" ? "" : `${name}/`)
  })
  const reasons = reasonsOf(readFileSync(join(root, "docs/architecture.md"), "utf8"))
  for (const pair of pairs) {
    console.log(
      reasons.includes(pair) ? pair : `${pair}: expected a line with the reason in docs/architecture.md, got none`
    )
  }
  for (const reason of reasons.filter((reason) => !pairs.includes(reason))) {
    console.log(`${reason}: is no circle any more. Remove its line from docs/architecture.md.`)
  }
  process.exitCode = pairs.every((pair) => reasons.includes(pair)) ? 0 : 1
}
