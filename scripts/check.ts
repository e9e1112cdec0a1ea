// `npm run check`: types, lint, house rules, formatting, unused code and the public API. Every gate runs, and every failure
// is shown.
import { globSync } from "node:fs"
import { join } from "node:path"
import { root, run, runStages } from "./support.ts"

const failed = await runStages({
  types: () => run("tsc", ["-b", "--pretty"]),
  // Floating effects, a missing `return yield*`, layers composed incorrectly. One program over all packages.
  effect: () => run("effect-tsgo", ["diagnostics", "--project", join(root, "tsconfig.effect.json"), "--strict"]),
  lint: () => run("oxlint", []),
  workflows: () => run("node", ["scripts/workflows.ts"]),
  circles: () => run("node", ["scripts/circles.ts"]),
  house: () => run("node", ["scripts/house.ts"]),
  // A patch that no longer applies is a mutant that nothing tries.
  mutants: () =>
    run("git", ["apply", "--check", "-C1", "--recount", ...globSync("packages/*/mutants/*.patch", { cwd: root })]),
  format: () => run("dprint", ["check"]),
  unused: () => run("knip", ["--no-config-hints"]),
  api: () => run("node", ["scripts/api.ts"])
})
if (failed.length > 0) {
  console.log(`Failed: ${failed.join(", ")}.${failed.includes("format") ? " `npm run format` formats the code." : ""}`)
  process.exitCode = 1
}
