/**
 * Refuses options of the driver that would fail later, or that belong to another place.
 */
import { InvalidOptions } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { type DseClientOptions, types } from "cassandra-driver"
import { isPort } from "../driver/address.ts"
import { fromCode } from "../driver/consistency.ts"
import { isKeyspaceName } from "../driver/driver.ts"
import { refusedOption } from "../driver/messages.ts"
import { checkDriverOptionNames } from "./optionNames.ts"

/** Throws `InvalidOptions` for an option that cannot be. */
export const checkClientOptions = (options: DseClientOptions): void => {
  if (typeof options !== "object" || options === null) {
    throw new InvalidOptions({ option: "clientOptions", value: options, expected: "an object of driver options" })
  }
  if (options.cloud !== undefined) {
    throw new InvalidOptions({
      option: "clientOptions.cloud",
      given: "a secure connect bundle",
      expected: "a client of your own: CassandraSession.fromClient(new Client({ cloud, credentials, ... }))"
    })
  }
  checkDriverOptionNames(options)
  const { policies, pooling, profiles, protocolOptions, queryOptions, socketOptions } = options
  checkGiven(options, ofClients, "clientOptions.")
  checkGiven(queryOptions, ofQueries, "clientOptions.queryOptions.")
  profiles?.forEach((profile, index) => checkGiven(profile, levels, `clientOptions.profiles[${index}].`))
  checkGiven(policies, ofPolicies, "clientOptions.policies.")
  checkGiven(pooling, ofPooling, "clientOptions.pooling.")
  checkConnections(pooling?.coreConnectionsPerHost ?? {})
  checkGiven(socketOptions, ofSockets, "clientOptions.socketOptions.")
  checkGiven(protocolOptions, ofProtocol, "clientOptions.protocolOptions.")
}

/** Checks the options that have a rule. The driver takes null for an option that is not given. */
const checkGiven = (given: unknown, rules: Readonly<Record<string, Check.Rule>>, at: string): void => {
  if (typeof given !== "object" || given === null) return
  const checked = Object.keys(rules).map((name) => [name, Reflect.get(given, name) ?? undefined])
  Check.values(Object.fromEntries(checked), rules, at)
}

const has = (value: unknown, name: string): boolean =>
  typeof value === "object" && value !== null && typeof Reflect.get(value, name) === "function"

const aNumber = Check.rule(
  "a number, 0 or more",
  (value) => typeof value === "number" && value >= 0 && value !== Infinity
)
const level = Check.rule(
  "a number of types.consistencies of cassandra-driver, or the option defaults.consistency",
  (value) => typeof value === "number" && fromCode(value) !== undefined
)
const serialLevel = Check.rule(
  "types.consistencies.serial or localSerial of cassandra-driver, or the option defaults.serialConsistency",
  (value) => typeof value === "number" && fromCode(value)?.endsWith("SERIAL") === true
)
// A level that is none would be sent as another one.
const levels = { consistency: level, serialConsistency: serialLevel }
const ofQueries = {
  ...levels,
  fetchSize: Check.nonNegativeInteger,
  executeAs: Check.text,
  customPayload: Check.rule(
    "an object of buffers",
    (value) =>
      Check.object.accepts(value) && Object.values(value as object).every((bytes) => bytes instanceof Uint8Array)
  )
}
const ofSockets = {
  connectTimeout: aNumber,
  readTimeout: aNumber,
  keepAliveDelay: aNumber,
  defunctReadTimeoutThreshold: aNumber
}
const distances = new Set(Object.values(types.distance).map(String))
const ofPooling = {
  coreConnectionsPerHost: Check.rule(
    "an object with a number for each of types.distance of cassandra-driver: local, remote, ignored",
    (value) => Check.object.accepts(value) && Object.keys(value as object).every((key) => distances.has(key))
  ),
  heartBeatInterval: aNumber,
  maxRequestsPerConnection: aNumber
}
const ofProtocol = {
  maxSchemaAgreementWaitSeconds: aNumber,
  port: Check.rule("an integer from 1 to 65535", isPort)
}
const ofPolicies = {
  speculativeExecution: Check.rule("a policy with a method newPlan", (value) => has(value, "newPlan"))
}
export const aKeyspaceName = Check.rule(
  "its name without quotes: letters, digits and underscores",
  (value) => typeof value === "string" && isKeyspaceName(value)
)

const ofClients = {
  keyspace: aKeyspaceName,
  maxPrepared: aNumber,
  profiles: Check.rule(
    "an array of execution profiles of cassandra-driver",
    (value) => Array.isArray(value) && value.every((profile) => Check.object.accepts(profile))
  ),
  refreshSchemaDelay: aNumber
}

// Opened one after the other, at once at the start: more are a mistake.
export const mostConnections = 1_024

const checkConnections = (given: object): void => {
  for (const [distance, count] of Object.entries(given)) {
    const least = Number(distance) === types.distance.local ? 1 : 0
    Check.value(
      `clientOptions.pooling.coreConnectionsPerHost[${distance}]`,
      count as unknown,
      Check.integer(least, mostConnections)
    )
  }
}

/** Refuses what the values of this adapter cannot be sent or read by: dates, times and unset came with version 4. */
export const checkProtocol = (maxVersion: number | undefined): void => {
  if (maxVersion === undefined || maxVersion === 0 || maxVersion >= 4) return
  throw new InvalidOptions({
    option: "clientOptions.protocolOptions.maxVersion",
    value: maxVersion,
    expected: "4 or more: earlier versions of the protocol lack types of CQL"
  })
}

/** The options that the constructor of a client refused, as the error of this library. */
export const refusedByDriver = (error: unknown): InvalidOptions => {
  const message = error instanceof Error ? error.message : String(error)
  const name = refusedOption(message)
  return new InvalidOptions({
    option: name === undefined ? "clientOptions" : `clientOptions.${name}`,
    given: "a value that cassandra-driver refuses",
    expected:
      `a value that cassandra-driver accepts (${message}); policies and providers have to come from the cassandra-driver that this package uses`
  })
}
