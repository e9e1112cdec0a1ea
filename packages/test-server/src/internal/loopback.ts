import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { type AddressInfo, createServer } from "node:net"
import { defaultPort, type Endpoint } from "./endpoint.ts"

/** The port on which the nodes of a cluster talk to each other. */
export const defaultStoragePort = 7000

/** The addresses of one node: its own host, the port for clients and the port for its peers. */
export interface NodeAddress extends Endpoint {
  readonly storagePort: number
}

/** Returns true if this process could listen there now; gives the port that was taken, which port 0 leaves to the system. */
const listen = (host: string, port: number): Effect.Effect<number | undefined> =>
  Effect.callback((resume) => {
    const server = createServer()
    server.once("error", () => resume(Effect.undefined))
    server.listen({ host, port, exclusive: true }, () => {
      const taken = (server.address() as AddressInfo).port
      server.close(() => resume(Effect.succeed(taken)))
    })
    return Effect.sync(() => server.close())
  })

const isFree = (host: string): Effect.Effect<boolean> =>
  Effect.map(
    Effect.all([listen(host, defaultPort), listen(host, defaultStoragePort)]),
    (ports) => ports.every((port) => port !== undefined)
  )

/**
 * The requested number of neighbouring loopback addresses with free Cassandra ports.
 *
 * All of 127.0.0.0/8 is loopback on Linux, so each run can have hosts of its own and keep the usual ports, which is
 * what drivers expect of the peers of a cluster; drawn from a million of them, two runs at the same time do not meet.
 * If only 127.0.0.1 exists (macOS), or another process listens on every address, one node gets two free ports of
 * 127.0.0.1 instead. More nodes than that cannot be had there: the result is `undefined`.
 */
export const freeAddresses = Effect.fnUntraced(function*(
  count: number
): Effect.fn.Return<ReadonlyArray<NodeAddress> | undefined> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const network = [yield* Random.nextIntBetween(16, 64), yield* Random.nextIntBetween(0, 256)]
    const first = yield* Random.nextIntBetween(1, 250 - count)
    const hosts = Array.from({ length: count }, (_, index) => `127.${network[0]}.${network[1]}.${first + index}`)
    const free = yield* Effect.forEach(hosts, isFree)
    if (free.every((isFree) => isFree)) {
      return hosts.map((host) => ({ host, port: defaultPort, storagePort: defaultStoragePort }))
    }
  }
  if (count > 1) return undefined
  const host = "127.0.0.1"
  const port = yield* listen(host, 0)
  const storagePort = yield* listen(host, 0)
  return port === undefined || storagePort === undefined || port === storagePort
    ? undefined
    : [{ host, port, storagePort }]
})
