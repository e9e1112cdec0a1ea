// `npm run mutants`: breaks the core and the memory session in many small ways, and expects their tests to notice each.
//
// Every `packages/{core,testing}/mutants/*.patch` is applied to a copy of the sources, and tests run on that until the first
// fails: those of the core, or those that hold the memory session against recorded answers of a server. Before that they
// have to pass without any. A mutant that survives fails the command, and so does a patch that no longer applies. Arguments
// are names of mutants; without arguments all of them are tried.
import { globSync } from "node:fs"
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { performance } from "node:perf_hooks"
import { root, run, seconds } from "./support.ts"

/** A patch of the sources of a package. */
interface Mutant {
  readonly name: string
  readonly pack: keyof typeof suites
}

interface Verdict {
  readonly mutant: Mutant
  readonly outcome: "caught" | "SURVIVES" | "DOES NOT APPLY"
  /** The test that noticed, or what the tools said. */
  readonly by: string
  readonly duration: number
}

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly message: string
    readonly assertionResults: ReadonlyArray<{ readonly status: string; readonly fullName: string }>
  }>
}

/** The tests that have to notice the mutants of a package, and further options of vitest. */
const suites = {
  core: ["test/"],
  testing: ["test/conformance/recorded.test.ts", "--testTimeout", "60000"]
} as const

const patchOf = ({ name, pack }: Mutant): string => join(root, "packages", pack, "mutants", `${name}.patch`)

/** The packages that the tests need, with their dependencies among each other. */
const packages = {
  core: ["testing", "test-support"],
  schema: ["core"],
  testing: ["core", "schema", "test-support"],
  cassandra: ["core"],
  "test-server": [],
  "test-support": ["cassandra", "core", "schema", "testing", "test-server"]
}
const atOnce = 2
/** Milliseconds for the tests without a mutant. With one they get four times of what they took without. */
const longest = 600_000

/** A workspace with the packages that the tests need, and the dependencies of this one. */
const makeWorkspace = async (parent: string, name: string): Promise<string> => {
  const workspace = join(parent, name)
  await mkdir(workspace)
  // Tests compare tables of the guides with the code.
  for (const folder of ["node_modules", "docs"]) await symlink(join(root, folder), join(workspace, folder))
  for (const file of ["package.json", "tsconfig.base.json"]) {
    await cp(join(root, file), join(workspace, file))
  }
  for (const [name, others] of Object.entries(packages)) {
    const copy = join(workspace, "packages", name)
    await cp(join(root, "packages", name), copy, {
      recursive: true,
      // A link between the packages would lead to the originals.
      filter: (path) => basename(path) !== "dist" && basename(path) !== "@effect-cql"
    })
    await mkdir(join(copy, "node_modules/@effect-cql"))
    for (const other of others) {
      await symlink(join(workspace, "packages", other), join(copy, "node_modules/@effect-cql", other))
    }
  }
  return workspace
}

/** The name of the first test that fails; nothing when all pass. A mutant may also hang: that is noticed as well. */
const firstFailure = async (
  workspace: string,
  pack: Mutant["pack"],
  patience: number
): Promise<string | undefined> => {
  const reportFile = join(workspace, "report.json")
  await rm(reportFile, { force: true })
  const options = ["--bail", "1", "--maxWorkers", "1", "--reporter", "json", "--outputFile", reportFile]
  const { code, output } = await run(
    "vitest",
    ["run", "--root", join("packages", pack), ...suites[pack], ...options],
    { cwd: workspace, timeout: patience }
  )
  if (code === 0) return undefined
  if (output.endsWith("SIGTERM")) return `no end in ${seconds(patience)}`
  const report = await readFile(reportFile, "utf8").then((text) => JSON.parse(text) as Report, () => undefined)
  const tests = report?.testResults.flatMap((file) => file.assertionResults) ?? []
  return tests.find(({ status }) => status === "failed")?.fullName ??
    report?.testResults.find(({ message }) => message !== "")?.message.split("\n").slice(0, 2).join(" ") ??
    `no test has a name: ${output.trim().split("\n").at(-1)}`
}

/** The sources of a package as they were at the start. */
const restore = async (workspace: string, pack: Mutant["pack"]): Promise<void> => {
  const src = join(workspace, "packages", pack, "src")
  await rm(src, { recursive: true })
  await cp(join(workspace, "..", pack), src, { recursive: true })
}

const tryMutant = async (workspace: string, mutant: Mutant, patience: number): Promise<Verdict> => {
  const start = performance.now()
  // Little context, so that the patches survive changes beside them.
  const applied = await run("git", ["apply", "-C1", "--recount", patchOf(mutant)], { cwd: workspace })
  const verdict = (outcome: Verdict["outcome"], by: string): Verdict => ({
    mutant,
    outcome,
    by,
    duration: performance.now() - start
  })
  if (applied.code !== 0) return verdict("DOES NOT APPLY", applied.output.trim().split("\n")[0] ?? "")
  const failure = await firstFailure(workspace, mutant.pack, patience)
  await restore(workspace, mutant.pack)
  return failure === undefined ? verdict("SURVIVES", await descriptionOf(mutant)) : verdict("caught", failure)
}

/** Description of a patch, in its first line. */
const descriptionOf = async (mutant: Mutant): Promise<string> =>
  (await readFile(patchOf(mutant), "utf8")).split("\n")[0] ?? ""

const print = ({ by, duration, mutant, outcome }: Verdict): void =>
  console.log(`${outcome.padEnd(14)} ${mutant.name.padEnd(30)} ${seconds(duration).padStart(7)}  ${by}`)

const mutants: ReadonlyArray<Mutant> = (Object.keys(suites) as Array<Mutant["pack"]>).flatMap((pack) =>
  globSync("*.patch", { cwd: join(root, "packages", pack, "mutants") })
    .map((file) => ({ name: basename(file, ".patch"), pack }))
    .toSorted((one, other) => one.name < other.name ? -1 : 1)
)

const main = async (parent: string): Promise<number> => {
  const asked = process.argv.slice(2)
  const unknown = asked.filter((name) => !mutants.some((mutant) => mutant.name === name))
  if (unknown.length > 0) {
    console.error(
      `Unknown mutants: ${unknown.join(", ")}. The mutants are: ${mutants.map(({ name }) => name).join(", ")}`
    )
    return 2
  }
  const chosen = asked.length > 0 ? mutants.filter(({ name }) => asked.includes(name)) : mutants
  const workspaces = await Promise.all(Array.from({ length: atOnce }, (_, index) => makeWorkspace(parent, `${index}`)))
  for (const pack of Object.keys(suites)) {
    await cp(join(workspaces[0]!, "packages", pack, "src"), join(parent, pack), { recursive: true })
  }
  const patience = new Map<Mutant["pack"], number>()
  for (const pack of new Set(chosen.map(({ pack }) => pack))) {
    const start = performance.now()
    const failure = await firstFailure(workspaces[0]!, pack, longest)
    if (failure !== undefined) {
      console.error(`The tests of ${pack} fail without any mutant: ${failure}`)
      return 1
    }
    const took = performance.now() - start
    patience.set(pack, Math.ceil(4 * took))
    console.log(`the tests of ${pack} without a mutant: ${seconds(took)}`)
  }
  const queue = chosen.values()
  const verdicts: Array<Verdict> = []
  await Promise.all(workspaces.map(async (workspace) => {
    for (const mutant of queue) {
      const verdict = await tryMutant(workspace, mutant, patience.get(mutant.pack) ?? longest)
      print(verdict)
      verdicts.push(verdict)
    }
  }))
  const caught = verdicts.filter(({ outcome }) => outcome === "caught").length
  console.log(`\n${caught} of ${verdicts.length} mutants caught`)
  return caught === verdicts.length ? 0 : 1
}

const parent = await mkdtemp(join(tmpdir(), "mutants-"))
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void rm(parent, { recursive: true, force: true }).then(() => process.exit(130)))
}
process.exitCode = await main(parent).finally(() => rm(parent, { recursive: true, force: true }))
