/**
 * Nodes that owe answers, which requests try after all others.
 *
 * A node from which nothing was read since an answer of it was overdue may be gone, which the watch of its connection finds
 * in time (`watch.ts`). A node that answers others may fail one statement again: its partition, or its replicas. Without
 * this, every attempt of a statement may meet the node that does not answer it.
 */
import type { Request } from "@effect-cql/core/Port"
import type { Avoided, DriverHost, Next } from "./hosts.ts"
import { ping } from "./ping.ts"
import type { WireConnection } from "./wire.ts"

/** A connection of a node, and how much was read from its socket (`lib/connection.js:177`) when an answer was overdue. */
interface Mark {
  readonly connection: WireConnection
  readonly bytesRead: number
}

export class OverdueNodes implements Avoided {
  readonly #marks = new Map<DriverHost, Mark>()
  readonly #unanswered = new WeakMap<Request, Array<DriverHost>>()
  #isEmpty = true

  get isEmpty(): boolean {
    return this.#isEmpty
  }

  /** Takes in that a request was not answered in time, or could not even be written to the connection. */
  add({ connection, host }: Next, request: Request): void {
    const hosts = this.#unanswered.get(request)
    if (hosts === undefined) this.#unanswered.set(request, [host])
    else hosts.push(host)
    this.mark({ connection, host })
  }

  mark({ connection, host }: Next): void {
    this.#isEmpty = false
    const bytesRead = connection.netClient?.bytesRead
    if (bytesRead === undefined || this.isSilent(host)) return
    this.#marks.set(host, { connection, bytesRead })
    // A node that answers this is tried as before.
    ping(connection)
  }

  has(host: DriverHost, request: Request | undefined): boolean {
    return this.isSilent(host) || (request !== undefined && this.#unanswered.get(request)?.includes(host) === true)
  }

  isSilent(host: DriverHost): boolean {
    const mark = this.#marks.get(host)
    if (mark === undefined) return false
    const { netClient } = mark.connection
    if (netClient?.destroyed === false && netClient.bytesRead === mark.bytesRead) return true
    this.#marks.delete(host)
    return false
  }
}
