import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "vitest"
import { root } from "../support.ts"

const pages = globSync(["*.md", "docs/**/*.md", "packages/*/README.md"], { cwd: root }).toSorted()
const read = (path: string): string => readFileSync(join(root, path), "utf8").replaceAll(/^```[^]*?^```/gm, "")

/** The anchor of a heading, as GitHub and npm make it. */
const anchorOf = (heading: string): string =>
  heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-")

const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading)))

const linksOf = (text: string): ReadonlyArray<string> =>
  [...text.replaceAll(/`[^`\n]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^https?:/.test(target))

/** Links of a page to a file or a heading that does not exist. */
const deadLinksOf = (page: string, text: string): ReadonlyArray<string> =>
  linksOf(text).filter((link) => {
    const [path = "", anchor] = link.split("#")
    const target = path === "" ? page : join(dirname(page), path)
    if (!existsSync(join(root, target))) return true
    return anchor !== undefined && target.endsWith(".md") && !anchorsOf(read(target)).has(anchor)
  })

describe("the pages", () => {
  it("have no dead links", () => {
    assert.isAbove(pages.length, 40)
    assert.deepStrictEqual(pages.flatMap((page) => deadLinksOf(page, read(page)).map((link) => `${page}: ${link}`)), [])
  })

  it("are checked for files and for headings", () => {
    const text =
      "[a](rules.md) [b](rules.md#the-twelve-rules-of-a-run) [c](no.md) [d](rules.md#no) [e](#requests) `[h](i)`"
    assert.deepStrictEqual(deadLinksOf("docs/limits.md", text), ["no.md", "rules.md#no"])
  })

  it("include no guide that the README omits", () => {
    const listed = new Set(linksOf(read("README.md")))
    assert.deepStrictEqual(pages.filter((page) => page.startsWith("docs/guides/") && !listed.has(page)), [])
  })

  it("introduce no list by one of its items", () => {
    const introductions = pages.flatMap((page) =>
      [...read(page).matchAll(/^- [^\n]*:\n\n- /gm)].map(([item]) => `${page}: ${item.trim()}`)
    )
    assert.deepStrictEqual(introductions, [])
  })
})
