/**
 * The lines of the driver that the adapter relies on, as it cites them, and where it may cite them.
 *
 * `support/driverLines.txt` has the text of each line. `vitest run test/driver.lines.test.ts -u` writes it again, after the
 * citations were brought up to another release: the difference is what to look at.
 */
import { assert, describe, expect, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

const source = join(import.meta.dirname, "../src")
const driver = dirname(createRequire(import.meta.url).resolve("cassandra-driver/package.json"))
const files = globSync("**/*.ts", { cwd: source }).map((path) => path.replaceAll("\\", "/")).sort()
const read = (path: string): string => readFileSync(join(source, path), "utf8")
const isOfDriver = (path: string): boolean => path.startsWith("internal/driver/")

const citation = /`((?:lib\/[\w/-]+|index)\.js):(\d+)`/g

/** Files without an own use of the driver beyond its declared types. */
const withoutUse = new Set(["consistency", "effects", "once", "override", "timer"])

/** The undeclared parts of the driver, and the ways to them. */
const undeclared: ReadonlyArray<RegExp> = [
  /\binternals\(/,
  /\bas Client &/,
  /\bReflect\.get\((?:policies|types|errors|client)\b/,
  /\._[a-z](?!ag\b)/,
  /"_[a-z]\w*"/,
  /cassandra-driver\/lib/
]

describe("the uses of the driver beyond its declared types", () => {
  it("cite lines of the installed driver", async () => {
    const lines = new Map<string, string>()
    for (const path of files) {
      for (const [, file, line] of read(path).matchAll(citation)) {
        const text = readFileSync(join(driver, file!), "utf8").split("\n")[Number(line) - 1]?.trim() ?? ""
        assert.notMatch(text, /^(?:$|\*|\/[/*]|[})\];]+$)/, `${path} cites ${file}:${line}`)
        lines.set(`${file}:${line!.padStart(5, "0")}`, `${file}:${line} ${text}\n`)
      }
    }
    const all = Array.from(lines).sort(([a], [b]) => a < b ? -1 : 1).map(([, text]) => text)
    await expect(all.join("")).toMatchFileSnapshot("support/driverLines.txt")
  })

  it("stand in one folder, and each of its files cites them", () => {
    for (const path of files) {
      const text = read(path)
      if (isOfDriver(path)) {
        const name = path.slice("internal/driver/".length, -".ts".length)
        assert.strictEqual(text.search(citation) < 0, withoutUse.has(name), path)
      } else {
        const code = text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "")
        for (const pattern of undeclared) assert.notMatch(code, pattern, path)
      }
    }
  })

  it("are cited with their line", () => {
    for (const path of files.filter(isOfDriver)) {
      for (const [, cited] of read(path).matchAll(/`([^`\s]+\.js[^`\s]*)`/g)) {
        assert.match(cited!, /^(?:lib\/|index\.js)[\w/.-]*:\d+$/, path)
      }
    }
  })
})
