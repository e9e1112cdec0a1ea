/** Pages that fail, rings with odd edges, and values at the edge of their types. */
import { executeConcurrent, PageState, Session, Statement } from "@effect-cql/core"
import type { Ring } from "@effect-cql/core/Port"
import { Effect, Schedule, type Scope, Stream } from "effect"
import assert from "node:assert/strict"
import type { Act } from "../../support/frameProxy.ts"
import { errorBody, opcode, replicas } from "../../support/frames.ts"
import { primeRing } from "../../support/simulacronRing.ts"
import { accountOf, audit } from "../audit.ts"
import { type Fault, sum, type Tally, tally, tallyOf } from "../fault.ts"
import { random } from "../random.ts"
import { behindFrameProxy, cluster, scripted, type Servers } from "../servers.ts"

const size = 250
const pageSize = 60
const numbers = Array.from({ length: size }, (_, n) => ({ n }))

const readTimeout = errorBody(0x1200, replicas({ consistency: "ONE", received: 0, blockFor: 1 }), Buffer.from([0]))

const acts: ReadonlyArray<readonly [Act, tag: string]> = [
  ["swallow", "RequestTimeout"],
  ["resetAfter", "ConnectionClosed"],
  [{ error: readTimeout, executed: false }, "ReadTimeout"],
  [{ error: errorBody(0x1001), executed: false }, "Overloaded"],
  [{ error: errorBody(0x2200), executed: false }, "InvalidQuery"]
]

/** Any page fails in any way. The error includes its page state, and reading from there returns the exact remainder. */
const pages = Effect.gen(function*() {
  const { direct, proxy, session, tables } = yield* behindFrameProxy()
  yield* Effect.provideService(
    executeConcurrent(numbers.map(({ n }) => tables.event(tables.run, n))),
    Session,
    direct
  )
  const all = tables.events({ pageSize, requestTimeout: "20 seconds" })
  assert.equal((yield* session.execute(all)).length, size)
  let asked = 0
  const failAt = (page: number, act: Act) => {
    asked = 0
    proxy.decide(({ opcode: code }) => code === opcode.execute && ++asked === page ? act : "forward")
  }
  const rowsFrom = Effect.fnUntraced(function*(from: PageState | undefined) {
    const rows: Array<unknown> = []
    let state = from
    do {
      const page = yield* session.executePage(Statement.withOptions(all, { retry: "none" }), state)
      rows.push(...page.result)
      state = page.pageState
    } while (state !== undefined)
    return rows
  })
  const tallies: Array<Tally> = []
  const lastPage = Math.ceil(size / pageSize)
  for (let page = 1; page <= lastPage; page++) {
    for (const [act, tag] of acts) {
      failAt(page, act)
      const before: Array<unknown> = []
      const requestTimeout = act === "swallow" ? 400 : "20 seconds"
      const once = Statement.withOptions(all, { retry: "none", requestTimeout })
      const error = yield* Effect.flip(
        Stream.runForEach(session.stream(once), (row) => Effect.sync(() => before.push(row)))
      )
      assert.equal(error.reason._tag, tag)
      assert.equal(error.outcome, "NotApplied")
      assert.equal(error.pageState === undefined, page === 1)
      assert.deepEqual(before, numbers.slice(0, (page - 1) * pageSize))
      proxy.decide(() => "forward")
      // Where the connection is gone, it takes a moment to be there again.
      yield* Effect.retry(session.execute(all), { times: 600, schedule: soon })
      assert.deepEqual([...before, ...yield* rowsFrom(error.pageState)], numbers)

      // With retries, only that page is asked for again.
      if (tag !== "InvalidQuery" && tag !== "ConnectionClosed") {
        failAt(page, act)
        assert.deepEqual((yield* session.execute(Statement.withOptions(all, { requestTimeout }))).rows, numbers)
        // A page that is slow for another reason is requested again as well.
        assert(asked > lastPage && asked <= lastPage + (act === "swallow" ? 3 : 1), `${asked} requests`)
      }
      tallies.push(tally({ statements: 1, notApplied: 1 }))
    }
  }
  // A page state that has expired or belongs to another statement is refused. The error includes it.
  const stale = PageState("00112233")
  const error = yield* Effect.flip(session.executePage(all, stale))
  assert.equal(error.reason._tag, "InvalidPageState")
  assert.equal(error.outcome, "NotApplied")
  assert.equal(error.pageState, stale)
  return sum(tallies)
})

const soon = Schedule.spaced("50 millis")

const least = -(2n ** 63n)
const most = 2n ** 63n - 1n
const around = 2n ** 64n

const width = ({ end, start }: { readonly start: bigint; readonly end: bigint }): bigint => {
  const distance = BigInt.asUintN(64, end - start)
  return distance === 0n ? around : distance
}

/** Whether ranges cover every token once: each begins where another ends, and together they go around once. */
const coversAll = ({ ranges }: Ring): void => {
  assert.equal(ranges.reduce((sum, range) => sum + width(range), 0n), around)
  const sorted = (tokens: ReadonlyArray<bigint>) => tokens.toSorted((a, b) => a < b ? -1 : a > b ? 1 : 0)
  assert.deepEqual(sorted(ranges.map(({ start }) => start)), sorted(ranges.map(({ end }) => end)))
  assert(ranges.filter(({ end, start }) => start >= end).length <= 1, "more than one range goes around the end")
}

/** The whole table, range by range, on a server with many of them: each row once. */
const scan = Effect.gen(function*() {
  const { direct, session, tables } = yield* behindFrameProxy()
  const count = 500
  const inserted = yield* Effect.provideService(
    executeConcurrent(Array.from({ length: count }, (_, index) => tables.insert(index))),
    Session,
    direct
  )
  const ring = yield* session.ring(tables.keyspace)
  assert(ring !== undefined)
  coversAll(ring)
  const statements = ring.ranges.flatMap(({ end, start }) =>
    start < end
      ? [tables.range(start, end)]
      : [tables.range(start, most), tables.range(least, end, ">=")]
  )
  const results = yield* Effect.provideService(
    executeConcurrent(statements, { concurrency: 8, raiseOnFirstError: false }),
    Session,
    session
  )
  const seen = new Map<number, number>()
  for (const result of results) {
    assert(result._tag === "Success", `${result.index}`)
    for (const { id, run } of result.value.rows) {
      if (run === tables.run) seen.set(Number(id), (seen.get(Number(id)) ?? 0) + 1)
    }
  }
  assert.equal(seen.size, count)
  for (const [id, times] of seen) assert.equal(times, 1, `${id} was read ${times} times`)
  return sum([tallyOf(inserted), tallyOf(results)])
})

/** Rings as clusters have them at their edges: one token, the least and the greatest token, 256 tokens a node. */
const rings = Effect.gen(function*() {
  const next = random(32)
  const anyToken = () =>
    BigInt.asIntN(64, BigInt(Math.floor(next() * 2 ** 32)) * 2n ** 32n + BigInt(Math.floor(next() * 2 ** 32)))
  const many = () => Array.from({ length: 256 }, anyToken)
  const cases: ReadonlyArray<ReadonlyArray<ReadonlyArray<bigint>>> = [
    [[0n]],
    [[most]],
    [[least + 1n], [most]],
    [[-1n], [0n], [1n]],
    [many(), many(), many()]
  ]
  for (const tokens of cases) {
    yield* Effect.scoped(Effect.gen(function*() {
      const made = yield* cluster(tokens.length)
      yield* primeRing(made, "app", tokens)
      const session = yield* made.open()
      const ring = yield* session.ring("app")
      assert(ring !== undefined, `no ring for ${tokens.length} nodes`)
      coversAll(ring)
      assert.equal(ring.ranges.length, tokens.flat().length)
      // Each range is of the node that has its last token; that of a lone token is all of the ring, wherever it begins.
      const replicasOf = (token: bigint) =>
        ring.ranges.find(({ end }) => ring.ranges.length === 1 || end === token)?.replicas
      tokens.forEach((own, node) => {
        for (const token of own) assert.deepEqual(replicasOf(token), [made.contactPoints[node]])
      })
    }))
  }
  return tally({})
})

/** Values at the edges of their types, in one run: what does not fit is refused, and it alone. */
const values = Effect.gen(function*() {
  const { direct, session, tables, truthOf } = yield* behindFrameProxy()
  const gap = new Date("2026-03-29T02:30:00+01:00")
  const fitting: ReadonlyArray<readonly [column: string, value: unknown]> = [
    ["i", 2_147_483_647],
    ["i", -2_147_483_648],
    ["b", most],
    ["b", least],
    ["f", Number.NaN],
    ["f", Number.POSITIVE_INFINITY],
    ["d", "0000-03-01"],
    ["d", "-0001-12-31"],
    ["t", gap],
    ["t", new Date(0)],
    ["x", new Uint8Array(0)],
    ["s", ""],
    ["s", "\u0000é🙂"]
  ]
  const refused: ReadonlyArray<readonly [column: string, value: unknown]> = [
    ["i", 2_147_483_648],
    ["i", Number.NaN],
    ["i", 1.5],
    ["i", "12"],
    ["b", 2n ** 63n],
    ["b", 1.5],
    ["f", "1"],
    ["d", "2026-02-30"],
    ["d", new Date("nonsense")],
    ["t", new Date(Number.NaN)],
    ["x", "00"],
    ["s", 7],
    ["s", "\ud800"]
  ]
  // In turns, and a null in place of the key at the end.
  const statements = [
    ...fitting.flatMap(([column, value], position) => {
      const [other, bad] = refused[position]!
      return [tables.insertValue(2 * position, column, value), tables.insertValue(2 * position + 1, other, bad)]
    }),
    tables.insertValue(null, "i", 1)
  ]
  const results = yield* Effect.provideService(
    executeConcurrent(statements, { concurrency: 4, raiseOnFirstError: false }),
    Session,
    session
  )
  const found = yield* tables.found("values_of")
  for (const result of results) {
    if (result.index % 2 === 0 && result.index < 2 * fitting.length) {
      assert(result._tag === "Success", `${result.index}: ${result._tag === "Failure" ? result.error.message : ""}`)
      const [column, value] = fitting[result.index / 2]!
      assert.deepEqual(found.get(result.index)?.[column], value, `${column} ${String(value)}`)
    } else {
      assert(result._tag === "Failure", `${result.index} was not refused`)
      assert.equal(result.outcome, "NotApplied")
      assert.equal(result.error.reason._tag, result.index === 2 * fitting.length ? "InvalidQuery" : "ParametersRefused")
    }
  }
  assert.equal(found.size, fitting.length)
  assert.equal((yield* direct.execute(tables.read(0))).length, 0)
  return audit(statements.length, accountOf(results), truthOf(found))
})

export const reads: ReadonlyArray<Fault<Servers | Scope.Scope>> = [
  scripted("pages that fail, and page states that have expired", pages),
  scripted("a scan by token ranges", scan),
  scripted("rings of one token, at the ends of the tokens, and of 256 tokens a node", rings),
  scripted("values that do not fit, among those at the edge that do", values)
]
