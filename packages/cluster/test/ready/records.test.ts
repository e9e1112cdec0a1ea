/** Records of files: where they begin and end, whatever blocks the bytes come in. */
import { Random } from "@effect-cql/test-support/random"
import { assert, describe, it } from "@effect/vitest"
import { type FileRecord, type Form, Scanner } from "../../src/internal/ready/records.ts"

const csv: Form = { delimiter: 0x2c, longest: 40 }
const lines: Form = { delimiter: undefined, longest: 40 }
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (record: FileRecord) => record.bytes === undefined ? undefined : new TextDecoder().decode(record.bytes)

const scan = (form: Form, content: Uint8Array, block: number, at = 0): ReadonlyArray<FileRecord> => {
  const scanner = new Scanner(form, at)
  const found: Array<FileRecord> = []
  for (let from = 0; from < content.length; from += block) {
    found.push(...scanner.add(content.subarray(from, from + block)))
  }
  return [...found, ...scanner.end()]
}

const texts = (form: Form, content: string) => scan(form, bytes(content), content.length).map(text)

describe("the records of a file", () => {
  it("end at line breaks, but not between quotes", () => {
    assert.deepStrictEqual(texts(csv, "a,b\r\n1,\"x\ny\"\n\n2,\"say \"\"hi\"\"\r\n\"\r3,z"), [
      "a,b",
      "1,\"x\ny\"",
      "2,\"say \"\"hi\"\"\r\n\"",
      "3,z"
    ])
    assert.deepStrictEqual(texts(csv, "a\"b\nc\n"), ["a\"b", "c"])
    assert.deepStrictEqual(texts(csv, ""), [])
    assert.deepStrictEqual(texts(csv, "\n\r\n"), [])
    assert.deepStrictEqual(texts(lines, "{\"a\":\"\n\"}\n1"), ["{\"a\":\"", "\"}", "1"])
  })

  it("begin behind a byte order mark", () => {
    const [first] = scan(csv, bytes("\uFEFF\"a\nb\",c\nd"), 2)
    assert.deepStrictEqual([first?.at, first && text(first)], [3, "\"a\nb\",c"])
  })

  it("are found again behind a quote that nothing closes", () => {
    assert.deepStrictEqual(texts(csv, "1,\"open\n2,b\n3,c"), ["1,\"open", "2,b", "3,c"])
    const far = "1,\"open\n" + "2,b\n".repeat(20) + "3,\"closed\"\n"
    assert.deepStrictEqual(texts(csv, far), ["1,\"open", ...Array.from({ length: 20 }, () => "2,b"), "3,\"closed\""])
  })

  it("have no bytes if they are too long, and keep their place", () => {
    const content = "a\n" + "x".repeat(100) + "\nb\n"
    for (const block of [1, 3, 1_000]) {
      const found = scan(csv, bytes(content), block)
      assert.deepStrictEqual(found.map(({ at, end }) => [at, end]), [[0, 2], [2, 103], [103, 105]])
      assert.deepStrictEqual(found.map(text), ["a", undefined, "b"])
    }
  })

  it("are the same in blocks of any size, and from the end of any of them on", () => {
    const random = new Random(7)
    const pieces = ["a", "bc", ",", ",", "\n", "\r\n", "\r", "\"", "\"\"", "\",\"", "\n\"", "é"] as const
    for (let round = 0; round < 100; round++) {
      const content = bytes(Array.from({ length: 60 }, () => random.pick(pieces)).join(""))
      for (const form of [csv, lines]) {
        const whole = scan(form, content, content.length)
        for (const block of [1, 2, 5, 17]) assert.deepStrictEqual(scan(form, content, block), whole)
        for (const { end } of whole) {
          const rest = scan(form, content.subarray(end), 4, end)
          assert.deepStrictEqual(rest, whole.filter(({ at }) => at >= end))
        }
        for (const [at, { end }] of whole.entries()) {
          const upTo = scan(form, content.subarray(0, end), 8)
          assert.deepStrictEqual(upTo, whole.slice(0, at + 1), `round ${round}`)
        }
      }
    }
  })
})
