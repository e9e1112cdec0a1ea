/** Two copies of the package in one process: what either has made is taken by the other. */
import * as core from "@effect-cql/core"
import { timed } from "@effect-cql/test-support/runs"
import { FaultPlan, MockSession } from "@effect-cql/testing"

import { afterAll, assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, type Layer, Schema, Stream } from "effect"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

type Core = typeof core
type Testing = typeof MockSession

const packages = join(import.meta.dirname, "../..")
mkdirSync(join(packages, "testing/dist"), { recursive: true })
// Within a package, so that both copies have the same `effect`.
const folder = mkdtempSync(join(packages, "testing/dist/copy-"))
afterAll(() => rmSync(folder, { recursive: true }))
cpSync(join(packages, "core/src"), join(folder, "core"), { recursive: true })
cpSync(join(packages, "testing/src"), join(folder, "testing"), { recursive: true })
for (const entry of readdirSync(join(folder, "testing"), { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue
  const file = join(entry.parentPath, entry.name)
  const text = readFileSync(file, "utf8")
    .replaceAll(/"@effect-cql\/core\/(\w+)"/g, `"${folder}/core/$1.ts"`)
    .replaceAll("\"@effect-cql/core\"", `"${folder}/core/index.ts"`)
  writeFileSync(file, text)
}
const other: Core = await import(join(folder, "core/index.ts"))
const OtherMock: Testing = await import(join(folder, "testing/MockSession.ts"))
const OtherPlan: typeof FaultPlan = await import(join(folder, "testing/FaultPlan.ts"))

interface Side {
  readonly core: Core
  readonly mock: Testing
  readonly plan: typeof FaultPlan
}
const one: Side = { core, mock: MockSession, plan: FaultPlan }
const two: Side = { core: other, mock: OtherMock, plan: OtherPlan }

const text = "INSERT INTO app.users (id, name) VALUES (:id, :name)"

const queryOf = ({ Query }: Core) =>
  Query.make(text, { params: Schema.Struct({ id: Schema.Int, name: Schema.String }), consistency: "QUORUM" })

const run = <A, E>(effect: Effect.Effect<A, E, core.Session>, session: Layer.Layer<core.Session>) =>
  Effect.provide(effect, session)

it("are two", () => {
  assert.notStrictEqual(other.CqlError, core.CqlError)
  assert.notStrictEqual(OtherMock.layer, MockSession.layer)
})

for (const [name, mine, theirs] of [["mine", one, two], ["theirs", two, one]] as const) {
  describe(`${name}: what the other copy made`, () => {
    const { Batch, executeConcurrent, ExecutionResult, Outcome, runConcurrent, Session, Settlement } = mine.core
    const { CqlError, cql, Limiter, Reason, ResultSet, Statement } = theirs.core
    const query = queryOf(theirs.core)
    const statement = query({ id: 1, name: "ada" })
    const lost = new Reason.RequestTimeout({ message: "no answer", timeout: 12_000 })

    it("is recognised", () => {
      const error = new CqlError({ reason: lost, query: text })
      assert.isTrue(mine.core.Statement.isStatement(statement))
      assert.isTrue(Batch.isBatch(theirs.core.Batch.make([statement])))
      assert.isTrue(mine.core.Query.isQuery(query))
      assert.isTrue(mine.core.isCqlError(error))
      assert.isTrue(mine.core.Reason.isReason(lost))
      assert.isTrue(mine.core.Limiter.isLimiter(Effect.runSync(Limiter.fixed(1))))
      assert.isTrue(mine.core.ResultSet.isResultSet(new ResultSet.ResultSet({ rows: [] })))
      assert.strictEqual(Outcome.fromReason(lost, { kind: "write", conditional: false }), "Unknown")
      assert.strictEqual(
        mine.core.cql`SELECT a FROM ${cql.identifier("t")} WHERE id = ${1}`.text,
        "SELECT a FROM \"t\" WHERE id = ?"
      )
    })

    it.effect("runs: statements, tuples, batches, and sessions", () =>
      Effect.gen(function*() {
        const { mock, session } = yield* theirs.mock.make()
        const inputs = [statement, [query, { id: 2, name: "grace" }], Batch.make([statement, [query, null]])] as const
        const results = yield* executeConcurrent(inputs, { raiseOnFirstError: false }).pipe(
          Effect.provideService(Session, session)
        )
        assert.deepStrictEqual(results.map(({ _tag }) => _tag), ["Success", "Success", "Failure"])
        const [, second] = yield* mock.calls
        assert.deepStrictEqual(second?.request._tag === "Statement" && second.request.params, [2, "grace"])
        assert.strictEqual(second?.request.options.consistency, "QUORUM")
        const rows = yield* Effect.provideService(statement, Session, session)
        assert.isTrue(mine.core.ResultSet.isResultSet(rows))
      }).pipe(Effect.scoped))

    it.effect("decodes rows, by a schema that is given later as well", () =>
      Effect.gen(function*() {
        const names = mine.core.Statement.withRow(
          Statement.make("SELECT name FROM t"),
          Schema.Struct({ name: Schema.String })
        )
        assert.strictEqual((yield* names).first?.name, "ada")
      }).pipe((effect) => run(effect, mine.mock.layer({ otherwise: theirs.mock.rows([{ name: "ada" }]) }))))

    it.effect("fails where rows do not fit its schema, and where its function throws", () =>
      Effect.gen(function*() {
        const ages = theirs.core.Query.make("SELECT name FROM t", { row: Schema.Struct({ name: Schema.Int }) })
        const names = theirs.core.Statement.make("SELECT name FROM t")
        const thrown = theirs.core.Statement.mapRows(names, () => assert.fail("no row"))
        const mapped = mine.core.Statement.mapRows(ages(), ({ name }) => name)
        const results = yield* executeConcurrent([ages(), thrown, mapped], { raiseOnFirstError: false })
        for (const result of results) {
          if (result._tag !== "Failure") return assert.fail(`${result.index} succeeded`)
          assert.strictEqual(result.error.reason._tag, "RowDecoding")
          assert.include(
            result.error.message,
            result.index === 1 ? "mapRows threw AssertionError" : "row 0, column name"
          )
        }
        const error = yield* Effect.flip(mine.core.Session.use((session) => session.execute(ages())))
        assert.include(error.message, "row 0, column name")
      }).pipe((effect) => run(effect, mine.mock.layer({ otherwise: theirs.mock.rows([{ name: "ada" }]) }))))

    it.effect("fails with values in collect mode, with the reason, outcome and time of the write", () =>
      Effect.gen(function*() {
        const [result] = yield* executeConcurrent([statement], { raiseOnFirstError: false })
        assert.strictEqual(result?._tag, "Failure")
        assert.isTrue(ExecutionResult.isFailure(result!))
        const { error } = result as core.ExecutionResult.Failure
        assert.deepStrictEqual([error.reason._tag, error.outcome, error.attempts], ["RequestTimeout", "Unknown", 1])
        assert.strictEqual(typeof error.timestamp, "bigint")
        assert.lengthOf(yield* Settlement.settle([result!]), 1)
      }).pipe((effect) => run(effect, mine.mock.layer({ otherwise: theirs.mock.fail(lost) }))))

    it.effect("is caught by reason when a run stops", () =>
      executeConcurrent([statement]).pipe(
        Effect.catchReason("StatementFailed", "RequestTimeout", () => Effect.succeed("caught")),
        Effect.map((caught) => assert.strictEqual(caught, "caught")),
        (effect) => run(effect, mine.mock.layer({ otherwise: theirs.mock.fail(lost) }))
      ))

    it.effect("is settled by its request, and again", () =>
      Effect.gen(function*() {
        const failed = yield* theirs.core.executeConcurrent([statement], { raiseOnFirstError: false })
        const [first] = yield* Settlement.settle(failed)
        assert.strictEqual(first?.outcome, "Unknown")
        assert.isTrue(theirs.core.Statement.isStatement(first?.again))
        const [second] = yield* theirs.core.Settlement.settle([first!])
        assert.strictEqual(second?.again?.options.timestamp, first?.again?.options.timestamp)
      }).pipe((effect) => run(effect, mine.mock.layer({ otherwise: theirs.mock.fail(lost) }))))

    it.effect("is read back from the keyspace in which it was executed", () =>
      Effect.gen(function*() {
        const reads: Array<string> = []
        const database = ({ core }: Side, keyspace: string) =>
          core.Session.make({
            keyspace,
            defaults: { retry: "none" },
            execute: (request) => {
              const text = request._tag === "Statement" ? request.text : "batch"
              if (text.startsWith("INSERT")) return Effect.fail(new core.CqlError({ reason: lost, query: text }))
              if (text.includes("system_schema.columns")) {
                return Effect.succeed({ rows: [{ column_name: "id", kind: "partition_key", type: "int" }] })
              }
              if (!text.includes("system_schema")) reads.push(text)
              return Effect.succeed({ rows: [] })
            }
          })
        const failed = yield* theirs.core.executeConcurrent([["INSERT INTO users (id) VALUES (1)"]], {
          raiseOnFirstError: false
        }).pipe(Effect.provideService(Session, yield* database(theirs, "shop")))
        yield* Effect.provideService(Settlement.settle(failed), Session, yield* database(mine, "elsewhere"))
        assert.match(reads.join(), /FROM "?shop"?\."?users/)
      }).pipe(Effect.scoped))

    it.effect("is found by an exploration of faults: a program that fails without any", () =>
      Effect.gen(function*() {
        const missing = theirs.core.Statement.make("SELECT a FROM app.missing")
        const explore = <E>(program: Effect.Effect<unknown, E, core.Session>) =>
          Effect.exit(mine.plan.explore(program, { tables: [], invariant: () => Effect.void }))
        for (const exit of [yield* explore(missing), yield* explore(theirs.core.executeConcurrent([missing]))]) {
          assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "failed without any fault")
        }
      }))

    it.effect("bounds runs: limiters of both copies together", () =>
      Effect.gen(function*() {
        const { mock, session } = yield* mine.mock.make({ latency: "1 millis" })
        const limiter = mine.core.Limiter.all([yield* Limiter.fixed(3), yield* mine.core.Limiter.fixed(5)])
        const statements = Array.from({ length: 30 }, () => statement)
        const run = runConcurrent(statements, { limiter }).pipe(Effect.provideService(Session, session))
        const theirRun = theirs.core.runConcurrent(Stream.fromIterable(statements), { limiter }).pipe(
          Session.limited(yield* Limiter.fixed(2)),
          Effect.provideService(Session, session)
        )
        yield* Effect.all([run, theirRun], { concurrency: 2 })
        assert.deepStrictEqual([(yield* mock.calls).length, yield* mock.peakInFlight], [60, 3])
      }).pipe(Effect.scoped, timed, Effect.flatMap(({ exit }) => exit)))

    it.effect("is refused with one clear error where it is none", () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(executeConcurrent([{ text } as never]))
        const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.isTrue(theirs.core.isInvalidOptions(defect))
      }).pipe((effect) => run(effect, mine.mock.layer())))
  })
}
