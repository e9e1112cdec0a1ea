/**
 * The hosts of a client (`lib/host.js:35`): those that were replaced, and those that are still to be connected to.
 */
import { type Client, types } from "cassandra-driver"
import * as Effect from "effect/Effect"
import type { PoolHost } from "./control.ts"
import { internals } from "./driver.ts"
import type { Overrides } from "./override.ts"
import { after } from "./timer.ts"

/**
 * Shuts hosts down that the driver drops.
 *
 * When the control connection comes back by a contact point, the driver puts a new host in the place of the old one
 * (`lib/control-connection.js:751`) and forgets that one: its timer keeps the process alive (`lib/host.js:270`), and its pool
 * opens connections of its own. Hosts that leave the cluster (`lib/control-connection.js:850`) are drained with a timer that
 * nothing clears (`lib/host-connection-pool.js:441`). So hosts are drained here. The map of hosts announces both
 * (`lib/host.js:568`).
 */
export class Retired {
  /** The hosts that are drained or shut down, each with what ends its drain. */
  readonly #hosts = new Map<PoolHost, () => void>()

  constructor(client: Client, overrides: Overrides) {
    client.hosts.on("add", (host: PoolHost) =>
      overrides.method(host, "shutdown", (original) => (drain) => {
        if (!drain) return original(false)
        if (!this.#hosts.has(host)) this.#drain(host, original)
        return Promise.resolve()
      }))
    client.hosts.on("remove", (host: PoolHost) => {
      host.shutdown?.(true).catch(() => {})
    })
  }

  #drain(host: PoolHost, shutDown: (drain: boolean) => Promise<void>): void {
    const end = () => {
      shutDown(false).catch(() => {})
    }
    let looks = 0
    const look = (): void => {
      const isDrained = (host.getInFlight?.() ?? 0) === 0 || ++looks > mostLooks
      // A pool that is opening a connection has to be shut down once more: at the end.
      this.#hosts.set(host, isDrained ? end : cancelAnd(after(drainPause, look), end))
      if (isDrained) end()
    }
    look()
  }

  end(): void {
    for (const end of this.#hosts.values()) end()
    this.#hosts.clear()
  }
}

const drainPause = 100
const mostLooks = 200

const cancelAnd = (cancel: () => void, then: () => void) => (): void => {
  cancel()
  then()
}

// Maximum time that a healthy cluster needs. Pools that are open by then count in the capacity of the session from the start.
const grace = 500

/**
 * Opens pools concurrently. Returns when one is open, and waits at most half a second for the others. The driver waits for all
 * (`lib/client.js:1064`), and so for every node that hangs.
 */
export const warmUpInBackground = (client: Client, overrides: Overrides): void => {
  const inner = internals(client)
  overrides.method(inner, "_warmup", () => () => Effect.runPromise(warmUp(inner)))
}

const warmUp = (client: ReturnType<typeof internals>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const pools: Array<Promise<boolean>> = []
    for (const host of client.hosts.values() as ReadonlyArray<PoolHost>) {
      const distance = client.profileManager.getDistance(host)
      if (distance === types.distance.ignored) continue
      if (
        client.options.pooling.warmup !== false && distance === types.distance.local && host.warmupPool !== undefined
      ) {
        pools.push(
          host.warmupPool(client.keyspace).then(
            () => true,
            (error: unknown) => {
              client.log(
                "warning",
                `Connection pool to host ${host.address} could not be created: ${String(error)}`,
                error
              )
              return false
            }
          )
        )
      } else host.initializePool?.()
    }
    if (pools.length === 0) return Effect.void
    const all = Effect.promise(() => Promise.all(pools))
    const first = Effect.promise(() =>
      Promise.any(pools.map((pool) => pool.then((stands) => stands || Promise.reject()))).catch(() => {})
    )
    return Effect.andThen(first, Effect.timeoutOption(all, grace)).pipe(Effect.asVoid)
  })
