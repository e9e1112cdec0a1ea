// `npm run check:api`: compares the public declarations of the published packages with packages/<name>/api.md.
// `npm run check:api -- --update` writes them. A difference is a change that users can see: it belongs in a changeset.
import { spawnSync } from "node:child_process"
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import ts from "typescript-6"
import { published, root, run } from "./support.ts"

const printer = ts.createPrinter({ removeComments: true })

/** The statements of a module, with those of the internal modules whose declarations it exports. */
const statements = (file: string): Array<string> => {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true)
  const exported = source.statements.filter(ts.isExportDeclaration).map((node) => node.getText()).join("\n")
  const reexports = (node: ts.Statement): string | undefined => {
    if (!ts.isImportDeclaration(node) && !ts.isExportDeclaration(node)) return undefined
    const from = /"(\.\/internal\/.*)\.ts"/.exec(node.moduleSpecifier?.getText() ?? "")?.[1]
    if (from === undefined || ts.isExportDeclaration(node)) return from
    const names = node.importClause?.namedBindings?.getText().match(/\w+/g) ?? []
    return names.some((name) => new RegExp(`\\b${name}\\b`).test(exported)) ? from : undefined
  }
  return source.statements.flatMap((node) => {
    const from = reexports(node)
    const inner = from === undefined ? [] : [`// ${from}`, ...statements(join(dirname(file), `${from}.d.ts`)), "// end"]
    return ts.isImportDeclaration(node) ? inner : [...inner, printer.printNode(ts.EmitHint.Unspecified, node, source)]
  })
}

/** The declarations that the compiler wrote for a module, without comments and imports, formatted. */
const declarations = (file: string): string => {
  const input = statements(file).join("\n")
  const formatted = spawnSync("dprint", ["fmt", "--stdin", "ts"], { cwd: root, input })
  if (formatted.status !== 0) throw new Error(formatted.stderr.toString())
  return formatted.stdout.toString().trim()
}

const purpose =
  `A record of the public declarations, which \`npm run check:api\` compares with the code. It is for maintainers.
Users find the documentation of each declaration in their editor, and the use of the library in the
[guides](../../README.md#guides).

Written by \`npm run check:api -- --update\`.`

const render = (name: string): string => {
  const modules = globSync("src/*.ts", { cwd: join(root, "packages", name) }).map((file) => basename(file, ".ts"))
  const sections = modules.toSorted().map((module) => {
    const title = module === "index" ? `@effect-cql/${name}` : `@effect-cql/${name}/${module}`
    return `## ${title}\n\n\`\`\`ts\n${declarations(join(root, "packages", name, "dist", `${module}.d.ts`))}\n\`\`\`\n`
  })
  return `# The public API of @effect-cql/${name}\n\n${purpose}\n\n${sections.join("\n")}`
}

const built = await run("tsc", ["-b", ...published.map((name) => `packages/${name}`)])
if (built.code !== 0) {
  console.log(built.output)
  process.exit(1)
}
const temporary = mkdtempSync(join(tmpdir(), "api-"))
for (const name of published) {
  const committed = `packages/${name}/api.md`
  if (process.argv.includes("--update")) {
    writeFileSync(join(root, committed), render(name))
    console.log(`wrote ${committed}`)
    continue
  }
  const actual = join(temporary, `${name}.md`)
  writeFileSync(actual, render(name))
  const diff = spawnSync("git", ["--no-pager", "diff", "--no-index", "--", committed, actual], { cwd: root })
  console.log(diff.status === 0 ? `ok     ${committed}` : `FAILED ${committed}\n${diff.stdout}${diff.stderr}`)
  if (diff.status !== 0) process.exitCode = 1
}
rmSync(temporary, { recursive: true })
if (process.exitCode === 1) {
  console.log("Wanted? Then run `npm run check:api -- --update` and describe it in a changeset.")
}
