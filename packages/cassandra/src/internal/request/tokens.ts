/**
 * Tokens and their replicas, from the metadata of the driver.
 */
import type { Partition, Request, Ring, TokenRange } from "@effect-cql/core/Port"
import type { token } from "cassandra-driver"
import { withBrackets } from "../driver/address.ts"
import { knowsPartitioner } from "../driver/client.ts"
import type { TokenMetadata } from "../driver/driver.ts"
import { valueAt, type Values } from "../protocol/frames.ts"
import type { Prepared } from "./prepared.ts"

// Those of the ordered partitioners are bytes, which have no place in a ring of numbers.
const toBigInt = (token: unknown): bigint | undefined => {
  const text = String(token)
  return /^-?\d+$/.test(text) ? BigInt(text) : undefined
}

/** The partition of a key, given by its components. Absent where the driver did not learn the partitioner. */
export const partitionOf = (
  metadata: TokenMetadata,
  components: ReadonlyArray<Uint8Array>
): Partition | undefined => {
  const [only, ...others] = components
  if (!knowsPartitioner(metadata) || only === undefined) return undefined
  const token = toBigInt(metadata.newToken(others.length === 0 ? bufferOf(only) : composite(components)))
  return token === undefined ? undefined : { token }
}

/** Returns true if a component is too long to be one of several: its length has but two bytes. */
export const isTooLong = (components: ReadonlyArray<Uint8Array>): boolean =>
  components.length > 1 && components.some(({ length }) => length > 65_535)

/** Each component with its length in front and a zero behind. */
const composite = (components: ReadonlyArray<Uint8Array>): Buffer =>
  Buffer.concat(components.flatMap((component) => {
    const length = Buffer.allocUnsafe(2)
    length.writeUInt16BE(component.length)
    return [length, component, Buffer.of(0)]
  }))

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The routing key of the components of a partition key, as policies of the driver take it. */
export const compositeKey = (components: ReadonlyArray<Uint8Array> | undefined): Buffer | undefined => {
  const only = components?.[0]
  if (components === undefined || only === undefined || isTooLong(components)) return undefined
  return components.length === 1 ? bufferOf(only) : composite(components)
}

/** The components of the partition key that a request names itself. */
export const namedKey = ({ options: { routing } }: Request): ReadonlyArray<Uint8Array> | undefined =>
  routing?.key instanceof Uint8Array ? [routing.key] : routing?.key

/** The token that a request names itself, as policies of the driver take it. */
export const namedToken = (metadata: TokenMetadata, { options: { routing } }: Request): token.Token | undefined =>
  routing?.token === undefined || !knowsPartitioner(metadata) ? undefined : metadata.newToken(String(routing.token))

/** The components of the partition key among the values of a statement. Absent where one is missing, null or unset. */
export const keyAmong = (
  { markers, partitionKeys }: Prepared,
  values: Values
): ReadonlyArray<Uint8Array> | undefined => {
  if (partitionKeys.length === 0) return undefined
  const components: Array<Uint8Array> = []
  for (const index of partitionKeys) {
    const value = valueAt(values, index)
    const column = markers[index]?.column
    if (value === null || value === undefined) return undefined
    // `IN (?, ?)` has several keys, and the server names the last. A named marker that occurs twice has one value.
    if (
      markers.some((marker, at) =>
        at !== index && marker.column === column && valueAt(values, at)?.equals(value) !== true
      )
    ) {
      return undefined
    }
    components.push(value)
  }
  return components
}

/**
 * The ring of a keyspace: each range with its replicas. The range after the last token goes around: it starts above its
 * end. A ring of one token is one range, which starts where it ends.
 */
export const ringOf = (metadata: TokenMetadata, keyspace: string): Ring | undefined => {
  const ranges: Array<TokenRange> = []
  for (const range of metadata.getTokenRanges() ?? []) {
    const start = toBigInt(range.start)
    const end = toBigInt(range.end)
    const replicas = metadata.getReplicas(keyspace, range.end)
    if (start === undefined || end === undefined || !Array.isArray(replicas)) return undefined
    ranges.push({ start, end, replicas: replicas.map(({ address }) => withBrackets(address)) })
  }
  return ranges.length === 0 ? undefined : { ranges }
}
