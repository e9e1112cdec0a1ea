/** The tables of reasons in the guide are those of the code. `UPDATE_REASONS=1` writes them. */
import { assert, it } from "@effect/vitest"
import { readFileSync, writeFileSync } from "node:fs"
import { table } from "../src/internal/reasons.ts"

const guide = new URL("../../../docs/guides/reasons.md", import.meta.url)
const sources = ["../src/internal/serverReasons.ts", "../src/Reason.ts"]

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

const printed = (heads: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]!.length)))
  const line = (row: ReadonlyArray<string>) => cells(row.map((cell, at) => cell.padEnd(widths[at]!)))
  return [line(heads), cells(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n")
}

/** The first sentence of the comment of each class, and the protocol code or the client at its end. */
const described = (): ReadonlyMap<string, readonly [cause: string, origin: string]> => {
  const text = sources.map((path) => readFileSync(new URL(path, import.meta.url), "utf8")).join("")
  return new Map(
    [...text.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*export class (\w+) extends Tagged/g)].map(
      ([, comment = "", tag = ""]) => {
        const prose = comment.replaceAll(/\s*\n \* ?/g, " ").split(" @")[0]!
        const code = /Protocol error (0x\w+)/.exec(prose)?.[1]
        const client = /raised by the client/i.test(prose) ? "the client" : undefined
        const origin = [code, client].filter((part) => part !== undefined).join(", ")
        return [tag, [prose.split(/\.(?: |$)/)[0]!.trim(), origin]]
      }
    )
  )
}

const causes = (): string => {
  const comments = described()
  return printed(
    ["reason", "cause", "code"],
    Object.keys(table).map((tag) => [`\`${tag}\``, ...comments.get(tag) ?? ["", ""]])
  )
}

const consequences = (): string =>
  printed(
    ["reason", "outcome", "retried", "load"],
    Object.entries(table).map(([tag, row]) => {
      // Each row takes its own reason, and the usual fields are enough for all of them.
      const outcome = Reflect.apply(row.outcome, row, [{ _tag: tag, ...usual }, plain])
      return [`\`${tag}\``, `\`${outcome}\``, retried[row.retry], load[row.load]]
    })
  )

/** The guide with a table between the two comments that name it. */
const withTable = (text: string, name: string, content: string): string => {
  const begin = `<!-- ${name}: a test compares this table with the code -->\n`
  const [before = "", rest = ""] = text.split(begin)
  return `${before}${begin}\n${content}\n\n${rest.slice(rest.indexOf(`<!-- end of ${name} -->`))}`
}

it("the guide has the causes and the consequences of the reasons of the code", () => {
  const expected = withTable(withTable(readFileSync(guide, "utf8"), "causes", causes()), "reasons", consequences())
  if (process.env["UPDATE_REASONS"] === "1") writeFileSync(guide, expected)
  assert.strictEqual(readFileSync(guide, "utf8"), expected)
})

it("each reason has a cause, and a code or the client that raises it", () => {
  assert.notMatch(causes(), /\| +\|/)
})
