import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { scenarios } from "./cases/index.ts"
import { conformanceTable } from "./table.ts"

const guide = new URL("../../../../docs/guides/memory-sessions.md", import.meta.url)

it("lists in the guide what it was held against a server for", () => {
  assert.include(readFileSync(guide, "utf8"), conformanceTable())
})

it("covers at least 250 statements", () => {
  assert.isAbove(scenarios.reduce((sum, { steps }) => sum + steps.length, 0), 250)
})
