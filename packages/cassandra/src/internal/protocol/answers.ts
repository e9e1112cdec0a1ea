/**
 * The answers to the requests that the adapter sends.
 */
import type { CqlType } from "../../values/cqlType.ts"
import * as Inet from "../../values/inet.ts"
import { Malformed, Reader } from "./reader.ts"

/** A frame as it came: nothing of its body is read yet. */
export interface RawAnswer {
  readonly opcode: number
  readonly flags: number
  readonly version: number
  readonly body: Buffer
}

/** Optional parts of an answer beside its content. */
export interface Extras {
  readonly traceId: Buffer | undefined
  readonly warnings: ReadonlyArray<string> | undefined
}

const noExtras: Extras = { traceId: undefined, warnings: undefined }

const extrasOf = (reader: Reader, flags: number): Extras => {
  if (flags === 0) return noExtras
  const start = (flags & 0x02) === 0 ? undefined : reader.skip(16)
  const traceId = start === undefined ? undefined : Buffer.from(reader.body.subarray(start, start + 16))
  const warnings = (flags & 0x08) === 0 ? undefined : reader.strings()
  if ((flags & 0x04) !== 0) {
    for (let count = reader.short(); count > 0; count--) {
      reader.string()
      reader.bytes()
    }
  }
  return { traceId, warnings }
}

/** A result, read up to its content. */
export interface Result {
  readonly extras: Extras
  readonly kind: number
  readonly reader: Reader
  readonly version: number
}

export const resultKind = { void: 1, rows: 2, keyspace: 3, prepared: 4, schemaChange: 5 } as const

/** Reads the beginning of a result. Throws {@link Malformed}. */
export const readResult = ({ body, flags, version }: RawAnswer): Result => {
  const reader = new Reader(body)
  const extras = extrasOf(reader, flags)
  return { extras, kind: reader.int(), reader, version }
}

/** A column of a result, or a marker of a prepared statement. */
export interface ColumnSpec {
  readonly name: string
  readonly type: CqlType
}

/** A table by its names. */
export interface TableName {
  readonly keyspace: string
  readonly table: string
}

const hasGlobalTable = 0x01

/** The columns of a result or the markers of a statement, with their tables: one, unless the text is a batch. */
export const readColumns = (reader: Reader, flags: number, count: number): {
  readonly columns: ReadonlyArray<ColumnSpec>
  readonly tables: ReadonlyArray<TableName>
} => {
  const readTable = (): TableName => ({ keyspace: reader.string(), table: reader.string() })
  const isGlobal = (flags & hasGlobalTable) !== 0
  const tables = isGlobal ? [readTable()] : []
  const columns: Array<ColumnSpec> = []
  for (let index = 0; index < count; index++) {
    if (!isGlobal) {
      const own = readTable()
      if (tables.every(({ keyspace, table }) => table !== own.table || keyspace !== own.keyspace)) tables.push(own)
    }
    columns.push({ name: reader.string(), type: reader.type() })
  }
  return { columns, tables }
}

/** A statement as the server describes it when it prepares it. */
export interface PreparedAnswer {
  readonly id: Buffer
  readonly resultId: Buffer | undefined
  readonly markers: ReadonlyArray<ColumnSpec>
  /** The bytes that describe the markers: two descriptions are the same if their bytes are. */
  readonly description: Buffer
  /** Indexes of the markers of the partition key, in its order. Empty if a part of the key is not a marker. */
  readonly partitionKeys: ReadonlyArray<number>
  /** The tables of its markers, or else of its rows. Empty if they are unknown. */
  readonly tables: ReadonlyArray<TableName>
  /** The columns of its rows. Empty for a statement without rows, and for a conditional one, whose rows depend on the condition. */
  readonly columns: ReadonlyArray<ColumnSpec>
}

/** Reads a statement that was prepared. Throws {@link Malformed}. */
export const readPrepared = (result: Result): PreparedAnswer => {
  const { kind, reader, version } = result
  if (kind !== resultKind.prepared) throw new Malformed("the answer to a PREPARE is another one")
  const id = reader.shortBytes()
  const resultId = version === 0x42 ? reader.shortBytes() : undefined
  const start = reader.at
  const flags = reader.int()
  const count = reader.int()
  const partitionKeys = version < 0x04
    ? []
    : Array.from({ length: bounded(reader, reader.int(), 2) }, () => reader.short())
  const { columns, tables } = readColumns(reader, flags, count)
  const description = Buffer.from(reader.body.subarray(start, reader.at))
  const rows = readRowColumns(reader)
  // A statement without markers names its table in the description of its rows alone.
  return {
    id,
    resultId,
    markers: columns,
    description,
    partitionKeys,
    tables: tables.length > 0 ? tables : rows.tables,
    columns: rows.columns
  }
}

const readRowColumns = (reader: Reader): ReturnType<typeof readColumns> => {
  const flags = reader.int()
  const count = reader.int()
  return count > 0 && (flags & 0x04) === 0 ? readColumns(reader, flags, count) : { columns: [], tables: [] }
}

const bounded = (reader: Reader, count: number, size: number): number => {
  if (count < 0 || count * size > reader.end - reader.at) throw new Malformed("a count exceeds the body of the frame")
  return count
}

/** A change of the schema. */
export interface SchemaChange {
  readonly change: string
  readonly target: string
  readonly keyspace: string
  readonly table: string | undefined
}

/** Reads a change of the schema. Throws {@link Malformed}. */
export const readSchemaChange = (reader: Reader): SchemaChange => {
  const change = reader.string()
  const target = reader.string()
  const keyspace = reader.string()
  return { change, target, keyspace, table: target === "TABLE" ? reader.string() : undefined }
}

/** An error of the server, with the fields of its code. */
export class ServerAnswer extends Error {
  override readonly name = "ServerAnswer"
  readonly code: number
  readonly coordinator: string
  readonly consistencies: number | undefined
  readonly required: number | undefined
  readonly alive: number | undefined
  readonly received: number | undefined
  readonly blockFor: number | undefined
  readonly isDataPresent: boolean | undefined
  readonly writeType: string | undefined
  readonly failures: number | undefined
  readonly reasons: Readonly<Record<string, number>> | undefined
  readonly keyspace: string | undefined
  readonly table: string | undefined
  readonly functionName: string | undefined
  readonly argTypes: ReadonlyArray<string> | undefined
  readonly queryId: Buffer | undefined

  constructor(code: number, message: string, coordinator: string, fields: ErrorFields) {
    super(message)
    this.code = code
    this.coordinator = coordinator
    this.consistencies = fields.consistencies
    this.required = fields.required
    this.alive = fields.alive
    this.received = fields.received
    this.blockFor = fields.blockFor
    this.isDataPresent = fields.isDataPresent
    this.writeType = fields.writeType
    this.failures = fields.failures
    this.reasons = fields.reasons
    this.keyspace = fields.keyspace
    this.table = fields.table
    this.functionName = fields.functionName
    this.argTypes = fields.argTypes
    this.queryId = fields.queryId
  }
}

interface ErrorFields {
  readonly consistencies?: number
  readonly required?: number
  readonly alive?: number
  readonly received?: number
  readonly blockFor?: number
  readonly isDataPresent?: boolean
  readonly writeType?: string
  readonly failures?: number
  readonly reasons?: Readonly<Record<string, number>>
  readonly keyspace?: string
  readonly table?: string
  readonly functionName?: string
  readonly argTypes?: ReadonlyArray<string>
  readonly queryId?: Buffer
}

const replicas = (reader: Reader): Pick<ErrorFields, "consistencies" | "received" | "blockFor"> => ({
  consistencies: reader.short(),
  received: reader.int(),
  blockFor: reader.int()
})

// Protocol v5 gives the reason of each node in place of their number alone.
const failures = (reader: Reader, version: number): Pick<ErrorFields, "failures" | "reasons"> => {
  const count = reader.int()
  if (version < 0x05) return { failures: count }
  const nodes = Array.from(
    { length: bounded(reader, count, 3) },
    () => [Inet.toText(reader.inet()), reader.short()] as const
  )
  return { failures: count, reasons: Object.fromEntries(nodes) }
}

const fieldsOf = (code: number, reader: Reader, version: number): ErrorFields => {
  switch (code) {
    case 0x1000:
      return { consistencies: reader.short(), required: reader.int(), alive: reader.int() }
    case 0x1100:
      return { ...replicas(reader), writeType: reader.string() }
    case 0x1200:
      return { ...replicas(reader), isDataPresent: reader.byte() !== 0 }
    case 0x1300:
      return { ...replicas(reader), ...failures(reader, version), isDataPresent: reader.byte() !== 0 }
    case 0x1400:
      return { keyspace: reader.string(), functionName: reader.string(), argTypes: reader.strings() }
    case 0x1500:
      return { ...replicas(reader), ...failures(reader, version), writeType: reader.string() }
    case 0x1700:
      return replicas(reader)
    case 0x2400:
      return { keyspace: reader.string(), table: reader.string() }
    case 0x2500:
      return { queryId: reader.shortBytes() }
    default:
      return {}
  }
}

/** Reads an error. Fields that are not there stay undefined: the code alone says what happened. */
export const readError = ({ body, flags, version }: RawAnswer, coordinator: string): ServerAnswer => {
  const reader = new Reader(body)
  extrasOf(reader, flags)
  const code = reader.int()
  const message = reader.string()
  return new ServerAnswer(code, message, coordinator, orNone(() => fieldsOf(code, reader, version)))
}

const orNone = (read: () => ErrorFields): ErrorFields => {
  // The code of the error is known by now, and says more than that its fields cannot be read.
  try {
    return read()
  } catch (error) {
    if (error instanceof Malformed) return {}
    throw error
  }
}
