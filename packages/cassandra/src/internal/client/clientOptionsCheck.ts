/**
 * Refuses options of the driver that would fail later, or that belong to another place.
 */
import { InvalidOptions } from "@effect-cql/core"
import type { DseClientOptions } from "cassandra-driver"
import { isPort } from "../driver/address.ts"
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
  const { pooling, protocolOptions, socketOptions } = options
  for (const name of ["connectTimeout", "readTimeout", "keepAliveDelay", "defunctReadTimeoutThreshold"] as const) {
    checkNumber(`socketOptions.${name}`, socketOptions?.[name])
  }
  for (const name of ["heartBeatInterval", "maxRequestsPerConnection"] as const) {
    checkNumber(`pooling.${name}`, pooling?.[name])
  }
  checkNumber("protocolOptions.maxSchemaAgreementWaitSeconds", protocolOptions?.maxSchemaAgreementWaitSeconds)
  checkNumber("maxPrepared", options.maxPrepared)
  checkNumber("refreshSchemaDelay", options.refreshSchemaDelay)
  if (protocolOptions?.port !== undefined && !isPort(protocolOptions.port)) {
    const expected = "an integer from 1 to 65535"
    throw new InvalidOptions({ option: "clientOptions.protocolOptions.port", value: protocolOptions.port, expected })
  }
}

const checkNumber = (name: string, value: unknown): void => {
  if (value === undefined || value === null || (typeof value === "number" && value >= 0 && value !== Infinity)) return
  throw new InvalidOptions({ option: `clientOptions.${name}`, value, expected: "a number, 0 or more" })
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
