import { CassandraSession } from "@effect-cql/cassandra"
import { Random } from "@effect-cql/test-support/random"
import { integration } from "@effect-cql/test-support/server"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { MockSession } from "../../src/index.ts"
import { Statements, tables } from "./generate.ts"
import { observe, observeMemory, shownStep } from "./observe.ts"
import { digestOf, isRecording, lineOf, readDigests, recordedCount, recordedSeed, writeDigests } from "./recorded.ts"

const keyspace = `random_${process.pid}`
// Others, and more of them: npm run test:random
const seed = Number(process.env["EFFECT_CQL_SEED"] ?? recordedSeed)
const count = Number(process.env["EFFECT_CQL_STATEMENTS"] ?? recordedCount)

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
        const digests: Array<string> = []
        for (let index = 0; index < count; index++) {
          const step = statements.next()
          history.push(shownStep(step))
          const ours = yield* observeMemory(session, step, keyspace)
          const theirs = yield* observe(real, step, keyspace)
          assert.deepStrictEqual(
            ours,
            theirs,
            `statement ${index} of seed ${seed}, after\n${history.slice(-40).join("\n")}\n`
          )
          digests.push(digestOf(lineOf(theirs).replaceAll(keyspace, "ks")))
        }
        if (seed !== recordedSeed || count !== recordedCount) return
        if (isRecording) writeDigests(digests)
        else assert.deepStrictEqual(readDigests(), digests)
      })),
    Math.max(600_000, count * 100)
  )
})
