/**
 * The options of layers. A name that none of them has is refused; processes of a cluster may share one object.
 */
import * as Check from "@effect-cql/core/Check"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import { count, port, timeToLive } from "./rules.ts"

type Rules = Readonly<Record<string, Check.Rule>>

// Each lane and each shard has a fiber in its runner.
const manyFibers = Check.integer(1, 1_000_000)

const keyspace: Rules = { keyspace: Check.text }
const cluster: Rules = { ...keyspace, cluster: Check.text, scope: Check.oneOf(["dataCenter", "global"]) }
const jobs: Rules = { ...cluster, lanes: manyFibers }
const interval: Rules = { interval: timeToLive }
const jobCluster: Rules = { ...jobs, ...interval, name: Check.text, shards: manyFibers, lease: timeToLive }
const messages: Rules = { ...cluster, retention: timeToLive }
const client: Rules = {
  ...messages,
  shards: manyFibers,
  lease: timeToLive,
  serialization: Check.oneOf(["binary", "ndjson"]),
  sharding: Check.object
}
const runner: Rules = { ...client, address: Check.object, listen: Check.object, health: Check.oneOf(["ping", "k8s"]) }
const addressed: Rules = { host: Check.text, port }

const allNames = [...new Set([...Object.keys(jobCluster), ...Object.keys(runner), "count"])]

const check = (options: object, rules: Rules, required: Rules = keyspace): void => {
  const own = Object.keys(rules)
  Check.names(options, [...own, ...allNames.filter((name) => !own.includes(name))])
  Check.required(options, required)
  Check.values(options, rules)
}

export const checkCluster = (options: object): void => check(options, cluster)
export const checkJobs = (options: object): void => check(options, jobs)
export const checkInterval = (options: object): void => check(options, interval, {})
export const checkLocalRunner = (options: object, isTest = false): void =>
  check(options, { ...jobs, ...interval }, isTest ? {} : keyspace)
export const checkJobCluster = (options: object): void => check(options, jobCluster)
export const checkLocalLanes = (options: object): void => check(options, { ...cluster, count: manyFibers })
export const checkMessages = (options: object): void => check(options, messages)

const checkSharding = (sharding: object | undefined): void => {
  if (sharding !== undefined) Check.names(sharding, Object.keys(ShardingConfig.defaults), "sharding.")
}

export const checkClient = (options: { readonly sharding?: object | undefined }): void => {
  check(options, client)
  checkSharding(options.sharding)
}

export const checkRunner = (
  options: { readonly sharding?: object | undefined; readonly address: object; readonly listen?: object | undefined }
): void => {
  check(options, runner, { ...keyspace, address: Check.object })
  checkSharding(options.sharding)
  for (const [name, address] of Object.entries({ address: options.address, listen: options.listen })) {
    if (address === undefined) continue
    Check.names(address, Object.keys(addressed), `${name}.`)
    Check.required(address, addressed, `${name}.`)
    Check.values(address, addressed, `${name}.`)
  }
}

/** The options of the migrations. */
export const checkMigrations = (options: { readonly replication?: object | undefined }): void => {
  Check.names(options, ["keyspace", "replication"])
  Check.required(options, keyspace)
  Check.values(options, { ...keyspace, replication: Check.object })
  for (const [dataCenter, replicas] of Object.entries(options.replication ?? {})) {
    Check.values({ [dataCenter]: replicas }, { [dataCenter]: count }, "replication.")
  }
}
