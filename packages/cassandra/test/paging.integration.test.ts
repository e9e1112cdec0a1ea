import { executeConcurrent, PageState, Query, Session, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { CassandraSession } from "../src/index.ts"
import { proxyTo } from "./support/proxy.ts"

const keyspace = ownName("paging")
const size = 250
const numbers = Array.from({ length: size }, (_, n) => ({ n }))
const all = Statement.make(`SELECT n FROM ${keyspace}.events WHERE day = ?`, [1], { pageSize: 60 })
const tables = ["events", "others"].map((name) =>
  `CREATE TABLE ${keyspace}.${name} (day int, n int, PRIMARY KEY (day, n))`
)

const fill = Effect.gen(function*() {
  const insert = Query.make(`INSERT INTO ${keyspace}.events (day, n) VALUES (?, ?)`)
  yield* executeConcurrent(numbers.map(({ n }) => insert(1, n)))
})

/** The rows of the pages from a state on. */
const pagesFrom = (session: Session["Service"], from: PageState | undefined) =>
  Effect.gen(function*() {
    const rows: Array<unknown> = []
    let state = from
    do {
      const page = yield* session.executePage(all, state)
      rows.push(...page.result)
      state = page.pageState
    } while (state !== undefined)
    return rows
  })

integration("paging", () => {
  layer(withKeyspace(keyspace, ...tables), { excludeTestServices: true })((it) => {
    it.effect("a page that failed can be asked for again, and what follows is the exact remainder", () =>
      Effect.gen(function*() {
        yield* fill
        const server = yield* CassandraServer
        const proxy = yield* proxyTo(server.contactPoints[0]!)
        const options = { ...optionsOf(server), contactPoints: [proxy.address] }
        const session = yield* CassandraSession.make(options)
        const first = yield* session.executePage(all)
        const state = first.pageState
        proxy.silence()
        const impatient = Statement.withOptions(all, { requestTimeout: "200 millis", retry: "none" })
        const error = yield* Effect.flip(session.executePage(impatient, state))
        assert.deepInclude(error, { outcome: "NotApplied", attempts: 1 })
        assert.strictEqual(error.reason._tag, "RequestTimeout")
        proxy.speak()
        assert.deepStrictEqual([...first.result, ...yield* pagesFrom(session, state)], numbers)
      }).pipe(Effect.scoped))

    it.effect("a page that fails in the middle of a stream is asked for again, and it alone", () =>
      Effect.gen(function*() {
        yield* fill
        const server = yield* CassandraServer
        const proxy = yield* proxyTo(server.contactPoints[0]!)
        const session = yield* CassandraSession.make({ ...optionsOf(server), contactPoints: [proxy.address] })
        const patient = Statement.withOptions(all, { requestTimeout: "300 millis" })
        let pages = 0
        const rows = yield* session.stream(patient).pipe(
          Stream.tap(({ n }) => {
            if (n !== 59) return Effect.void
            pages++
            proxy.silence()
            return Effect.asVoid(Effect.forkChild(Effect.delay(Effect.sync(proxy.speak), "450 millis")))
          }),
          Stream.runCollect
        )
        assert.deepStrictEqual(Array.from(rows), numbers)
        assert.strictEqual(pages, 1)
      }).pipe(Effect.scoped))

    it.effect("a page state is good for another session, and as a text that was kept", () =>
      Effect.gen(function*() {
        yield* fill
        const server = yield* CassandraServer
        const first = yield* (yield* Session).executePage(all)
        const kept: string = JSON.parse(JSON.stringify(first.pageState))
        const another = yield* CassandraSession.make(optionsOf(server))
        assert.deepStrictEqual([...first.result, ...yield* pagesFrom(another, PageState(kept))], numbers)
      }).pipe(Effect.scoped))

    it.effect("a text that is no page state is refused by the server, or before that", () =>
      Effect.gen(function*() {
        const session = yield* Session
        // A driver takes the last ones for the empty state, and a server gives the first page for that.
        for (const text of ["00", "ffffffffffffffff", "0", "a cursor", "", "zz", "00 "]) {
          const error = yield* Effect.flip(session.executePage(all, PageState(text)))
          assert.strictEqual(error.reason._tag, "InvalidPageState", text)
          assert.deepInclude(error, { outcome: "NotApplied", isRetryable: false })
        }
      }))

    it.effect("a page state of another statement is refused, though the server would read from there", () =>
      Effect.gen(function*() {
        yield* fill
        const session = yield* Session
        const { pageState } = yield* session.executePage(all)
        const others = [
          Statement.make(`SELECT day, n FROM ${keyspace}.events`),
          Statement.make(`SELECT n FROM ${keyspace}.events WHERE day = ?`, [2]),
          Statement.make(`SELECT n FROM ${keyspace}.others WHERE day = ?`, [1])
        ]
        for (const other of others) {
          const error = yield* Effect.flip(session.executePage(other, pageState))
          assert.deepInclude(error, { outcome: "NotApplied", isRetryable: false, attempts: 0 })
          assert.strictEqual(error.reason._tag, "InvalidPageState")
        }
      }))

    it.effect("a page state of another driver goes on, and is refused by the server where all are read", () =>
      Effect.gen(function*() {
        yield* fill
        const session = yield* Session
        const first = yield* session.executePage(all)
        const bare = PageState(first.pageState?.split(".")[1] ?? "")
        assert.deepStrictEqual([...first.result, ...yield* pagesFrom(session, bare)], numbers)
        const everywhere = Statement.make(`SELECT day, n FROM ${keyspace}.events`)
        const error = yield* Effect.flip(session.executePage(everywhere, bare))
        assert.deepInclude(error, { outcome: "NotApplied", isRetryable: false, attempts: 1 })
        assert.strictEqual(error.reason._tag, "InvalidPageState")
      }))

    it.effect("rows of texts without parameters have the columns of their own text, whichever was answered before", () =>
      Effect.gen(function*() {
        yield* fill
        const day = `FROM ${keyspace}.events WHERE day = 1`
        const texts = {
          [`SELECT n ${day}`]: (n: number) => ({ n }),
          [`SELECT n AS m ${day}`]: (n: number) => ({ m: n }),
          [`SELECT day, n ${day}`]: (n: number) => ({ day: 1, n }),
          [`SELECT n, day ${day}`]: (n: number) => ({ n, day: 1 }),
          [`SELECT CAST(n AS text) AS n ${day}`]: (n: number) => ({ n: String(n) }),
          [`SELECT CAST(n AS bigint) AS n ${day}`]: (n: number) => ({ n: BigInt(n) })
        }
        const statements = Object.keys(texts).map((text) => Statement.make(text, [], { pageSize: 60 }))
        const expected = Object.values(texts).map((row) => numbers.map(({ n }) => row(n)))
        for (const concurrency of [1, 2, 6]) {
          const results = yield* executeConcurrent(statements, { concurrency })
          assert.deepStrictEqual(results.map(({ value }) => value.rows), expected)
        }
      }))

    it.effect("pages without rows, of rows that were deleted, end nothing", () =>
      Effect.gen(function*() {
        yield* fill
        yield* Statement.make(`DELETE FROM ${keyspace}.events WHERE day = 1 AND n >= 30 AND n < 220`)
        const left = numbers.filter(({ n }) => n < 30 || n >= 220)
        const few = Statement.withOptions(all, { pageSize: 7 })
        assert.deepStrictEqual((yield* few).rows, left)
        const filtered = Statement.make(
          `SELECT n FROM ${keyspace}.events WHERE day >= ? AND n > ? ALLOW FILTERING`,
          [0, 240],
          { pageSize: 3 }
        )
        assert.deepStrictEqual((yield* filtered).rows, left.filter(({ n }) => n > 240))
      }))
  })
})
