import { Batch, PageState, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { CassandraSession } from "../src/index.ts"
import { fakeClient, result } from "./support/fakeClient.ts"
import { rowsBody, scalar } from "./support/resultFrames.ts"

const select = "SELECT n FROM app.events WHERE day = ?"
const unqualified = "SELECT n FROM events"
const days = [{ name: "day", type: scalar("bigint") }]
const state = Buffer.from("0a0b", "hex")

/** Sessions of one keyspace each, whose every page has one behind it. */
const sessionOf = (keyspace?: string) => {
  const fake = fakeClient({
    columns: { [select]: days, [select.toLowerCase()]: days, "INSERT INTO app.events (day) VALUES (?)": days },
    answer: () => result(rowsBody([{ name: "n", type: scalar("int") }], [], { pageState: state }))
  })
  if (keyspace !== undefined) Object.assign(fake.client, { keyspace })
  return Effect.map(CassandraSession.fromClient(fake.client, { defaults: { retry: "none" } }), (session) => ({
    session,
    states: () => fake.seen.map((seen) => "parameters" in seen ? seen.parameters.pageState : undefined)
  }))
}

describe("a page state", () => {
  it.effect("is good for the same statement, whatever its options, its session, and the kind of its values", () =>
    Effect.gen(function*() {
      const { session } = yield* sessionOf()
      const { pageState } = yield* session.executePage([select, [1]])
      const { session: other, states } = yield* sessionOf("app")
      const again = [
        Statement.make(select, [1]),
        Statement.make(select, [1n], { pageSize: 7, consistency: "ALL" })
      ]
      for (const statement of again) {
        assert.strictEqual((yield* other.executePage(statement, pageState)).pageState, pageState)
        yield* other.executePage(statement, PageState(pageState!.toUpperCase()))
      }
      assert.deepStrictEqual(states(), [state, state, state, state])
    }).pipe(Effect.scoped))

  it.effect("of an earlier release of this package goes on", () =>
    Effect.gen(function*() {
      const { session } = yield* sessionOf("app")
      const { pageState: ofValues } = yield* session.executePage([select, [1]])
      const { pageState: ofText } = yield* session.executePage([unqualified])
      assert.deepStrictEqual([ofValues, ofText], [PageState("a30f8e1a.0a0b"), PageState("fba7cd1c.0a0b")])
    }).pipe(Effect.scoped))

  it.effect("of another text, of other values, or of another keyspace is refused, and nothing is sent", () =>
    Effect.gen(function*() {
      const { session, states } = yield* sessionOf("app")
      const { pageState } = yield* session.executePage([select, [1]])
      const { pageState: ofText } = yield* session.executePage([unqualified])
      const { session: other, states: others } = yield* sessionOf("archive")
      const before = states().length
      const refused = [
        session.executePage([select, [2]], pageState),
        session.executePage([select, [1]], ofText),
        session.executePage([select.toLowerCase(), [1]], pageState),
        session.executePage([unqualified], pageState),
        session.executePage(["INSERT INTO app.events (day) VALUES (?)", [1]], pageState),
        session.executePage(Batch.make([[select, [1]]]), pageState),
        other.executePage([unqualified], ofText)
      ]
      for (const page of refused) {
        const error = yield* Effect.flip(page)
        assert.strictEqual(error.reason._tag, "InvalidPageState")
        assert.deepInclude(error, { outcome: "NotApplied", attempts: 0, isRetryable: false })
      }
      assert.deepStrictEqual([states().length - before, others().length], [0, 0])
    }).pipe(Effect.scoped))

  it.effect("of another driver is sent as it is", () =>
    Effect.gen(function*() {
      const { session, states } = yield* sessionOf()
      yield* session.executePage([select, [1]], PageState("0A0B"))
      assert.deepStrictEqual(states(), [state])
    }).pipe(Effect.scoped))

  it.effect("that is no text of one is refused", () =>
    Effect.gen(function*() {
      const { session, states } = yield* sessionOf()
      const { pageState } = yield* session.executePage([select, [1]])
      for (
        const text of ["", ".", ".0a", `${pageState}0`, `${pageState} `, `1${pageState}`, "00000000.", "00000000.0a"]
      ) {
        const error = yield* Effect.flip(session.executePage([select, [1]], PageState(text)))
        assert.strictEqual(error.reason._tag, "InvalidPageState", text)
      }
      assert.strictEqual(states().length, 1)
    }).pipe(Effect.scoped))

  it.effect("is that of its own statement in a result of many pages, and in its error", () =>
    Effect.gen(function*() {
      let pages = 0
      const fake = fakeClient({
        columns: { [select]: days },
        answer: () =>
          ++pages === 3
            ? {
              opcode: 0,
              body: Buffer.concat([Buffer.from("00001003", "hex"), Buffer.from([0, 1]), Buffer.from("x")])
            }
            : result(rowsBody([{ name: "n", type: scalar("int") }], [], { pageState: pages < 5 ? state : undefined }))
      })
      const session = yield* CassandraSession.fromClient(fake.client, { defaults: { retry: "none" } })
      const statement = Statement.make(select, [1])
      const error = yield* Effect.flip(session.execute(statement))
      assert.deepStrictEqual([error.reason._tag, pages], ["TruncateError", 3])
      yield* session.executePage(statement, error.pageState)
      assert.strictEqual((yield* session.executePage(statement, error.pageState)).pageState, undefined)
      const other = yield* Effect.flip(session.executePage([select, [2]], error.pageState))
      assert.strictEqual(other.reason._tag, "InvalidPageState")
    }).pipe(Effect.scoped))
})
