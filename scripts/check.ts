// `npm run check`: types, lint, house rules, formatting and unused code. Every gate runs, and every failure is shown.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type Finished, root, run, runStages } from "./support.ts"

interface Config {
  readonly references: ReadonlyArray<{ readonly path: string }>
}

/** The Effect diagnostics of each project: floating effects, a missing `return yield*`, layers put together wrongly. */
const effect = async (): Promise<Finished> => {
  const { references } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")) as Config
  const projects = references.map(({ path }) => join(root, path.endsWith(".json") ? path : `${path}/tsconfig.json`))
  const runs = await Promise.all(
    projects.map((project) => run("effect-tsgo", ["diagnostics", "--project", project, "--strict"]))
  )
  const failures = runs.filter(({ code }) => code !== 0)
  return { code: failures.length, output: failures.map(({ output }) => output).join("\n") }
}

const failed = await runStages({
  types: () => run("tsc", ["-b", "--pretty"]),
  effect,
  lint: () => run("oxlint", []),
  house: () => run("node", ["scripts/house.ts"]),
  format: () => run("dprint", ["check"]),
  unused: () => run("knip", ["--no-config-hints"])
})
if (failed.length > 0) {
  console.log(`Failed: ${failed.join(", ")}.${failed.includes("format") ? " `npm run format` formats the code." : ""}`)
  process.exitCode = 1
}
