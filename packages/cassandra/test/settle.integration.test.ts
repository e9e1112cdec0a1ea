import { Batch, CqlError, executeConcurrent, Reason, Session, Settlement, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import { CassandraSession } from "../src/index.ts"
import { proxyTo } from "./support/proxy.ts"
import { typeTable } from "./support/typeTable.ts"

const keyspace = ownName("settle")

const tables = [
  `CREATE TABLE ${keyspace}.t (id int, k int, "Name" text, at timestamp, total decimal, tags set<text>, s int static, ` +
  "PRIMARY KEY (id, k))",
  `CREATE TABLE ${keyspace}.keys (id int PRIMARY KEY)`,
  `CREATE TABLE ${keyspace}.counts (id int PRIMARY KEY, n counter)`
]

/** A session whose server falls silent: requests arrive, and nothing comes back. */
const silent = Effect.gen(function*() {
  const server = yield* CassandraServer
  const proxy = yield* proxyTo(server.contactPoints[0]!)
  const session = yield* CassandraSession.make({
    ...optionsOf(server),
    keyspace,
    contactPoints: [proxy.address],
    defaults: { requestTimeout: "500 millis", retry: "none" }
  })
  return { proxy, session }
})

/** Runs statements that the server executes, but whose answers are lost. The statements are prepared before. */
const unanswered = Effect.fnUntraced(function*(
  statements: ReadonlyArray<Statement.Statement<unknown> | Batch.Batch>
) {
  const { proxy, session } = yield* silent
  // A first time, with all answers, for a statement that is not prepared is not sent.
  yield* executeConcurrent(statements, { raiseOnFirstError: false }).pipe(Effect.provideService(Session, session))
  yield* Effect.forEach(["t", "keys"], (table) => Statement.make(`TRUNCATE ${keyspace}.${table}`))
  proxy.silence()
  const results = yield* executeConcurrent(statements, { raiseOnFirstError: false }).pipe(
    Effect.provideService(Session, session)
  )
  // The server may still be at work when the client has given up.
  yield* Effect.sleep("500 millis")
  return results
})

const ended = (settlements: ReadonlyArray<Settlement.Settlement>) =>
  settlements.map(({ before, finding, outcome }) => [before, outcome, finding])

integration("settling against a real server", () => {
  layer(withKeyspace(keyspace, ...tables), { excludeTestServices: true })((it) => {
    it.effect("a write to a table of the session's keyspace is found without its name", () =>
      Effect.gen(function*() {
        const results = yield* unanswered([
          Statement.make("INSERT INTO t (id, k, \"Name\") VALUES (?, ?, ?)", [77, 1, "ada"])
        ])
        const session = yield* CassandraSession.make({ ...optionsOf(yield* CassandraServer), keyspace })
        const settlements = yield* Settlement.settle(results).pipe(Effect.provideService(Session, session))
        assert.deepStrictEqual(settlements.map(({ outcome }) => outcome), ["Applied"])
      }))

    it.effect("writes that were executed and not answered are found, whatever their form", () =>
      Effect.gen(function*() {
        const results = yield* unanswered([
          Statement.make(`INSERT INTO ${keyspace}.t (id, k, "Name") VALUES (?, ?, ?)`, [1, 1, "ada"]),
          Statement.make(`INSERT INTO ${keyspace}.t (id, k, "Name", tags) VALUES (2, 1, 'it''s', {'x'})`),
          Statement.make(`UPDATE ${keyspace}.t SET at = :at, tags = tags + :tags WHERE id = :id AND k = 1`, {
            id: 3,
            at: new Date(5),
            tags: new Set(["y"])
          }, { idempotent: true }),
          Statement.make(`UPDATE ${keyspace}.t SET s = ? WHERE id = ?`, [7, 4]),
          Statement.make(`INSERT INTO ${keyspace}.t (id, k, "Name") VALUES (5, 1, 'x') IF NOT EXISTS`),
          Batch.make([
            [`INSERT INTO ${keyspace}.t (id, k, "Name") VALUES (?, ?, ?)`, [6, 1, "b"]],
            [`INSERT INTO ${keyspace}.t (id, k, "Name") VALUES (?, ?, ?)`, [7, 1, "c"]]
          ])
        ])
        assert.deepStrictEqual(results.map(({ outcome }) => outcome), Array.from({ length: 6 }, () => "Unknown"))
        const settlements = yield* Settlement.settle(results)
        const found = ["Unknown", "Applied", "found"]
        // A set may hold elements from before: `tags + ?` takes no timestamp of the client, and is not known again.
        const open = ["Unknown", "Unknown", "notComparable"]
        assert.deepStrictEqual(ended(settlements), [found, found, open, found, found, found])
        assert.deepStrictEqual(settlements[0]!.row, { Name: "ada" })
        assert.deepStrictEqual(settlements[5]!.parts.map(({ outcome }) => outcome), ["Applied", "Applied"])
      }).pipe(Effect.scoped))

    it.effect("writes that never arrived are not found: open without a condition, not applied with one", () =>
      Effect.gen(function*() {
        const timestamp = BigInt(Date.now()) * 1_000n
        const plain = Statement.make(`INSERT INTO ${keyspace}.t (id, k, "Name") VALUES (?, ?, ?)`, [11, 1, "ada"])
        const conditional = Statement.make(`UPDATE ${keyspace}.t SET "Name" = ? WHERE id = ? AND k = 1 IF "Name" = ?`, [
          "new",
          12,
          "old"
        ])
        yield* Statement.make(`INSERT INTO ${keyspace}.t (id, k, "Name") VALUES (12, 1, 'old')`, [], { timestamp: 5n })
        const unknown = [plain, conditional].map((statement) => ({ statement, outcome: "Unknown" as const, timestamp }))
        assert.deepStrictEqual(ended(yield* Settlement.settle(unknown)), [
          ["Unknown", "Unknown", "absent"],
          // The server may still begin to execute it.
          ["Unknown", "Unknown", "older"]
        ])
      }))

    it.effect("a conditional write that the server has given up is not applied where what stands there is older", () =>
      Effect.gen(function*() {
        const statement = Statement.make(`UPDATE ${keyspace}.t SET "Name" = ? WHERE id = ? AND k = 1 IF "Name" = ?`, [
          "new",
          13,
          "old"
        ])
        yield* Statement.make(`INSERT INTO ${keyspace}.t (id, k, "Name") VALUES (13, 1, 'old')`, [], { timestamp: 5n })
        const lost = new Reason.WriteTimeout({
          message: "the proposal was not accepted",
          consistency: "SERIAL",
          received: 1,
          blockFor: 2,
          writeType: "CAS"
        })
        const timestamp = BigInt(Date.now()) * 1_000n
        const error = new CqlError({ reason: lost, query: statement.text })
        assert.deepStrictEqual(ended(yield* Settlement.settle([{ statement, outcome: "Unknown", error, timestamp }])), [
          ["Unknown", "NotApplied", "older"]
        ])
      }))

    it.effect("a conditional write that begins only after it was settled was not called off", () =>
      Effect.gen(function*() {
        const { proxy, session } = yield* silent
        const claim = Statement.make(`INSERT INTO ${keyspace}.t (id, k, "Name") VALUES (?, 1, 'x') IF NOT EXISTS`, [40])
        yield* session.execute(claim)
        yield* Statement.make(`DELETE FROM ${keyspace}.t WHERE id = 40 AND k = 1 IF EXISTS`)
        proxy.hold()
        const results = yield* executeConcurrent([claim], { raiseOnFirstError: false }).pipe(
          Effect.provideService(Session, session)
        )
        const [settlement] = yield* Settlement.settle(results)
        assert.deepInclude(settlement, { outcome: "Unknown", finding: "absent" })
        proxy.letGo()
        yield* Effect.retry(
          Effect.flatMap(
            Statement.make(`SELECT k FROM ${keyspace}.t WHERE id = 40 AND k = 1`, [], { consistency: "SERIAL" }),
            ({ length }) => length === 1 ? Effect.void : Effect.fail("not yet")
          ),
          { schedule: Schedule.spaced("100 millis"), times: 50 }
        )
      }).pipe(Effect.scoped))

    it.effect("a conditional write that another client has overwritten since stays unknown", () =>
      Effect.gen(function*() {
        const timestamp = BigInt(Date.now()) * 1_000n
        const lost = Statement.make(`INSERT INTO ${keyspace}.t (id, k, "Name") VALUES (21, 1, 'mine') IF NOT EXISTS`)
        yield* Statement.make(`INSERT INTO ${keyspace}.t (id, k, "Name") VALUES (21, 1, 'theirs') IF NOT EXISTS`)
        assert.deepStrictEqual(ended(yield* Settlement.settle([{ statement: lost, outcome: "Unknown", timestamp }])), [
          ["Unknown", "Unknown", "overwritten"]
        ])
      }))

    it.effect("what was interrupted by the end of a run is settled as well", () =>
      Effect.gen(function*() {
        const { proxy, session } = yield* silent
        const insert = (id: number) =>
          Statement.make(`INSERT INTO ${keyspace}.t (id, k, "Name") VALUES (?, 1, ?)`, [id, `n${id}`])
        yield* session.execute(insert(30))
        proxy.silence()
        const refused = Statement.make(`INSERT INTO ${keyspace}.t (id, k, "Name") VALUES (?, 1, ?)`, [1, 1])
        // The writes are on their way when the one that is refused stops the run.
        const source = async function*() {
          yield insert(31)
          yield insert(32)
          await new Promise((resolve) => setTimeout(resolve, 200))
          yield refused
        }
        const fiber = yield* Effect.forkChild(
          Effect.flip(executeConcurrent(source()).pipe(Effect.provideService(Session, session)))
        )
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error._tag, "StatementFailed")
        if (error._tag !== "StatementFailed") return
        assert.deepStrictEqual(error.interrupted.map(({ index }) => index), [0, 1])
        assert.deepStrictEqual(ended(yield* Settlement.settle(error.unsettled)), [
          ["Unknown", "Applied", "found"],
          ["Unknown", "Applied", "found"]
        ])
      }).pipe(Effect.scoped))

    it.effect("a value of every type is known again", () =>
      Effect.gen(function*() {
        // A type of the user's, and a collection that is not frozen, are written piece by piece.
        const hasVectors = Number.parseInt((yield* CassandraServer).version, 10) >= 5
        const rows = typeTable.filter(({ type }) =>
          !type.includes("address") && !/^(list|set|map)</.test(type) && (hasVectors || !type.startsWith("vector"))
        )
        const columns = rows.map(({ type }, at) => `c${at} ${type}, l${at} frozen<list<${type}>>`)
        yield* Statement.make(`CREATE TABLE ${keyspace}.types (id int PRIMARY KEY, ${columns.join(", ")})`)
        const timestamp = BigInt(Date.now()) * 1_000n
        const written = rows.flatMap(({ boundary = [], typical }, at) =>
          [typical, ...boundary].flatMap(([value]) => [[`c${at}`, value] as const, [`l${at}`, [value]] as const])
        ).map(([column, value], id) => ({
          statement: Statement.make(`INSERT INTO ${keyspace}.types (id, ${column}) VALUES (?, ?)`, [id, value], {
            timestamp
          }),
          outcome: "Unknown" as const,
          timestamp
        }))
        yield* executeConcurrent(written.map(({ statement }) => statement))
        for (const settlement of yield* Settlement.settle(written)) {
          assert.strictEqual(settlement.outcome, "Applied", `${settlement.statement.text}: ${settlement.message}`)
        }
        assert.isAbove(written.length, 60)
      }))

    it.effect("rows of nothing but a key, counters and deletions say why they stay open", () =>
      Effect.gen(function*() {
        const timestamp = BigInt(Date.now()) * 1_000n
        const settlements = yield* Settlement.settle([
          Statement.make(`INSERT INTO ${keyspace}.keys (id) VALUES (1)`),
          Statement.make(`UPDATE ${keyspace}.counts SET n = n + 1 WHERE id = 1`),
          Statement.make(`DELETE FROM ${keyspace}.t WHERE id = 1 AND k = 1`),
          Statement.make(`INSERT INTO ${keyspace}.nowhere (id) VALUES (1)`)
        ].map((statement) => ({ statement, outcome: "Unknown" as const, timestamp })))
        assert.deepStrictEqual(settlements.map(({ outcome }) => outcome), Array.from({ length: 4 }, () => "Unknown"))
        for (const { message } of settlements) assert.isNotEmpty(message)
      }))
  })
})
