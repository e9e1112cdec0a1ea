/**
 * Requests of the adapter on the connections of the driver.
 *
 * The driver opens, authenticates and watches its connections, numbers what is in flight on them, and writes to them. The
 * adapter makes the frames and reads the answers: the driver neither encodes nor decodes a value of a session, so that
 * what cannot be decoded concerns one statement alone, and so that nothing is sent that the adapter has not seen.
 *
 * Everything here relies on undeclared parts of cassandra-driver 4.10.0. `docs/decisions/cassandra-wire.md` lists each, and
 * `driver.conformance.test.ts` or `driver.lines.test.ts` fails when one changes.
 */
import type { RawAnswer } from "../protocol/answers.ts"
import { opcode as codes } from "../protocol/frames.ts"

/** A frame, or a part of it, as the driver hands it to its parser (`lib/streams.js:107`). */
export interface FrameItem {
  readonly header: {
    readonly streamId: number
    readonly opcode: number
    readonly flags: number
    readonly version: number
    readonly bodyLength: number
  }
  readonly chunk: Buffer
  readonly offset: number
  readonly frameEnded: boolean
}

/** The parser of a connection: a transform of frames into answers (`lib/streams.js:140`). */
export interface Parser {
  /** Called for each frame or part of one (`lib/streams.js:154`). */
  parseBody: (state: unknown, item: FrameItem) => unknown
  /** Hands an answer on, to the request on its stream (`lib/streams.js:539`). */
  readonly push: (answer: { readonly header: FrameItem["header"]; readonly result: RawAnswer }) => unknown
}

/** A request as the driver writes it (`lib/requests.js:84`), called when it leaves the write queue (`lib/writers.js:249`). */
export interface DriverRequest {
  readonly length: number
  readonly write: (encoder: unknown, streamId: number) => Buffer
}

/** Fields that the driver reads from the options of a request (`lib/connection.js:528`, `lib/operation-state.js:100`). */
export interface DriverRequestOptions {
  readonly getReadTimeout: () => number | undefined
  readonly getRowCallback: () => undefined
}

/** A connection as far as requests are concerned. */
export interface WireConnection {
  /** `lib/connection.js:100`. */
  readonly protocolVersion: number
  /** Null until the connection was brought into one (`lib/connection.js:114`). */
  readonly keyspace: string | null
  /** Another one each time the connection opens (`lib/connection.js:153`). */
  readonly parser: Parser
  /** `lib/connection.js:177`. */
  readonly netClient?: { readonly destroyed: boolean; readonly bytesRead: number } | undefined
  /**
   * Requests that were not answered in time, and are not yet: beyond a bound the driver replaces the connection
   * (`lib/host.js:350`).
   */
  timedOutOperations: number
  /** `lib/connection.js:524`. The callback is called once: with the answer, or with what kept it from coming. */
  readonly sendStream: (
    request: DriverRequest,
    options: DriverRequestOptions,
    callback: (error: unknown, answer?: unknown) => void
  ) => unknown
  /** `lib/connection.js:463`: a `USE`, unless the connection is in that keyspace. */
  readonly changeKeyspace: (keyspace: string) => Promise<void>
}

/** Thrown into the driver in place of a frame that is not to be sent any more (`lib/writers.js:251`). */
export class NotSent extends Error {}

/** Thrown into the driver in place of a frame for a socket that is closed, as an error of that socket. */
class SocketClosed extends Error {
  readonly isSocketError = true
}

/** A request on a connection. */
export abstract class Flight implements DriverRequest, DriverRequestOptions {
  length = 0
  /** True if the request has been handed to the socket. Until then no server has seen it. */
  isWritten = false
  parts: Array<Buffer> | undefined
  #wire: Wire | undefined
  #error: unknown
  #answer: unknown

  /** The frame, or undefined if the request is not to be sent any more. */
  protected abstract frame(version: number, stream: number): Buffer | undefined

  /** The answer of the server. */
  abstract answered(answer: RawAnswer): void

  /** No answer came. */
  abstract failed(error: unknown): void

  /** Milliseconds until the driver gives up; undefined for its own. */
  abstract getReadTimeout(): number | undefined

  getRowCallback(): undefined {
    return undefined
  }

  write(_encoder: unknown, streamId: number): Buffer {
    const wire = this.#wire!
    // When a socket closes, the driver ends what was written, and later writes what still waited in its queue
    // (`lib/writers.js:286`). To that no answer and no error would ever come.
    if (wire.connection.netClient?.destroyed === true) throw new SocketClosed("Socket was closed")
    const frame = this.frame(wire.connection.protocolVersion, streamId)
    if (frame === undefined) throw new NotSent("the request is not sent any more")
    this.length = frame.length
    this.isWritten = true
    wire.expect(streamId, this)
    return frame
  }

  sendOn(connection: WireConnection): void {
    this.#wire = Wire.of(connection)
    connection.sendStream(this, this, (error, answer) => {
      this.#error = error
      this.#answer = answer
      ended.push(this)
    })
  }

  /** Reports what happened. */
  end(): void {
    if (this.#error !== null && this.#error !== undefined) this.failed(this.#error)
    else this.answered(this.#answer as RawAnswer)
  }
}

/**
 * Events of requests, handled together after the driver has processed all data of one read.
 *
 * An answer makes the next statement start. Handled one by one, within the streams of the driver, each would be written by
 * itself: the writes then cost more than all else.
 */
class Ended {
  #flights: Array<Flight> = []

  push(flight: Flight): void {
    if (this.#flights.push(flight) === 1) queueMicrotask(() => this.#end())
  }

  #end(): void {
    const flights = this.#flights
    this.#flights = []
    let index = 0
    // Should one throw, the others end all the same.
    try {
      while (index < flights.length) flights[index++]!.end()
    } finally {
      for (; index < flights.length; index++) this.push(flights[index]!)
    }
  }
}

const ended = new Ended()

/** The requests of the adapter on a connection. All others are the driver's, which reads their answers as ever. */
class Wire {
  readonly connection: WireConnection
  readonly #flights: Array<Flight | undefined> = []

  constructor(connection: WireConnection) {
    this.connection = connection
    intercept(connection.parser, this)
  }

  static of(connection: WireConnection): Wire {
    const known = wires.get(connection.parser)
    if (known !== undefined) return known
    const made = new Wire(connection)
    wires.set(connection.parser, made)
    return made
  }

  expect(stream: number, flight: Flight): void {
    while (this.#flights.length < stream) this.#flights.push(undefined)
    this.#flights[stream] = flight
  }

  /** Takes in a frame or a part of it. Returns the body once it is whole, and undefined for what is not the adapter's. */
  take({ chunk, frameEnded, header, offset }: FrameItem): Buffer | "partial" | undefined {
    const flight = this.#flights[header.streamId]
    if (flight === undefined) return undefined
    const { bodyLength } = header
    const { parts } = flight
    if (!frameEnded) {
      const part = chunk.subarray(offset)
      if (parts === undefined) flight.parts = [part]
      else parts.push(part)
      return "partial"
    }
    this.#flights[header.streamId] = undefined
    if (parts === undefined) return chunk.subarray(offset, offset + bodyLength)
    flight.parts = undefined
    parts.push(chunk.subarray(offset))
    return Buffer.concat(parts, bodyLength)
  }
}

// A connection that is opened again gets another parser (`lib/connection.js:153`).
const wires = new WeakMap<Parser, Wire>()

/** Lets a parser hand over the frames of the adapter as they are. Exported for the check when a session opens. */
export const intercept = (parser: Parser, wire: Pick<Wire, "take">): void => {
  const parse = parser.parseBody
  parser.parseBody = (state, item) => {
    const { header } = item
    if (header.opcode !== codes.result && header.opcode !== codes.error) return parse.call(parser, state, item)
    const body = wire.take(item)
    if (body === undefined) return parse.call(parser, state, item)
    if (body === "partial") return undefined
    const { flags, opcode, version } = header
    return parser.push({ header, result: { opcode, flags, version, body } })
  }
}
