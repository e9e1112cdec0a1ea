/**
 * Nodes in this process that speak as much of the native protocol v4 as a session needs to open, to find its nodes, and to
 * run statements without parameters, prepared or not.
 */
import { Effect, type Scope } from "effect"
import { createServer, isIPv6, type Server, type Socket } from "node:net"
import { answerTo, errorBody, type Frame, frameReader, int, opcode, short, text } from "./frames.ts"
import { preparedBody } from "./resultFrames.ts"

/** Identity of a node, and the properties that it reports. */
export interface NodeOptions {
  readonly host?: string
  readonly port?: number
  readonly hostId?: string
  readonly clusterName?: string
  readonly tokens?: ReadonlyArray<string>
  readonly version?: string
  readonly dataCenter?: string
  readonly schemaVersion?: string
  /** The address and the port that the cluster announces for the node, if they differ from its own. */
  readonly announced?: { readonly host?: string; readonly port?: number }
}

/** Authentication of clients by a node. */
export type Login = "none" | "challenge" | ((token: string) => boolean)

/** A node. Its `peers` are the other nodes of its cluster, and may change at any time. */
export class CqlNode {
  readonly host: string
  port: number
  readonly options: NodeOptions
  hostId: string
  readonly clusterName: string
  tokens: ReadonlyArray<string>
  peers: ReadonlyArray<CqlNode> = []
  login: Login = "none"
  /** Milliseconds before each answer. */
  delay = 0
  /** The version of the schema that it has, as its cluster sees it. */
  schemaVersion: string
  /** Cells of its rows in the tables of nodes, by their columns, in place of what it is. */
  cells: Readonly<Record<string, Buffer | undefined>> = {}
  /** Results of statements, in place of one without rows. */
  result: (query: string) => Buffer = () => int(1)
  /** Statements that get no answer. */
  ignores: (query: string) => boolean = () => false
  /** The statements that it was sent, without those that the driver makes for itself. */
  readonly statements: Array<string> = []
  opened = 0
  /** Registrations for events: one for each control connection that a client opens. */
  registrations = 0
  #framesLeft = Number.POSITIVE_INFINITY
  #howToEnd: "close" | "reset" = "close"
  /** Connections that have ended. */
  ended = 0
  /** Connections that are not answered, each with the frames that came since. */
  readonly #silent = new Map<Socket, Array<Frame>>()
  #isSilent = false
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  constructor(index: number, options: NodeOptions) {
    this.options = options
    this.host = options.host ?? `127.77.${process.pid % 250 + 1}.${index + 1}`
    this.port = options.port ?? 0
    this.hostId = options.hostId ?? `5b1cbc1e-0ae8-4d0f-9f0f-6a5ffc3a${String(index + 1).padStart(4, "0")}`
    this.clusterName = options.clusterName ?? "here"
    this.schemaVersion = options.schemaVersion ?? "5b1cbc1e-0ae8-4d0f-9f0f-6a5ffc3a0000"
    this.tokens = options.tokens ?? [String(index * 1_000)]
    this.#server = createServer((socket) => this.#accept(socket))
  }

  get address(): string {
    return isIPv6(this.host) ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size
  }

  get start(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      this.#server.listen({ host: this.host, port: this.port }, () => {
        const address = this.#server.address()
        if (typeof address === "object" && address !== null) this.port = address.port
        resume(Effect.void)
      })
    })
  }

  get stop(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      this.#server.close(() => resume(Effect.void))
      this.cut()
    })
  }

  cut(): void {
    this.#sockets.forEach((socket) => socket.destroy())
  }

  /** Ends the connection on which the frame with this number arrives, counted over all connections from now on. */
  endAtFrame(number: number, how: "close" | "reset"): void {
    this.#framesLeft = number
    this.#howToEnd = how
  }

  /** Answers nothing any more on the connections that are open; on new ones neither, where that is said. */
  silence(also: { readonly newOnes: boolean }): void {
    this.#isSilent = also.newOnes
    for (const socket of this.#sockets) if (!this.#silent.has(socket)) this.#silent.set(socket, [])
  }

  /** Reads nothing any more from the connections that are open, until they fill. */
  stopReading(): void {
    for (const socket of this.#sockets) socket.pause()
  }

  /** Answers all that came meanwhile, as a process does that was stopped and goes on. */
  speak(): void {
    this.#isSilent = false
    for (const [socket, frames] of this.#silent) for (const frame of frames) this.#respond(socket, frame)
    this.#silent.clear()
  }

  /** Says to those who registered that something about a node has changed. */
  emit(type: "TOPOLOGY_CHANGE" | "STATUS_CHANGE", change: string, node: CqlNode): void {
    const body = Buffer.concat([text(type), text(change), inet(node.announcedHost), int(node.announcedPort)])
    for (const socket of this.#sockets) socket.write(answerTo({ stream: -1 }, 0x0c, body))
  }

  get announcedHost(): string {
    return this.options.announced?.host ?? this.host
  }

  get announcedPort(): number {
    return this.options.announced?.port ?? this.port
  }

  #accept(socket: Socket): void {
    this.opened++
    this.#sockets.add(socket)
    if (this.#isSilent) this.#silent.set(socket, [])
    socket.on("error", () => {}).on("close", () => {
      this.ended++
      this.#sockets.delete(socket)
      this.#silent.delete(socket)
    })
    const read = frameReader((frame) => {
      if (--this.#framesLeft === 0) {
        if (this.#howToEnd === "close") socket.end()
        else socket.resetAndDestroy()
      }
      if (frame.opcode === opcode.query && this.ignores(queryOf(frame))) return
      const waiting = this.#silent.get(socket)
      if (waiting !== undefined) waiting.push(frame)
      else if (this.delay > 0) setTimeout(() => this.#respond(socket, frame), this.delay)
      else this.#respond(socket, frame)
    })
    socket.on("data", read)
  }

  #respond(socket: Socket, frame: Frame): void {
    if (!socket.writable) return
    socket.write(
      frame.bytes[0] === 0x04
        ? this.#answer(frame)
        : answerTo(frame, opcode.error, Buffer.concat([int(0x0a), text("Invalid or unsupported protocol version")]))
    )
  }

  #answer(frame: Frame): Buffer {
    if (frame.opcode === opcode.options) return answerTo(frame, 0x06, short(0))
    if (frame.opcode === opcode.startup) {
      return this.login === "none"
        ? answerTo(frame, 0x02, Buffer.alloc(0))
        : answerTo(frame, 0x03, text("org.apache.cassandra.auth.PasswordAuthenticator"))
    }
    if (frame.opcode === 0x0f) return this.#authenticate(frame)
    if (frame.opcode === 0x0b) {
      this.registrations++
      return answerTo(frame, 0x02, Buffer.alloc(0))
    }
    if (frame.opcode === opcode.query) return answerTo(frame, opcode.result, this.#query(queryOf(frame)))
    // The id of a text is the text itself.
    if (frame.opcode === opcode.prepare) {
      return answerTo(frame, opcode.result, preparedBody(Buffer.from(queryOf(frame)), []))
    }
    if (frame.opcode === opcode.execute) {
      const id = frame.body.subarray(2, 2 + frame.body.readUInt16BE(0))
      return answerTo(frame, opcode.result, this.#query(id.toString()))
    }
    return answerTo(frame, opcode.error, errorBody(0x0a))
  }

  #authenticate(frame: Frame): Buffer {
    if (this.login === "challenge") return answerTo(frame, 0x0e, Buffer.concat([int(5), Buffer.from("what?")]))
    const token = frame.body.subarray(4).toString()
    return typeof this.login !== "function" || this.login(token)
      ? answerTo(frame, 0x10, int(-1))
      : answerTo(frame, opcode.error, Buffer.concat([int(0x0100), text("the password is incorrect")]))
  }

  #query(query: string): Buffer {
    if (/FROM system\.local/.test(query)) return rows("local", localColumns, [this])
    if (/FROM system\.peers_v2/.test(query)) return rows("peers_v2", peersV2Columns, this.peers)
    if (/FROM system\.peers/.test(query)) return rows("peers", peersColumns, this.peers)
    if (/FROM system_schema\.keyspaces/.test(query)) return rows("keyspaces", keyspaceColumns, [this])
    if (/FROM system/.test(query)) return rows("any", {}, [])
    if (query.startsWith("USE ")) return Buffer.concat([int(3), text("app")])
    this.statements.push(query)
    return this.result(query)
  }
}

const queryOf = ({ body }: Frame): string => body.subarray(4, 4 + body.readInt32BE(0)).toString()

type Cell = readonly [type: Buffer, value: (node: CqlNode) => Buffer | undefined]
type Columns = Readonly<Record<string, Cell>>

const varchar = (value: (node: CqlNode) => string): Cell => [short(0x0d), (node) => Buffer.from(value(node))]
const number = (value: (node: CqlNode) => number): Cell => [short(0x09), (node) => int(value(node))]
const uuid = (value: (node: CqlNode) => string): Cell => [
  short(0x0c),
  (node) => Buffer.from(value(node).replaceAll("-", ""), "hex")
]
const address: Cell = [short(0x10), (node) => inet(node.announcedHost).subarray(1)]
const bool: Cell = [short(0x04), () => Buffer.of(1)]
const tokens: Cell = [
  Buffer.concat([short(0x22), short(0x0d)]),
  (node) =>
    node.tokens.length === 0 ? undefined : Buffer.concat([
      int(node.tokens.length),
      ...node.tokens.flatMap((token) => [int(token.length), Buffer.from(token)])
    ])
]
const replication: Cell = [Buffer.concat([short(0x21), short(0x0d), short(0x0d)]), () => {
  const entries = ["class", "org.apache.cassandra.locator.SimpleStrategy", "replication_factor", "1"]
  return Buffer.concat([int(2), ...entries.flatMap((entry) => [int(entry.length), Buffer.from(entry)])])
}]

const node: Columns = {
  data_center: varchar(({ options }) => options.dataCenter ?? "dc1"),
  rack: varchar(() => "rack1"),
  release_version: varchar(({ options }) => options.version ?? "5.0.0"),
  host_id: uuid(({ hostId }) => hostId),
  schema_version: uuid(({ schemaVersion }) => schemaVersion),
  tokens
}
const localColumns: Columns = {
  ...node,
  key: varchar(() => "local"),
  cluster_name: varchar(({ clusterName }) => clusterName),
  partitioner: varchar(() => "org.apache.cassandra.dht.Murmur3Partitioner"),
  rpc_address: address,
  rpc_port: number(({ announcedPort }) => announcedPort)
}
const peersColumns: Columns = { ...node, peer: address, rpc_address: address }
const peersV2Columns: Columns = {
  ...node,
  peer: address,
  native_address: address,
  native_port: number(({ announcedPort }) => announcedPort)
}
const keyspaceColumns: Columns = { keyspace_name: varchar(() => "app"), durable_writes: bool, replication }

const inet = (host: string): Buffer =>
  isIPv6(host)
    ? Buffer.concat([Buffer.of(16), Buffer.alloc(15), Buffer.of(1)])
    : Buffer.of(4, ...host.split(".").map(Number))

const rows = (table: string, columns: Columns, nodes: ReadonlyArray<CqlNode>): Buffer =>
  Buffer.concat([
    int(2),
    int(1),
    int(Object.keys(columns).length),
    text("system"),
    text(table),
    ...Object.entries(columns).flatMap(([name, [type]]) => [text(name), type]),
    int(nodes.length),
    ...nodes.flatMap((node) =>
      Object.entries(columns).flatMap(([name, [, value]]) => {
        const bytes = Object.hasOwn(node.cells, name) ? node.cells[name] : value(node)
        return bytes === undefined ? [int(-1)] : [int(bytes.length), bytes]
      })
    )
  ])

/** Starts nodes of one cluster, all at the port of the first unless another is given. They end with the scope. */
export const cqlNodes = (
  ...options: ReadonlyArray<NodeOptions>
): Effect.Effect<ReadonlyArray<CqlNode>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const nodes: Array<CqlNode> = []
    for (const [index, each] of options.entries()) {
      const node = new CqlNode(index, { port: nodes[0]?.port ?? 0, ...each })
      yield* Effect.acquireRelease(node.start, () => node.stop)
      nodes.push(node)
    }
    for (const node of nodes) node.peers = nodes.filter((other) => other !== node)
    return nodes
  })
