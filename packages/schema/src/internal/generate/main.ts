#!/usr/bin/env node
/**
 * A program of its own: writes the tables of a keyspace to a file. It connects as `CassandraSession.config` says, by the variables
 * `CASSANDRA_CONTACT_POINTS`, `CASSANDRA_LOCAL_DATACENTER`, `CASSANDRA_USERNAME` and `CASSANDRA_PASSWORD`.
 */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { mkdir, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { fromServer } from "../../TableFromServer.ts"

class CommandFailed extends Data.TaggedError("CommandFailed")<{ readonly message: string }> {}

const usage = "effect-cql-schema --keyspace <name> [--out <file>]"

const failed = (what: string) => (cause: unknown) =>
  new CommandFailed({ message: `${what}: ${cause instanceof Error ? cause.message : String(cause)}` })

const parsed = Effect.try({
  try: () => {
    const { values } = parseArgs({
      options: { keyspace: { type: "string" }, out: { type: "string" }, help: { type: "boolean" } }
    })
    return values
  },
  catch: failed(`expected ${usage}`)
})

// Only this program needs an adapter, so that the package does not depend on one.
const adapter = Effect.tryPromise({
  try: () => import("@effect-cql/cassandra"),
  catch: () =>
    new CommandFailed({ message: "the package @effect-cql/cassandra is missing. Install it with cassandra-driver." })
})

const main = Effect.gen(function*() {
  const { help, keyspace, out } = yield* parsed
  if (help === true) return yield* Console.log(usage)
  if (keyspace === undefined || keyspace === "") {
    return yield* new CommandFailed({ message: `expected ${usage}, got no keyspace` })
  }
  const { CassandraSession } = yield* adapter
  const text = yield* Effect.provide(fromServer(keyspace), CassandraSession.layerConfig())
  if (out === undefined) return yield* Effect.sync(() => process.stdout.write(text))
  yield* Effect.tryPromise({
    try: () => mkdir(dirname(out), { recursive: true }).then(() => writeFile(out, text)),
    catch: failed(`writing ${out} failed`)
  })
  yield* Console.log(`wrote ${out}`)
}).pipe(
  Effect.catch((error) =>
    Effect.andThen(
      Console.error(error.message),
      Effect.sync(() => {
        process.exitCode = 1
      })
    )
  )
)

Effect.runFork(main)
