import { Migrations } from "@effect-cql/schema"
import { MockSession } from "@effect-cql/testing"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { fromDirectory } from "../src/app/migrations.ts"

describe("migrations in files", () => {
  it.effect("are those of the files that end in .cql", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* files.makeTempDirectoryScoped()
      yield* files.writeFileString(`${directory}/0001_users.cql`, "CREATE TABLE app.users (id int PRIMARY KEY);")
      yield* files.writeFileString(`${directory}/0002_name.cql`, "-- the name\nALTER TABLE app.users ADD name text;\n")
      yield* files.writeFileString(`${directory}/README.md`, "The tables of the application.")
      const migrations = Migrations.make({
        keyspace: "app",
        replication: { datacenter1: 1 },
        migrations: yield* fromDirectory(directory)
      })
      assert.deepStrictEqual(yield* Migrations.run(migrations), ["0001_users", "0002_name"])
    }).pipe(Effect.provide([NodeServices.layer, MockSession.memory([])])))
})
