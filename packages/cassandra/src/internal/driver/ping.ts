/**
 * Signs of life of a connection.
 */
import { optionsFrame } from "../protocol/frames.ts"
import type { DriverRequest, DriverRequestOptions, WireConnection } from "./wire.ts"

class Ping implements DriverRequest, DriverRequestOptions {
  readonly length = 9
  readonly #version: number

  constructor(version: number) {
    this.#version = version
  }

  write(_encoder: unknown, stream: number): Buffer {
    return optionsFrame({ version: this.#version, stream })
  }

  // A timer would fire before the answer is read where the event loop was blocked. The watch sees what is read.
  getReadTimeout(): number {
    return 0
  }

  getRowCallback(): undefined {}
}

/** Sends a request that any server answers at once. Nothing waits for the answer. */
export const ping = (connection: Pick<WireConnection, "protocolVersion" | "sendStream">): void => {
  const request = new Ping(connection.protocolVersion)
  connection.sendStream(request, request, () => {})
}
