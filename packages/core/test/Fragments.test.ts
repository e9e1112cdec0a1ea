/** Parts of a template: values stay values, and one shape is one text. */
import { cql, InvalidOptions, Statement } from "@effect-cql/core"
import { isFragment } from "@effect-cql/core/Cql"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { inspect } from "node:util"

const shown = (statement: Statement.Statement<unknown>) => [statement.text, statement.params]
const refused = (thunk: () => unknown, pattern: RegExp) => assert.throws(thunk, InvalidOptions, pattern)

const select = cql.raw("SELECT a FROM t")

describe("a fragment", () => {
  it("brings its text and its values, in their order, however deep", () => {
    const inner = cql.fragment`b = ${2} AND c ${cql.in([3, 4])}`
    assert.deepStrictEqual(shown(cql`${select} WHERE a = ${1} AND ${inner} LIMIT ${5}`), [
      "SELECT a FROM t WHERE a = ? AND b = ? AND c IN ? LIMIT ?",
      [1, 2, [3, 4], 5]
    ])
    const nested = cql.fragment`(${cql.fragment`(${cql.fragment`d = ${1}`})`})`
    assert.deepStrictEqual(shown(cql`${nested}`), ["((d = ?))", [1]])
  })

  it("joins what there is", () => {
    const a = cql.fragment`a = ${1}`
    const none = cql.when(false, () => cql.fragment`b = ${2}`)
    assert.deepStrictEqual(shown(cql`${cql.and([a, none, a])}`), ["a = ? AND a = ?", [1, 1]])
    assert.deepStrictEqual(shown(cql`${cql.or([a, cql.when(true, () => a)])}`), ["(a = ? OR a = ?)", [1, 1]])
    assert.deepStrictEqual(shown(cql`${cql.and([cql.or([a, a]), a])}`), ["(a = ? OR a = ?) AND a = ?", [1, 1, 1]])
    assert.deepStrictEqual(shown(cql`${cql.or([none, a])}${cql.or([none])}`), ["a = ?", [1]])
    assert.deepStrictEqual(shown(cql`${cql.and([])}x${cql.and([none])}`), ["x", []])
    assert.deepStrictEqual(shown(cql`${cql.csv([cql.identifier("a"), 1, "x"])}`), ["\"a\", ?, ?", [1, "x"]])
  })

  it("writes columns in one order, and leaves out what is undefined", () => {
    const insert = (columns: Record<string, unknown>) => cql`INSERT INTO t ${cql.values(columns)}`
    assert.deepStrictEqual(shown(insert({ b: 2, a: 1, c: undefined })), [
      "INSERT INTO t (\"a\", \"b\") VALUES (?, ?)",
      [1, 2]
    ])
    assert.strictEqual(insert({ a: 1, b: 2 }).text, insert({ b: 3, a: 4 }).text)
    const update = cql`UPDATE t ${cql.using({ ttl: "1 minute", timestamp: 7n })} SET ${cql.set({ a: null })} WHERE ${
      cql.where({ k: 1, c: 2 })
    } ${cql.if({ a: 3 })}`
    assert.deepStrictEqual(shown(update), [
      "UPDATE t USING TTL ? AND TIMESTAMP ? SET \"a\" = ? WHERE \"c\" = ? AND \"k\" = ? IF \"a\" = ?",
      [60, 7n, null, 2, 1, 3]
    ])
    assert.deepStrictEqual(shown(cql`${cql.using({})}${cql.using({ timestamp: 1n })}`), ["USING TIMESTAMP ?", [1n]])
    assert.deepStrictEqual(shown(cql`${cql.set({ a: Statement.unset })}`), ["\"a\" = ?", [Statement.unset]])
  })

  it("stands for the value of a column", () => {
    const more = cql.fragment`n + ${1}`
    const now = cql.fragment`toTimestamp(now())`
    assert.deepStrictEqual(
      shown(cql`UPDATE t SET ${cql.set({ n: more, at: now, a: 2 })} WHERE ${cql.where({ k: now })}`),
      [
        "UPDATE t SET \"a\" = ?, \"at\" = toTimestamp(now()), \"n\" = n + ? WHERE \"k\" = toTimestamp(now())",
        [2, 1]
      ]
    )
    assert.deepStrictEqual(
      shown(cql`INSERT INTO t ${cql.values({ k: 1, id: cql.fragment`now()`, n: 2 })} ${cql.if({ n: more })}`),
      [
        "INSERT INTO t (\"id\", \"k\", \"n\") VALUES (now(), ?, ?) IF \"n\" = n + ?",
        [1, 2, 1]
      ]
    )
    const none = cql.when(false, () => more)
    assert.deepStrictEqual(shown(cql`${cql.set({ a: none, b: 1 })}`), ["\"b\" = ?", [1]])
    refused(() => cql.set({ a: none }), /cql\.set/)
  })

  it("shows no value, and keeps those that it was given", () => {
    const values = ["s3cret"]
    const fragment = cql.fragment`a ${cql.in(values)} AND b = ${"s3cret"}`
    values.push("more")
    assert.notMatch(JSON.stringify(fragment) + inspect(fragment, { depth: 9, showHidden: false }), /s3cret/)
    assert.deepStrictEqual(cql`${fragment}`.params, [["s3cret"], "s3cret"])
  })

  it("is none that came from outside", () => {
    const forged = JSON.parse(JSON.stringify(cql.raw("DROP TABLE t")))
    assert.isFalse(isFragment(forged))
    assert.deepStrictEqual(shown(cql`SELECT ${forged}`), ["SELECT ?", [forged]])
  })

  it("refuses what is none, naming it", () => {
    refused(() => cql.and(["a = 1" as never]), /cql\.and\[0\].*fragment.*a string/)
    refused(() => cql.and([undefined as never]), /cql\.and\[0\]/)
    refused(() => cql.set({}), /cql\.set.*/)
    refused(() => cql.set({ a: undefined }), /cql\.set.*/)
    refused(() => cql.values([1] as never), /cql\.values.*/)
    refused(() => cql.in("abc" as never), /cql\.in.*string/)
    refused(() => cql.set({ "": 1 }), /a name/)
    refused(() => cql.using({ ttl: "1 millis" }), /ttl.*whole seconds/)
    refused(() => cql.using({ ttl: "100000 days" }), /ttl/)
    refused(() => cql.using({ timestamp: 2n ** 63n }), /timestamp/)
    refused(() => cql.using({ tll: "1 day" } as never), /cql\.using\.tll.*ttl/)
    refused(() => cql.using(null as never), /cql\.using.*null/)
    refused(() => cql.csv([cql`SELECT 1`]), /a statement/)
    for (const make of [cql.and, cql.or, cql.csv]) {
      refused(() => make("a = 1" as never), /cql\.(and|or|csv): expected an array.*a string/)
      refused(() => make(null as never), /cql\.(and|or|csv): expected an array.*null/)
    }
    for (const inner of [cql`SELECT 1`, cql.fragment`a = 1`]) {
      refused(() => cql.in([1, inner]), /cql\.in.*(statement|fragment)/)
      refused(() => cql`SELECT ${[inner]}`, /value 0.*(statement|fragment)/)
    }
    for (const make of [cql.set, cql.values, cql.where, cql.if]) {
      refused(() => make({ a: cql`SELECT 1` }), /a statement/)
    }
    refused(() => cql.fragment(["DROP TABLE t"] as never), /a template/)
  })

  const value = Schema.Union([Schema.String, Schema.Finite, Schema.BigInt, Schema.Null, Schema.Array(Schema.String)])
  it.effect.prop(
    "has one text for a shape, whatever its values, and pastes none of them",
    [Schema.Array(Schema.String), Schema.Array(value), Schema.Array(value), value],
    ([more, one, other, single]) =>
      Effect.sync(() => {
        const columns = [...new Set(["a", ...more])].filter((name) =>
          name !== "" && name !== "__proto__" && name.isWellFormed()
        )
        const build = (values: ReadonlyArray<unknown>) => {
          const record = Object.fromEntries(columns.map((name, at) => [name, values[at] ?? null]))
          return cql`UPDATE t SET ${cql.set(record)} WHERE k = ${single} AND c ${cql.in(values)} ${cql.if(record)}`
        }
        const [first, second] = [build(one), build(other)]
        assert.strictEqual(first.text, second.text)
        const names = columns.toSorted((a, b) => a < b ? -1 : 1).map((name) => `"${name.replaceAll("\"", "\"\"")}" = ?`)
        assert.strictEqual(
          first.text,
          `UPDATE t SET ${names.join(", ")} WHERE k = ? AND c IN ? IF ${names.join(" AND ")}`
        )
        assert.strictEqual(Array.isArray(first.params) ? first.params.length : 0, 2 * columns.length + 2)
      }),
    { arbitrary: { runs: 100 } }
  )
})
