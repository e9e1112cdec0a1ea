// `npm run newest:driver`: installs the newest release of cassandra-driver, whatever the packages ask for, so that the
// tests show what it changes. The lockfile and the catalog change with it: run it on a copy, or undo it with git.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root, run } from "./support.ts"

const read = (path: string): string => readFileSync(join(root, path), "utf8")
const manager = (JSON.parse(read("package.json")) as { packageManager: string }).packageManager
const driver = (): string => /^ {2}cassandra-driver: (.*)$/m.exec(read("pnpm-workspace.yaml"))?.[1] ?? "none"

const before = driver()
const { code, output } = await run("npx", ["-y", manager, "update", "--recursive", "--latest", "cassandra-driver"])
if (code !== 0) console.log(output)
console.log(`cassandra-driver: ${before} -> ${driver()}${before === driver() ? " (the newest already)" : ""}`)
process.exitCode = code
