import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, it } from "vitest"

it("works with node:test", () => {
  const file = fileURLToPath(new URL("./nodeTest.ts", import.meta.url))
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", file], {
    encoding: "utf8",
    env,
    timeout: 50_000
  })
  assert.strictEqual(status, 0, stdout)
  assert.match(stdout, /# pass 2\b/)
})
