// `npm run mutants`: breaks the core in many small ways, and expects its tests to notice each.
//
// Every `packages/core/mutants/*.patch` is applied to a copy of the sources, and the tests of the core run on that until
// the first fails; before that they have to pass without any. A mutant that survives fails the command, and so does a
// patch that no longer applies. Arguments are names of mutants; without arguments all of them are tried.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { performance } from "node:perf_hooks"
import { root, run, seconds } from "./support.ts"

interface Verdict {
  readonly mutant: string
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

const patches = join(root, "packages/core/mutants")
/** The packages that the tests of the core need, with their dependencies among each other. */
const packages = {
  core: ["testing", "test-support"],
  testing: ["core"],
  "test-server": [],
  "test-support": ["core", "testing", "test-server"]
}
const atOnce = 2
/** Milliseconds for the tests without a mutant. With one they get four times of what they took without. */
const longest = 600_000

/** A workspace with the packages that the tests of the core need, and the dependencies of this one. */
const makeWorkspace = async (parent: string, name: string): Promise<string> => {
  const workspace = join(parent, name)
  await mkdir(workspace)
  await symlink(join(root, "node_modules"), join(workspace, "node_modules"))
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
const firstFailure = async (workspace: string, patience: number): Promise<string | undefined> => {
  const reportFile = join(workspace, "report.json")
  await rm(reportFile, { force: true })
  const options = ["--bail", "1", "--maxWorkers", "1", "--reporter", "json", "--outputFile", reportFile]
  const { code, output } = await run(
    "vitest",
    ["run", "--root", "packages/core", ...options],
    { cwd: workspace, timeout: patience }
  )
  if (code === 0) return undefined
  if (output.endsWith("SIGTERM")) return `no end in ${seconds(patience)}`
  const report = await readFile(reportFile, "utf8").then((text) => JSON.parse(text) as Report, () => undefined)
  const tests = report?.testResults.flatMap((file) => file.assertionResults) ?? []
  return tests.find(({ status }) => status === "failed")?.fullName ??
    report?.testResults.find(({ message }) => message !== "")?.message.split("\n")[0] ??
    `no test has a name: ${output.trim().split("\n").at(-1)}`
}

const tryMutant = async (workspace: string, mutant: string, patience: number): Promise<Verdict> => {
  const start = performance.now()
  const src = join(workspace, "packages/core/src")
  await rm(src, { recursive: true })
  await cp(join(root, "packages/core/src"), src, { recursive: true })
  // Little context, so that the patches survive changes beside them.
  const applied = await run("git", ["apply", "-C1", "--recount", join(patches, `${mutant}.patch`)], { cwd: workspace })
  const verdict = (outcome: Verdict["outcome"], by: string): Verdict => ({
    mutant,
    outcome,
    by,
    duration: performance.now() - start
  })
  if (applied.code !== 0) return verdict("DOES NOT APPLY", applied.output.trim().split("\n")[0] ?? "")
  const failure = await firstFailure(workspace, patience)
  return failure === undefined ? verdict("SURVIVES", await descriptionOf(mutant)) : verdict("caught", failure)
}

/** Description of a patch, in its first line. */
const descriptionOf = async (mutant: string): Promise<string> =>
  (await readFile(join(patches, `${mutant}.patch`), "utf8")).split("\n")[0] ?? ""

const print = ({ by, duration, mutant, outcome }: Verdict): void =>
  console.log(`${outcome.padEnd(14)} ${mutant.padEnd(28)} ${seconds(duration).padStart(7)}  ${by}`)

const main = async (parent: string): Promise<number> => {
  const all = (await readdir(patches)).filter((file) => file.endsWith(".patch")).map((file) => basename(file, ".patch"))
  const asked = process.argv.slice(2)
  const unknown = asked.filter((name) => !all.includes(name))
  if (unknown.length > 0) {
    console.error(`Unknown mutants: ${unknown.join(", ")}. The mutants are: ${all.join(", ")}`)
    return 2
  }
  const workspaces = await Promise.all(Array.from({ length: atOnce }, (_, index) => makeWorkspace(parent, `${index}`)))
  const start = performance.now()
  const failure = await firstFailure(workspaces[0]!, longest)
  if (failure !== undefined) {
    console.error(`The tests fail without any mutant: ${failure}`)
    return 1
  }
  const patience = 4 * (performance.now() - start)
  console.log(`the tests without a mutant: ${seconds(patience / 4)}`)
  const queue = (asked.length > 0 ? asked : all).values()
  const verdicts: Array<Verdict> = []
  await Promise.all(workspaces.map(async (workspace) => {
    for (const mutant of queue) {
      const verdict = await tryMutant(workspace, mutant, patience)
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
