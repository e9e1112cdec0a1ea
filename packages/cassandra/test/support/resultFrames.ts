import type { CqlType, ScalarName } from "../../src/CqlType.ts"
import { int, short, text } from "./frames.ts"

/** A column, with its type. */
export interface Column {
  readonly name: string
  readonly type: CqlType
}

/** A type without a structure. */
export const scalar = (name: ScalarName): CqlType => ({ _tag: "Scalar", name })

const codes: { readonly [Name in ScalarName]: number } = {
  ascii: 0x01,
  bigint: 0x02,
  blob: 0x03,
  boolean: 0x04,
  counter: 0x05,
  decimal: 0x06,
  double: 0x07,
  float: 0x08,
  int: 0x09,
  timestamp: 0x0b,
  uuid: 0x0c,
  text: 0x0d,
  varint: 0x0e,
  timeuuid: 0x0f,
  inet: 0x10,
  date: 0x11,
  time: 0x12,
  smallint: 0x13,
  tinyint: 0x14,
  duration: 0x15
}

const marshal = "org.apache.cassandra.db.marshal."

/** The name of the Java class of a type that a vector holds. */
const className = (type: CqlType): string =>
  type._tag === "Vector"
    ? `${marshal}VectorType(${className(type.element)} , ${type.dimension})`
    : type._tag === "Scalar"
    ? `${marshal}${classes[type.name] ?? "BytesType"}`
    : type._tag === "List"
    ? `${marshal}ListType(${className(type.element)})`
    : `${marshal}BytesType`

const classes: { readonly [Name in ScalarName]?: string } = {
  bigint: "LongType",
  double: "DoubleType",
  float: "FloatType",
  int: "Int32Type",
  text: "UTF8Type",
  smallint: "ShortType",
  uuid: "UUIDType"
}

/** A type as protocol v4 describes it. */
export const typeBytes = (type: CqlType): Buffer => {
  switch (type._tag) {
    case "Scalar":
      return short(codes[type.name])
    case "List":
      return Buffer.concat([short(0x20), typeBytes(type.element)])
    case "Set":
      return Buffer.concat([short(0x22), typeBytes(type.element)])
    case "Map":
      return Buffer.concat([short(0x21), typeBytes(type.key), typeBytes(type.value)])
    case "Udt":
      return Buffer.concat([
        short(0x30),
        text(type.keyspace),
        text(type.name),
        short(type.fields.length),
        ...type.fields.flatMap((field) => [text(field.name), typeBytes(field.type)])
      ])
    case "Tuple":
      return Buffer.concat([short(0x31), short(type.elements.length), ...type.elements.map(typeBytes)])
    case "Vector":
      return Buffer.concat([short(0), text(className(type))])
    case "Custom":
      return Buffer.concat([short(0), text(type.className)])
  }
}

const specs = (columns: ReadonlyArray<Column>): ReadonlyArray<Buffer> =>
  columns.flatMap(({ name, type }) => [text(name), typeBytes(type)])

/** A value with its length. */
export const cell = (bytes: Uint8Array | null): Buffer =>
  bytes === null ? int(-1) : Buffer.concat([int(bytes.length), bytes])

/** Head of a result with rows: its columns, and the state of the next page. */
export const rowsHead = (
  columns: ReadonlyArray<Column>,
  { keyspace = "app", pageState, table = "users" }: {
    readonly keyspace?: string
    readonly table?: string
    readonly pageState?: Buffer | undefined
  } = {}
): Buffer =>
  Buffer.concat([
    int(2),
    int(0x01 | (pageState === undefined ? 0 : 0x02)),
    int(columns.length),
    ...(pageState === undefined ? [] : [cell(pageState)]),
    text(keyspace),
    text(table),
    ...specs(columns)
  ])

/** The body of a result of rows, each row its cells. */
export const rowsBody = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Uint8Array | null>>,
  about?: Parameters<typeof rowsHead>[1]
): Buffer => Buffer.concat([rowsHead(columns, about), int(rows.length), ...rows.flat().map(cell)])

/** The body of a result without rows. */
export const voidBody: Buffer = int(1)

/** The body of the answer to a PREPARE. */
export const preparedBody = (
  id: Buffer,
  markers: ReadonlyArray<Column>,
  { keyspace = "app", partitionKeys = [], table = "users" }: {
    readonly keyspace?: string
    readonly table?: string
    readonly partitionKeys?: ReadonlyArray<number>
  } = {}
): Buffer =>
  Buffer.concat([
    int(4),
    short(id.length),
    id,
    int(0x01),
    int(markers.length),
    int(partitionKeys.length),
    ...partitionKeys.map(short),
    text(keyspace),
    text(table),
    ...specs(markers),
    int(0x04),
    int(0)
  ])

/** The same for markers of several tables of the keyspace `app`, each with its table. */
export const preparedBodyOfTables = (id: Buffer, markers: ReadonlyArray<readonly [string, Column]>): Buffer =>
  Buffer.concat([
    int(4),
    short(id.length),
    id,
    int(0),
    int(markers.length),
    int(0),
    ...markers.flatMap(([table, marker]) => [text("app"), text(table), ...specs([marker])]),
    int(0x04),
    int(0)
  ])

/** The body of a change of a table. */
export const schemaChangeBody = (change: string, keyspace: string, table: string): Buffer =>
  Buffer.concat([int(5), text(change), text("TABLE"), text(keyspace), text(table)])
