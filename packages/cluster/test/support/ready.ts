/** Tables with cells of every kind, and the ready jobs over them, on any session. */
import { CqlCluster, type Job, JobRunner, Jobs } from "@effect-cql/cluster"
import { type Session, Statement } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { MockSession } from "@effect-cql/testing"
import { assert } from "@effect/vitest"
import { Clock, type Duration, Effect, Exit, Fiber, Layer, Logger, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { canonical } from "../../src/internal/ready/values.ts"

/** The tables of a keyspace: a source, and a target of the same columns. */
export const tablesOf = (keyspace: string) => {
  class Address extends CqlSchema.Udt<Address>("Address")(`${keyspace}.address`, {
    street: CqlSchema.Text,
    zip: Schema.optionalKey(CqlSchema.Int)
  }) {}
  class Source extends Table.Class<Source>("Source")(`${keyspace}.source`, {
    columns: {
      k: CqlSchema.Int,
      c: CqlSchema.Int,
      st: Schema.optionalKey(CqlSchema.Text),
      v: Schema.optionalKey(CqlSchema.Int),
      w: Schema.optionalKey(CqlSchema.Text),
      tags: Schema.ReadonlySet(CqlSchema.Text),
      counts: Schema.ReadonlyMap(CqlSchema.Text, CqlSchema.Int),
      items: Schema.Array(CqlSchema.Int),
      home: Schema.optionalKey(Address)
    },
    partitionKey: "k",
    clusteringKey: ["c desc"],
    static: ["st"]
  }) {}
  class Target extends Table.Class<Target>("Target")(`${keyspace}.target`, {
    columns: Source.fields,
    partitionKey: "k",
    clusteringKey: ["c desc"],
    static: ["st"],
    options: { defaultTimeToLive: 5_000 }
  }) {}
  return { Source, Target, ddl: [...Table.ddl(Source), ...Table.ddl(Target).filter((text) => !text.includes("TYPE"))] }
}

/** Writes rows whose cells have different write times. Some cells expire. */
export const fill = (keyspace: string, partitions: number) =>
  Effect.gen(function*() {
    const run = (text: string, params: ReadonlyArray<unknown>, timestamp: bigint) =>
      Statement.make(text.replace("source", `${keyspace}.source`), params, { timestamp })
    for (let k = 0; k < partitions; k++) {
      const at = (n: number) => 1_000_000n + BigInt(k * 1_000 + n)
      yield* run("UPDATE source SET st = ? WHERE k = ?", [`static ${k}`, k], at(1))
      for (let c = 0; c < 3; c++) {
        yield* run("INSERT INTO source (k, c, v, w) VALUES (?, ?, ?, ?)", [k, c, k + c, "w"], at(2 + c))
        yield* run("UPDATE source USING TTL 900 SET w = ? WHERE k = ? AND c = ?", [`w ${k}`, k, c], at(10 + c))
        yield* run("UPDATE source SET tags = tags + ? WHERE k = ? AND c = ?", [new Set(["a", "b"]), k, c], at(20))
        yield* run("UPDATE source USING TTL 700 SET tags = tags + ?, home.zip = ? WHERE k = ? AND c = ?", [
          new Set(["c"]),
          k,
          k,
          c
        ], at(21))
        yield* run("UPDATE source SET counts = counts + ? WHERE k = ? AND c = ?", [new Map([["x", 1]]), k, c], at(22))
        yield* run("UPDATE source USING TTL 800 SET counts[?] = ?, home.street = ? WHERE k = ? AND c = ?", [
          "y",
          2,
          "s",
          k,
          c
        ], at(23))
        yield* run("UPDATE source SET items = ? WHERE k = ? AND c = ?", [[1, 2, k], k, c], at(24))
      }
      // A column alone, one that was deleted, and a partition of static columns alone.
      yield* run("UPDATE source SET v = ? WHERE k = ? AND c = 7", [7, k], at(30))
      yield* run("DELETE w FROM source WHERE k = ? AND c = 0", [k], at(31))
      yield* run("UPDATE source USING TTL 600 SET st = ? WHERE k = ?", ["alone", 1_000 + k], at(40))
    }
  })

const columns = ["st", "v", "w", "tags", "counts", "items", "home"]

/** Every cell of a table with its write time, and the second in which it expires. */
export const cellsOf = (table: string, now: number) =>
  Effect.map(
    Statement.make(
      `SELECT k, c, ${
        columns.map((name) => `${name}, writetime(${name}) AS w_${name}, ttl(${name}) AS t_${name}`).join(", ")
      } FROM ${table}`,
      [],
      { consistency: "LOCAL_QUORUM" }
    ),
    ({ rows }) =>
      new Map(rows.flatMap((row) =>
        columns.flatMap((name) =>
          row[name] === null || row[name] === undefined ? [] : [[
            `${String(row["k"])} ${String(row["c"])} ${name}`,
            {
              value: canonical(row[name]),
              time: canonical(row[`w_${name}`]),
              ttl: (Array.isArray(row[`t_${name}`]) ? row[`t_${name}`] as ReadonlyArray<unknown> : [row[`t_${name}`]])
                .map((ttl) => typeof ttl === "number" ? ttl + now : undefined)
            }
          ]]
        )
      ))
  )

type Cells = Effect.Success<ReturnType<typeof cellsOf>>

/** The cells of a table of a server that counts times to live by the clock of the machine. */
export const cellsNow = (table: string) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => cellsOf(table, Math.floor(now / 1_000)))

/** Asserts that a copy has the same cells: values, write times, and times to live up to some seconds. */
export const assertSameCells = (source: Cells, target: Cells, seconds = 5) => {
  assert.deepStrictEqual([...target.keys()].sort(), [...source.keys()].sort())
  for (const [key, { time, ttl, value }] of source) {
    const copied = target.get(key)!
    assert.strictEqual(copied.value, value, key)
    // A list is written at the time of its newest element, or a microsecond later.
    if (!key.endsWith("items")) assert.strictEqual(copied.time, time, key)
    assert.strictEqual(copied.ttl.length, ttl.length)
    for (const [at, left] of ttl.entries()) {
      const other = copied.ttl[at]
      assert.isTrue(
        left === undefined ? other === undefined : Math.abs(left - (other ?? 0)) <= seconds,
        `${key}: ${left} ${other}`
      )
    }
  }
}

interface Started {
  readonly layer: Layer.Layer<never, never, JobRunner.JobRunner | Session>
}

/** A runner in a process of its own. `kill` ends it at once. */
export const started = (job: Started, options: Jobs.Options & JobRunner.Options) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const runner = job.layer.pipe(Layer.provide(Layer.fresh(JobRunner.layerLocal(options))))
    yield* Layer.buildWithScope(Layer.fresh(runner), scope)
    return { kill: Scope.close(scope, Exit.void) }
  })

/** Lets virtual time pass, two minutes by default, and gives what an effect gives then. */
export const passed = <A, E, R>(effect: Effect.Effect<A, E, R>, duration: Duration.Input = "2 minutes") =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(duration)
    return yield* Fiber.join(fiber)
  })

export const options = { keyspace: "app", lanes: 4 }

/** Tables in memory, and the jobs of a client. */
export const memory = (ddl: ReadonlyArray<string>, settings?: MockSession.MemoryOptions) =>
  Layer.provideMerge(
    Layer.fresh(Jobs.layer(options)),
    Layer.mergeAll(Layer.fresh(MockSession.memory([...CqlCluster.ddl("app"), ...ddl], settings)), Logger.layer([]))
  )

/** Runs a job to its end on the virtual clock. */
export const ran = <E, R>(
  job: {
    readonly layer: Layer.Layer<never, never, JobRunner.JobRunner | Session>
    readonly start: (options: Job.StartOptions) => Effect.Effect<Job.Handle, E, R>
  },
  id = "job"
) =>
  Effect.gen(function*() {
    const { kill } = yield* started(job, options)
    const handle = yield* job.start({ id })
    const end = yield* passed(Effect.exit(handle.await))
    yield* kill
    return { end, handle }
  })
