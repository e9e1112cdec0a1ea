import { Effect, Result } from "effect"
import { type AddressInfo, createServer, type Socket } from "node:net"
import * as CqlType from "../../src/CqlType.ts"
import { answerTo, errorBody, type Frame, frameReader, int, opcode, short, text } from "./frames.ts"
import { readRequest, type RequestFrame } from "./requestFrames.ts"
import { type Column, rowsBody, scalar } from "./resultFrames.ts"

/** A request of a client: what the driver asks for itself is answered by the node. */
export type Asked = Exclude<RequestFrame, { readonly _tag: "Other" }>

/** Reply to a request: an answer in these pieces, or none. */
export type Reply =
  | {
    readonly opcode: number
    readonly body: Buffer
    readonly flags?: number
    readonly after?: number
    readonly pieces?: ReadonlyArray<number>
    /** Bytes that come with the answer, behind it. */
    readonly behind?: Buffer
  }
  | "none"

/** A node whose answers are scripted. Everything but the answers is as between a real node and a real client. */
export interface ScriptedNode {
  readonly address: string
  readonly requests: ReadonlyArray<Asked>
  /** Answers from now on. */
  readonly reply: (script: (request: Asked) => Reply) => void
  /** The versions of the schema that its peers have from now on. */
  readonly peersHave: (versions: ReadonlyArray<string>) => void
  /** Sends every client that listens an event of the schema. */
  readonly changeTable: (keyspace: string, table: string) => void
  /** Connections so far. */
  readonly opened: () => number
}

const row = (columns: Readonly<Record<string, readonly [CqlType.CqlType, unknown]>>): Buffer => {
  const described: Array<Column> = Object.entries(columns).map(([name, [type]]) => ({ name, type }))
  const cells = Object.values(columns).map(([type, value]) =>
    value === null ? null : Result.getOrThrow(CqlType.encode(type, value))
  )
  return rowsBody(described, [cells], { keyspace: "system", table: "local" })
}

const none = rowsBody([{ name: "peer", type: scalar("inet") }], [], { keyspace: "system", table: "peers" })

const versions = (of: ReadonlyArray<string>): Buffer =>
  rowsBody(
    [{ name: "schema_version", type: scalar("uuid") }],
    of.map((version) => [Result.getOrThrow(CqlType.encode(scalar("uuid"), version))]),
    { keyspace: "system", table: "peers" }
  )

/** The version of the schema that the node has. */
export const ownVersion = "0da3b4d4-9a0a-4f0e-9d3c-1234567890ab"

const hostId = "0da3b4d4-9a0a-4f0e-9d3c-1234567890ab"

const local = (address: string): Buffer =>
  row({
    key: [scalar("text"), "local"],
    cluster_name: [scalar("text"), "scripted"],
    data_center: [scalar("text"), "datacenter1"],
    rack: [scalar("text"), "rack1"],
    host_id: [scalar("uuid"), hostId],
    schema_version: [scalar("uuid"), hostId],
    release_version: [scalar("text"), "4.1.0"],
    partitioner: [scalar("text"), "org.apache.cassandra.dht.Murmur3Partitioner"],
    rpc_address: [scalar("inet"), address],
    native_port: [scalar("int"), 9042],
    tokens: [{ _tag: "Set", element: scalar("text") }, new Set(["0"])]
  })

const isOfDriver = /FROM system(?:_schema|_virtual_schema)?\./

/** A node of its own process-local cluster, gone with the scope. */
export const scriptedNode = Effect.acquireRelease(
  Effect.callback<ScriptedNode & { readonly close: Effect.Effect<void> }>((resume) => {
    const clients = new Set<Socket>()
    const listeners = new Set<Socket>()
    const requests: Array<Asked> = []
    let opened = 0
    let peers: ReadonlyArray<string> = []
    let script: (request: Asked) => Reply = () => ({ opcode: opcode.result, body: int(1) })

    const server = createServer((client) => {
      clients.add(client)
      opened++
      client.setNoDelay(true).on("error", () => {}).on("close", () => {
        clients.delete(client)
        listeners.delete(client)
      })
      const say = (frame: Frame, code: number, body: Buffer) => client.write(answerTo(frame, code, body))
      const sayInPieces = (bytes: Buffer, pieces: ReadonlyArray<number>) => {
        // Bytes of other answers must not come between.
        client.cork()
        let at = 0
        for (const length of pieces) {
          client.write(bytes.subarray(at, at + length))
          at += length
        }
        client.write(bytes.subarray(at))
        client.uncork()
      }
      const carryOut = (frame: Frame, reply: Reply): void => {
        if (reply === "none" || client.destroyed) return
        if (reply.after !== undefined) {
          const { after, ...rest } = reply
          setTimeout(() => carryOut(frame, rest), after)
          return
        }
        const answer = answerTo(frame, reply.opcode, reply.body, reply.flags)
        sayInPieces(reply.behind === undefined ? answer : Buffer.concat([answer, reply.behind]), reply.pieces ?? [])
      }
      client.on(
        "data",
        frameReader((frame) => {
          if ((frame.bytes[0]! & 0x7f) !== 4) {
            say(
              frame,
              opcode.error,
              Buffer.concat([int(0x0a), text("Invalid or unsupported protocol version (66); supported is 4/v4")])
            )
            return
          }
          switch (frame.opcode) {
            case 0x01:
              say(frame, 0x02, Buffer.alloc(0))
              return
            case 0x05:
              say(frame, 0x06, short(0))
              return
            case 0x0b:
              listeners.add(client)
              say(frame, 0x02, Buffer.alloc(0))
              return
          }
          const request = readRequest(frame)
          if (request._tag === "Other") return
          if (request._tag === "Query" && isOfDriver.test(request.text)) {
            const isOfPeers = /^SELECT schema_version\b.* FROM system\.peers/.test(request.text)
            const answer = isOfPeers
              ? versions(peers)
              : request.text.includes("system.local")
              ? local("127.0.0.1")
              : none
            say(frame, opcode.result, answer)
            return
          }
          requests.push(request)
          carryOut(frame, script(request))
        })
      )
    })
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      const { port } = server.address() as AddressInfo
      resume(Effect.succeed({
        address: `127.0.0.1:${port}`,
        requests,
        reply: (next) => {
          script = next
        },
        peersHave: (versions) => {
          peers = versions
        },
        changeTable: (keyspace, table) => {
          const body = Buffer.concat([
            text("SCHEMA_CHANGE"),
            text("UPDATED"),
            text("TABLE"),
            text(keyspace),
            text(table)
          ])
          for (const client of listeners) client.write(answerTo({ stream: -1 }, 0x0c, body))
        },
        opened: () => opened,
        close: Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const client of clients) client.destroy()
        })
      }))
    })
  }),
  (node) => node.close
)

/** An error of the server. */
export const failing = (code: number, ...fields: ReadonlyArray<Buffer>): Reply => ({
  opcode: opcode.error,
  body: errorBody(code, ...fields)
})

/** A result. */
export const resulting = (body: Buffer): Reply => ({ opcode: opcode.result, body })

/** A result without rows, with warnings of the server. */
export const warning = (...warnings: ReadonlyArray<string>): Reply => ({
  opcode: opcode.result,
  flags: 0x08,
  body: Buffer.concat([short(warnings.length), ...warnings.map(text), int(1)])
})
