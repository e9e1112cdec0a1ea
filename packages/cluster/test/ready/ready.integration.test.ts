/** The ready jobs on a real server: copies that are equal cell by cell, also when their process dies. */
import { CqlCluster, Job, type JobRunner, Jobs } from "@effect-cql/cluster"
import { executeConcurrentWithArgs, type Session, Statement } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Logger, Schedule, Schema, Stream } from "effect"
import { bytes, filesOf } from "../support/files.ts"
import { assertSameCells, cellsNow, fill, started, tablesOf } from "../support/ready.ts"

const keyspace = ownName("ready")
const { ddl, Source, Target } = tablesOf(keyspace)

class Item extends Table.Class<Item>("Item")(`${keyspace}.items`, {
  columns: { id: CqlSchema.Int, name: CqlSchema.Text, note: Schema.optionalKey(CqlSchema.Text) },
  partitionKey: "id"
}) {}
class ItemCopy extends Table.Class<ItemCopy>("ItemCopy")(`${keyspace}.item_copies`, {
  columns: Item.fields,
  partitionKey: "id"
}) {}

const options = { keyspace, lanes: 8, interval: "100 millis" } as const
const live = Layer.provideMerge(
  Jobs.layer(options),
  withKeyspace(keyspace, ...CqlCluster.ddl(keyspace), ...ddl, ...Table.ddl(Item), ...Table.ddl(ItemCopy))
).pipe(Layer.provideMerge(Logger.layer([])))

interface Ready<E, R> {
  readonly layer: Layer.Layer<never, never, JobRunner.JobRunner | Session>
  readonly start: (options: Job.StartOptions) => Effect.Effect<Job.Handle, E, R>
}

const ran = <E, R>(job: Ready<E, R>, id: string) =>
  Effect.gen(function*() {
    const { kill } = yield* started(job, options)
    const handle = yield* job.start({ id })
    const end = yield* handle.await.pipe(Effect.ensuring(kill))
    return { end, rejects: yield* Stream.runCollect(handle.rejects) }
  })

const cells = (table: string) => cellsNow(`${keyspace}.${table}`)

const found = (text: string) =>
  Effect.map(
    Statement.make(text.replace("FROM ", `FROM ${keyspace}.`), [], { consistency: "LOCAL_QUORUM" }),
    ({ rows }) => rows
  )

integration("Ready jobs", () => {
  layer(live, { excludeTestServices: true, timeout: 120_000 })((it) => {
    it.effect(
      "copy each cell with its write time and what is left of its time to live, although their process dies",
      () =>
        Effect.gen(function*() {
          yield* fill(keyspace, 40)
          const Copied = Job.copy("Copied", {
            version: "1",
            from: Source,
            to: Target,
            statement: { pageSize: 5 },
            rate: 300
          })
          const handle = yield* Copied.start({ id: "copied" })
          for (const until of [30, 90]) {
            const { kill } = yield* started(Copied, options)
            yield* Effect.repeat(handle.progress, {
              schedule: Schedule.spaced("20 millis"),
              until: ({ rows, state }) => rows >= until || state !== "running"
            })
            yield* kill
          }
          assert.strictEqual((yield* handle.progress).state, "running")
          const { kill } = yield* started(Copied, options)
          const end = yield* Effect.ensuring(handle.await, kill)
          assert.strictEqual(end.rejected, 0)
          const source = yield* cells("source")
          assert.strictEqual(source.size, 40 * (4 + 3 * 6 - 1 + 1 + 1))
          assertSameCells(source, yield* cells("target"))
          const verified = yield* ran(
            Job.verify("Verified", { version: "1", from: Source, to: Target, times: true }),
            "verified"
          )
          assert.deepStrictEqual(verified.rejects, [])
          yield* Statement.make(`UPDATE ${keyspace}.target SET v = 1000 WHERE k = 7 AND c = 1`)
          const Again = Job.verify("Again", { version: "1", from: Source, to: Target, times: true })
          assert.deepStrictEqual((yield* ran(Again, "again")).rejects.map(({ position }) => position), [
            "k = 7 AND c = 1"
          ])
        }),
      180_000
    )

    it.effect("load, change, compare and delete rows", () =>
      Effect.gen(function*() {
        const records = Array.from({ length: 2_000 }, (_, id) => `${id},"name\n${id}",`)
        records[100] = "bad,record,"
        const files = filesOf(new Map([["items.csv", bytes(`id,name,note\n${records.join("\n")}\n`)]]))
        const Loaded = Job.load("Loaded", {
          version: "1",
          format: "csv",
          row: Item,
          write: Item.insert,
          chunkSize: 8_000
        })
        const loaded = yield* ran({
          layer: Loaded.layer.pipe(Layer.provide(files)),
          start: (options) => Effect.provide(Loaded.start({ files: ["items.csv"] }, options), files)
        }, "loaded")
        assert.deepInclude(loaded.end, { rows: 2_000, rejected: 1, state: "done" })
        assert.isAbove(loaded.end.units, 3)
        assert.deepStrictEqual(loaded.rejects.map(({ position }) => position), [
          `items.csv:${`id,name,note\n${records.slice(0, 100).join("\n")}\n`.length}`
        ])

        const Changed = Job.transform("Changed", {
          version: "1",
          table: Item,
          change: ({ id, name }) =>
            Effect.succeed(id % 2 === 0 ? { name: name.toUpperCase(), note: "even" } : undefined)
        })
        assert.deepInclude((yield* ran(Changed, "changed")).end, { rows: 1_999, rejected: 0 })

        yield* executeConcurrentWithArgs(
          ItemCopy.insert,
          Array.from({ length: 2_000 }, (_, id) => ({ id, name: `name\n${id}` }))
        )
        const Compared = Job.verify("Compared", { version: "1", from: Item, to: ItemCopy })
        const { rejects } = yield* ran(Compared, "compared")
        const differences = rejects.map(({ position }) => Number(position.slice("id = ".length))).sort((a, b) => a - b)
        assert.deepStrictEqual(differences, Array.from({ length: 1_000 }, (_, at) => at * 2))

        const Expired = Job.expire("Expired", { version: "1", table: Item, where: ({ note }) => note === "even" })
        const expired = yield* ran(Expired, "expired")
        assert.strictEqual(expired.end.rows, 999)
        const left = yield* found("SELECT id FROM items")
        assert.strictEqual(left.length, 1_000)
        assert.isTrue(left.every(({ id }) => Number(id) % 2 === 1))
      }), 180_000)
  })
})
