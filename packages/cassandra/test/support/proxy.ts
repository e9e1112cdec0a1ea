import { Effect } from "effect"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

/** A way to a server that can fall silent, break and go away. */
export interface Proxy {
  readonly address: string
  /** Connections from clients that are open now. */
  readonly open: () => number
  /** Holds back what the server says from now on. */
  readonly silence: () => void
  /** Hands over what was held back, and all that comes. */
  readonly speak: () => void
  /** Holds back what clients say on the connections that are open now. */
  readonly hold: () => void
  /** Hands that over, and all that comes. */
  readonly letGo: () => void
  /** Ends all connections; new ones are taken. */
  readonly cut: () => void
  /** Ends all connections, and takes no new ones until it comes back. */
  readonly goAway: Effect.Effect<void>
  readonly comeBack: Effect.Effect<void>
}

/** A proxy in front of a server, which is gone with the scope. */
export const proxyTo = (target: string) =>
  Effect.acquireRelease(
    Effect.callback<Proxy>((resume) => {
      const separator = target.lastIndexOf(":")
      const upstream = { host: target.slice(0, separator), port: Number(target.slice(separator + 1)) }
      const clients = new Map<Socket, Socket>()
      let silent = false
      const tcp = createServer((client) => {
        const server = connect(upstream)
        clients.set(client, server)
        if (silent) server.pause()
        server.on("data", (chunk) => client.write(chunk))
        client.on("data", (chunk) => server.write(chunk))
        const end = () => {
          clients.delete(client)
          client.destroy()
          server.destroy()
        }
        for (const socket of [client, server]) socket.on("close", end).on("error", end)
      })
      const cut = () => clients.forEach((_, client) => client.destroy())
      tcp.listen({ host: "127.0.0.1", port: 0 }, () => {
        const { port } = tcp.address() as AddressInfo
        resume(Effect.succeed({
          address: `127.0.0.1:${port}`,
          open: () => clients.size,
          silence: () => {
            silent = true
            clients.forEach((server) => server.pause())
          },
          speak: () => {
            silent = false
            clients.forEach((server) => server.resume())
          },
          hold: () => clients.forEach((_, client) => client.pause()),
          letGo: () => clients.forEach((_, client) => client.resume()),
          cut,
          goAway: Effect.callback<void>((resume) => {
            tcp.close(() => resume(Effect.void))
            cut()
          }),
          comeBack: Effect.callback<void>((resume) => {
            tcp.listen({ host: "127.0.0.1", port }, () => resume(Effect.void))
          })
        }))
      })
    }),
    (proxy) => proxy.goAway
  )
