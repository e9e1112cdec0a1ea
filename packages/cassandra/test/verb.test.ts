import { assert, it } from "@effect/vitest"
import { beginsWith } from "../src/internal/request/verb.ts"

it("the first word of a text is found behind comments, in linear time and whatever their length", () => {
  const comments = "/* a * b ** */ -- c\r// d\n".repeat(10_000)
  const long = `/*${"*".repeat(1_000_000)}*/`
  for (const before of ["", " \n", comments, long]) {
    assert.isTrue(beginsWith(`${before}use ks`, "USE"))
    assert.isFalse(beginsWith(`${before}USER`, "USE"))
    assert.isFalse(beginsWith(`${before}`, "USE"))
  }
  assert.isFalse(beginsWith("/* USE ks", "USE"))
})
