/** The table of reasons in the guide is the one of the code. `UPDATE_REASONS=1` writes it. */
import { assert, it } from "@effect/vitest"
import { readFileSync, writeFileSync } from "node:fs"
import { table } from "../src/internal/reasons.ts"

const guide = new URL("../../../docs/guides/reasons.md", import.meta.url)
const begin = "<!-- reasons: a test compares this table with the code -->\n"
const end = "<!-- end of reasons -->"

const retried = {
  always: "if nothing was applied, or the statement is idempotent",
  idempotent: "if the statement is idempotent",
  never: "never"
}
const load = { answered: "answered", overloaded: "overloaded", timedOut: "timed out", failed: "nothing" }

/** Fields that the outcomes of some reasons depend on, as they mostly are. */
const usual = { consistency: "QUORUM", writeType: "SIMPLE", hosts: [], written: undefined }
const plain = { kind: "write", conditional: false, batch: undefined } as const

const cells = (values: ReadonlyArray<string>) => `| ${values.join(" | ")} |`

const printed = (): string => {
  const rows = Object.entries(table).map(([tag, row]) => {
    // Each row takes its own reason, and the usual fields are enough for all of them.
    const outcome = Reflect.apply(row.outcome, row, [{ _tag: tag, ...usual }, plain])
    return [`\`${tag}\``, `\`${outcome}\``, retried[row.retry], load[row.load]]
  })
  const heads = ["reason", "outcome", "retried", "load"]
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]!.length)))
  const line = (row: ReadonlyArray<string>) => cells(row.map((cell, at) => cell.padEnd(widths[at]!)))
  return [line(heads), cells(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n")
}

it("the guide has the table of reasons of the code", () => {
  const text = readFileSync(guide, "utf8")
  const [before, rest = ""] = text.split(begin)
  const after = rest.slice(rest.indexOf(end))
  const expected = `${before}${begin}\n${printed()}\n\n${after}`
  if (process.env["UPDATE_REASONS"] === "1") writeFileSync(guide, expected)
  assert.strictEqual(readFileSync(guide, "utf8"), expected)
})
