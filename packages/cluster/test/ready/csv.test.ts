/** Cells of CSV: a record that is no CSV moves no other one, whatever stands in it. */
import { Random } from "@effect-cql/test-support/random"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { cellsOf } from "../../src/internal/ready/parse.ts"
import { type FileRecord, type Form, Scanner } from "../../src/internal/ready/records.ts"

const records = (content: string, form: Form): ReadonlyArray<FileRecord> => {
  const scanner = new Scanner(form, 0)
  return [...scanner.add(new TextEncoder().encode(content)), ...scanner.end()]
}
const lines = (content: string) => records(content, { delimiter: undefined, longest: 1_000 })
const cells = (found: ReadonlyArray<FileRecord>) =>
  Effect.map(
    cellsOf(found, ",", 1_000),
    (all) => all.map((record) => Result.isSuccess(record) ? record.success.join("|") : "refused")
  )

describe("the cells of records", () => {
  it.effect("come without lines that are blank, at the end of a file too", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* cells(lines("1,a\r\n\r\n2,b\r\n\r\n")), ["1|a", "2|b"])
      assert.deepStrictEqual(yield* cells(lines("\r\n")), [])
      assert.deepStrictEqual(yield* cells(lines("\r\n\r\n1,a")), ["1|a"])
    }))

  it.effect("are those of their own record where quotes are open", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* cells(lines("1,\"a\n2,b\"\n3,c\n")), ["refused", "refused", "3|c"])
      assert.deepStrictEqual(yield* cells(lines("1,\"a\n\",b\n3,c\n")), ["refused", "refused", "3|c"])
      const far = records(`1,"a\n${"x,y\n".repeat(4)}",b\n3,c\n`, { delimiter: 0x2c, longest: 12 })
      assert.deepStrictEqual(yield* cells(far), ["refused", "x|y", "x|y", "x|y", "x|y", "refused", "3|c"])
    }))

  it.effect("are those of one record where a line holds a carriage return", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* cells(lines("1,a\rb\n2,\"c\rd\"\n3,e\n")), ["refused", "2|c\rd", "3|e"])
      assert.deepStrictEqual(yield* cells(lines("1,a\rb\n\"2,\n3,\"e\n4,f\n")), [
        "refused",
        "refused",
        "refused",
        "4|f"
      ])
    }))

  it.effect("are the same alone and among others", () =>
    Effect.gen(function*() {
      const random = new Random(3)
      const pieces = ["a", ",", ",", "\n", "\r\n", "\r", "\"", "\"\"", "\",\"", "\"a\"", "é", " "] as const
      for (let round = 0; round < 200; round++) {
        const content = Array.from({ length: 40 }, () => random.pick(pieces)).join("")
        for (const form of [{ delimiter: undefined, longest: 30 }, { delimiter: 0x2c, longest: 30 }]) {
          const found = records(content, form)
          const all = yield* cells(found)
          const alone = yield* Effect.forEach(found, (record) => cells([record]))
          assert.deepStrictEqual(all, alone.flat(), JSON.stringify(content))
          assert.strictEqual(all.length, found.length)
        }
      }
    }))
})
