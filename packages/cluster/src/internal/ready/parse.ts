/**
 * The values of records: the cells of CSV, or JSON.
 */
import * as Arr from "effect/Array"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Csv from "effect/encoding/Csv"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Stream from "effect/Stream"
import type { FileRecord } from "./records.ts"

/**
 * A record of a file that could not be read.
 *
 * @category errors
 * @since 0.1.0
 */
export class RecordRefused extends Data.TaggedError("RecordRefused")<{
  readonly expected: string
  readonly got: string
}> {
  override get message(): string {
    return `a record could not be read: expected ${this.expected}, got ${this.got}. Correct it in the file.`
  }
}

/** The value of a record, or why there is none. Undefined if the record is blank. */
export type Parsed = Result.Result<unknown, RecordRefused> | undefined

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** The text of a record. */
const textOf = (
  { at, bytes, end }: FileRecord,
  longest: number
): Result.Result<string, RecordRefused> => {
  if (bytes === undefined) {
    return Result.fail(
      new RecordRefused({ expected: `at most ${longest} bytes`, got: `a line of ${end - at} bytes` })
    )
  }
  return Result.try({
    try: () => utf8.decode(bytes),
    catch: () => new RecordRefused({ expected: "a text in UTF-8", got: "other bytes" })
  })
}

/** The value of a line of JSON. */
export const json = (record: FileRecord, longest: number): Parsed => {
  const text = textOf(record, longest)
  if (Result.isFailure(text)) return text
  return text.success.trim() === "" ? undefined : Result.try({
    try: (): unknown => JSON.parse(text.success),
    catch: () => new RecordRefused({ expected: "a value of JSON in one line", got: "another text" })
  })
}

/** The cells of a record of CSV. */
export type Cells = Result.Result<ReadonlyArray<string>, RecordRefused>

/** The cells of records. One that is no CSV does not disturb the others. */
export const cellsOf = Effect.fnUntraced(function*(
  records: ReadonlyArray<FileRecord>,
  delimiter: string,
  longest: number
): Effect.fn.Return<ReadonlyArray<Cells>> {
  const texts = records.map((record) => Result.map(textOf(record, longest), withoutReturn))
  const parsed: Array<Cells> = []
  while (parsed.length < texts.length) {
    const rest = texts.slice(parsed.length)
    const wrong = rest.findIndex(Result.isFailure)
    const good = Arr.getSuccesses(wrong < 0 ? rest : rest.slice(0, wrong))
    const failed = yield* parse(good, delimiter, parsed)
    if (failed !== undefined) parsed.push(Result.fail(failed))
    else if (wrong >= 0) parsed.push(Result.fail(Arr.getFailures(rest)[0]!))
  }
  return parsed
})

// Files whose records are lines are divided at line feeds alone.
const withoutReturn = (text: string): string => text.endsWith("\r") ? text.slice(0, -1) : text

/** Appends the cells of texts up to the first that is no CSV, and returns its error. */
const parse = (
  texts: ReadonlyArray<string>,
  delimiter: string,
  parsed: Array<Cells>
): Effect.Effect<RecordRefused | undefined> => {
  if (texts.length === 0) return Effect.succeed(undefined)
  const decoder = Csv.decodeString({ delimiter, maxRecordSize: Number.POSITIVE_INFINITY })
  return Stream.make(texts.join("\n")).pipe(
    Stream.pipeThroughChannel(decoder),
    Stream.runCollect,
    Effect.map((rows) => {
      for (const row of rows) parsed.push(Result.succeed(row))
      return undefined
    }),
    Effect.catch(({ message, record }) =>
      Effect.as(
        parse(texts.slice(0, record - 1), delimiter, parsed),
        new RecordRefused({ expected: "a record of CSV", got: `another text (${message})` })
      )
    )
  )
}

/** The record that cells make under the names of a file. */
export const named = (
  header: ReadonlyArray<string>,
  cells: Cells
): Result.Result<Readonly<Record<string, string>>, RecordRefused> =>
  Result.flatMap(cells, (cells) =>
    cells.length === header.length
      ? Result.succeed(Object.fromEntries(header.map((name, index) => [name, cells[index] ?? ""])))
      : Result.fail(
        new RecordRefused({ expected: `${header.length} cells`, got: `${cells.length}` })
      ))

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** The error of a value that a schema refuses. It names the field, and no value: the message of a user's check may have one. */
export const misfit = ({ issue }: Schema.SchemaError): RecordRefused => {
  const first = format(issue).issues[0]
  const path = (first?.path ?? []).map((part) => String(typeof part === "object" ? part.key : part))
  const expected = /^Expected ([^"'`]+?)(?:, got .*)?$/s.exec(first?.message ?? "")?.[1]
  return new RecordRefused({
    expected: `${expected ?? "a value that fits the schema"}${path.length === 0 ? "" : ` in ${path.join(".")}`}`,
    got: first?.message.startsWith("Missing key") === true ? "none" : "another value"
  })
}
