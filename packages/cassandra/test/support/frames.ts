/**
 * Frames of the native protocol v4, as far as a proxy has to read and write them.
 */

/** A frame: its header, taken apart, and all of its bytes. */
export interface Frame {
  readonly stream: number
  readonly opcode: number
  readonly body: Buffer
  readonly bytes: Buffer
}

export const opcode = {
  error: 0x00,
  startup: 0x01,
  options: 0x05,
  query: 0x07,
  result: 0x08,
  prepare: 0x09,
  execute: 0x0a,
  batch: 0x0d
} as const

const headerLength = 9

/** Cuts a stream of bytes into frames; what is not yet a whole frame waits for more. */
export const frameReader = (onFrame: (frame: Frame) => void) => {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk: Buffer): void => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= headerLength) {
      const end = headerLength + rest.readInt32BE(5)
      if (rest.length < end) return
      const bytes = rest.subarray(0, end)
      rest = rest.subarray(end)
      onFrame({ stream: bytes.readInt16BE(2), opcode: bytes[4]!, body: bytes.subarray(headerLength), bytes })
    }
  }
}

/** An answer to a request. */
export const answerTo = ({ stream }: Pick<Frame, "stream">, code: number, body: Buffer, flags = 0): Buffer => {
  const header = Buffer.from([0x84, flags, 0, 0, code, 0, 0, 0, 0])
  header.writeInt16BE(stream, 2)
  header.writeInt32BE(body.length, 5)
  return Buffer.concat([header, body])
}

export const short = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])

export const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

export const text = (value: string): Buffer => Buffer.concat([short(Buffer.byteLength(value)), Buffer.from(value)])

/** The body of an error: its code, its message, and the fields of that code. */
export const errorBody = (code: number, ...fields: ReadonlyArray<Buffer>): Buffer =>
  Buffer.concat([int(code), text(`scripted 0x${code.toString(16)}`), ...fields])

/** The codes of the consistency levels. */
export const consistencyCode = { ONE: 1, TWO: 2, QUORUM: 4, LOCAL_QUORUM: 6, SERIAL: 8 } as const

/** The fields that timeouts and failures have in common. */
export const replicas = (
  { blockFor, consistency, received }: {
    readonly consistency: keyof typeof consistencyCode
    readonly received: number
    readonly blockFor: number
  }
): Buffer => Buffer.concat([short(consistencyCode[consistency]), int(received), int(blockFor)])

/** Answer of a node that does not know the statement of an EXECUTE. */
export const unprepared = ({ body }: Pick<Frame, "body">): Buffer =>
  errorBody(0x2500, body.subarray(0, 2 + body.readUInt16BE(0)))

/** A timeout of a write. */
export const writeTimeout = (
  writeType: string,
  { blockFor = 2, consistency = "QUORUM", received = 1 }: Partial<Parameters<typeof replicas>[0]> = {}
): Buffer => errorBody(0x1100, replicas({ consistency, received, blockFor }), text(writeType))

/** Errors of the protocol v5, which a server of v4 does not give, but the driver reads. */
export const cdcWriteFailure: Buffer = errorBody(0x1600)
export const casWriteUnknown: Buffer = errorBody(
  0x1700,
  replicas({ consistency: "SERIAL", received: 1, blockFor: 2 })
)
