/** Reads the migrations of a directory: files such as `0001_users.cql`. */
import { Effect, FileSystem, Path, type PlatformError } from "effect"

export const fromDirectory = Effect.fn("fromDirectory")(function*(
  directory: string
): Effect.fn.Return<Record<string, string>, PlatformError.PlatformError, FileSystem.FileSystem | Path.Path> {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = (yield* files.readDirectory(directory)).filter((name) => name.endsWith(".cql"))
  const texts = yield* Effect.forEach(names, (name) => files.readFileString(path.join(directory, name)))
  return Object.fromEntries(names.map((name, at) => [path.basename(name, ".cql"), texts[at] ?? ""]))
})
