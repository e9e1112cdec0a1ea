/** The schema of the application: files such as `0001_users.cql`, in the directory beside this one. */
import type { Session } from "@effect-cql/core"
import { Migrations } from "@effect-cql/schema"
import { Effect, FileSystem, Layer, Path, type PlatformError } from "effect"
import { fileURLToPath } from "node:url"

type Files = FileSystem.FileSystem | Path.Path

/** The texts of a directory by the names of their files. */
export const fromDirectory = Effect.fn("fromDirectory")(function*(
  directory: string
): Effect.fn.Return<Record<string, string>, PlatformError.PlatformError, Files> {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = (yield* files.readDirectory(directory)).filter((name) => name.endsWith(".cql"))
  const texts = yield* Effect.forEach(names, (name) => files.readFileString(path.join(directory, name)))
  return Object.fromEntries(names.map((name, at) => [path.basename(name, ".cql"), texts[at] ?? ""]))
})

/** Replicas by data center. */
export type Replication = Readonly<Record<string, number>>

/** A session whose database has the tables of the application. */
export const layer = (
  replication: Replication
): Layer.Layer<Session, Migrations.MigrationError | PlatformError.PlatformError, Session | Files> =>
  Layer.unwrap(
    Effect.map(
      fromDirectory(fileURLToPath(new URL("./migrations", import.meta.url))),
      (migrations) => Migrations.layer(Migrations.make({ keyspace: "blog", replication, migrations }))
    )
  )
