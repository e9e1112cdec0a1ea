/**
 * The formats of files: how their records are found, and read.
 */
import { InvalidOptions } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { LoadOptions } from "../../JobLoad.ts"
import { type Chunk, FileRefused, type Layout } from "./files.ts"
import { cellsOf, json, named, type RecordRefused } from "./parse.ts"
import type { FileRecord } from "./records.ts"

/** A value of a record, or why there is none. */
export type Value = Result.Result<unknown, RecordRefused>

export interface Format extends Omit<Layout, "chunkSize"> {
  /** The values of records; undefined for a blank one. */
  readonly values: (
    records: ReadonlyArray<FileRecord>,
    chunk: Chunk
  ) => Effect.Effect<ReadonlyArray<Value | undefined>>
  /** The schema that reads the value of a record. */
  readonly codec: <Row, RD>(row: Schema.ConstraintDecoder<Row, RD>) => Schema.ConstraintDecoder<Row, RD>
}

const defaultLongest = 1024 * 1024

export const formatOf = <Row, RD>(
  { csv, format, maxRecordSize: longest = defaultLongest, row }: LoadOptions<Row, RD>
): Format =>
  format === "csv" ? csvOf(csv ?? {}, longest, fieldsIn(row.ast)) : {
    form: { delimiter: undefined, longest },
    isScanned: false,
    header: undefined,
    values: (records) => Effect.sync(() => records.map((record) => json(record, longest))),
    codec: (row) => Schema.toCodecJson(row)
  }

const csvOf = (
  { delimiter = ",", header, multiline = true }: NonNullable<LoadOptions<unknown, never>["csv"]>,
  longest: number,
  { optional, required }: Fields
): Format => {
  const byte = delimiter.charCodeAt(0)
  if (delimiter.length !== 1 || byte > 127 || delimiter === "\"" || delimiter === "\n" || delimiter === "\r") {
    throw new InvalidOptions({
      option: "Job.load: csv.delimiter",
      given: "another text",
      expected: "one character of ASCII, and no quote or line break"
    })
  }
  const lacking = (names: ReadonlyArray<string>): boolean => required.some((name) => !names.includes(name))
  if (header !== undefined && lacking(header)) {
    throw new InvalidOptions({
      option: "Job.load: csv.header",
      value: header,
      expected: `names, among them ${required.join(", ")}`
    })
  }
  return {
    // Without line breaks in its fields, a record ends at every one.
    form: { delimiter: multiline ? byte : undefined, longest },
    isScanned: multiline,
    header: (record, file) =>
      Effect.flatMap(
        cellsOf([record], delimiter, longest),
        ([cells]) => {
          if (
            cells === undefined || Result.isFailure(cells) || new Set(cells.success).size !== cells.success.length
          ) {
            return Effect.fail(
              new FileRefused({
                file,
                expected: "a first record with the names of the fields, each once",
                got: "another one",
                advice: "Set the names with the option csv.header."
              })
            )
          }
          const names = cells.success
          return lacking(names) ? Effect.fail(headerRefused(file, required, names)) : Effect.succeed(names)
        }
      ),
    ...(header === undefined ? {} : { header: undefined }),
    values: (records, chunk) =>
      Effect.map(
        cellsOf(records, delimiter, longest),
        (all) =>
          all.map((cells) =>
            Result.map(named(header ?? chunk.header ?? [], cells), (record) => present(record, optional))
          )
      ),
    codec: (row) => Schema.toCodecStringTree(row)
  }
}

/** Without one of these fields, every record would be a reject. The names in the file may be data, and are not shown. */
const headerRefused = (file: string, required: ReadonlyArray<string>, names: ReadonlyArray<string>): FileRefused =>
  new FileRefused({
    file,
    expected: `a header with the fields ${required.join(", ")}`,
    got: `one without ${required.filter((name) => !names.includes(name)).join(", ")}`,
    advice: "If the file has another delimiter, set csv.delimiter. If it has no header or other names, set csv.header."
  })

/** The names of the fields of a schema. */
interface Fields {
  readonly optional: ReadonlySet<string>
  readonly required: ReadonlyArray<string>
}

const fieldsIn = (ast: SchemaAST.AST): Fields => {
  const encoded = SchemaAST.toEncoded(ast)
  const optional = new Set<string>()
  const required: Array<string> = []
  for (const { name, type } of SchemaAST.isObjects(encoded) ? encoded.propertySignatures : []) {
    if (typeof name !== "string") continue
    if (SchemaAST.isOptional(type)) optional.add(name)
    else required.push(name)
  }
  return { optional, required }
}

/** A record without its empty cells, where they may be absent. */
const present = (
  record: Readonly<Record<string, string>>,
  optional: ReadonlySet<string>
): Readonly<Record<string, string>> =>
  optional.size === 0
    ? record
    : Object.fromEntries(Object.entries(record).filter(([name, text]) => text !== "" || !optional.has(name)))
