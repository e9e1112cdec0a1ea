import { type Frame, opcode } from "./frames.ts"

/** The parameters of a QUERY or EXECUTE. */
export interface Parameters {
  readonly consistency: number
  readonly values: ReadonlyArray<Buffer | null | undefined>
  readonly pageSize: number | undefined
  readonly pageState: Buffer | undefined
  readonly serialConsistency: number | undefined
  readonly timestamp: bigint | undefined
}

/** A request as a server of protocol v4 reads it. */
export type RequestFrame =
  & { readonly stream: number; readonly tracing: boolean }
  & (
    | { readonly _tag: "Prepare"; readonly text: string }
    | { readonly _tag: "Query"; readonly text: string; readonly parameters: Parameters }
    | { readonly _tag: "Execute"; readonly id: Buffer; readonly parameters: Parameters }
    | {
      readonly _tag: "Batch"
      readonly type: number
      readonly members: ReadonlyArray<{ readonly of: string | Buffer; readonly values: Parameters["values"] }>
      readonly consistency: number
      readonly serialConsistency: number | undefined
      readonly timestamp: bigint | undefined
    }
    | { readonly _tag: "Other"; readonly opcode: number }
  )

class Cursor {
  readonly body: Buffer
  at = 0

  constructor(body: Buffer) {
    this.body = body
  }

  byte(): number {
    return this.body[this.at++]!
  }

  short(): number {
    this.at += 2
    return this.body.readUInt16BE(this.at - 2)
  }

  int(): number {
    this.at += 4
    return this.body.readInt32BE(this.at - 4)
  }

  long(): bigint {
    this.at += 8
    return this.body.readBigInt64BE(this.at - 8)
  }

  take(length: number): Buffer {
    this.at += length
    return Buffer.from(this.body.subarray(this.at - length, this.at))
  }

  text(): string {
    return this.take(this.int()).toString()
  }

  value(): Buffer | null | undefined {
    const length = this.int()
    return length >= 0 ? this.take(length) : length === -1 ? null : undefined
  }

  values(): Parameters["values"] {
    return Array.from({ length: this.short() }, () => this.value())
  }

  parameters(): Parameters {
    const consistency = this.short()
    const flags = this.byte()
    return {
      consistency,
      values: (flags & 0x01) === 0 ? [] : this.values(),
      pageSize: (flags & 0x04) === 0 ? undefined : this.int(),
      pageState: (flags & 0x08) === 0 ? undefined : this.value() ?? undefined,
      serialConsistency: (flags & 0x10) === 0 ? undefined : this.short(),
      timestamp: (flags & 0x20) === 0 ? undefined : this.long()
    }
  }
}

/** Reads a request. */
export const readRequest = ({ body, bytes, opcode: code, stream }: Frame): RequestFrame => {
  const cursor = new Cursor(body)
  const common = { stream, tracing: (bytes[1]! & 0x02) !== 0 }
  switch (code) {
    case opcode.prepare:
      return { ...common, _tag: "Prepare", text: cursor.text() }
    case opcode.query:
      return { ...common, _tag: "Query", text: cursor.text(), parameters: cursor.parameters() }
    case opcode.execute: {
      const id = cursor.take(cursor.short())
      return { ...common, _tag: "Execute", id, parameters: cursor.parameters() }
    }
    case opcode.batch: {
      const type = cursor.byte()
      const members = Array.from({ length: cursor.short() }, () => {
        const of = cursor.byte() === 0 ? cursor.text() : cursor.take(cursor.short())
        return { of, values: cursor.values() }
      })
      const consistency = cursor.short()
      const flags = cursor.byte()
      return {
        ...common,
        _tag: "Batch",
        type,
        members,
        consistency,
        serialConsistency: (flags & 0x10) === 0 ? undefined : cursor.short(),
        timestamp: (flags & 0x20) === 0 ? undefined : cursor.long()
      }
    }
    default:
      return { ...common, _tag: "Other", opcode: code }
  }
}
