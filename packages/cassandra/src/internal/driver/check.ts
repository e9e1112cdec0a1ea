/**
 * Checks the parts of the driver that the adapter relies on, before a session is opened on a client.
 *
 * A driver of another release, or one that a bundler changed, is refused with one clear error here. Without the check it
 * might give statements the answers of others, or none.
 */
import type { Client } from "cassandra-driver"
import { opcode } from "../protocol/frames.ts"
import type { DriverHost } from "./hosts.ts"
import { type FrameItem, intercept, type Parser, type WireConnection } from "./wire.ts"

/** The parts of a client that hand out nodes and policies (`lib/client.js:429`, `lib/client.js:405`). */
interface Checked {
  readonly hosts?: { readonly values?: () => ReadonlyArray<DriverHost> } | undefined
  readonly profileManager?: { readonly getProfile?: unknown; readonly getDistance?: unknown } | undefined
}

type Probe = Partial<Record<keyof WireConnection, unknown>> & { readonly parser?: Parser }

/** The part that does not work, or undefined. A client without an open connection is not checked further. */
export const unsupported = (client: Client): string | undefined => {
  const inner: object = client
  const hosts: Checked["hosts"] = Reflect.get(inner, "hosts")
  const profileManager: Checked["profileManager"] = Reflect.get(inner, "profileManager")
  if (typeof hosts?.values !== "function") return "hosts.values"
  if (typeof profileManager?.getProfile !== "function") return "profileManager.getProfile"
  if (typeof profileManager.getDistance !== "function") return "profileManager.getDistance"
  for (const host of hosts.values()) {
    for (const name of ["isUp", "borrowConnection", "removeFromPool", "checkHealth"] as const) {
      if (typeof host[name] !== "function") return `host.${name}`
    }
    const connection = connectionOf(host)
    if (connection !== undefined) return unsupportedConnection(connection)
  }
  return undefined
}

const connectionOf = (host: DriverHost): Probe | undefined => {
  // It throws where no connection is open (`lib/host-connection-pool.js:108`).
  try {
    return host.borrowConnection()
  } catch {
    return undefined
  }
}

const unsupportedConnection = ({ changeKeyspace, parser, protocolVersion, sendStream }: Probe): string | undefined => {
  if (typeof sendStream !== "function") return "connection.sendStream"
  if (typeof changeKeyspace !== "function") return "connection.changeKeyspace"
  if (typeof protocolVersion !== "number") return "connection.protocolVersion"
  if (typeof parser?.parseBody !== "function" || typeof parser.push !== "function") return "parser.parseBody"
  return interceptsFrames(parser) ? undefined : "the hand-over of frames to the parser"
}

/**
 * Returns true if a parser hands over a frame in two parts as it came. It is a copy of the one in use, to which the parts come
 * as from the stream before it (`lib/streams.js:119`, `lib/streams.js:107`).
 */
const interceptsFrames = (parser: Parser): boolean => {
  const copy = parserLike(parser)
  if (copy === undefined) return false
  const body = Buffer.from([0, 1, 2, 3])
  const header = { streamId: 3, opcode: opcode.result, flags: 0, version: 4, bodyLength: body.length }
  const taken: Array<Buffer> = []
  const answers: Array<unknown> = []
  intercept(copy, {
    take: ({ chunk, frameEnded, offset }) => {
      taken.push(chunk.subarray(offset))
      return frameEnded ? Buffer.concat(taken) : "partial"
    }
  })
  const items: ReadonlyArray<FrameItem> = [
    { header, chunk: body.subarray(0, 2), offset: 0, frameEnded: false },
    { header, chunk: body.subarray(1), offset: 1, frameEnded: true }
  ]
  for (const item of items) copy._transform(item, "utf8", (error) => answers.push(error))
  const [item] = readAll(copy)
  return answers.every((error) => error === null || error === undefined) && item?.header === header &&
    item.result?.body.equals(body) === true
}

/** A parser as a transform stream of Node.js, which calls `_transform` (`lib/streams.js:149`). */
interface TransformParser extends Parser {
  readonly _transform: (item: FrameItem, encoding: string, done: (error: unknown) => void) => void
  readonly read: () => Pushed | null
}

/** An item that a parser hands on (`lib/streams.js:172`). */
interface Pushed {
  readonly header?: FrameItem["header"] | undefined
  readonly result?: { readonly body: Buffer } | undefined
}

const readAll = (parser: { readonly read: () => Pushed | null }): ReadonlyArray<Pushed> => {
  const items: Array<Pushed> = []
  for (let item = parser.read(); item !== null; item = parser.read()) items.push(item)
  return items
}

const parserLike = (parser: Parser): TransformParser | undefined => {
  // `lib/streams.js:140`.
  const made: unknown = Reflect.construct(parser.constructor, [{ objectMode: true }, undefined])
  return isTransformParser(made) ? made : undefined
}

const isTransformParser = (value: unknown): value is TransformParser =>
  typeof value === "object" && value !== null && "_transform" in value && "parseBody" in value && "read" in value
