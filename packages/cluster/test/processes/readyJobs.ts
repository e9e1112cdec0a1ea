/** The ready jobs that the processes of the test run, and their tables. */
import { Job } from "@effect-cql/cluster"
import { CqlSchema, Table } from "@effect-cql/schema"
import { Effect, Layer } from "effect"
import { tablesOf } from "../support/ready.ts"

export interface Settings {
  readonly keyspace: string
  readonly contactPoints: ReadonlyArray<string>
  readonly localDataCenter: string
}

/** Settings of the runners: a dead one is noticed within seconds. */
export const runnerOptions = (keyspace: string) =>
  ({ keyspace, shards: 8, lanes: 8, lease: "4 seconds", interval: "200 millis" }) as const

export const jobsOf = (keyspace: string) => {
  const { ddl, Source, Target } = tablesOf(keyspace)
  class Item extends Table.Class<Item>("Item")(`${keyspace}.items`, {
    columns: { id: CqlSchema.Int, count: CqlSchema.Int, name: CqlSchema.Text },
    partitionKey: "id"
  }) {}
  // Slow enough to be under way whenever the second process joins. The test takes the limit away then.
  const slowly = { version: "1", rate: 4, statement: { pageSize: 2 } } as const
  const Copied = Job.copy("Copied", { ...slowly, from: Source, to: Target })
  // Another result when it is done twice.
  const Counted = Job.transform("Counted", {
    ...slowly,
    table: Item,
    rowsAtOnce: 2,
    change: ({ count }) => Effect.succeed({ count: count + 1 })
  })
  return { Copied, Counted, Item, ddl: [...ddl, ...Table.ddl(Item)], layer: Layer.merge(Copied.layer, Counted.layer) }
}
