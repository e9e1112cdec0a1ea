/**
 * The addresses of nodes, as a user writes them, as the driver keeps them, and as the session reports them.
 */
import { types } from "cassandra-driver"
import { isIP, isIPv6 } from "node:net"
import { toBytes } from "../../values/inet.ts"

/** An address or a name, and the port that was given with it. */
export interface ContactPoint {
  readonly host: string
  /** True if the host is an address and not a name. */
  readonly isAddress: boolean
  readonly port: number | undefined
}

const bracketed = /^\[([^\]]+)\](?::(\d+))?$/
const plain = /^([\p{L}\p{N}._-]+)(?::(\d+))?$/u

/**
 * Reads `address`, `name`, `[address]` of IPv6, and each of them with `:port`. Absent where the text is none of them:
 * the driver would look up the whole text as a name, or ignore a part of it (`lib/control-connection.js:154`).
 */
export const parseContactPoint = (text: string): ContactPoint | undefined => {
  if (isIPv6(text)) return { host: text, isAddress: true, port: undefined }
  const [, address, addressPort] = bracketed.exec(text) ?? []
  if (address !== undefined) return isIPv6(address) ? contactPoint(address, addressPort) : undefined
  const [, host, port] = plain.exec(text) ?? []
  return host === undefined ? undefined : contactPoint(host, port)
}

const contactPoint = (host: string, port: string | undefined): ContactPoint | undefined => {
  const number = port === undefined ? undefined : Number(port)
  return number === undefined || isPort(number) ? { host, isAddress: isIP(host) !== 0, port: number } : undefined
}

/**
 * An address as the driver writes it when it reads the tables of nodes (`lib/control-connection.js:893`): one node would be two
 * under two spellings. A zone of IPv6, which no table contains, stays as it is.
 */
export const canonical = (address: string): string => {
  const bytes = isIPv6(address) ? toBytes(address) : undefined
  return bytes === undefined ? address : new types.InetAddress(bytes).toString()
}

/** Returns true if a node can listen there. */
export const isPort = (value: unknown): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535

/** The address of an endpoint of the driver (`lib/control-connection.js:129`), without its port. */
export const addressOf = (endpoint: string): string => endpoint.slice(0, Math.max(0, endpoint.lastIndexOf(":")))

/** The port of an endpoint of the driver (`lib/connection.js:84`). */
export const portOf = (endpoint: string): number => Number(endpoint.slice(endpoint.lastIndexOf(":") + 1))

/** A node in the annotations of log lines. */
export const aboutNode = (endpoint: string): Readonly<Record<string, unknown>> => ({
  "server.address": addressOf(endpoint),
  "server.port": portOf(endpoint)
})

/** An endpoint of a session as the driver keeps it (`lib/control-connection.js:130`): without brackets. */
export const withoutBrackets = (endpoint: string): string => endpoint.replace(/^\[(.*)\]/, "$1")

/** An endpoint of the driver as the session reports it: an address of IPv6 stands in brackets. */
export const withBrackets = (endpoint: string): string => {
  const address = addressOf(endpoint)
  return address.includes(":") && !address.startsWith("[") ? `[${address}]${endpoint.slice(address.length)}` : endpoint
}
