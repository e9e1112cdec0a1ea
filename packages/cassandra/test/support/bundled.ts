/** A program that is bundled and minified. It prints what its session made of errors, as one line of JSON. */
import { Statement } from "@effect-cql/core"
import { Effect, Logger } from "effect"
import process from "node:process"
import { CassandraSession } from "../../src/index.ts"

const { BUNDLED_KEYSPACE: keyspace = "", BUNDLED_SERVER: server = "" } = process.env

const program = Effect.gen(function*() {
  const session = yield* CassandraSession.make({ contactPoints: [server], localDataCenter: "datacenter1" })
  const failure = (statement: Statement.Statement<unknown>) =>
    Effect.match(session.execute(statement), {
      onFailure: ({ outcome, reason }) => `${reason._tag} ${outcome}`,
      onSuccess: () => "succeeded"
    })
  yield* session.execute(Statement.make(`DROP KEYSPACE IF EXISTS ${keyspace}`))
  const create = `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}`
  yield* session.execute(Statement.make(create))
  yield* session.execute(Statement.make(`CREATE TABLE ${keyspace}.t (id int PRIMARY KEY, v text)`))
  const insert = `INSERT INTO ${keyspace}.t (id, v) VALUES (?, ?)`
  const errors = [
    yield* failure(Statement.make("SELEC 1")),
    yield* failure(Statement.make(insert, [1, "a"], { consistency: "THREE", retry: "none" })),
    yield* failure(Statement.make(create)),
    yield* failure(Statement.make(insert, [1, "a"], { consistency: "ONE" }))
  ]
  yield* session.execute(Statement.make(`DROP KEYSPACE ${keyspace}`))
  const refused = yield* Effect.scoped(
    Effect.flip(CassandraSession.make({ contactPoints: ["127.0.0.1:1"], localDataCenter: "datacenter1" }))
  )
  const check = refused.reason._tag === "ConnectFailed" ? refused.reason.check : refused.reason._tag
  process.stdout.write(`${JSON.stringify({ errors, check })}\n`)
}).pipe(Effect.scoped, Effect.provide(Logger.layer([])))

void Effect.runPromise(program)
