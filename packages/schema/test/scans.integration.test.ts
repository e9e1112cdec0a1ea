/** Scans of a real server: each row once, in any order, and on from any position. */
import { executeConcurrentWithArgs, Query, Session, Statement } from "@effect-cql/core"
import { CqlSchema, Scan, Table, TokenRange } from "@effect-cql/schema"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { assertCovers } from "./support/rings.ts"

const keyspace = ownName("scans")

class Item extends Table.Class<Item>("Item")(`${keyspace}.items`, {
  columns: {
    tenant: CqlSchema.Text,
    pk: CqlSchema.Int,
    ck: CqlSchema.Int,
    name: CqlSchema.Text,
    note: Schema.optionalKey(CqlSchema.Text)
  },
  partitionKey: ["tenant", "pk"],
  clusteringKey: ["ck desc"],
  static: ["note"]
}) {}

const items = Array.from(
  { length: 400 },
  (_, pk) => Array.from({ length: 1 + pk % 9 }, (_, ck) => ({ tenant: `t${pk % 7}`, pk, ck, name: `${pk}:${ck}` }))
).flat()
const names = items.map(({ name }) => name).sort()
const sorted = (rows: ReadonlyArray<{ readonly name: string }>) => rows.map(({ name }) => name).sort()

const tokenOf = Query.make(`SELECT token(tenant, pk) AS t FROM ${keyspace}.items WHERE tenant = ? AND pk = ? LIMIT 1`, {
  params: Schema.Tuple([Schema.String, Schema.Int]),
  row: Schema.Struct({ t: Schema.BigInt })
})

const filled = Effect.gen(function*() {
  yield* executeConcurrentWithArgs(Item.insert, items)
  yield* Item.updateStatic({ tenant: "none", pk: -1 }, { note: "a partition of static columns alone" })
})

integration("scans", () => {
  layer(withKeyspace(keyspace, ...Table.ddl(Item)), { excludeTestServices: true })((it) => {
    it.effect("give each row once, as they come and by token", () =>
      Effect.gen(function*() {
        yield* filled
        for (const pageSize of [7, 100, 5_000]) {
          for (const order of ["any", "token"] as const) {
            const rows = yield* Scan.table(Item, { order, statement: { pageSize } }).pipe(Stream.runCollect)
            assert.deepStrictEqual(sorted(rows), names)
            if (order === "any") continue
            const partitions = rows.filter(({ pk }, at) => at === 0 || rows[at - 1]!.pk !== pk)
            const tokens = yield* Effect.forEach(partitions, ({ pk, tenant }) => Statement.one(tokenOf(tenant, pk)), {
              concurrency: 20
            })
            assert.strictEqual(partitions.length, 400)
            for (const [at, { t }] of tokens.entries()) assert.isTrue(at === 0 || tokens[at - 1]!.t < t)
          }
        }
      }))

    it.effect("go on behind every page", () =>
      Effect.gen(function*() {
        yield* filled
        const came: Array<{ readonly name: string }> = []
        let ranges: ReadonlyArray<TokenRange.TokenRange> = [TokenRange.all]
        for (let scans = 0; ranges.length > 0; scans++) {
          const pages = yield* Scan.tablePages(Item, { ranges, concurrency: 4, statement: { pageSize: 60 } }).pipe(
            Stream.take(1 + scans % 5),
            Stream.runCollect
          )
          came.push(...pages.flatMap(({ rows }) => rows))
          ranges = pages.at(-1)!.remaining
        }
        assert.deepStrictEqual(sorted(came), names)
      }))

    it.effect("share the ring, whose ranges are those of the server", () =>
      Effect.gen(function*() {
        yield* filled
        const session = yield* Session
        const ranges = yield* Scan.ranges(Item)
        assertCovers(ranges)
        const ring = yield* session.ring(keyspace)
        const nodes = new Set(ring?.ranges.flatMap(({ replicas }) => replicas))
        assert.isTrue(ranges.every(({ replicas }) => replicas.length > 0 && replicas.every((node) => nodes.has(node))))
        const parts = yield* Effect.forEach(
          ranges,
          (range) => Stream.runCollect(Scan.table(Item, { ranges: [range] })),
          {
            concurrency: 4
          }
        )
        assert.deepStrictEqual(sorted(parts.flat()), names)
      }))

    it.effect("of a query read its ranges", () =>
      Effect.gen(function*() {
        yield* filled
        const written = Query.make(
          `SELECT name, writetime(name) AS at, token(tenant, pk) AS t FROM ${keyspace}.items ` +
            "WHERE token(tenant, pk) > :start AND token(tenant, pk) <= :end",
          {
            params: Schema.Struct({ start: Schema.BigInt, end: Schema.BigInt }),
            row: Schema.Struct({ name: Schema.NullOr(Schema.String), at: Schema.NullOr(Schema.BigInt) })
          }
        )
        const rows = yield* Scan.query(written, { token: "t", statement: { pageSize: 11 } }).pipe(Stream.runCollect)
        assert.deepStrictEqual(rows.flatMap(({ name }) => name ?? []).sort(), names)
      }))
  })
})
