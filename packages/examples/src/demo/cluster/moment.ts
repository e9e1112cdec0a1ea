/** Reads how far the job is from the tables of the cluster, as the guide shows it for cqlsh. */
import { Query, Statement } from "@effect-cql/core"
import { Effect, Schema } from "effect"
import { keyspace } from "../../worker/tables.ts"
import type { Lane } from "./board.ts"
import { cluster, type Runner } from "./runners.ts"

const locks = Query.make(`SELECT key, owner FROM ${keyspace}.cluster_locks`, {
  row: Schema.Struct({ key: Schema.String, owner: Schema.String })
})

const job = Query.make(`SELECT timestamp FROM ${keyspace}.cluster_jobs WHERE cluster = 'default' AND job = ?`, {
  params: Schema.Tuple([Schema.String]),
  row: Schema.Struct({ timestamp: Schema.BigInt })
})

const progress = Query.make(
  `SELECT body FROM ${keyspace}.cluster_lanes WHERE cluster = 'default' AND name = ? AND lane = ? AND entry = 'progress'`,
  {
    params: Schema.Tuple([Schema.String, Schema.Int]),
    row: Schema.Struct({
      body: Schema.fromJsonString(Schema.Struct({ units: Schema.Int, done: Schema.Int, rows: Schema.Int }))
    })
  }
)

const lanes = Array.from({ length: cluster.lanes }, (_, lane) => lane)

/** The owner of each lane. A lock is of the shard with the next number, and its owner begins with the address. */
export const ownersOf = (runners: ReadonlyArray<Runner>) =>
  Effect.map(locks(), ({ rows }) => {
    const addresses = new Map(rows.map(({ key, owner }) => [key, owner.split(" ")[0]]))
    return lanes.map((lane) => runners.find(({ address }) => address === addresses.get(`default:${lane + 1}`)))
  })

/** The lanes of a job. */
export const lanesOf = Effect.fnUntraced(function*(id: string, runners: ReadonlyArray<Runner>) {
  const owners = yield* ownersOf(runners)
  const { timestamp } = yield* Statement.one(job(id))
  return yield* Effect.forEach(
    lanes,
    (lane) =>
      Effect.map(progress(`job/${id}/${timestamp}`, lane), ({ first }): Lane => ({
        owner: owners[lane]?.owner,
        ...(first?.body ?? { units: 0, done: 0, rows: 0 })
      })),
    { concurrency: 4 }
  )
})
