/** Conditions that the server refuses in every case are refused where the query is built. */
import { InvalidOptions } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { assert, it } from "@effect/vitest"
import { Schema } from "effect"

class Item extends Table.Class<Item>("Item")("app.items", {
  columns: {
    k: CqlSchema.Int,
    c: CqlSchema.Int,
    title: Schema.String,
    price: CqlSchema.Int,
    rank: CqlSchema.Int,
    tags: Schema.ReadonlySet(Schema.String),
    m: Schema.ReadonlyMap(Schema.String, CqlSchema.Int),
    nu: Schema.NullOr(CqlSchema.Int)
  },
  partitionKey: "k",
  clusteringKey: ["c"],
  indexes: { title: "sai", price: "secondary", rank: "sai", tags: "sai", m: "sai" }
}) {}

class Order extends Table.Class<Order>("Order")("app.orders", {
  columns: { shop: CqlSchema.Text, day: CqlSchema.Int, at: CqlSchema.Int, id: CqlSchema.Int, n: CqlSchema.Int },
  partitionKey: ["shop", "day"],
  clusteringKey: ["at", "id"],
  indexes: { day: "sai", at: "secondary", id: "sai", n: "sai" }
}) {}

const across = { acrossPartitions: true } as const
const any = (given: unknown): never => given as never
const select = (where: object, options: object = across) => () => Item.select(any(where), any(options))
const selectOrder = (where: object, options: object = across) => () => Order.select(any(where), any(options))
const key = { k: 1, c: 1 }
const day = { shop: "a", day: 1 }

const refused: ReadonlyArray<readonly [call: () => unknown, message: RegExp]> = [
  [select({ "title >": "a" }), /where: expected an operator that the sai index of a text answers \(=\).*"title >"/],
  [select({ "title in": ["a"] }), /sai index of a text answers \(=\), or allowFiltering, got "title in"/],
  [select({ "rank in": [1] }), /sai index of a int answers \(=, <, <=, >, >=\)/],
  [select({ "price >": 1 }), /secondary index of a int answers \(=\)/],
  [select({ "price in": [1] }), /secondary index of a int answers \(=\)/],
  [select({ price: 1, title: "a" }), /"price" of a secondary index beside "title"/],
  [select({ tags: new Set(["a"]) }), /expected "tags contains", or a frozen collection, got "tags" of a set<text>/],
  [select({ "tags >": new Set(["a"]) }, { allowFiltering: true }), /got "tags >" of a set<text>/],
  [select({ "m contains key": "a" }), /sai index of a map<text, int> answers \(contains\)/],
  [
    select({ k: 1, title: "a" }, { reversed: true }),
    /reversed: expected no condition on an index.*true beside "title"/
  ],
  [selectOrder({ "at >": 1 }), /secondary index of a int answers \(=\)/],
  [selectOrder({ "id in": [1] }), /sai index of a int answers \(=, <, <=, >, >=\)/],
  [selectOrder({ ...day, "id in": [1] }, {}), /sai index of a int answers \(=, <, <=, >, >=\)/],
  [selectOrder({ at: 1, n: 1 }), /"at" of a secondary index beside "n"/],
  [selectOrder({ ...day, id: 1 }, { reversed: true }), /reversed: expected no condition on an index.*beside "id"/],
  [select({ k: 1, c: 1, "c >": 1 }), /got "c" beside "c >"/],
  [select({ k: 1, "c >": 1, "c >=": 1 }), /got "c >" beside "c >="/],
  [select({ k: 1, "c in": [1], "c <": 1 }), /got "c in" beside "c <"/],
  [select({ k: 1, "c !=": 1 }), /only conditional writes have !=, got "c !="/],
  [() => Item.count(any({ "title >": "a" }), across), /sai index of a text/],
  [() => Item.select.query(any(["title >"]), across), /sai index of a text/],
  [() => Item.deleteWhere(any({ k: 1, c: 1, "c >": 1 })), /got "c" beside "c >"/],
  [
    () => Item.update(key, { title: "a" }, { if: { nu: 1 }, timestamp: 1n }),
    /timestamp: expected none.*beside a condition/
  ],
  [() => Item.delete(key, { ifExists: true, timestamp: 1n }), /timestamp: expected none/],
  [() => Item.update(key, { title: "a" }, { if: any({ "nu >": null }) }), /if: expected a value.*null for "nu >"/]
]

it("conditions that no server answers are refused, with the cause", () => {
  for (const [call, message] of refused) assert.throws(call, InvalidOptions, message)
})

it("others are not", () => {
  const accepted = [
    select({ title: "a" }),
    select({ title: "a", "tags contains": "b", "rank >": 1, "rank <": 5 }),
    select({ price: 1 }),
    selectOrder({ ...day, "at >": 1 }, { reversed: true }),
    selectOrder({ ...day, "at in": [1], "id in": [1] }, { reversed: true }),
    selectOrder({ ...day, at: 1, n: 1 }, {}),
    selectOrder({ ...day, "id >": 1, n: 1 }, {}),
    selectOrder({ "day >": 1, id: 1, n: 1 }),
    selectOrder({ at: 1 }),
    select({ k: 1, "c >": 1, "c <=": 1, price: 1 }),
    select({ "m contains": 1 }),
    select({ "title >": "a", price: 1, "m contains key": "a" }, { allowFiltering: true }),
    () => Item.update(key, { title: "a" }, { if: { nu: null, "price !=": null } })
  ]
  for (const call of accepted) assert.doesNotThrow(call)
})
