import { assert, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"

/** The modules that importing the package loads, as URLs. */
const loadedBy = (then: string): ReadonlyArray<string> => {
  const program = `import { registerHooks } from "node:module"
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    const { MockSession } = await import("@effect-cql/testing")
    ${then}
    console.log(JSON.stringify(loaded))`
  const cwd = fileURLToPath(new URL("..", import.meta.url))
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { cwd, encoding: "utf8" })
  return JSON.parse(output) as ReadonlyArray<string>
}

const isInterpreter = (url: string) => url.includes("chevrotain") || url.includes("/internal/memory/")

it("loads the interpreter of CQL with the first session that has tables, and no arbitrary before rows are drawn", () => {
  const scripted = loadedBy(`MockSession.layer({ answers: [] })`)
  assert.isAbove(scripted.length, 100)
  assert.deepStrictEqual(scripted.filter(isInterpreter), [])
  assert.deepStrictEqual(scripted.filter((url) => /arbitrary/i.test(url)), [])
  const memory = loadedBy(`MockSession.memory([])
    await new Promise((resolve) => setTimeout(resolve, 1))
    await import("chevrotain")`)
  assert.isAbove(memory.filter(isInterpreter).length, 20)
})
