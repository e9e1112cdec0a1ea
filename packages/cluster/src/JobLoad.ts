/**
 * Jobs that load files. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */
import type { CqlError, Session, Statement } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Layer from "effect/Layer"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { make } from "./internal/jobs/definition.ts"
import { checkLoad } from "./internal/optionNames.ts"
import { Chunk, type FileRefused, plan, recordsOf, unchanged } from "./internal/ready/files.ts"
import { type Format, formatOf, type Value } from "./internal/ready/formats.ts"
import { writeOptions } from "./internal/ready/options.ts"
import { Outbox } from "./internal/ready/outbox.ts"
import { misfit, type RecordRefused } from "./internal/ready/parse.ts"
import type { FileRecord } from "./internal/ready/records.ts"
import type { Handle, JobConflict, Plan, StartOptions } from "./Job.ts"
import type { JobRunner } from "./JobRunner.ts"
import type { Jobs } from "./Jobs.ts"
import type { TableOptions, Written } from "./JobTable.ts"
import type { LaneLost } from "./Lanes.ts"

export { FileRefused } from "./internal/ready/files.ts"
export { RecordRefused } from "./internal/ready/parse.ts"

/**
 * The format of CSV files, according to RFC 4180: quoted fields may contain delimiters, line breaks and doubled quotes.
 * Lines end with LF, CRLF or CR.
 *
 * @category options
 * @since 0.1.0
 */
export interface CsvOptions {
  /** Character between two fields: one of ASCII, and neither a quote nor a line break. Default: `","`. */
  readonly delimiter?: string | undefined
  /**
   * Names of the fields, for files whose first record is not a header. Default: the first record of each file. A header
   * without a field that the schema requires is refused.
   */
  readonly header?: ReadonlyArray<string> | undefined
  /**
   * False if no field contains a line break. A large file is then divided without reading it completely at the start of
   * the job. Default: `true`.
   */
  readonly multiline?: boolean | undefined
}

/**
 * Options of {@link load}.
 *
 * @category options
 * @since 0.1.0
 */
export interface LoadOptions<Row, RD> extends Omit<TableOptions, "splitSize" | "statement"> {
  /** Format of the files: CSV, or a JSON value in each line. */
  readonly format: "csv" | "ndjson"
  /**
   * The schema of a record. For CSV, a struct or a class whose fields are strings or can be decoded from strings, such
   * as numbers and dates; an empty cell is an absent optional field. For JSON, any schema. A record that does not fit
   * is rejected.
   */
  readonly row: Schema.ConstraintDecoder<Row, RD>
  /** The statements of a record, such as the `insert` of a table. They must have the same effect when they are sent again. */
  readonly write: (row: Row) => Written
  readonly csv?: CsvOptions | undefined
  /** Minimum size of a chunk in bytes, except for the last chunk of a file. Default: 32 MiB. */
  readonly chunkSize?: number | undefined
  /** Maximum size in bytes of a record, and of a quoted field. Default: 1 MiB. */
  readonly maxRecordSize?: number | undefined
  /** Records between two checkpoints. Default: 1,000. */
  readonly pageSize?: number | undefined
  readonly statement?: Pick<Statement.Options, "consistency" | "requestTimeout"> | undefined
}

/**
 * The files of a load.
 *
 * @category models
 * @since 0.1.0
 */
export interface Files {
  /** Paths in the `FileSystem`. Every process that runs the job needs access to the same files. */
  readonly files: ReadonlyArray<string>
}

/**
 * A part of a file.
 *
 * @category models
 * @since 0.1.0
 */
export interface FileChunk {
  readonly file: string
  /** The byte at which its first record begins. Of a compressed file, bytes count after decompression. */
  readonly from: number
  /** The byte after its last record; null for the end of the file. */
  readonly to: number | null
  /** Bytes of the whole file, as it is stored. */
  readonly size: number
  /**
   * Milliseconds since the epoch at which the file was last modified; null if the file system does not return it. A unit whose file has
   * another size or another time fails.
   */
  readonly modified: number | null
  readonly isGzip: boolean
  /** Names of the fields; null of JSON. */
  readonly header: ReadonlyArray<string> | null
}

/**
 * A job that loads files, and the layer that runs it.
 *
 * @category models
 * @since 0.1.0
 */
export interface LoadJob<out RD> {
  /** Returns the chunks that a job would have. Nothing is stored. */
  readonly plan: (
    params: Files
  ) => Effect.Effect<Plan<FileChunk>, FileRefused | PlatformError, FileSystem.FileSystem | Jobs>
  /** Starts the job. If a job with this id and these files exists, it is returned, in any state. */
  readonly start: (params: Files, options: StartOptions) => Effect.Effect<
    Handle,
    CqlError | LaneLost | JobConflict | FileRefused | PlatformError,
    FileSystem.FileSystem | Jobs
  >
  readonly layer: Layer.Layer<never, never, JobRunner | FileSystem.FileSystem | Session | RD>
}

/**
 * Makes a job that loads files. Each unit is a chunk of a file. `rows` of its progress is the number of records.
 *
 * A chunk begins and ends with a record. A gzip file, recognised by its first bytes, is one chunk. The job continues
 * after the last finished record. A record that cannot be read, that does not fit the schema, or whose statement fails
 * is a reject: its position is `file:byte`, the start of the record. If a file changes while it is loaded, its units
 * fail with `FileRefused`.
 *
 * **Example** (A file of CSV)
 *
 * ```ts
 * import { CqlCluster, Job, JobRunner } from "@effect-cql/cluster"
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { NodeFileSystem } from "@effect/platform-node"
 * import { Effect, FileSystem, Layer } from "effect"
 *
 * class Person extends Table.Class<Person>("Person")("app.people", {
 *   columns: { id: CqlSchema.Int, name: CqlSchema.Text, born: CqlSchema.DateString },
 *   partitionKey: "id"
 * }) {}
 *
 * const LoadPeople = Job.load("LoadPeople", { version: "1", format: "csv", row: Person, write: Person.insert })
 *
 * const runner = LoadPeople.layer.pipe(
 *   Layer.provideMerge(JobRunner.layerLocal({ keyspace: "app", lanes: 4, interval: "20 millis" })),
 *   Layer.provideMerge(MockSession.memory([...CqlCluster.ddl("app"), ...Table.ddl(Person)])),
 *   Layer.provideMerge(NodeFileSystem.layer)
 * )
 * const program = Effect.gen(function*() {
 *   const system = yield* FileSystem.FileSystem
 *   const file = yield* system.makeTempFileScoped({ suffix: ".csv" })
 *   yield* system.writeFileString(file, "id,name,born\n1,ada,1815-12-10\n2,\"grace\nhopper\",1906-12-09\n")
 *   const job = yield* LoadPeople.start({ files: [file] }, { id: "load-1" })
 *   return yield* job.await
 * })
 * const { rows } = await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(runner)))
 * console.assert(rows === 2)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const load = <Row, RD = never>(name: string, options: LoadOptions<Row, RD>): LoadJob<RD> => {
  checkLoad(options)
  const {
    attempts,
    chunkSize = 32 * 1024 * 1024,
    concurrency,
    errorBudget,
    pageSize = 1_000,
    rate,
    rejects,
    version,
    write
  } = options
  const format: Format = formatOf(options)
  const { form } = format
  const layout = { ...format, chunkSize }
  const decode = Schema.decodeUnknownEffect(format.codec(options.row))
  const job = make(name, {
    version,
    concurrency,
    errorBudget,
    rate,
    rejects,
    params: Schema.Struct({ files: Schema.Array(Schema.String) }),
    unit: Chunk,
    planOptions: { chunkSize, maxRecordSize: form.longest, format: options.format, csv: options.csv ?? null },
    units: ({ files }) => Effect.map(Effect.forEach(files, (file) => plan(file, layout)), (chunks) => chunks.flat())
  })
  const layer = job.toLayer(
    Effect.fnUntraced(function*(chunk, context) {
      const from = typeof context.cursor === "number" ? context.cursor : chunk.from
      yield* unchanged(chunk)

      const page = Effect.fnUntraced(function*(records: ReadonlyArray<FileRecord>) {
        const outbox = new Outbox()
        const values = yield* format.values(records, chunk)
        let count = 0
        for (const [index, value] of values.entries()) {
          if (value === undefined) continue
          count++
          const position = `${chunk.file}:${records[index]!.at}`
          const row = yield* decoded(value)
          if (Result.isSuccess(row)) {
            const written = write(row.success)
            outbox.add("_tag" in written ? [written] : written, position, Result.getOrUndefined(value))
          } else yield* context.reject({ position, error: row.failure, body: Result.getOrUndefined(value) })
        }
        yield* outbox.send(context, writeOptions(options))
        yield* context.checkpoint({ cursor: records.at(-1)!.end, rows: count })
      })

      const decoded = (value: Value): Effect.Effect<Result.Result<Row, RecordRefused>, never, RD> =>
        Result.isFailure(value)
          ? Effect.succeed(Result.fail(value.failure))
          : Effect.result(Effect.mapError(decode(value.success), misfit))

      yield* Stream.runForEach(Stream.grouped(recordsOf(chunk, from, form), pageSize), page)
      // Of a file that was cut meanwhile, the records behind the cut would be missing.
      yield* unchanged(chunk)
    }),
    { attempts }
  )
  return { plan: job.plan, start: job.start, layer }
}
