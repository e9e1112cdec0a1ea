/**
 * Signs of life of a connection.
 */
import { optionsFrame } from "../protocol/frames.ts"
import type { DriverRequest, DriverRequestOptions, WireConnection } from "./wire.ts"

/** A request that the driver writes (`lib/writers.js:249`), which is its own options as well (`lib/connection.js:528`). */
class Ping implements DriverRequest, DriverRequestOptions {
  readonly length = 9
  readonly #version: number

  constructor(version: number) {
    this.#version = version
  }

  write(_encoder: unknown, stream: number): Buffer {
    return optionsFrame({ version: this.#version, stream })
  }

  // Zero is no timer (`lib/operation-state.js:101`). A timer would fire before the answer is read where the event loop was
  // blocked. The watch sees what is read.
  getReadTimeout(): number {
    return 0
  }

  getRowCallback(): undefined {}
}

/** Sends a request that any server answers at once, as the heartbeat of the driver does (`lib/connection.js:609`). */
export const ping = (connection: Pick<WireConnection, "protocolVersion" | "sendStream">): void => {
  const request = new Ping(connection.protocolVersion)
  connection.sendStream(request, request, () => {})
}
