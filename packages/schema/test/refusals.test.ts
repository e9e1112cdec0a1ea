/**
 * Misuses of tables do not compile, and the first line that the compiler says is readable: a snapshot of these lines, and a
 * budget of the instantiations that tables cost.
 */
import { assert, describe, it } from "@effect/vitest"
import { compile } from "./support/compile.ts"
import { misuses } from "./support/misuses.ts"

const head = `import { executeConcurrentWithArgs } from "@effect-cql/core"
import { Change, CqlSchema, Table } from "@effect-cql/schema"
import { type DateTime, Schema } from "effect"
import { Likes, Post, PostId, PostsByTitle, User } from "../test/support/tables.ts"
declare const at: DateTime.Utc
const id = PostId.make("1b7ec7f0-c7e2-11f0-8de9-0242ac120002")
const key = { author: "ada", at, id }
const patch = { author: "bob", title: "x" }
export const used = [executeConcurrentWithArgs, Change, CqlSchema, Table, Schema, Likes, Post, PostsByTitle, User, key, patch]
`

describe("the types of tables", () => {
  it("refuse misuses, each with its line", async () => {
    const names = Object.keys(misuses)
    const files = Object.fromEntries(
      Object.values(misuses).map((
        [code],
        at
      ) => [`m${at}.ts`, `${head.replaceAll("../test/", "../../test/")}${code}\n`])
    )
    const output = await compile("refusals", files)
    const first = new Map<string, string>()
    for (const line of output.split("\n")) {
      const match = /m(\d+)\.ts\(\d+,\d+\): error (TS\d+: .*)$/.exec(line)
      const name = names[Number(match?.[1] ?? -1)]
      if (match !== null && name !== undefined && !first.has(name)) first.set(name, match[2] ?? "")
    }
    const said = Object.fromEntries(names.map((name) => [name, first.get(name) ?? "it compiles"]))
    assert.deepStrictEqual(said, Object.fromEntries(names.map((name) => [name, misuses[name]![1]])))
  }, 120_000)

  it("cost less than a million instantiations for 100 tables and 1,000 statements", async () => {
    const table = (n: number) => `
export class T${n} extends Table.Class<T${n}>("T${n}")("app.t${n}", {
  columns: {
    author: CqlSchema.Text, at: CqlSchema.Timestamp, id: CqlSchema.Int, title: Schema.String, body: Schema.String,
    tags: Schema.ReadonlySet(Schema.String), parts: Schema.Array(Schema.String), bio: Schema.optionalKey(Schema.String),
    score: CqlSchema.Double, active: CqlSchema.Boolean, size: CqlSchema.BigInt, raw: CqlSchema.Blob
  },
  partitionKey: ["author"], clusteringKey: ["at desc", "id"], static: ["bio"], indexes: { tags: "sai" }
}) {}
export const s${n} = [
  T${n}.get({ author: "a", at, id: 1 }),
  T${n}.select({ author: "a" }, { limit: 10 }),
  T${n}.select({ author: "a", "at <": at }, { columns: ["id", "title"] }),
  T${n}.select({ author: "a", at, "id in": [1] }),
  T${n}.select({ "tags contains": "x" }, { acrossPartitions: true }),
  T${n}.update({ author: "a", at, id: 1 }, { title: "x", tags: Change.add("a") }),
  T${n}.update({ author: "a", at, id: 1 }, { title: "x" }, { if: { title: "y" } }),
  T${n}.delete({ author: "a", at, id: 1 }),
  T${n}.deleteWhere({ author: "a", "at <": at }),
  T${n}.updateStatic({ author: "a" }, { bio: "x" })
]`
    const files = Object.fromEntries(
      Array.from({ length: 10 }, (_, file) => [
        `f${file}.ts`,
        `import { Change, CqlSchema, Table } from "@effect-cql/schema"
import { type DateTime, Schema } from "effect"
declare const at: DateTime.Utc
${Array.from({ length: 10 }, (_, n) => table(file * 10 + n)).join("\n")}
`
      ])
    )
    const output = await compile("budget", files, "--extendedDiagnostics", "--checkers", "1")
    const count = Number(/Instantiations:\s+(\d+)/.exec(output)?.[1])
    assert.notMatch(output, /error TS/)
    assert.isBelow(count, 1_000_000)
  }, 240_000)
})
