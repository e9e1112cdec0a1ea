import type { Client } from "cassandra-driver"
import { createRequire } from "node:module"
import type { FrameItem, Parser as DriverParser, WireConnection } from "../../src/internal/driver/wire.ts"
import type { RawAnswer } from "../../src/internal/protocol/answers.ts"
import { answerTo, errorBody, frameReader, opcode } from "./frames.ts"
import { readRequest, type RequestFrame } from "./requestFrames.ts"
import { type Column, preparedBody, voidBody } from "./resultFrames.ts"

interface Streams {
  readonly Parser: new(
    options: { readonly objectMode: true },
    encoder: undefined
  ) => DriverParser & {
    readonly on: (
      event: "data",
      listener: (item: { readonly header: FrameItem["header"]; readonly result?: RawAnswer }) => void
    ) => void
    readonly write: (item: FrameItem) => void
  }
}

const { Parser }: Streams = createRequire(import.meta.url)("cassandra-driver/lib/streams.js")

/** A request as it reached a node. */
export type Seen = RequestFrame & {
  readonly host: string
  readonly text: string
  readonly readTimeout: number | undefined
}

/** Answer of a node: a body with its opcode, no answer, or an error of the driver. */
export type Answer =
  | { readonly opcode: number; readonly body: Buffer; readonly flags?: number }
  | "none"
  | { readonly driver: unknown }

/** A result. */
export const result = (body: Buffer, flags = 0): Answer => ({ opcode: opcode.result, body, flags })

/** An error of the server. */
export const failure = (code: number, ...fields: ReadonlyArray<Buffer>): Answer => ({
  opcode: opcode.error,
  body: errorBody(code, ...fields)
})

/** The answer to an EXECUTE that the node does not know. */
export const unprepared = (id: Buffer): Answer =>
  failure(0x2500, Buffer.concat([Buffer.from([id.length >> 8, id.length & 0xff]), id]))

/** A result without rows. */
export const nothing: Answer = result(voidBody)

/** Behaviour of the nodes in a test. */
export interface Script {
  readonly columns?: Readonly<Record<string, ReadonlyArray<Column>>>
  /** Answers what is executed. */
  readonly answer?: (seen: Seen) => Answer | Promise<Answer>
  /** Answers a PREPARE, in place of the description of its columns. */
  readonly prepare?: (text: string, host: string) => Answer | Promise<Answer> | undefined
  readonly partitionKeys?: ReadonlyArray<number>
  readonly hosts?: ReadonlyArray<string>
  readonly options?: object
  readonly ring?: ReadonlyArray<unknown>
  /** The partitioner of the nodes, which makes tokens of texts. */
  readonly tokenizer?: { readonly parse: (text: string) => unknown }
}

/** An id that a node gives to a text. */
export const idOf = (text: string): Buffer => Buffer.from(`id of ${text}`)

/**
 * A client whose nodes are in this process: requests arrive as the frames that they are, and answers pass through the
 * parser that the adapter intercepts.
 */
export const fakeClient = (script: Script = {}) => {
  const { answer = () => nothing, columns = {}, hosts: addresses = ["10.0.0.1:9042"], partitionKeys = [] } = script
  const seen: Array<Seen> = []
  const prepares: Array<string> = []
  const routed: Array<{ readonly keyspace: string | undefined; readonly routingKey: unknown }> = []
  const streams = { inFlight: 0 }
  const texts = new Map<string, string>()

  const answerPrepare = (text: string, host: string): Answer | Promise<Answer> => {
    const scripted = script.prepare?.(text, host)
    if (scripted !== undefined) return scripted
    texts.set(idOf(text).toString("hex"), text)
    const known = columns[text]
    return known === undefined
      ? failure(0x2200)
      : result(preparedBody(idOf(text), known, { partitionKeys }))
  }

  const textOf = (request: RequestFrame): string => {
    const named = (id: Buffer) => texts.get(id.toString("hex")) ?? id.toString("hex")
    switch (request._tag) {
      case "Execute":
        return named(request.id)
      case "Batch":
        return request.members.map(({ of }) => typeof of === "string" ? of : named(of)).join("; ")
      case "Other":
        return ""
      default:
        return request.text
    }
  }

  const connectionOf = (host: string): WireConnection => {
    const waiting = new Map<number, (error: unknown, answer?: unknown) => void>()
    let lastStream = 0
    // That of the driver, so that its frames are intercepted as in a real connection.
    const parser = new Parser({ objectMode: true }, undefined)
    parser.on("data", ({ header, result }) => {
      if (result === undefined) return
      waiting.get(header.streamId)!(null, result)
      waiting.delete(header.streamId)
    })
    const deliver = (stream: number, given: Answer): void => {
      if (given === "none") return
      if ("driver" in given) return waiting.get(stream)!(given.driver)
      const { body, flags = 0, opcode } = given
      const header = { streamId: stream, opcode, flags, version: 4, bodyLength: body.length }
      // Behind a byte of another frame, and before one.
      const chunk = Buffer.concat([Buffer.of(1), answerTo({ stream }, opcode, body).subarray(9), Buffer.of(2)])
      parser.write({ header, chunk, offset: 1, frameEnded: true })
    }
    return {
      protocolVersion: 4,
      keyspace: null,
      timedOutOperations: 0,
      parser,
      changeKeyspace: () => Promise.resolve(),
      sendStream: (request, options, callback) => {
        const stream = lastStream++ & 0x7fff
        queueMicrotask(() => {
          let bytes: Buffer
          try {
            bytes = request.write(undefined, stream)
          } catch (error) {
            return callback(error)
          }
          waiting.set(stream, callback)
          frameReader((frame) => {
            const read = readRequest(frame)
            let given: Answer | Promise<Answer>
            if (read._tag === "Prepare") {
              prepares.push(read.text)
              given = answerPrepare(read.text, host)
            } else {
              const one: Seen = { ...read, host, text: textOf(read), readTimeout: options.getReadTimeout() }
              seen.push(one)
              given = answer(one)
            }
            void Promise.resolve(given).then((given) => deliver(stream, given))
          })(bytes)
        })
      }
    }
  }

  const hosts = addresses.map((address) => {
    const connection = connectionOf(address)
    return {
      address,
      isUp: () => true,
      borrowConnection: () => connection,
      removeFromPool: () => {},
      checkHealth: () => {}
    }
  })
  const profile = {
    name: "default",
    loadBalancing: {
      newQueryPlan: (
        keyspace: string | undefined,
        options: { getKeyspace(): string | undefined; getRoutingKey(): unknown } | null,
        done: (error: undefined, hosts: Iterator<unknown>) => void
      ): void => {
        if (options !== null) {
          routed.push({ keyspace: options.getKeyspace() ?? keyspace, routingKey: options.getRoutingKey() })
        }
        done(undefined, hosts.values())
      }
    }
  }
  const client = {
    connected: true,
    keyspace: undefined,
    hosts,
    options: { pooling: { maxRequestsPerConnection: 2048 }, policies: {}, queryOptions: {}, ...script.options },
    metadata: {
      ring: script.ring ?? [],
      tokenizer: script.tokenizer,
      newToken: (text: string) => script.tokenizer?.parse(text)
    },
    profileManager: {
      getProfile: (name: string | undefined) => name === undefined || name === "fast" ? profile : undefined,
      getDistance: () => 0
    },
    getState: () => ({
      getConnectedHosts: () => hosts,
      getOpenConnections: () => 2 / hosts.length,
      getInFlightQueries: () => streams.inFlight / hosts.length
    })
  }
  return { client: client as unknown as Client, hosts, profile, seen, prepares, routed, streams }
}
