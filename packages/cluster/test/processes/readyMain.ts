/** A runner of ready jobs in a process of its own. */
import { CassandraSession } from "@effect-cql/cassandra"
import { JobRunner } from "@effect-cql/cluster"
import { NodeRuntime } from "@effect/platform-node"
import { Layer } from "effect"
import process from "node:process"
import { jobsOf, runnerOptions, type Settings } from "./readyJobs.ts"

const { keyspace, ...cluster } = JSON.parse(process.env["RUNNER"] ?? "{}") as Settings

jobsOf(keyspace).layer.pipe(
  Layer.provide(JobRunner.layer(runnerOptions(keyspace))),
  Layer.provide(CassandraSession.layer(cluster)),
  Layer.launch,
  NodeRuntime.runMain
)
