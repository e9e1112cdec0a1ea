/** Files in memory. */
import { ByteSize, Effect, FileSystem, type Layer, Option, PlatformError, Stream } from "effect"

const number = (size: ByteSize.Input | undefined, or: number) =>
  size === undefined ? or : ByteSize.toNumberUnsafe(ByteSize.fromInputUnsafe(size))

/** A file system of these files. The files may be changed, with the time of their modification. */
export const filesOf = (
  files: ReadonlyMap<string, Uint8Array>,
  modified?: () => number
): Layer.Layer<FileSystem.FileSystem> => {
  const found = (path: string) => {
    const content = files.get(path)
    return content === undefined
      ? Effect.fail(
        PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "stat", pathOrDescriptor: path })
      )
      : Effect.succeed(content)
  }
  return FileSystem.layerNoop({
    stat: (path) =>
      Effect.map(found(path), (content) => ({
        size: ByteSize.bytes(content.length),
        mtime: modified === undefined ? Option.none() : Option.some(new Date(modified()))
      } as FileSystem.File.Info)),
    stream: (path, options) =>
      Stream.unwrap(Effect.map(found(path), (content) => {
        const from = number(options?.offset, 0)
        const part = content.subarray(from, from + number(options?.bytesToRead, content.length))
        const size = Math.min(options?.chunkSize ?? 64, 64)
        return Stream.fromIterable(
          Array.from({ length: Math.ceil(part.length / size) }, (_, at) => part.slice(at * size, (at + 1) * size))
        )
      }))
  })
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
