/**
 * The few frames of the CQL native protocol, version 4, that asking a server for its version takes.
 *
 * A driver would do it as well, but the server must be usable from any of them, and while a server starts a driver
 * retries, pools and logs where one socket and one question are enough.
 */

/** Requests. */
export const Request = { startup: 0x01, query: 0x07, authResponse: 0x0f } as const

/** Responses. */
export const Response = { error: 0x00, ready: 0x02, authenticate: 0x03, result: 0x08, authSuccess: 0x10 } as const

/** The error code of a refused login. */
export const badCredentials = 0x0100

const headerLength = 9

/** One response: its opcode and its body. */
export interface Frame {
  readonly opcode: number
  readonly body: Buffer
}

const frame = (opcode: number, body: Buffer): Buffer => {
  const header = Buffer.alloc(headerLength)
  header.writeUInt8(0x04, 0)
  header.writeUInt8(opcode, 4)
  header.writeUInt32BE(body.length, 5)
  return Buffer.concat([header, body])
}

const short = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])

const int = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}

const string = (value: string): Buffer => Buffer.concat([short(Buffer.byteLength(value)), Buffer.from(value)])

const longBytes = (value: string): Buffer => Buffer.concat([int(Buffer.byteLength(value)), Buffer.from(value)])

/** Opens the conversation. */
export const startup: Buffer = frame(
  Request.startup,
  Buffer.concat([short(1), string("CQL_VERSION"), string("3.0.0")])
)

/** Answers a request for a login in the way of `PasswordAuthenticator` (SASL PLAIN). */
export const plainLogin = (username: string, password: string): Buffer =>
  frame(Request.authResponse, longBytes(`\0${username}\0${password}`))

/** A query without parameters, at consistency ONE. */
export const query = (text: string): Buffer =>
  frame(Request.query, Buffer.concat([longBytes(text), short(0x0001), Buffer.from([0])]))

/** Takes the first whole frame off a buffer; `undefined` while it is not all there. */
export const take = (buffer: Buffer): { readonly frame: Frame; readonly rest: Buffer } | undefined => {
  if (buffer.length < headerLength) return undefined
  const end = headerLength + buffer.readUInt32BE(5)
  if (buffer.length < end) return undefined
  return {
    frame: { opcode: buffer.readUInt8(4), body: buffer.subarray(headerLength, end) },
    rest: buffer.subarray(end)
  }
}

/** The code and the message of an error frame. */
export const readError = (body: Buffer): { readonly code: number; readonly message: string } => ({
  code: body.readInt32BE(0),
  message: body.toString("utf8", 6, 6 + body.readUInt16BE(4))
})

/** A row of text; `undefined` stands for null. */
export type Row = ReadonlyArray<string | undefined>

/**
 * The rows of a result whose columns are all text; none for a result of another kind. Columns of other types are not
 * understood: their definitions can be longer.
 */
export const readTextRows = (body: Buffer): ReadonlyArray<Row> => {
  const rows = 0x0002
  const globalTable = 0x0001
  let at = 0
  const readInt = (): number => {
    at += 4
    return body.readInt32BE(at - 4)
  }
  const skipStrings = (count: number): void => {
    for (let skipped = 0; skipped < count; skipped++) at += 2 + body.readUInt16BE(at)
  }
  const readCell = (): string | undefined => {
    const length = readInt()
    if (length < 0) return undefined
    at += length
    return body.toString("utf8", at - length, at)
  }
  if (readInt() !== rows) return []
  const isGlobal = (readInt() & globalTable) !== 0
  const columns = readInt()
  // Keyspace and table stand once for all columns or with each one, before its name and its type.
  if (isGlobal) skipStrings(2)
  for (let column = 0; column < columns; column++) {
    skipStrings(isGlobal ? 1 : 3)
    at += 2
  }
  return Array.from({ length: readInt() }, () => Array.from({ length: columns }, readCell))
}
