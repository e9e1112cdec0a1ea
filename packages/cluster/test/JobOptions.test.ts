/** Names of options that do not exist: each is refused, with the nearest. So are values that cannot be. */
import {
  CqlCluster,
  CqlMessageStorage,
  CqlRunnerStorage,
  Job,
  JobRunner,
  Jobs,
  Lanes,
  TableJob
} from "@effect-cql/cluster"
import * as NodeCqlCluster from "@effect-cql/cluster/NodeCqlCluster"
import { InvalidOptions } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { defectOf } from "@effect-cql/test-support/runs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { memory, numbered } from "./support/jobs.ts"

class User extends Table.Class<User>("User")("app.users", {
  columns: { id: CqlSchema.Int, name: CqlSchema.Text },
  partitionKey: "id"
}) {}

/** Options with another name, which a program without types may give. */
const misspelt = <A extends object>(options: A, name: string): A => Object.assign(options, { [name]: 1 })

const common = { version: "1" }

const definitions: Readonly<Record<string, (name: string) => unknown>> = {
  "Job.make": (name) => numbered(misspelt({}, name)),
  "Job.copy": (name) => Job.copy("J", misspelt({ ...common, from: User, to: User }, name)),
  "Job.count": (name) => Job.count("J", misspelt({ ...common, table: User }, name)),
  "Job.verify": (name) => Job.verify("J", misspelt({ ...common, from: User, to: User }, name)),
  "Job.expire": (name) => Job.expire("J", misspelt({ ...common, table: User, where: () => true }, name)),
  "Job.transform": (name) =>
    Job.transform("J", misspelt({ ...common, table: User, change: () => Effect.succeed(undefined) }, name)),
  "Job.load": (name) =>
    Job.load("J", misspelt({ ...common, format: "csv" as const, row: Schema.Unknown, write: () => [] }, name)),
  toLayer: (name) => numbered().toLayer(() => Effect.void, misspelt({}, name)),
  rejects: (name) => numbered({ rejects: misspelt({}, name) }),
  errorBudget: (name) => numbered({ errorBudget: misspelt({ rejects: 1 }, name) })
}

/** The error that a function throws. */
const thrownBy = (make: () => unknown): unknown => {
  try {
    make()
    return undefined
  } catch (error) {
    return error
  }
}

const keyspace = "app"
const layers: Readonly<Record<string, (options: object) => unknown>> = {
  "JobRunner.layer": (options) => JobRunner.layer({ keyspace, ...options }),
  "JobRunner.layerLocal": (options) => JobRunner.layerLocal({ keyspace, ...options }),
  "JobRunner.layerWith": (options) => JobRunner.layerWith({ keyspace, ...options }),
  "JobRunner.layerTest": (options) => JobRunner.layerTest({ ...options }),
  "JobRunner.layerLanes": (options) => JobRunner.layerLanes({ ...options }),
  "Jobs.layer": (options) => Jobs.layer({ keyspace, ...options }),
  "Lanes.layer": (options) => Lanes.layer({ keyspace, ...options }),
  "Lanes.layerLocal": (options) => Lanes.layerLocal({ keyspace, ...options }),
  "CqlRunnerStorage.layer": (options) => CqlRunnerStorage.layer({ keyspace, ...options }),
  "CqlMessageStorage.layer": (options) => CqlMessageStorage.layer({ keyspace, ...options }),
  "NodeCqlCluster.layer": (options) =>
    NodeCqlCluster.layer({ keyspace, address: { host: "127.0.0.1", port: 1 }, ...options }),
  "NodeCqlCluster.layerClient": (options) => NodeCqlCluster.layerClient({ keyspace, ...options }),
  "CqlCluster.migrations": (options) => CqlCluster.migrations({ keyspace, ...options })
}
const jobLayers = ["JobRunner.layer", "JobRunner.layerLocal", "JobRunner.layerWith", "JobRunner.layerTest"]
const clusters = Object.keys(layers).filter((name) => !["JobRunner.layerLanes", "CqlCluster.migrations"].includes(name))
const storages = ["CqlMessageStorage.layer", "NodeCqlCluster.layer", "NodeCqlCluster.layerClient"]
const nodes = ["NodeCqlCluster.layer", "NodeCqlCluster.layerClient"]

/** Values that cannot be, with the layers that have the option. */
const values: ReadonlyArray<readonly [names: ReadonlyArray<string>, option: string, values: ReadonlyArray<unknown>]> = [
  [[...jobLayers, "Jobs.layer"], "lanes", [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "4", null]],
  [["Lanes.layerLocal"], "count", [0, Number.NaN]],
  [["JobRunner.layer", ...nodes], "shards", [0, -1, 0.5, Number.NaN]],
  [[...jobLayers, "JobRunner.layerLanes"], "interval", [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "soon", null]],
  [["JobRunner.layer", ...nodes], "lease", [0, Number.NaN, Number.POSITIVE_INFINITY, "long"]],
  [storages, "retention", [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "30 years", "ever"]],
  [clusters, "scope", ["datacenter", ""]],
  [clusters, "cluster", ["", 1]],
  [[...clusters, "CqlCluster.migrations"], "keyspace", ["", null]],
  [["JobRunner.layer"], "name", [""]],
  [["NodeCqlCluster.layer"], "health", ["pings"]],
  [nodes, "serialization", ["json"]],
  [["NodeCqlCluster.layer"], "address", [{ host: "", port: 1 }, { host: "a" }, { host: "a", port: 70_000 }, "a:1"]],
  [["NodeCqlCluster.layer"], "listen", [{ host: "a", ports: 1 }]],
  [["CqlCluster.migrations"], "replication", [{ datacenter1: 0 }, 3]]
]

describe("the options of a layer", () => {
  for (const [layer, make] of Object.entries(layers)) {
    it(`have names, and another one is refused with the nearest: ${layer}`, () => {
      assert.isUndefined(thrownBy(() => make({})))
      const [name, nearest] = layer === "CqlCluster.migrations"
        ? ["replicaton", "replication"] as const
        : ["intervall", "interval"] as const
      const error = thrownBy(() => make({ [name]: 1 }))
      assert.instanceOf(error, InvalidOptions)
      assert.include(String(error), name)
      assert.include(String(error), `the nearest is ${nearest})`)
    })
  }
  for (const [names, option, refused] of values) {
    it(`have values, and others are refused: ${option}`, () => {
      for (const name of names) {
        for (const value of refused) {
          const error = thrownBy(() => layers[name]!({ [option]: value }))
          assert.instanceOf(error, InvalidOptions, `${name} ${option} ${String(value)}`)
          assert.include(String(error), option)
        }
      }
    })
  }

  it("may be shared by the processes of a cluster", () => {
    const shared = { keyspace, cluster: "c", lanes: 4, shards: 4, lease: "10 seconds", interval: 20 } as const
    for (const make of [Jobs.layer, Lanes.layer, CqlRunnerStorage.layer, JobRunner.layer]) make(shared)
  })

  it("of the sharding of Effect have names too", () => {
    const error = thrownBy(() => layers["NodeCqlCluster.layerClient"]!({ sharding: { entityMailboxCapacty: 1 } }))
    assert.include(String(error), "the nearest is entityMailboxCapacity)")
  })
})

const table = { ...common, table: User }
const loads = { ...common, format: "csv", row: Schema.Unknown, write: () => [] } as const
const set = <A extends object>(options: A, other: object): A => Object.assign({ ...options }, other)

/** Definitions with values that cannot be. */
const refusedValues: ReadonlyArray<readonly [option: string, make: () => unknown]> = [
  ...[0, -1, 1.5, Number.NaN].flatMap((value): ReadonlyArray<readonly [string, () => unknown]> => [
    ["attempts", () => numbered().toLayer(() => Effect.void, { attempts: value })],
    ["attempts", () => Job.count("J", { ...table, attempts: value })],
    ["splitSize", () => Job.count("J", { ...table, splitSize: value })],
    ["pageSize", () => Job.verify("J", { ...common, from: User, to: User, statement: { pageSize: value } })],
    ["rowsAtOnce", () => Job.transform("J", { ...table, rowsAtOnce: value, change: () => Effect.succeed(undefined) })],
    ["pageSize", () => TableJob.make("J", { ...table, pageSize: value })],
    ["splitSize", () => TableJob.make("J", { ...table, splitSize: value })],
    ["chunkSize", () => Job.load("J", { ...loads, chunkSize: value })],
    ["maxRecordSize", () => Job.load("J", { ...loads, maxRecordSize: value })],
    ["concurrency", () => numbered({ concurrency: value })]
  ]),
  ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e-300, 1e300].map((rate) =>
    ["rate", () => numbered({ rate })] as const
  ),
  ["concurrency", () => numbered({ concurrency: 2 ** 31 })],
  ["errorBudget", () => numbered({ errorBudget: { rejects: -1 } })],
  ["errorBudget", () => numbered({ errorBudget: { share: Number.NaN, minimum: 1 } })],
  ...[
    null,
    5,
    {},
    { share: 0.5 },
    { minimum: 5 },
    { rejects: "5" },
    { share: "0.5", minimum: 5 },
    { share: 1.5, minimum: 0 },
    { share: 0.5, minimum: 5, rejects: 5 },
    { rejects: 5, minimum: 5 }
  ].map((errorBudget) => ["errorBudget", () => numbered(set({}, { errorBudget }))] as const),
  ["rejects.retention", () => numbered({ rejects: { retention: Number.POSITIVE_INFINITY } })],
  ["rejects.retention", () => numbered({ rejects: { retention: 0 } })],
  ["format", () => Job.load("J", set(loads, { format: "tsv" }))],
  ["csv", () => Job.load("J", { ...loads, format: "ndjson", csv: { delimiter: ";" } })],
  ["csv.delimeter", () => Job.load("J", { ...loads, csv: set({}, { delimeter: ";" }) })],
  ["csv.multiline", () => Job.load("J", { ...loads, csv: set({}, { multiline: "false" }) })],
  ["csv.header", () => Job.load("J", { ...loads, csv: { header: ["a", "a"] } })],
  ["csv.header", () => Job.load("J", { ...loads, csv: { header: [] } })],
  ["statement.retry", () => Job.count("J", { ...table, statement: set({}, { retry: "none" }) })],
  ["statement.consistency", () => Job.count("J", { ...table, statement: set({}, { consistency: "LOCAL" }) })],
  ["untimed", () => Job.copy("J", set({ ...common, from: User, to: User }, { untimed: "jobs" }))],
  ["untimed", () => Job.expire("J", set({ ...table, where: () => true }, { untimed: "jobs" }))],
  ["times", () => Job.verify("J", set({ ...common, from: User, to: User }, { times: "yes" }))],
  ["change", () => Job.transform("J", set({ ...table, write: () => Effect.succeed([]) }, { write: undefined }))],
  ["name", () => numbered().activity({ units: 1 }, { name: "" })],
  ["rat", () => numbered().activity({ units: 1 }, misspelt({}, "rat"))],
  ["errorBudget.reject", () => numbered().activity({ units: 1 }, { errorBudget: misspelt({ rejects: 1 }, "reject") })],
  ["id", () => numbered().activity({ units: 1 }, misspelt({}, "id"))]
]

describe("a value that an option of a job cannot have", () => {
  for (const [at, [option, make]] of refusedValues.entries()) {
    it(`is refused: ${option} (${at})`, () => {
      const error = thrownBy(make)
      assert.instanceOf(error, InvalidOptions)
      assert.include(String(error), option)
    })
  }

  it.effect("is refused by what starts, watches and removes it", () =>
    Effect.gen(function*() {
      const job = numbered()
      const refused = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.map(Effect.exit(effect), (exit) => assert.instanceOf(defectOf(exit), InvalidOptions))
      for (const id of ["", "x".repeat(10_001)]) yield* refused(job.start({ units: 1 }, { id }))
      const handle = yield* job.start({ units: 1 }, { id: "a" })
      for (const interval of [0, -1, Number.NaN]) yield* refused(Stream.runDrain(handle.watch(interval)))
      for (const rate of [0, 1e300]) yield* refused(handle.setLimits({ rate }))
      yield* refused(handle.setLimits({ concurrency: 0 }))
      const { removeEnded } = yield* Jobs.Jobs
      yield* refused(removeEnded(misspelt({ olderThan: 0 }, "olderThn")))
      for (const olderThan of [-1, Number.NaN]) yield* refused(removeEnded({ olderThan }))
    }).pipe(Effect.provide(memory())))
})

describe("a name that is no option", () => {
  for (const [job, make] of Object.entries(definitions)) {
    for (const name of ["concurency", "errorBudgets", "atempts", "retension"]) {
      it(`is refused by ${job}: ${name}`, () => {
        const error = thrownBy(() => make(name))
        assert.instanceOf(error, InvalidOptions)
        assert.include(String(error), name)
        assert.include(String(error), "an option that does not exist")
      })
    }
  }

  it.effect("is refused by what starts and changes a job", () =>
    Effect.gen(function*() {
      const job = numbered()
      const refused = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.map(Effect.exit(effect), (exit) => assert.instanceOf(defectOf(exit), InvalidOptions))
      yield* refused(job.start({ units: 1 }, misspelt({ id: "a" }, "rates")))
      yield* refused(job.start({ units: 1 }, { id: "a", errorBudget: misspelt({ rejects: 1 }, "shares") }))
      const handle = yield* job.start({ units: 1 }, { id: "a" })
      yield* refused(handle.setLimits(misspelt({ rate: 1 }, "concurency")))
      yield* handle.cancel
      yield* refused(handle.retry(misspelt({}, "onli")))
      yield* refused(handle.retry(Object.assign({}, { only: "reject" as "rejects" })))
    }).pipe(Effect.provide(memory())))
})
