/** The job of the proof: it copies a table, and each of its processes reports what it did. */
import { CassandraSession } from "@effect-cql/cassandra"
import { CqlCluster, Job, JobRunner, Jobs, Lanes } from "@effect-cql/cluster"
import * as NodeCqlCluster from "@effect-cql/cluster/NodeCqlCluster"
import { executeConcurrentWithArgs, Query } from "@effect-cql/core"
import { Scan } from "@effect-cql/schema"
import { Effect, Layer, Schema, Stream } from "effect"

/** The settings of a process of the proof, which it gets as JSON. */
export interface Settings {
  readonly keyspace: string
  readonly contactPoints: ReadonlyArray<string>
  readonly localDataCenter: string
  readonly port: number
  /** Seconds of a lease. */
  readonly lease: number
  /** Milliseconds by which the wall clock of the process is ahead, or behind. */
  readonly ahead: number
  readonly pageSize: number
  /** Milliseconds to wait behind a page, so that a small table takes long enough to be interrupted. */
  readonly pause: number
}

/** A line of a process. */
export type Report =
  | { readonly _tag: "began" | "left"; readonly unit: string }
  | { readonly _tag: "checkpoint"; readonly unit: string; readonly from: string; readonly rows: number }
  | { readonly _tag: "refused"; readonly unit: string }

export const shards = 24

export const tables = (keyspace: string): ReadonlyArray<string> => [
  ...CqlCluster.ddl(keyspace),
  `CREATE TABLE ${keyspace}.source (id int PRIMARY KEY, name text, value int)`,
  `CREATE TABLE ${keyspace}.target (id int PRIMARY KEY, name text, value int)`
]

export const insertInto = (keyspace: string, table: "source" | "target") =>
  Query.make(`INSERT INTO ${keyspace}.${table} (id, name, value) VALUES (?, ?, ?)`, {
    params: Schema.Tuple([Schema.Int, Schema.String, Schema.Int])
  })

/** The rows of a range of the ring, with their tokens and write times. */
export const rowsOf = (keyspace: string, table: "source" | "target") =>
  Query.make(
    `SELECT id, name, value, writetime(name) AS written, token(id) AS t FROM ${keyspace}.${table} ` +
      "WHERE token(id) > :start AND token(id) <= :end",
    {
      params: Schema.Struct({ start: Schema.BigInt, end: Schema.BigInt }),
      row: Schema.Struct({
        id: Schema.Int,
        name: Schema.String,
        value: Schema.Int,
        written: Schema.BigInt,
        t: Schema.BigInt
      })
    }
  )

const Range = Schema.Struct({ start: Schema.BigInt, end: Schema.BigInt })
const Cursor = Schema.toCodecJson(Schema.Array(Range))

/** Ranges of equal size that are the whole ring. */
export const ranges = (count: number): ReadonlyArray<typeof Range.Type> => {
  const first = -(2n ** 63n)
  const at = (part: number) => part === count ? 2n ** 63n - 1n : first + 2n ** 64n * BigInt(part) / BigInt(count)
  return Array.from({ length: count }, (_, part) => ({ start: at(part), end: at(part + 1) }))
}

export const Copy = Job.make("Copy", {
  version: "1",
  params: Schema.Struct({ units: Schema.Int }),
  unit: Range,
  units: ({ units }) => Effect.succeed(ranges(units))
})

/** Copies the rows of a range, a page a checkpoint, with the timestamp of the job. */
const copyLayer = ({ keyspace, pageSize, pause }: Settings, report: (report: Report) => Effect.Effect<void>) => {
  const [rows, insert] = [rowsOf(keyspace, "source"), insertInto(keyspace, "target")]
  return Copy.toLayer(
    (range, { checkpoint, cursor, timestamp }) => {
      const unit = String(range.start)
      let from = JSON.stringify(cursor ?? null)
      const copied = Effect.gen(function*() {
        yield* report({ _tag: "began", unit })
        const pages = Scan.queryPages(rows, {
          token: "t",
          ranges: cursor === undefined ? [range] : yield* Schema.decodeUnknownEffect(Cursor)(cursor),
          concurrency: 1,
          statement: { consistency: "LOCAL_QUORUM", pageSize }
        })
        yield* Stream.runForEach(pages, (page) =>
          Effect.gen(function*() {
            const params = page.rows.map(({ id, name, value }) => [id, name, value] as const)
            yield* executeConcurrentWithArgs(insert, params, { statement: { timestamp, consistency: "LOCAL_QUORUM" } })
            yield* Effect.sleep(pause)
            const next = yield* Schema.encodeEffect(Cursor)(page.remaining)
            yield* Effect.tapErrorTag(checkpoint({ cursor: next, rows: page.rows.length }), "LaneLost", () =>
              report({ _tag: "refused", unit }))
            yield* report({ _tag: "checkpoint", unit, from, rows: page.rows.length })
            from = JSON.stringify(next)
          }))
      })
      return Effect.ensuring(copied, report({ _tag: "left", unit }))
    },
    { attempts: 10_000 }
  )
}

/** The session of the processes: it does not wait long for a node. */
export const sessionLayer = ({ contactPoints, localDataCenter }: Pick<Settings, "contactPoints" | "localDataCenter">) =>
  CassandraSession.layer({ contactPoints, localDataCenter, requestTimeout: "3 seconds" })

/** A process of the proof: a runner of the cluster, with its transport, and the job on its lanes. */
export const processLayer = (settings: Settings, report: (report: Report) => Effect.Effect<void>) => {
  const { keyspace, lease, port } = settings
  return copyLayer(settings, report).pipe(
    Layer.provide(JobRunner.layerLanes({ interval: "500 millis" })),
    Layer.provide([Lanes.layer({ keyspace }), Jobs.layer({ keyspace, lanes: shards })]),
    Layer.provide(NodeCqlCluster.layer({
      keyspace,
      address: { host: "127.0.0.1", port },
      lease: lease * 1_000,
      shards,
      sharding: {
        refreshAssignmentsInterval: "500 millis",
        entityMessagePollInterval: "1 second",
        runnerHealthCheckInterval: "1 second"
      }
    })),
    Layer.provide(sessionLayer(settings))
  )
}
