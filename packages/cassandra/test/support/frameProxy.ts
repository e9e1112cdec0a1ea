import { Effect } from "effect"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { answerTo, type Frame, frameReader, opcode } from "./frames.ts"

/** The handling of a request and of its answer. */
export type Act =
  /** Goes on to the server, and the answer comes back. */
  | "forward"
  /** Neither goes on nor is answered. */
  | "swallow"
  /** Goes on to the server, whose answer is kept back. */
  | "loseAnswer"
  /** The connection is reset, and the server has not seen the request. */
  | "resetBefore"
  /** The server executes the request; in place of its answer the connection is reset. */
  | "resetAfter"
  /** An error as the answer. If `executed` is true, the server still executes the request. */
  | { readonly error: Buffer; readonly executed: boolean }
  /**
   * Goes on to the server, and its answer comes back in these parts, one at a time: as it is, or as something else. Then
   * the connection ends, where that is said.
   */
  | {
    readonly inParts: (answer: Buffer) => ReadonlyArray<Buffer>
    readonly pause?: number
    readonly thenClose?: boolean
  }
  /** Any of these, after a time in milliseconds. */
  | { readonly after: number; readonly act: Act }

/** A way to a server on which every request of a statement is decided on. */
export interface FrameProxy {
  readonly address: string
  /** Connections from clients that are open now, and how many there have been. */
  readonly open: () => number
  readonly opened: () => number
  /** Sets the handling of later PREPARE, QUERY, EXECUTE and BATCH. Queries of the driver itself pass unchanged. */
  readonly decide: (act: (request: Frame) => Act) => void
  /** Ends all connections; new ones are taken. */
  readonly cut: () => void
  /** The requests of statements so far, oldest first. */
  readonly requests: ReadonlyArray<Frame>
}

const ofStatements: ReadonlySet<number> = new Set([opcode.query, opcode.prepare, opcode.execute, opcode.batch])
const ofDriver = /FROM system(?:_schema|_virtual_schema)?\./

/** A proxy that reads all frames, and handles each request as decided. It closes with the scope. */
export const frameProxyTo = (target: string) =>
  Effect.acquireRelease(
    Effect.callback<FrameProxy & { readonly close: Effect.Effect<void> }>((resume) => {
      const separator = target.lastIndexOf(":")
      const upstream = { host: target.slice(0, separator), port: Number(target.slice(separator + 1)) }
      const clients = new Set<Socket>()
      const requests: Array<Frame> = []
      let opened = 0
      let decide: (request: Frame) => Act = () => "forward"

      const tcp = createServer((client) => {
        const server = connect(upstream)
        const ends = () => {
          clients.delete(client)
          client.destroy()
          server.destroy()
        }
        const resets = () => {
          client.resetAndDestroy()
          ends()
        }
        clients.add(client)
        opened++
        for (const socket of [client, server]) socket.setNoDelay(true).on("close", ends).on("error", ends)

        /** Answers that wait until an answer in parts is written; undefined if none is being written. */
        let waiting: Array<Buffer> | undefined
        const say = (bytes: Buffer) => {
          if (waiting === undefined) client.write(bytes)
          else waiting.push(bytes)
        }
        const sayInParts = ([first, ...rest]: ReadonlyArray<Buffer>, pause: number, then: () => void): void => {
          if (first !== undefined) client.write(first)
          if (rest.length > 0) {
            waiting ??= []
            setTimeout(() => sayInParts(rest, pause, then), pause)
            return
          }
          for (const bytes of waiting ?? []) client.write(bytes)
          waiting = undefined
          then()
        }

        /** Handlers of the expected answers, by stream. */
        const answers = new Map<number, (answer: Buffer) => void>()
        server.on(
          "data",
          frameReader(({ bytes, stream }) => {
            const answer = answers.get(stream)
            answers.delete(stream)
            if (answer === undefined) say(bytes)
            else answer(bytes)
          })
        )

        const execute = (request: Frame, answer: (answer: Buffer) => void) => {
          answers.set(request.stream, answer)
          server.write(request.bytes)
        }
        const carryOut = (act: Act, request: Frame): void => {
          if (client.destroyed) return
          if (act === "forward") server.write(request.bytes)
          else if (act === "swallow") return
          else if (act === "loseAnswer") execute(request, () => {})
          else if (act === "resetBefore") resets()
          else if (act === "resetAfter") execute(request, resets)
          else if ("after" in act) setTimeout(() => carryOut(act.act, request), act.after)
          else if ("error" in act) {
            const answer = answerTo(request, opcode.error, act.error)
            if (act.executed) execute(request, () => say(answer))
            else say(answer)
          } else {
            execute(request, (answer) => {
              const then = () => act.thenClose === true && client.end(ends)
              sayInParts(act.inParts(answer), act.pause ?? 0, then)
            })
          }
        }
        client.on(
          "data",
          frameReader((request) => {
            if (!ofStatements.has(request.opcode) || ofDriver.test(request.body.toString("latin1"))) {
              server.write(request.bytes)
              return
            }
            requests.push(request)
            carryOut(decide(request), request)
          })
        )
      })
      tcp.listen({ host: "127.0.0.1", port: 0 }, () => {
        const { port } = tcp.address() as AddressInfo
        resume(Effect.succeed({
          address: `127.0.0.1:${port}`,
          open: () => clients.size,
          opened: () => opened,
          decide: (act) => {
            decide = act
          },
          cut: () => clients.forEach((client) => client.destroy()),
          requests,
          close: Effect.callback<void>((resume) => {
            tcp.close(() => resume(Effect.void))
            clients.forEach((client) => client.destroy())
          })
        }))
      })
    }),
    (proxy) => proxy.close
  )
