/** Migrations on the real server: the states of a history, processes at once, and one that is killed in the middle. */
import { Statement } from "@effect-cql/core"
import { CqlSchema, Migrations, Table } from "@effect-cql/schema"
import { integration } from "@effect-cql/test-support/server"
import { ownName, SessionLive } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Array, Effect, Layer, Schema } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import process from "node:process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { differences, leavesNone } from "./support/differences.ts"

const program = fileURLToPath(new URL("./support/migrating.ts", import.meta.url))

const withoutKeyspaces = (...keyspaces: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.void,
    () => Effect.forEach(keyspaces, (keyspace) => Effect.ignore(Statement.make(`DROP KEYSPACE IF EXISTS ${keyspace}`)))
  )

integration("Migrations", (server) => {
  /** A process that migrates: the lines that it prints, and its end. It ends with the scope at the latest. */
  const migrating = (keyspace: string, wait: number) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [program, server.contactPoints[0]!, server.localDataCenter, keyspace, String(wait)], {
            stdio: ["ignore", "pipe", "inherit"]
          })
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      ),
      (child) => {
        const ended = once(child, "exit")
        const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
        return {
          line: Effect.promise(() => lines.next()).pipe(Effect.map(({ value }): unknown => value)),
          kill: Effect.promise(() => {
            child.kill("SIGKILL")
            return ended
          })
        }
      }
    )

  const applied = (keyspace: string) =>
    Effect.gen(function*() {
      const rows = yield* Statement.rows(Statement.make(`SELECT migration, state FROM ${keyspace}.migrations`))
      const { first } = yield* Statement.make(`SELECT n FROM ${keyspace}.runs WHERE id = 1`)
      yield* Statement.make(`SELECT id, name FROM ${keyspace}.names WHERE name = 'ada'`)
      return [...rows.map((row) => `${row["migration"]} ${row["state"]}`), first?.["n"]]
    })

  const all = ["0001_runs applied", "0002_wait applied", "0003_names applied", 1n]

  layer(SessionLive, { excludeTestServices: true, timeout: 120_000 })((it) => {
    it.effect("of two processes at once are applied once", () =>
      Effect.gen(function*() {
        const keyspace = ownName("migrations_two")
        yield* withoutKeyspaces(keyspace)
        yield* Statement.make(
          `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`
        )
        const processes = [yield* migrating(keyspace, 1_000), yield* migrating(keyspace, 1_000)]
        const lines = yield* Effect.forEach(processes, ({ line }) => line, { concurrency: 2 })
        const first = processes[lines.indexOf("waiting")]!
        assert.include(lines, "applied ")
        assert.strictEqual(yield* first.line, "applied 0001_runs 0002_wait 0003_names")
        assert.deepStrictEqual(yield* applied(keyspace), all)
      }), 180_000)

    // A node describes a table a moment before it knows it.
    it.effect("of two sessions find the table that the other is creating", () =>
      Effect.gen(function*() {
        const sessions = yield* Effect.all([
          Layer.build(Layer.fresh(SessionLive)),
          Layer.build(Layer.fresh(SessionLive))
        ])
        yield* Effect.forEach(Array.range(0, 5), (at) =>
          Effect.gen(function*() {
            const keyspace = ownName(`migrations_start_${at}`)
            yield* withoutKeyspaces(keyspace)
            const migrations = Migrations.make({
              keyspace,
              replication: { [server.localDataCenter]: 1 },
              migrations: { "0001_a": `CREATE TABLE ${keyspace}.a (id int PRIMARY KEY)` }
            })
            const names = yield* Effect.forEach(sessions, (session, index) =>
              Effect.sleep(index * (20 + at * 20)).pipe(
                Effect.andThen(Migrations.run(migrations)),
                Effect.provide(session)
              ), { concurrency: 2 })
            assert.deepStrictEqual(names.flat(), ["0001_a"])
          }))
      }), 180_000)

    it.effect("of a process that is killed in the middle are ended by the next", () =>
      Effect.gen(function*() {
        const keyspace = ownName("migrations_killed")
        yield* withoutKeyspaces(keyspace)
        const killed = yield* migrating(keyspace, 600_000)
        assert.strictEqual(yield* killed.line, "waiting")
        const next = yield* migrating(keyspace, 0)
        yield* Effect.sleep("5 seconds") // longer than a lease: the first process renews it
        const rows = yield* Statement.rows(Statement.make(`SELECT migration, state FROM ${keyspace}.migrations`))
        assert.deepStrictEqual(rows.map((row) => row["state"]), ["applied", "running"])
        yield* killed.kill
        assert.strictEqual(yield* next.line, "waiting")
        assert.strictEqual(yield* next.line, "applied 0002_wait 0003_names")
        assert.deepStrictEqual(yield* applied(keyspace), all)
      }), 180_000)

    it.effect(
      "stop at a statement, go on with it, and know what a repeated definition finds done",
      () =>
        Effect.gen(function*() {
          const keyspace = ownName("migrations_states")
          yield* withoutKeyspaces(keyspace)
          const make = (second: string) =>
            Migrations.make({
              keyspace,
              replication: { [server.localDataCenter]: 1 },
              migrations: { "0001_a": `CREATE TYPE ${keyspace}.t (a int); ${second}` }
            })
          const wrong = make(`ALTER TYPE ${keyspace}.u ADD b int`)
          const failed = yield* Effect.flip(Migrations.run(wrong))
          assert.strictEqual(failed._tag === "MigrationFailed" && failed.outcome, "NotApplied")
          // As a run leaves it that was killed when its statement had been sent: the next one sends it again.
          const definitions = [
            `ALTER TYPE ${keyspace}.t ADD b int`,
            `CREATE TABLE ${keyspace}.x (id int PRIMARY KEY, a int)`,
            `ALTER TABLE ${keyspace}.x ADD b int`,
            `CREATE INDEX x_a ON ${keyspace}.x (a)`,
            `DROP INDEX ${keyspace}.x_a`,
            `ALTER TABLE ${keyspace}.x DROP b`,
            `ALTER TABLE ${keyspace}.x RENAME id TO ident`,
            `DROP TABLE ${keyspace}.x`,
            `DROP TYPE ${keyspace}.t`
          ]
          for (const [at, definition] of definitions.entries()) {
            const migrations = make(definitions.slice(0, at + 1).join(";"))
            assert.deepStrictEqual(yield* Migrations.run(migrations), ["0001_a"], definition)
            yield* Statement.make(
              `UPDATE ${keyspace}.migrations SET state = 'running' WHERE name = '${keyspace}' AND id = 1`
            )
            assert.deepStrictEqual(yield* Migrations.run(migrations), ["0001_a"], definition)
            yield* Migrations.resolve(migrations, "0001_a", { applied: at + 2 })
            yield* Statement.make(
              `UPDATE ${keyspace}.migrations SET state = 'stopped' WHERE name = '${keyspace}' AND id = 1`
            )
          }
        }),
      60_000
    )

    for (const [at, differing] of differences.entries()) {
      it.effect(`are proposed for ${differing.name}, and leave no difference`, () =>
        Effect.gen(function*() {
          const keyspace = ownName(`migrations_diff_${at}`)
          yield* withoutKeyspaces(keyspace)
          yield* Statement.make(
            `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`
          )
          yield* Effect.forEach(differing.server, (text) => Statement.make(text.replaceAll("@", keyspace)))
          yield* leavesNone(keyspace, differing)
        }), 120_000)
    }

    it.effect("are proposed from the tables, and leave no difference", () =>
      Effect.gen(function*() {
        const keyspace = ownName("migrations_diff")
        yield* withoutKeyspaces(keyspace)
        class Place extends CqlSchema.Udt<Place>("Place")("place", {
          city: CqlSchema.Text,
          zip: Schema.optionalKey(CqlSchema.Text)
        }) {}
        class Post extends Table.Class<Post>("Post")(`${keyspace}.posts`, {
          columns: {
            author: CqlSchema.Text,
            id: CqlSchema.Int,
            title: Schema.String,
            place: Schema.optionalKey(Place),
            places: CqlSchema.List(Place),
            bio: Schema.optionalKey(Schema.String)
          },
          partitionKey: "author",
          clusteringKey: ["id desc"],
          static: ["bio"],
          indexes: { title: "sai" },
          options: { comment: "it's", defaultTimeToLive: 60 }
        }) {}
        const before = Migrations.make({
          keyspace,
          replication: { [server.localDataCenter]: 1 },
          migrations: {
            "0001_posts": `CREATE TYPE ${keyspace}.place (city text); ` +
              `CREATE TABLE ${keyspace}.posts (author text, id int, PRIMARY KEY (author, id)) WITH CLUSTERING ORDER BY (id DESC)`
          }
        })
        yield* Migrations.run(before)
        const { obstacles, statements } = yield* Migrations.diff(Post)
        assert.deepStrictEqual(obstacles, [])
        const after = Migrations.make({ keyspace, name: "next", migrations: { "0002_posts": statements } })
        assert.deepStrictEqual(yield* Migrations.run(after), ["0002_posts"])
        assert.deepStrictEqual(yield* Migrations.diff(Post), { statements: [], obstacles: [] })
        assert.deepStrictEqual(yield* Table.check(Post), [])
      }), 180_000)
  })
})
