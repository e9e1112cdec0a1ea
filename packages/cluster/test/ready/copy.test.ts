/** Copies of tables in memory, and their comparison. */
import { Job } from "@effect-cql/cluster"
import { type Port, Session, Statement } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Exit, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { assertSameCells, cellsOf, fill, memory, options, passed, ran, started, tablesOf } from "../support/ready.ts"

const { ddl, Source, Target } = tablesOf("app")
const CopyTable = Job.copy("CopyTable", { version: "1", from: Source, to: Target, statement: { pageSize: 7 } })
const VerifyTable = Job.verify("VerifyTable", { version: "1", from: Source, to: Target, times: true })

const second = Effect.map(Clock.currentTimeMillis, (millis) => Math.floor(millis / 1_000))
const cells = (table: string) => Effect.flatMap(second, (now) => cellsOf(`app.${table}`, now))
const run = (text: string, params: ReadonlyArray<unknown> = [], timestamp?: bigint) =>
  Statement.make(text, params, { timestamp })
const found = (text: string) => Effect.map(run(text), ({ rows }) => rows)

/** True for a write of the copy, and not of the test. */
const isCopying = (request: Port.Request): request is Extract<Port.Request, { readonly _tag: "Statement" }> =>
  request._tag === "Statement" && /app\.target.* USING TTL \?/.test(request.text)

describe("a copy", () => {
  it.effect("keeps the write time and the time to live of each cell, and is the same when it is done again", () =>
    Effect.gen(function*() {
      yield* fill("app", 8)
      const { end } = yield* ran(CopyTable)
      assert.isTrue(Exit.isSuccess(end))
      if (Exit.isSuccess(end)) assert.deepInclude(end.value, { state: "done", rows: 40, rejected: 0 })
      const [source, target] = [yield* cells("source"), yield* cells("target")]
      assert.strictEqual(source.size, 8 * (4 + 3 * 6 - 1 + 1 + 1))
      assert.deepStrictEqual(target, source)
      assert.deepInclude((yield* ran(VerifyTable, "verify")).end, { _tag: "Success" })
      const again = yield* ran(CopyTable, "again")
      assert.isTrue(Exit.isSuccess(again.end))
      const [before, after] = [yield* cells("source"), yield* cells("target")]
      assert.deepStrictEqual([...after.keys()], [...before.keys()])
      for (const [key, { time, ...cell }] of before) {
        const { time: copied, ...other } = after.get(key)!
        assert.deepStrictEqual(other, cell, key)
        // A list that was written twice is written once more, a microsecond later.
        if (!key.endsWith("items")) assert.strictEqual(copied, time, key)
      }
      const differences = yield* Stream.runCollect((yield* ran(VerifyTable, "verify again")).handle.rejects)
      assert.deepStrictEqual(differences, [])
    }).pipe(Effect.provide(memory(ddl))))

  it.effect("goes on when its process dies, and leaves what the application has written later", () =>
    Effect.gen(function*() {
      yield* fill("app", 10)
      const first = yield* started(CopyTable, options)
      const handle = yield* CopyTable.start({ id: "copy" })
      yield* TestClock.adjust("2200 millis")
      yield* first.kill
      const { rows } = yield* handle.progress
      assert.isBelow(rows, 50)
      yield* run("UPDATE app.target SET v = 99 WHERE k = 3 AND c = 1")
      yield* run("DELETE FROM app.target WHERE k = 4 AND c = 1")
      yield* started(CopyTable, options)
      const end = yield* passed(handle.await)
      assert.strictEqual(end.rejected, 0)
      const [source, target] = [yield* cells("source"), yield* cells("target")]
      const changed = [...source].filter(([key, cell]) => target.get(key)?.value !== cell.value).map(([key]) => key)
      assert.deepStrictEqual(
        changed.sort(),
        ["3 1 v", ...["st", "v", "w", "tags", "counts", "items", "home"].map((name) => `4 1 ${name}`)].sort()
      )
      assert.deepStrictEqual((yield* found("SELECT v FROM app.target WHERE k = 3 AND c = 1"))[0]?.["v"], 99)
    }).pipe(Effect.provide(memory(ddl, {
      latency: (request) => isCopying(request) ? "200 millis" : "0 millis"
    }))))

  it.effect("leaves out cells that have expired since they were read", () =>
    Effect.gen(function*() {
      yield* run("INSERT INTO app.source (k, c, v) VALUES (1, 1, 1) USING TTL 8", [], 5n)
      yield* run("UPDATE app.source USING TTL 600 SET w = 'stays' WHERE k = 1 AND c = 1", [], 6n)
      yield* run("INSERT INTO app.source (k, c, v) VALUES (1, 2, 2) USING TTL 8", [], 5n)
      yield* run("UPDATE app.source SET v = 3 WHERE k = 1 AND c = 3", [], 7n)
      const Slow = Job.copy("Slow", { version: "1", from: Source, to: Target, statement: { pageSize: 1 } })
      const { end } = yield* ran(Slow)
      assert.isTrue(Exit.isSuccess(end))
      // The first page takes ten seconds to be written. The next one has been read by then.
      const rows = yield* found("SELECT c, v, w, ttl(w) AS ttl FROM app.target")
      assert.deepStrictEqual(rows.map(({ c, v, w }) => [c, v, w]), [[3, 3, null], [1, null, "stays"]])
      const [{ ttl: source }] = (yield* found("SELECT ttl(w) AS ttl FROM app.source WHERE k = 1 AND c = 1")) as [
        { ttl: number }
      ]
      assert.strictEqual(rows[1]?.["ttl"], source)
    }).pipe(Effect.provide(memory(ddl, {
      latency: (request) => isCopying(request) && request.params.includes(3) ? "10 seconds" : "0 millis"
    }))))

  it.effect("counts what is left of a time to live when a row is sent, however low the rate", () =>
    Effect.gen(function*() {
      yield* Effect.forEach(
        Array.from({ length: 60 }, (_, c) => c),
        (c) => run(`INSERT INTO app.source (k, c, v) VALUES (1, ?, 1) USING TTL ${c < 50 ? 600 : 40}`, [c], 5n)
      )
      const Slow = Job.copy("Slow", { version: "1", from: Source, to: Target, rate: 1, statement: { pageSize: 100 } })
      const { end } = yield* ran(Slow)
      assert.isTrue(Exit.isSuccess(end))
      const [source, target] = [yield* cells("source"), yield* cells("target")]
      // Newest first: ten rows that expire after 40 seconds are sent in ten.
      assert.strictEqual(target.size, 50)
      assertSameCells(source, target, 2)
    }).pipe(Effect.provide(memory(ddl))))

  it.effect("rejects rows whose write time is not known, or writes them at the time of the job", () =>
    Effect.gen(function*() {
      yield* run("INSERT INTO app.source (k, c) VALUES (1, 1)", [], 5n)
      yield* run("UPDATE app.source SET items = [1] WHERE k = 1 AND c = 2", [], 5n)
      yield* run("UPDATE app.source USING TTL 1000 SET items = items + [2] WHERE k = 1 AND c = 2", [], 6n)
      yield* run("UPDATE app.source SET v = 3 WHERE k = 1 AND c = 3", [], 7n)
      const strict = yield* ran(CopyTable)
      const rejects = yield* Stream.runCollect(strict.handle.rejects)
      assert.deepStrictEqual(rejects.map(({ position, reason }) => [position, reason]).sort(), [
        ["k = 1 AND c = 1", "WriteTimeUnknown"],
        ["k = 1 AND c = 2", "WriteTimeUnknown"]
      ])
      assert.deepStrictEqual(yield* found("SELECT c, v FROM app.target"), [{ c: 3, v: 3 }])
      const Loose = Job.copy("Loose", { version: "1", from: Source, to: Target, untimed: "job" })
      const loose = yield* ran(Loose, "loose")
      assert.isTrue(Exit.isSuccess(loose.end) && loose.end.value.rejected === 0)
      assert.deepStrictEqual(yield* found("SELECT c, items, v FROM app.target"), [
        { c: 3, items: null, v: 3 },
        { c: 2, items: [1, 2], v: null },
        { c: 1, items: null, v: null }
      ])
    }).pipe(Effect.provide(memory(ddl))))

  it.effect("adds what a table of counters lacks", () =>
    Effect.gen(function*() {
      const Copied = Job.copy("CopyCounters", { version: "1", from: Views, to: OldViews, atLeastOnce: true })
      yield* Effect.forEach([1, 2, 3], (id) => Views.increment({ id }, { count: id * 10, unique: 1 }))
      yield* OldViews.increment({ id: 2 }, { count: 15 })
      const { end } = yield* ran(Copied)
      assert.isTrue(Exit.isSuccess(end))
      yield* ran(Copied, "again")
      const counts = yield* found("SELECT id, count, unique FROM app.old_views")
      assert.deepStrictEqual(
        counts.map(({ count, id, unique }) => [id, count, unique]).sort(),
        [[1, 10n, 1n], [2, 20n, 1n], [3, 30n, 1n]]
      )
      assert.throws(() => Job.copy("Refused", { version: "1", from: Views, to: OldViews }), /atLeastOnce/)
    }).pipe(Effect.provide(memory([...Table.ddl(Views), ...Table.ddl(OldViews)]))))

  it.effect("goes from one session to another, and is refused before Cassandra 5.0 if elements would lose their times", () =>
    Effect.gen(function*() {
      yield* run("INSERT INTO app.source (k, c, v) VALUES (1, 1, 1)", [], 5n)
      const Across = Job.copy("Across", { version: "1", from: Source, to: Target, target: Other })
      const other = yield* Other
      const runner = { ...Across, layer: Across.layer.pipe(Layer.provide(Layer.succeed(Other, other))) }
      assert.isTrue(Exit.isSuccess((yield* ran(runner)).end))
      const rows = yield* Effect.provideService(run("SELECT v, writetime(v) AS at FROM app.target"), Session, other)
      assert.deepStrictEqual(rows.rows, [{ v: 1, at: 5n }])
      assert.deepStrictEqual(yield* found("SELECT v FROM app.target"), [])

      const Old = Job.copy("Old", { version: "1", from: Source, to: Target, source: Other })
      const old = yield* Effect.flip(Old.start({ id: "old" }))
      assert.include(old.message, "tags, counts, items, home")
    }).pipe(
      Effect.provide(Layer.merge(
        Layer.effect(Other, Session).pipe(Layer.provide(Layer.fresh(MockSession.memory(ddl, {
          answers: [MockSession.when(/release_version/, MockSession.rows([{ release_version: "4.1.3" }]))]
        })))),
        memory(ddl)
      ))
    ))

  it("is refused if the tables do not fit", () => {
    class Narrow extends Table.Class<Narrow>("Narrow")("app.narrow", {
      columns: { k: CqlSchema.Int, c: CqlSchema.Int, v: CqlSchema.Text },
      partitionKey: "k",
      clusteringKey: ["c"]
    }) {}
    assert.throws(() => Job.copy("Narrow", { version: "1", from: Source, to: Narrow }), /column v of type text/)
    assert.throws(
      () => Job.copy("Wide", { version: "1", from: Narrow, to: Source }),
      /column st, which the source does not have/
    )
    assert.throws(() => Job.verify("Other key", { version: "1", from: Source, to: Narrow2 }), /another key/)
  })
})

class Other extends Context.Service<Other, Session["Service"]>()("test/Other") {}

class Views extends Table.Class<Views>("Views")("app.views", {
  columns: { id: CqlSchema.Int, count: CqlSchema.Counter, unique: CqlSchema.Counter },
  partitionKey: "id"
}) {}

class OldViews extends Table.Class<OldViews>("OldViews")("app.old_views", {
  columns: { id: CqlSchema.Int, count: CqlSchema.Counter, unique: CqlSchema.Counter },
  partitionKey: "id"
}) {}

class Narrow2 extends Table.Class<Narrow2>("Narrow2")("app.narrow2", {
  columns: { k: CqlSchema.Int, c: CqlSchema.Int, v: Schema.optionalKey(CqlSchema.Int) },
  partitionKey: ["k", "c"]
}) {}
