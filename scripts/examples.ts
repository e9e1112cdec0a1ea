// Compiles and runs every ```ts block of the READMEs, of docs and of the JSDoc of the published packages.
//
// A block is written to a module of its own with as many empty lines before it as in its source, so that an error
// names the right line once the path is replaced. One compiler run checks them all, then they run one after the other
// in two processes, where a failed `console.assert` is an error. ```ts no-run only compiles, ```ts no-check is left alone.
// `node scripts/run.mjs test:examples docs/guides/values.md` checks those of some files.
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, sep } from "node:path"
import { type Finished, published, root, run } from "./support.ts"

interface Example {
  /** Where the block begins: `docs/guide.md:12`. */
  readonly source: string
  readonly info: string
  readonly text: string
  /** The module it is written to, inside `directory`. */
  readonly module: string
}

export interface Counts {
  readonly passed: number
  readonly failed: number
}

const sources = [
  "README.md",
  "docs/**/*.md",
  ...published.flatMap((name) => [`packages/${name}/README.md`, `packages/${name}/src/**/*.ts`])
]
// Inside a package, so that imports resolve as they do for a user.
const directory = join(root, "packages/examples/.doc-examples")

const extract = (file: string): Array<Example> => {
  const examples: Array<Example> = []
  const margin = file.endsWith(".ts") ? /^\s*\* ?/ : /^/
  let open: { readonly info: string; readonly line: number; readonly body: Array<string> } | undefined
  for (const [index, line] of readFileSync(join(root, file), "utf8").split("\n").entries()) {
    const text = line.replace(margin, "")
    if (open === undefined) {
      const fence = margin.test(line) ? /^```ts\b(.*)$/.exec(text) : null
      if (fence !== null) open = { info: (fence[1] ?? "").trim(), line: index + 1, body: [] }
    } else if (text.startsWith("```")) {
      const module = `${file.replaceAll(/[^\w]/g, "_")}_${open.line}.ts`
      const body = "\n".repeat(open.line) + open.body.join("\n") + "\n"
      examples.push({ source: `${file}:${open.line}`, info: open.info, text: body, module })
      open = undefined
    } else open.body.push(text)
  }
  return examples
}

/** Replaces the paths of the modules by those of the sources. */
const attribute = (output: string, examples: ReadonlyArray<Example>): string =>
  examples.reduce(
    (text, { module, source }) =>
      text.replaceAll(`${directory}${sep}${module}`, source.slice(0, source.lastIndexOf(":")))
        .replaceAll(module, source.slice(0, source.lastIndexOf(":"))),
    output.replaceAll("file://", "")
  )

const compile = (): Promise<Finished> => {
  writeFileSync(
    join(directory, "tsconfig.json"),
    JSON.stringify({
      extends: "../../../tsconfig.base.json",
      compilerOptions: {
        noEmit: true,
        composite: false,
        incremental: false,
        noUnusedLocals: false,
        noUnusedParameters: false,
        types: ["node"]
      },
      include: ["*.ts"]
    })
  )
  return run("tsc", ["-p", "."], { cwd: directory })
}

/** Runs examples in one process, and in another those after one that failed. */
const execute = async (examples: ReadonlyArray<Example>, onFailure: (failed: Example) => void): Promise<void> => {
  const [first] = examples
  if (first === undefined) return
  const modules = examples.map(({ module }) => module)
  const { code, output } = await run("node", [join(root, "scripts/exampleRunner.ts"), ...modules], {
    cwd: directory,
    // The runner ends an example that hangs, but not one that never yields.
    timeout: 20_000 + 2000 * examples.length
  })
  const done = modules.filter((module) => output.includes(`done ${module}\n`))
  const next = examples[done.length]
  if (next === undefined) return
  const own = output.split(/^done .*\n/m).at(-1) ?? ""
  console.log(`FAILED ${next.source} (exit code ${code})\n${attribute(own, examples).trim()}\n`)
  onFailure(next)
  await execute(examples.slice(done.length + 1), onFailure)
}

/** Prints failures, and counts each example once. Without files, checks the examples of all. */
export const checkExamples = async (files: ReadonlyArray<string> = []): Promise<Counts> => {
  const all = globSync(files.length > 0 ? files : sources, { cwd: root }).toSorted().flatMap(extract)
  const examples = all.filter(({ info }) => !info.includes("no-check"))
  if (examples.length < all.length) console.log(`${all.length - examples.length} examples are marked no-check`)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  for (const { module, text } of examples) writeFileSync(join(directory, module), text)

  const failed = new Set<Example>()
  const compiled = examples.length === 0 ? { code: 0, output: "" } : await compile()
  if (compiled.code !== 0) {
    console.log(attribute(compiled.output, examples))
    const broken = examples.filter(({ module }) => compiled.output.includes(module))
    // An error outside of the examples leaves none of them proven.
    for (const example of broken.length > 0 ? broken : examples) failed.add(example)
  }
  const runnable = examples.filter((example) => !failed.has(example) && !example.info.includes("no-run"))
  const half = Math.ceil(runnable.length / 2)
  const onFailure = (example: Example): void => void failed.add(example)
  await Promise.all([runnable.slice(0, half), runnable.slice(half)].map((part) => execute(part, onFailure)))
  rmSync(directory, { recursive: true, force: true })
  console.log(`${examples.length} examples compiled, ${runnable.length} run, ${failed.size} failed`)
  return { passed: examples.length - failed.size, failed: failed.size }
}

if (import.meta.main) process.exitCode = (await checkExamples(process.argv.slice(2))).failed === 0 ? 0 : 1
