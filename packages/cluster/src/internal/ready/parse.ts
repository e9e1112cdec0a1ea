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
  const texts = records.map((record) => Result.flatMap(textOf(record, longest), closed))
  const parsed: Array<Cells> = []
  while (parsed.length < texts.length) {
    const rest = texts.slice(parsed.length)
    const wrong = rest.findIndex(Result.isFailure)
    const good = Arr.getSuccesses(wrong < 0 ? rest : rest.slice(0, wrong))
    parsed.push(...yield* parsedAll(good, delimiter))
    if (wrong >= 0) parsed.push(Result.fail(Arr.getFailures(rest)[0]!))
  }
  return parsed
})

/**
 * A record whose quotes are closed. An open one would take the records behind it for a part of its field. A decoder accepts no
 * quote outside a quoted field, so that their number decides.
 */
const closed = (text: string): Result.Result<string, RecordRefused> => {
  let quotes = 0
  for (let at = text.indexOf("\""); at >= 0; at = text.indexOf("\"", at + 1)) quotes++
  return quotes % 2 === 1
    ? Result.fail(new RecordRefused({ expected: "a record of CSV", got: "a quote that nothing closes" }))
    // Files whose records are lines are divided at line feeds alone.
    : Result.succeed(text.endsWith("\r") ? text.slice(0, -1) : text)
}

/** The cells of each text. All are parsed at once, and one by one where that does not give a record for each. */
const parsedAll = (
  texts: ReadonlyArray<string>,
  delimiter: string
): Effect.Effect<ReadonlyArray<Cells>> =>
  texts.length === 0 ? Effect.succeed([]) : parse(texts, delimiter).pipe(
    Effect.map((rows) => rows.length === texts.length ? rows.map(Result.succeed) : undefined),
    Effect.catch(() => Effect.succeed(undefined)),
    Effect.flatMap((all) => all ? Effect.succeed(all) : Effect.forEach(texts, (text) => parsedOne(text, delimiter)))
  )

const parsedOne = (text: string, delimiter: string): Effect.Effect<Cells> =>
  parse([text], delimiter).pipe(
    Effect.map(([row, ...others]) =>
      row !== undefined && others.length === 0 ? Result.succeed(row) : refusedCells("a carriage return between cells")
    ),
    Effect.catch(({ message }) => Effect.succeed(refusedCells(`another text (${message})`)))
  )

const refusedCells = (got: string): Cells => Result.fail(new RecordRefused({ expected: "a record of CSV", got }))

const parse = (texts: ReadonlyArray<string>, delimiter: string) =>
  Stream.make(texts.join("\n")).pipe(
    Stream.pipeThroughChannel(Csv.decodeString({ delimiter, maxRecordSize: Number.POSITIVE_INFINITY })),
    Stream.runCollect
  )

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
