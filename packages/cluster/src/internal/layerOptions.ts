/**
 * The options of layers. A name that none of them has is refused; processes of a cluster may share one object.
 */
import { checkNames } from "@effect-cql/core/Port"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import {
  checkRequired,
  checkValues,
  duration,
  integer,
  oneOf,
  port,
  positiveInteger,
  record,
  type Rule,
  text
} from "./rules.ts"

type Rules = Readonly<Record<string, Rule>>

// Each lane and each shard has a fiber in its runner.
const manyFibers = integer(1_000_000)

const keyspace: Rules = { keyspace: text }
const cluster: Rules = { ...keyspace, cluster: text, scope: oneOf("dataCenter", "global") }
const jobs: Rules = { ...cluster, lanes: manyFibers }
const interval: Rules = { interval: duration }
const jobCluster: Rules = { ...jobs, ...interval, name: text, shards: manyFibers, lease: duration }
const messages: Rules = { ...cluster, retention: duration }
const client: Rules = {
  ...messages,
  shards: manyFibers,
  lease: duration,
  serialization: oneOf("binary", "ndjson"),
  sharding: record
}
const runner: Rules = { ...client, address: record, listen: record, health: oneOf("ping", "k8s") }
const addressed: Rules = { host: text, port }

const allNames = [...new Set([...Object.keys(jobCluster), ...Object.keys(runner), "count"])]

const check = (options: object, rules: Rules, required: Rules = keyspace): void => {
  const own = Object.keys(rules)
  checkNames(options, [...own, ...allNames.filter((name) => !own.includes(name))])
  checkRequired(options, required)
  checkValues(options, rules)
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
  if (sharding !== undefined) checkNames(sharding, Object.keys(ShardingConfig.defaults), "sharding.")
}

export const checkClient = (options: { readonly sharding?: object | undefined }): void => {
  check(options, client)
  checkSharding(options.sharding)
}

export const checkRunner = (
  options: { readonly sharding?: object | undefined; readonly address: object; readonly listen?: object | undefined }
): void => {
  check(options, runner, { ...keyspace, address: record })
  checkSharding(options.sharding)
  for (const [name, address] of Object.entries({ address: options.address, listen: options.listen })) {
    if (address === undefined) continue
    checkNames(address, Object.keys(addressed), `${name}.`)
    checkRequired(address, addressed, `${name}.`)
    checkValues(address, addressed, `${name}.`)
  }
}

/** The options of the migrations. */
export const checkMigrations = (options: { readonly replication?: object | undefined }): void => {
  checkNames(options, ["keyspace", "replication"])
  checkRequired(options, keyspace)
  checkValues(options, { ...keyspace, replication: record })
  for (const [dataCenter, replicas] of Object.entries(options.replication ?? {})) {
    checkValues({ [dataCenter]: replicas }, { [dataCenter]: positiveInteger }, "replication.")
  }
}
