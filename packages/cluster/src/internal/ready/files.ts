/**
 * The chunks of files, whose borders are borders of records, and the records of a chunk.
 */
import * as ByteSize from "effect/ByteSize"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Duplex } from "node:stream"
import { createGunzip } from "node:zlib"
import { type FileRecord, type Form, Scanner } from "./records.ts"

/**
 * A file does not have the form that the job expects, or it has changed since the job was started.
 *
 * @category errors
 * @since 0.1.0
 */
export class FileRefused extends Data.TaggedError("FileRefused")<{
  readonly file: string
  readonly expected: string
  readonly got: string
  readonly advice: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `the file ${this.file} could not be loaded: expected ${this.expected}, got ${this.got}. ${this.advice}`
  }
}

/** A part of a file. Of a compressed file, its bytes count after decompression. */
export const Chunk = Schema.Struct({
  file: Schema.String,
  /** The first byte of the first record. */
  from: Schema.Int,
  /** The byte behind the last record; null for the end of the file. */
  to: Schema.NullOr(Schema.Int),
  /** Bytes of the whole file, as it is stored. */
  size: Schema.Int,
  /** Milliseconds since the epoch at which the file was last modified; null if the file system does not return it. */
  modified: Schema.NullOr(Schema.Int),
  isGzip: Schema.Boolean,
  /** Names of the cells. */
  header: Schema.NullOr(Schema.Array(Schema.String))
})
export type Chunk = typeof Chunk.Type

/** How files are divided and read. */
export interface Layout {
  readonly form: Form
  /** True if a record may hold line breaks: the file is then read once to plan its chunks. */
  readonly isScanned: boolean
  readonly chunkSize: number
  /** Reads the names of the cells from the first record; undefined if the file has none. */
  readonly header:
    | ((record: FileRecord, file: string) => Effect.Effect<ReadonlyArray<string>, FileRefused>)
    | undefined
}

const blockSize = 1024 * 1024
const aligning = 64 * 1024

/** Divides a file into chunks. A compressed file is one chunk, for its bytes can only be read from the start. */
export const plan = Effect.fnUntraced(function*(
  file: string,
  { chunkSize, form, header, isScanned }: Layout
): Effect.fn.Return<ReadonlyArray<Chunk>, FileRefused | PlatformError, FileSystem.FileSystem> {
  const system = yield* FileSystem.FileSystem
  const info = yield* system.stat(file)
  if (info.type === "Directory") {
    return yield* new FileRefused({
      file,
      expected: "a file",
      got: "a directory",
      advice: "Pass the paths of its files (FileSystem.readDirectory)."
    })
  }
  const version = versionOf(info)
  const { size } = version
  const isGzip = yield* Stream.runHead(system.stream(file, { bytesToRead: 2 })).pipe(
    Effect.map(Option.exists(([first, second]) => first === 0x1f && second === 0x8b))
  )
  const whole: Chunk = { file, from: 0, to: null, ...version, isGzip, header: null }
  let first = whole
  if (header !== undefined) {
    const head = yield* Stream.runHead(recordsOf(whole, 0, form))
    if (Option.isNone(head)) return []
    first = { ...whole, from: head.value.end, header: yield* header(head.value, file) }
  }
  if (isGzip) return [first]
  const borders = isScanned
    ? yield* scanned(first, form, chunkSize)
    : yield* aligned(system, first, chunkSize)
  // Of a file that was changed while it was read, the borders are those of neither version.
  yield* unchanged(first)
  const chunks: Array<Chunk> = []
  let from = first.from
  for (const to of [...borders, size]) {
    if (to > from) chunks.push({ ...first, from, to })
    from = to
  }
  return chunks
})

/** The borders of chunks in a file that is read from end to end. */
const scanned = (chunk: Chunk, form: Form, chunkSize: number) =>
  Stream.runFold(
    recordsOf(chunk, chunk.from, form),
    (): { readonly borders: Array<number>; last: number } => ({ borders: [], last: chunk.from }),
    (found, { end }) => {
      if (end - found.last >= chunkSize) {
        found.borders.push(end)
        found.last = end
      }
      return found
    }
  ).pipe(Effect.map(({ borders }) => borders))

/** The borders of chunks in a file of lines: each is behind the first line break at or after a multiple of the size. */
const aligned = Effect.fnUntraced(function*(
  system: FileSystem.FileSystem,
  { file, from, size }: Chunk,
  chunkSize: number
) {
  const borders: Array<number> = []
  let last = from
  while (last + chunkSize < size) {
    // A line break right before the multiple makes the multiple itself the border.
    let at = last + chunkSize - 1
    const border = yield* system.stream(file, { offset: at, chunkSize: aligning }).pipe(
      Stream.map((block) => {
        const found = block.indexOf(0x0a)
        at += found < 0 ? block.length : found + 1
        return found < 0 ? undefined : at
      }),
      Stream.filter((border) => border !== undefined),
      Stream.runHead
    )
    if (Option.isNone(border)) break
    last = border.value
    borders.push(last)
  }
  return borders
})

/** The records of a chunk that begin at a byte or behind it, which is the start of a record. */
export const recordsOf = (
  chunk: Chunk,
  from: number,
  form: Form
): Stream.Stream<FileRecord, FileRefused | PlatformError, FileSystem.FileSystem> =>
  bytesOf(chunk, from).pipe(
    Stream.mapAccumArray(
      () => new Scanner(form, from),
      (scanner, blocks) => [scanner, blocks.flatMap((block) => scanner.add(block))],
      { onHalt: (scanner) => scanner.end() }
    )
  )

const bytesOf = (
  { file, isGzip, to }: Chunk,
  from: number
): Stream.Stream<Uint8Array, FileRefused | PlatformError, FileSystem.FileSystem> =>
  Stream.unwrap(Effect.map(FileSystem.FileSystem, (system): Stream.Stream<Uint8Array, FileRefused | PlatformError> => {
    if (isGzip) return behind(decompressed(system, file), from)
    return to === from ? Stream.empty : system.stream(file, {
      offset: from,
      chunkSize: blockSize,
      ...(to === null ? {} : { bytesToRead: to - from })
    })
  }))

const decompressed = (
  system: FileSystem.FileSystem,
  file: string
): Stream.Stream<Uint8Array, FileRefused> =>
  Stream.fromReadableStream({
    evaluate: () =>
      Stream.toReadableStream(Stream.map(system.stream(file), (block) => new Uint8Array(block)))
        // The web's DecompressionStream refuses files of several members.
        .pipeThrough<Uint8Array>(Duplex.toWeb(createGunzip())),
    onError: (cause) =>
      new FileRefused({
        file,
        expected: "a file of gzip",
        got: "one that could not be decompressed",
        advice: "Compress it again.",
        cause
      })
  })

/** Leaves out the first bytes of a stream. */
const behind = <E>(self: Stream.Stream<Uint8Array, E>, count: number): Stream.Stream<Uint8Array, E> =>
  Stream.mapAccumArray(self, () => count, (left, blocks) => {
    let still = left
    const rest = blocks.flatMap((block) => {
      const dropped = Math.min(still, block.length)
      still -= dropped
      return dropped === block.length ? [] : [block.subarray(dropped)]
    })
    return [still, rest]
  })

/** The version of a file, as far as the file system knows it. */
const versionOf = ({ mtime, size }: FileSystem.File.Info): Pick<Chunk, "size" | "modified"> => ({
  size: ByteSize.toNumberUnsafe(size),
  modified: Option.match(mtime, { onNone: () => null, onSome: (date) => Math.floor(date.getTime()) })
})

/** Fails if a file has changed since its chunks were planned: their borders would be none of its records. */
export const unchanged = (
  { file, modified, size }: Chunk
): Effect.Effect<void, FileRefused | PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (system) =>
    Effect.flatMap(system.stat(file), (info) => {
      const now = versionOf(info)
      if (now.size !== size) {
        return refused(file, `the ${size} bytes that it had when the job was started`, `${now.size} bytes`)
      }
      return modified === null || now.modified === modified ? Effect.void : refused(
        file,
        `the version of ${timeOf(modified)}, with which the job was started`,
        now.modified === null ? "one without a time" : `that of ${timeOf(now.modified)}`
      )
    }))

const timeOf = (millis: number): string => new Date(millis).toISOString()

const refused = (file: string, expected: string, got: string): Effect.Effect<never, FileRefused> =>
  Effect.fail(new FileRefused({ file, expected, got, advice: "Start another job for it." }))
