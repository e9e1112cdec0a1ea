import { InvalidOptions, Statement } from "@effect-cql/core"
import { integration } from "@effect-cql/test-support/server"
import { ownName } from "@effect-cql/test-support/session"
import { assert, it } from "@effect/vitest"
import * as cassandra from "cassandra-driver"
import { Cause, Effect, Exit } from "effect"
import * as esbuild from "esbuild"
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { CassandraSession } from "../src/index.ts"

const entry = fileURLToPath(new URL("./support/bundled.ts", import.meta.url))
// As in docs/guides/connecting.md: what CommonJS requires has to be there in an ES module.
const banner = { js: "import { createRequire } from \"node:module\"; const require = createRequire(import.meta.url);" }

const run = (file: string, env: Readonly<Record<string, string>>) =>
  Effect.callback<string>((resume) => {
    execFile(process.execPath, [file], { env: { ...process.env, ...env }, timeout: 60_000 }, (error, stdout, stderr) =>
      resume(error === null ? Effect.succeed(stdout) : Effect.die(new Error(`${error.message}\n${stderr}`))))
  })

const directory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "effect-cql-bundle-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** Another copy of the driver: its classes are others than those that the adapter imports. */
const anotherDriver = Effect.gen(function*() {
  const outfile = join(yield* directory, "driver.cjs")
  const require = createRequire(import.meta.url)
  const entryPoints = [require.resolve("cassandra-driver")]
  yield* Effect.promise(() =>
    esbuild.build({
      entryPoints,
      outfile,
      bundle: true,
      minify: true,
      platform: "node",
      format: "cjs",
      logLevel: "error"
    })
  )
  const copy: typeof cassandra = require(outfile)
  assert.notStrictEqual(copy.Client, cassandra.Client)
  return copy
})

integration("another copy of the driver", (server) => {
  it.live("has clients that a session runs on: values, refusals and errors", () =>
    Effect.gen(function*() {
      const copy = yield* anotherDriver
      const client = new copy.Client({
        contactPoints: [...server.contactPoints],
        localDataCenter: server.localDataCenter,
        encoding: { map: Map }
      })
      yield* Effect.acquireRelease(
        CassandraSession.fromClient(client),
        () => Effect.promise(() => client.shutdown())
      ).pipe(Effect.flatMap((session) =>
        Effect.gen(function*() {
          const keyspace = ownName("another")
          const run = (text: string, params: ReadonlyArray<unknown> = [], options: Statement.Options = {}) =>
            session.execute(Statement.make(text, params, { retry: "none", ...options }))
          yield* run(`DROP KEYSPACE IF EXISTS ${keyspace}`)
          yield* run(
            `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}`
          )
          yield* run(`CREATE TABLE ${keyspace}.t (id int PRIMARY KEY, d date, at time, n varint, i inet, u uuid)`)
          const row = {
            id: 1,
            d: "2026-11-28",
            at: 1n,
            n: 12345678901234567890n,
            i: "10.0.0.1",
            u: "5b1cbc1e-0ae8-4d0f-9f0f-6a5ffc3a0001"
          }
          const insert = `INSERT INTO ${keyspace}.t (id, d, at, n, i, u) VALUES (?, ?, ?, ?, ?, ?)`
          yield* run(insert, Object.values(row))
          const { rows } = yield* run(`SELECT id, d, at, n, i, u FROM ${keyspace}.t WHERE id = ?`, [1])
          assert.deepStrictEqual(rows, [row])
          const failure = (text: string, params: ReadonlyArray<unknown>, options: Statement.Options = {}) =>
            Effect.map(Effect.flip(run(text, params, options)), ({ outcome, reason }) => `${reason._tag} ${outcome}`)
          assert.strictEqual(yield* failure("SELEC", []), "SyntaxError NotApplied")
          assert.strictEqual(yield* failure(insert, ["x"]), "ParametersRefused NotApplied")
          const three = { consistency: "THREE" } as const
          assert.strictEqual(yield* failure(insert, Object.values(row), three), "Unavailable NotApplied")
          yield* run(`DROP KEYSPACE ${keyspace}`)
        })
      ))
    }).pipe(Effect.scoped), 120_000)

  it.live("has policies that are refused by name", () =>
    Effect.gen(function*() {
      const copy = yield* anotherDriver
      const reconnection = new copy.policies.reconnection.ConstantReconnectionPolicy(10)
      const exit = yield* Effect.exit(Effect.scoped(CassandraSession.make({
        contactPoints: server.contactPoints,
        localDataCenter: server.localDataCenter,
        clientOptions: { policies: { reconnection } }
      })))
      const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.instanceOf(defect, InvalidOptions)
      assert.strictEqual(defect.option, "clientOptions.policies.reconnection")
      assert.include(defect.message, "cassandra-driver that this package uses")
    }).pipe(Effect.scoped), 120_000)
})

integration("a program that esbuild bundled and minified", (server) => {
  for (const format of ["cjs", "esm"] as const) {
    it.live(`knows errors by their kind, and ends (${format})`, () =>
      Effect.gen(function*() {
        const outfile = join(yield* directory, format === "esm" ? "bundle.mjs" : "bundle.cjs")
        yield* Effect.promise(() =>
          esbuild.build({
            entryPoints: [entry],
            outfile,
            bundle: true,
            minify: true,
            platform: "node",
            target: "node22",
            format,
            logLevel: "error",
            ...(format === "esm" ? { banner } : undefined)
          })
        )
        const output = yield* run(outfile, {
          BUNDLED_SERVER: server.contactPoints[0]!,
          BUNDLED_KEYSPACE: ownName(`bundle_${format}`)
        })
        const { check, errors } = JSON.parse(output)
        assert.deepStrictEqual(errors, [
          "SyntaxError NotApplied",
          "Unavailable NotApplied",
          "AlreadyExists NotApplied",
          "succeeded"
        ])
        assert.include(check, "nothing listens")
      }).pipe(Effect.scoped), 120_000)
  }
})
