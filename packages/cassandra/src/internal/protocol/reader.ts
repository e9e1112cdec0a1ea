/**
 * Reads the primitives of the native protocol off the body of a frame.
 */
import { type CqlType, fromClassName, scalarOf } from "../../values/cqlType.ts"
import { int32At } from "../../values/decodeScalar.ts"

/** Thrown if the body of a frame is not what the protocol says. */
export class Malformed extends Error {}

// Deeper than any schema. What a server sends must not exhaust the stack.
const deepest = 64

/** A position in the body of a frame. Every read is checked against its end. */
export class Reader {
  readonly body: Buffer
  at = 0
  readonly end: number

  constructor(body: Buffer) {
    this.body = body
    this.end = body.length
  }

  /** Moves on by so many bytes, and returns where they begin. */
  skip(length: number): number {
    const start = this.at
    if (length < 0 || length > this.end - start) throw new Malformed("the body of the frame ends too early")
    this.at = start + length
    return start
  }

  byte(): number {
    return this.body[this.skip(1)]!
  }

  short(): number {
    return this.body.readUInt16BE(this.skip(2))
  }

  int(): number {
    return int32At(this.body, this.skip(4))
  }

  string(): string {
    const length = this.short()
    const start = this.skip(length)
    return this.body.toString("utf8", start, start + length)
  }

  strings(): Array<string> {
    return Array.from({ length: this.short() }, () => this.string())
  }

  /** Bytes with a short length, in memory of their own. */
  shortBytes(): Buffer {
    return this.#copy(this.short())
  }

  /** Bytes with a length, in memory of their own; undefined for null. */
  bytes(): Buffer | undefined {
    const length = this.int()
    return length < 0 ? undefined : this.#copy(length)
  }

  /** An address without its port. */
  inet(): Buffer {
    return this.#copy(this.byte())
  }

  #copy(length: number): Buffer {
    const start = this.skip(length)
    return Buffer.from(this.body.subarray(start, start + length))
  }

  type(depth = 0): CqlType {
    if (depth > deepest) throw new Malformed("a type is nested too deeply")
    const code = this.short()
    const inner = () => this.type(depth + 1)
    switch (code) {
      case 0x00:
        return fromClassName(this.string())
      case 0x20:
        return { _tag: "List", element: inner() }
      case 0x21: {
        const key = inner()
        return { _tag: "Map", key, value: inner() }
      }
      case 0x22:
        return { _tag: "Set", element: inner() }
      case 0x30: {
        const keyspace = this.string()
        const name = this.string()
        const fields = Array.from({ length: this.short() }, () => ({ name: this.string(), type: inner() }))
        return { _tag: "Udt", keyspace, name, fields }
      }
      case 0x31:
        return { _tag: "Tuple", elements: Array.from({ length: this.short() }, inner) }
      default: {
        const scalar = scalarOf(code)
        if (scalar === undefined) throw new Malformed(`0x${code.toString(16)} is no type`)
        return scalar
      }
    }
  }
}
