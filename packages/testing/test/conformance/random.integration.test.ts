import { CassandraSession } from "@effect-cql/cassandra"
import { Random } from "@effect-cql/test-support/random"
import { integration } from "@effect-cql/test-support/server"
import { assert, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import { MockSession } from "../../src/index.ts"
import { Statements, tables } from "./generate.ts"
import { observe } from "./observe.ts"
import type { Step } from "./scenario.ts"

const keyspace = `random_${process.pid}`
// Other statements, and as many as one likes: EFFECT_CQL_SEED=5 EFFECT_CQL_STATEMENTS=100000 npm test -- random.integration
const seed = Number(process.env["EFFECT_CQL_SEED"] ?? 4)
const count = Number(process.env["EFFECT_CQL_STATEMENTS"] ?? 5_000)

const shown = ({ batch, text }: Step): string =>
  batch === undefined ? text : `BATCH ${batch.statements.map(([text]) => text).join("; ")}`

integration("random statements", ({ contactPoints, credentials, localDataCenter }) => {
  it.live(
    `a memory session and a server agree on ${count} of them, with seed ${seed}`,
    () =>
      Effect.scoped(Effect.gen(function*() {
        const options = {
          contactPoints,
          localDataCenter,
          username: credentials?.username,
          password: credentials?.password
        }
        const admin = yield* CassandraSession.make(options)
        yield* admin.execute([`DROP KEYSPACE IF EXISTS ${keyspace}`])
        yield* admin.execute([
          `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`
        ])
        yield* Effect.addFinalizer(() => Effect.ignore(admin.execute([`DROP KEYSPACE ${keyspace}`])))
        const real = yield* CassandraSession.make({ ...options, keyspace })
        for (const table of tables) yield* real.execute([table])
        const { session } = yield* MockSession.makeMemory(tables, { keyspace, record: false })
        const statements = new Statements(new Random(seed))
        const history: Array<string> = []
        for (let index = 0; index < count; index++) {
          const step = statements.next()
          history.push(shown(step))
          const ours = yield* Effect.exit(observe(session, step, keyspace))
          const theirs = yield* observe(real, step, keyspace)
          assert.deepStrictEqual(
            Exit.isSuccess(ours) ? ours.value : Cause.pretty(ours.cause),
            theirs,
            `statement ${index} of seed ${seed}, after\n${history.slice(-40).join("\n")}\n`
          )
        }
      })),
    600_000
  )
})
