import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { addressesOf, pageOf } from "../release.ts"
import { published, root } from "../support.ts"
import { houseFindings } from "../workflows.ts"

describe("the addresses of a release", () => {
  it("are those of the remote, in whichever form it is written", () => {
    const remotes = [
      "https://git.example.org/owner/name.git",
      "https://git.example.org/owner/name",
      "https://git.example.org/owner/name/\n",
      "https://token@git.example.org/owner/name.git",
      "git@git.example.org:owner/name.git",
      "ssh://git@git.example.org/owner/name.git",
      "ssh://git@git.example.org:2222/owner/name.git"
    ]
    for (const remote of remotes) assert.strictEqual(pageOf(remote), "https://git.example.org/owner/name", remote)
  })

  it("are none for a remote on this machine", () => {
    for (const remote of ["/srv/git/name.git", "../name", "file:///srv/name.git", "", "C:\\name"]) {
      assert.isUndefined(pageOf(remote), remote)
    }
  })

  it("name the folder of the package", () => {
    assert.deepStrictEqual(addressesOf("https://git.example.org/owner/name", "core"), {
      repository: { type: "git", url: "git+https://git.example.org/owner/name.git", directory: "packages/core" },
      homepage: "https://git.example.org/owner/name/tree/main/packages/core#readme",
      bugs: { url: "https://git.example.org/owner/name/issues" }
    })
  })
})

describe("the packages", () => {
  it("have the same version, all that are published", () => {
    const { fixed } = JSON.parse(readFileSync(join(root, ".changeset/config.json"), "utf8")) as {
      fixed: ReadonlyArray<ReadonlyArray<string>>
    }
    assert.deepStrictEqual(fixed, [published.map((name) => `@effect-cql/${name}`)])
  })
})

describe("the rules for workflows", () => {
  const workflow = (lines: ReadonlyArray<string>, top = "permissions: {}\nconcurrency:\n  group: x\n") =>
    `on: push\n${top}jobs:\n  one:\n${lines.map((line) => `    ${line}\n`).join("")}`
  const sha = "0123456789abcdef0123456789abcdef01234567"
  const good = ["timeout-minutes: 5", "permissions:", "  contents: read", "steps:", `  - uses: a/b@${sha} # v1.2.3`]
  const messages = (text: string) => houseFindings(text).map(({ message }) => message)

  it("find nothing in a workflow that keeps them", () => {
    assert.deepStrictEqual(messages(workflow(good)), [])
    assert.deepStrictEqual(messages(workflow([...good, "  - uses: ./local"])), [])
  })

  it("ask for the SHA of a release, with its version", () => {
    for (const used of ["a/b@v1", `a/b@${sha}`, `a/b@${sha} # v1`, `a/b@${sha.slice(1)} # v1.2.3`, "a/b"]) {
      const found = houseFindings(workflow([...good, `  - uses: ${used}`]))
      assert.deepStrictEqual(found, [{ line: 12, message: `expected owner/action@<40 digits> # vX.Y.Z, got ${used}` }])
    }
  })

  it("ask for permissions, a concurrency group and a limit of time", () => {
    assert.deepStrictEqual(messages(workflow(good, "permissions:\n  contents: write\n")), [
      "expected `permissions: {}` at the top",
      "expected a concurrency group at the top"
    ])
    assert.deepStrictEqual(messages(workflow(good.slice(1))), ["expected the job to have timeout-minutes"])
    assert.deepStrictEqual(messages(`${workflow(good)}\n  two:\n    runs-on: x\n`), [
      "expected the job to have timeout-minutes",
      "expected the job to have permissions"
    ])
  })
})
