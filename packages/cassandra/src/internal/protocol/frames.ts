/**
 * The frames of the requests that the adapter sends: native protocol v3, v4, and those of DSE that follow v4.
 *
 * Each frame is one allocation: its size is computed first.
 */
import { Buffer } from "node:buffer"
import { nullLength } from "../../values/output.ts"

/** Codes of the frames that the adapter sends and reads. */
export const opcode = {
  error: 0x00,
  options: 0x05,
  query: 0x07,
  result: 0x08,
  prepare: 0x09,
  execute: 0x0a,
  batch: 0x0d
} as const

const headerLength = 9

/** The most bytes behind the header of a frame, by the specification of the protocol. */
export const mostBytes = 256 * 1024 * 1024

/** Thrown in place of a frame that a server may not take. It would close the connection, or no longer read from it. */
export class TooLarge extends Error {
  constructor(size: number) {
    super(`the request has ${size} bytes, and the protocol allows ${mostBytes} (256 MiB)`)
  }
}
const hasTracing = 0x02
const hasPayload = 0x04

/** The values of a statement as they are written: their count, and each with its length in front. Empty where there are none. */
export type Values = Buffer

/** The length of a value that is left as it is. */
export const unsetLength = -2

/** The bytes of a value among others: null or undefined for one that is null or unset. */
export const valueAt = (values: Values, index: number): Buffer | null | undefined => {
  let at = 2
  for (let before = 0; before < index; before++) at += 4 + Math.max(0, values.readInt32BE(at))
  const length = values.readInt32BE(at)
  if (length < 0) return length === nullLength ? null : undefined
  return values.subarray(at + 4, at + 4 + length)
}

/** The version and stream of a frame, which are known when it is written. */
export interface Slot {
  readonly version: number
  readonly stream: number
}

/** A key-value map for handlers of the server, such as that for execution as another user. */
export type Payload = Readonly<Record<string, Uint8Array>>

/** The parameters of a QUERY or EXECUTE beside its values. */
export interface QueryParameters {
  readonly consistency: number
  readonly serialConsistency: number | undefined
  readonly pageSize: number | undefined
  readonly pageState: Buffer | undefined
  /** Microseconds. */
  readonly timestamp: bigint | undefined
  readonly tracing: boolean
  readonly payload: Payload | undefined
}

const isDse = (version: number): boolean => version > 0x40
const isDseV2 = (version: number): boolean => version === 0x42

/** Writes the parts of a frame one after the other into memory of the right size. */
class Writer {
  readonly bytes: Buffer
  at = 0

  constructor({ stream, version }: Slot, code: number, bodyLength: number, tracing: boolean, payload?: Payload) {
    if (bodyLength > mostBytes) throw new TooLarge(bodyLength)
    this.bytes = Buffer.allocUnsafe(headerLength + bodyLength)
    this.byte(version)
    this.byte((tracing ? hasTracing : 0) | (payload === undefined ? 0 : hasPayload))
    this.short(stream)
    this.byte(code)
    this.int(bodyLength)
    if (payload !== undefined) this.#payload(payload)
  }

  byte(value: number): void {
    this.bytes[this.at++] = value
  }

  short(value: number): void {
    const { at, bytes } = this
    bytes[at] = value >> 8
    bytes[at + 1] = value
    this.at = at + 2
  }

  int(value: number): void {
    this.at = this.bytes.writeInt32BE(value, this.at)
  }

  long(value: bigint): void {
    this.at = this.bytes.writeBigInt64BE(value, this.at)
  }

  /** Text of a known length. */
  text(value: string, length: number): void {
    this.bytes.write(value, this.at, length, "utf8")
    this.at += length
  }

  raw(value: Uint8Array): void {
    this.bytes.set(value, this.at)
    this.at += value.length
  }

  part(value: Buffer, from: number, to: number): void {
    this.at += value.copy(this.bytes, this.at, from, to)
  }

  longText(value: string, length: number): void {
    this.int(length)
    this.text(value, length)
  }

  shortBytes(value: Uint8Array): void {
    this.short(value.length)
    this.raw(value)
  }

  longBytes(value: Uint8Array): void {
    this.int(value.length)
    this.raw(value)
  }

  #payload(payload: Payload): void {
    const keys = Object.keys(payload)
    this.short(keys.length)
    for (const key of keys) {
      const length = Buffer.byteLength(key)
      this.short(length)
      this.text(key, length)
      this.longBytes(payload[key]!)
    }
  }
}

const sizeOfPayload = (payload: Payload | undefined): number => {
  if (payload === undefined) return 0
  let size = 2
  for (const [key, value] of Object.entries(payload)) size += 2 + Buffer.byteLength(key) + 4 + value.length
  return size
}

const flag = { values: 0x01, pageSize: 0x04, pageState: 0x08, serialConsistency: 0x10, timestamp: 0x20 } as const

const sizeOfParameters = (version: number, parameters: QueryParameters, values: Values): number =>
  2 + (isDse(version) ? 4 : 1) + values.length +
  (parameters.pageSize === undefined ? 0 : 4) +
  (parameters.pageState === undefined ? 0 : 4 + parameters.pageState.length) +
  (parameters.serialConsistency === undefined ? 0 : 2) +
  (parameters.timestamp === undefined ? 0 : 8)

const writeParameters = (
  writer: Writer,
  version: number,
  { consistency, pageSize, pageState, serialConsistency, timestamp }: QueryParameters,
  values: Values
): void => {
  writer.short(consistency)
  const flags = (values.length === 0 ? 0 : flag.values) |
    (pageSize === undefined ? 0 : flag.pageSize) |
    (pageState === undefined ? 0 : flag.pageState) |
    (serialConsistency === undefined ? 0 : flag.serialConsistency) |
    (timestamp === undefined ? 0 : flag.timestamp)
  if (isDse(version)) writer.int(flags)
  else writer.byte(flags)
  writer.raw(values)
  if (pageSize !== undefined) writer.int(pageSize)
  if (pageState !== undefined) writer.longBytes(pageState)
  if (serialConsistency !== undefined) writer.short(serialConsistency)
  if (timestamp !== undefined) writer.long(timestamp)
}

/** No values. */
export const noValues: Values = Buffer.alloc(0)

/** A statement by its text, without values. */
export const queryFrame = (slot: Slot, text: string, parameters: QueryParameters): Buffer => {
  const { payload, tracing } = parameters
  const length = Buffer.byteLength(text)
  const size = sizeOfPayload(payload) + 4 + length + sizeOfParameters(slot.version, parameters, noValues)
  const writer = new Writer(slot, opcode.query, size, tracing, payload)
  writer.longText(text, length)
  writeParameters(writer, slot.version, parameters, noValues)
  return writer.bytes
}

/** Id of a prepared statement on a node, and in DSE also the id of its result metadata. */
export interface PreparedId {
  readonly id: Buffer
  readonly resultId: Buffer | undefined
}

/** A prepared statement with its values. */
export const executeFrame = (
  slot: Slot,
  { id, resultId }: PreparedId,
  parameters: QueryParameters,
  values: Values
): Buffer => {
  const { payload, tracing } = parameters
  const ofResult = isDseV2(slot.version) ? resultId ?? Buffer.alloc(0) : undefined
  const size = sizeOfPayload(payload) + 2 + id.length + (ofResult === undefined ? 0 : 2 + ofResult.length) +
    sizeOfParameters(slot.version, parameters, values)
  const writer = new Writer(slot, opcode.execute, size, tracing, payload)
  writer.shortBytes(id)
  if (ofResult !== undefined) writer.shortBytes(ofResult)
  writeParameters(writer, slot.version, parameters, values)
  return writer.bytes
}

/** Asks which options the server supports: for a sign of life. */
export const optionsFrame = (slot: Slot): Buffer => new Writer(slot, opcode.options, 0, false).bytes

/** Asks for a statement to be prepared. */
export const prepareFrame = (slot: Slot, text: string): Buffer => {
  const length = Buffer.byteLength(text)
  const hasFlags = isDseV2(slot.version)
  const writer = new Writer(slot, opcode.prepare, 4 + length + (hasFlags ? 4 : 0), false)
  writer.longText(text, length)
  if (hasFlags) writer.int(0)
  return writer.bytes
}

/** A statement of a batch: prepared, with the end of its values among those of all; or by its text without values. */
export type BatchMember =
  | { readonly text: string; readonly prepared?: undefined }
  | { readonly prepared: PreparedId; readonly end: number }

const batchTypes = { logged: 0, unlogged: 1, counter: 2 } as const

/** A batch of statements. */
export const batchFrame = (
  slot: Slot,
  type: keyof typeof batchTypes,
  members: ReadonlyArray<BatchMember>,
  values: Values,
  parameters: QueryParameters
): Buffer => {
  const { consistency, payload, serialConsistency, timestamp, tracing } = parameters
  let size = sizeOfPayload(payload) + 1 + 2 + values.length + 2 + (isDse(slot.version) ? 4 : 1) +
    (serialConsistency === undefined ? 0 : 2) + (timestamp === undefined ? 0 : 8)
  for (const member of members) {
    size += member.prepared === undefined
      ? 1 + 4 + Buffer.byteLength(member.text) + 2
      : 1 + 2 + member.prepared.id.length
  }
  const writer = new Writer(slot, opcode.batch, size, tracing, payload)
  writer.byte(batchTypes[type])
  writer.short(members.length)
  let from = 0
  for (const member of members) {
    if (member.prepared === undefined) {
      writer.byte(0)
      writer.longText(member.text, Buffer.byteLength(member.text))
      writer.short(0)
    } else {
      writer.byte(1)
      writer.shortBytes(member.prepared.id)
      writer.part(values, from, member.end)
      from = member.end
    }
  }
  writer.short(consistency)
  const flags = (serialConsistency === undefined ? 0 : flag.serialConsistency) |
    (timestamp === undefined ? 0 : flag.timestamp)
  if (isDse(slot.version)) writer.int(flags)
  else writer.byte(flags)
  if (serialConsistency !== undefined) writer.short(serialConsistency)
  if (timestamp !== undefined) writer.long(timestamp)
  return writer.bytes
}
