import { CqlError, InvalidOptions, Query, Reason, Session, Statement } from "@effect-cql/core"
import type { Request, Ring } from "@effect-cql/core/Port"
import { CqlSchema, Scan, Table, TokenRange } from "@effect-cql/schema"
import { Random } from "@effect-cql/test-support/random"
import { FaultPlan, MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Result, Schedule, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { assertCovers, randomRing } from "./support/rings.ts"

class Item extends Table.Class<Item>("Item")("app.items", {
  columns: { pk: CqlSchema.Int, ck: CqlSchema.Int, name: CqlSchema.Text, owner: Schema.optionalKey(CqlSchema.Text) },
  partitionKey: "pk",
  clusteringKey: ["ck desc"],
  static: ["owner"]
}) {}

const keyOf = ({ ck, pk }: { readonly pk: number; readonly ck: number }): string => `${pk}:${ck}`

/** Fills the table with partitions of random sizes, and gives the keys of its rows. */
const fill = (random: Random, partitions: number, most: number) =>
  Effect.gen(function*() {
    const items = Array.from({ length: partitions }, (_, pk) =>
      Array.from({ length: random.between(1, most) }, (_, ck) => ({ pk, ck, name: `${pk}:${ck}` }))).flat()
    yield* Effect.forEach(items, (item) =>
      Item.insert(item))
    // A partition of static columns alone has a row in a SELECT that is none of the table.
    yield* Item.updateStatic({ pk: partitions + 1 }, { owner: "ada" })
    return items.map(keyOf).sort()
  })

interface World extends MockSession.MemoryOptions {
  readonly ring?: Ring | undefined
}

const world = ({ ring, ...options }: World = {}) =>
  ring === undefined
    ? MockSession.memory([...Table.ddl(Item)], options)
    : Layer.effect(
      Session,
      Session.use((session) => Effect.succeed(Session.of({ ...session, ring: () => Effect.succeed(ring) })))
    ).pipe(Layer.provideMerge(MockSession.memory([...Table.ddl(Item)], options)))

const isRangeRead = (request: Request): boolean => request._tag === "Statement" && request.text.includes("token(")

/** A world in which a share of the reads of ranges fails. */
const failing = (share: number, seed: number) =>
  world({ faults: FaultPlan.make([FaultPlan.only(isRangeRead, FaultPlan.rate(share, ["unavailable"]))], { seed }) })

const rangeReads = MockSession.MockSession.use((mock) =>
  Effect.map(mock.calls, (calls) => calls.map(({ request }) => request).filter(isRangeRead))
)

const atOnce = { retry: Schedule.recurs(50) }

const ringOf = (random: Random): Ring | undefined =>
  random.chance(0.2) ? undefined : randomRing(random, random.between(1, 3), random.pick([1, 16, 64]))

/** Runs something for each seed, with the seed in its failure. */
const forSeeds = <E>(count: number, run: (random: Random) => Effect.Effect<void, E>) =>
  Effect.forEach(
    Array.from({ length: count }, (_, seed) => seed),
    (seed) => Effect.onError(run(new Random(seed)), () => Effect.logError(`seed ${seed}`))
  )

const tokenOf = Query.make("SELECT token(pk) AS t FROM app.items WHERE pk = ? LIMIT 1", {
  params: Schema.Tuple([Schema.Int]),
  row: Schema.Struct({ t: Schema.BigInt })
})

describe("a scan", () => {
  it.live(
    "gives each row once, whatever the ring, the pages and the order",
    () =>
      forSeeds(15, (random) =>
        Effect.gen(function*() {
          const pageSize = random.between(1, 12)
          const keys = yield* fill(random, random.between(0, 20), 30)
          const order = random.pick(["any", "token"] as const)
          const scanned = yield* Scan.table(Item, {
            order,
            concurrency: random.between(1, 8),
            splitSize: random.pick([1, 1e9]),
            statement: { pageSize }
          }).pipe(Stream.runCollect)
          assert.deepStrictEqual(scanned.map(keyOf).sort(), keys)
          assert.isTrue(scanned.every((item) => item instanceof Item))
          if (order === "any") return
          const tokens = yield* Effect.forEach(scanned, ({ pk }) => Statement.one(tokenOf(pk)))
          for (const [at, { t }] of tokens.entries()) {
            if (at === 0) continue
            assert.isTrue(tokens[at - 1]!.t <= t)
            if (scanned[at - 1]!.pk === scanned[at]!.pk) assert.isAbove(scanned[at - 1]!.ck, scanned[at]!.ck)
          }
        }).pipe(Effect.provide(world({ ring: ringOf(random) })))),
    60_000
  )

  it.live(
    "goes on behind any page, with the rows that have not come",
    () =>
      forSeeds(15, (random) =>
        Effect.gen(function*() {
          const pageSize = random.between(4, 12)
          const keys = yield* fill(random, random.between(1, 20), pageSize)
          const options = () => ({
            order: random.pick(["any", "token"] as const),
            concurrency: random.between(1, 8),
            statement: { pageSize }
          })
          const came: Array<string> = []
          let ranges: ReadonlyArray<TokenRange.TokenRange> = [TokenRange.all]
          while (ranges.length > 0) {
            const pages = yield* Scan.tablePages(Item, { ...options(), ranges }).pipe(
              Stream.take(random.between(1, 6)),
              Stream.runCollect
            )
            for (const { remaining, rows } of pages) {
              assertCovers(TokenRange.intersect(remaining, ranges), remaining)
              came.push(...rows.map(keyOf))
            }
            // The position outlives the process as JSON.
            const json = Schema.encodeSync(Schema.Array(TokenRange.schema))(pages.at(-1)!.remaining)
            ranges = Schema.decodeSync(Schema.Array(TokenRange.schema))(json)
          }
          assert.deepStrictEqual(came.sort(), keys)
        }).pipe(Effect.provide(world({ ring: ringOf(random) })))),
    60_000
  )

  it.live(
    "reads a partition that is larger than a page again, and nothing else",
    () =>
      forSeeds(10, (random) =>
        Effect.gen(function*() {
          const keys = yield* fill(random, 6, 30)
          const pages = yield* Scan.tablePages(Item, { statement: { pageSize: 4 } }).pipe(
            Stream.take(random.between(1, 20)),
            Stream.runCollect
          )
          const came = pages.flatMap(({ rows }) => rows.map(keyOf))
          const rest = yield* Scan.table(Item, { ranges: pages.at(-1)!.remaining }).pipe(Stream.runCollect)
          assert.deepStrictEqual([...new Set([...came, ...rest.map(keyOf)])].sort(), keys)
          assert.strictEqual(new Set(came).size, came.length)
          const twice = new Set(rest.filter((item) => came.includes(keyOf(item))).map(({ pk }) => pk))
          assert.isAtMost(twice.size, 16)
        }).pipe(Effect.provide(world()))),
    60_000
  )

  it.live(
    "ends each partition with a page of its own, so that its parts can be counted when it is over",
    () =>
      forSeeds(20, (random) =>
        Effect.gen(function*() {
          const pageSize = random.between(2, 4)
          const keys = yield* fill(random, 8, random.pick([pageSize * 2, pageSize * 4, 20]))
          const pages = yield* Scan.tablePages(Item, { concurrency: 1, statement: { pageSize } }).pipe(
            Stream.take(random.between(1, 30)),
            Stream.runCollect
          )
          const whole: Array<string> = []
          let parts: Array<string> = []
          let left = TokenRange.size(TokenRange.all)
          for (const { remaining, rows } of pages) {
            parts.push(...rows.map(keyOf))
            const size = remaining.reduce((sum, range) => sum + TokenRange.size(range), 0n)
            if (size === left) continue
            left = size
            whole.push(...parts)
            parts = []
          }
          const rest = yield* Scan.table(Item, { ranges: pages.at(-1)!.remaining }).pipe(Stream.runCollect)
          assert.deepStrictEqual([...whole, ...rest.map(keyOf)].sort(), keys)
        }).pipe(Effect.provide(world()))),
    60_000
  )

  it.live("retries its ranges, and hands no row over twice", () =>
    forSeeds(15, (random) =>
      Effect.gen(function*() {
        const keys = yield* fill(random, 15, 20)
        const scanned = yield* Scan.table(Item, {
          ...atOnce,
          order: random.pick(["any", "token"] as const),
          concurrency: random.between(1, 8),
          statement: { pageSize: random.between(1, 7) }
        }).pipe(Stream.runCollect)
        assert.deepStrictEqual(scanned.map(keyOf).sort(), keys)
      }).pipe(Effect.provide(failing(0.3, random.between(0, 1_000))))), 60_000)

  it.live("fails with the range that failed and what remains, with which another goes on", () => {
    let failures = 0
    return forSeeds(15, (random) =>
      Effect.gen(function*() {
        const keys = yield* fill(random, 15, 4)
        const came: Array<string> = []
        const options = { retry: Schedule.recurs(0), concurrency: random.between(1, 8), statement: { pageSize: 5 } }
        let ranges: ReadonlyArray<TokenRange.TokenRange> = [TokenRange.all]
        while (ranges.length > 0) {
          const exit = yield* Scan.table(Item, { ...options, ranges }).pipe(
            Stream.runForEach((item) => Effect.sync(() => came.push(keyOf(item)))),
            Effect.result
          )
          if (exit._tag === "Success") break
          assert.instanceOf(exit.failure, Scan.ScanFailed)
          failures++
          const { error, range, reason, remaining } = exit.failure
          assert.strictEqual(reason, error.reason)
          assert.match(exit.failure.message, /^a scan failed in the tokens after -?\d+ up to -?\d+: Unavailable/)
          assertCovers(TokenRange.intersect(remaining, ranges), remaining)
          assert.isTrue(range !== undefined && TokenRange.intersect([range], remaining).length > 0)
          ranges = remaining
        }
        assert.deepStrictEqual(came.sort(), keys)
      }).pipe(Effect.provide(failing(0.2, random.between(0, 1_000))))).pipe(
        Effect.andThen(Effect.sync(() => assert.isAbove(failures, 10)))
      )
  }, 60_000)
})

describe("the readers of a scan", () => {
  it.effect("start at the first pull, and wait for the consumer", () =>
    Effect.gen(function*() {
      yield* fill(new Random(1), 60, 40)
      const stream = Scan.table(Item, { concurrency: 3, statement: { pageSize: 5 } })
      assert.strictEqual((yield* rangeReads).length, 0)
      yield* stream.pipe(
        Stream.rechunk(1),
        Stream.runForEach(() => Effect.flatMap(rangeReads, (reads) => Effect.fail(reads.length))),
        Effect.flip,
        Effect.map((reads) => assert.isAtMost(Number(reads), 3 * 2 + 2))
      )
      // The readers have ended with the stream.
      const after = (yield* rangeReads).length
      yield* Effect.yieldNow
      assert.strictEqual((yield* rangeReads).length, after)
    }).pipe(Effect.provide(world())))

  it.effect("are as many as the concurrency, each sent to its replicas", () =>
    Effect.gen(function*() {
      yield* fill(new Random(1), 10, 3)
      const mock = yield* MockSession.MockSession
      yield* mock.reset
      yield* Effect.forkChild(TestClock.adjust("1 minute"))
      yield* Scan.table(Item, { concurrency: 4, statement: { consistency: "LOCAL_QUORUM" } }).pipe(Stream.runDrain)
      assert.strictEqual(yield* mock.peakInFlight, 4)
      const reads = yield* rangeReads
      for (const { options, ...request } of reads) {
        assert.strictEqual(options.consistency, "LOCAL_QUORUM")
        assert.strictEqual(options.routing?.token, request._tag === "Statement" ? request.params[1] : undefined)
      }
      const ranges = reads.flatMap((request) =>
        request._tag === "Statement"
          ? [{ start: BigInt(String(request.params[0])), end: BigInt(String(request.params[1])) }]
          : []
      )
      assertCovers(ranges.sort((one, other) => one.start < other.start ? -1 : 1))
    }).pipe(Effect.provide(world({ latency: (request) => isRangeRead(request) ? "1 second" : 0 }))))

  it.effect("give up at an error that does not pass", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Stream.runDrain(Scan.table(Item)))
      assert.instanceOf(error, Scan.ScanFailed)
      assert.strictEqual(error.reason._tag, "InvalidQuery")
      const caught = yield* Scan.table(Item).pipe(
        Stream.runDrain,
        Effect.catchReason("ScanFailed", "InvalidQuery", () => Effect.succeed("caught"))
      )
      assert.strictEqual(caught, "caught")
    }).pipe(Effect.provide(world({
      answers: [{
        matches: isRangeRead,
        reply: MockSession.fail(new Reason.InvalidQuery({ message: "no such table" }))
      }]
    }))))

  it.effect("do not start where the ring cannot be read", () =>
    Effect.gen(function*() {
      const session = yield* Session
      const closed = new CqlError({ reason: new Reason.SessionClosed({ message: "closed" }), query: "" })
      const broken = Session.of({ ...session, ring: () => Effect.fail(closed) })
      const error = yield* Effect.flip(Stream.runDrain(Scan.table(Item))).pipe(Effect.provideService(Session, broken))
      assert.instanceOf(error, Scan.ScanFailed)
      assert.strictEqual(error.error, closed)
      assert.deepStrictEqual([error.range, error.remaining], [undefined, [{ ...TokenRange.all }]])
      assert.match(error.message, /^the ranges of a scan could not be found: SessionClosed/)
    }).pipe(Effect.provide(world())))
})

describe("the rows of a scan", () => {
  it.effect("have the columns that are asked for, and are none for static columns alone", () =>
    Effect.gen(function*() {
      yield* fill(new Random(1), 3, 1)
      yield* Item.updateStatic({ pk: 0 }, { owner: "grace" })
      const rows = yield* Scan.table(Item, { columns: ["pk", "owner"] }).pipe(Stream.runCollect)
      const byKey = rows.sort((one, other) => one.pk - other.pk)
      assert.deepStrictEqual(byKey.map((row) => ({ ...row })), [{ pk: 0, owner: "grace" }, { pk: 1 }, { pk: 2 }])
    }).pipe(Effect.provide(world())))

  it.effect("are results where a row may not fit", () =>
    Effect.gen(function*() {
      yield* Statement.make("INSERT INTO app.items (pk, ck, name) VALUES (1, 1, 'one')")
      yield* Statement.make("INSERT INTO app.items (pk, ck) VALUES (2, 1)")
      const failed = yield* Effect.flip(Stream.runDrain(Scan.table(Item)))
      assert.isTrue(failed._tag === "ScanFailed" && failed.reason._tag === "RowDecoding")
      const rows = yield* Scan.table(Item, { onInvalidRow: "result" }).pipe(Stream.runCollect)
      assert.deepStrictEqual(rows.filter(Result.isSuccess).map(({ success }) => success.name), ["one"])
      assert.deepStrictEqual(rows.filter(Result.isFailure).map(({ failure }) => failure.column), ["name"])
    }).pipe(Effect.provide(world())))

  it.live("of a query are those of its ranges, and its position moves by the token where it has one", () =>
    Effect.gen(function*() {
      const keys = yield* fill(new Random(2), 12, 3)
      const params = Schema.Struct({ start: Schema.BigInt, end: Schema.BigInt })
      const row = Schema.Struct({ pk: Schema.Int, ck: Schema.NullOr(Schema.Int) })
      const own = Query.make(
        "SELECT pk, ck, token(pk) AS t FROM app.items WHERE token(pk) > :start AND token(pk) <= :end",
        { params, row }
      )
      for (const token of ["t", undefined]) {
        const rows = yield* Scan.query(own, { token }).pipe(Stream.runCollect)
        const found = rows.flatMap(({ ck, pk }) => ck === null ? [] : [keyOf({ pk, ck })])
        assert.deepStrictEqual(found.sort(), keys)
        const pages = yield* Scan.queryPages(own, { token, concurrency: 1, statement: { pageSize: 2 } }).pipe(
          Stream.runCollect
        )
        const inside = pages.filter(({ range, remaining }) =>
          remaining.some(({ start }) => start > range.start && start < range.end)
        )
        assert.strictEqual(inside.length > 0, token !== undefined)
        assert.deepStrictEqual(pages.at(-1)?.remaining, [])
      }
    }).pipe(Effect.provide(world())))

  it.effect("come with the progress of the scan", () =>
    Effect.gen(function*() {
      const keys = yield* fill(new Random(3), 20, 3)
      const seen: Array<Scan.Progress> = []
      const onProgress = (progress: Scan.Progress) => Effect.sync(() => void seen.push(progress))
      yield* Scan.table(Item, { onProgress, statement: { pageSize: 3 } }).pipe(Stream.runDrain)
      const last = seen.at(-1)
      assert.deepStrictEqual(last, { rows: keys.length, rangesDone: last!.ranges, ranges: last!.ranges, fraction: 1 })
      for (const [at, { fraction, rows }] of seen.entries()) {
        assert.isTrue(at === 0 || (seen[at - 1]!.fraction <= fraction && seen[at - 1]!.rows <= rows))
      }
    }).pipe(Effect.provide(world())))
})

describe("what a scan refuses", () => {
  const dies = <A, E>(stream: Stream.Stream<A, E, Session>) =>
    Effect.map(Effect.exit(Stream.runDrain(stream)), (exit) => {
      assert.isTrue(Exit.isFailure(exit))
      const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.instanceOf(defect, InvalidOptions)
      return defect.message
    })

  it.effect("are options that cannot be, when it starts", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [Record<string, unknown>, RegExp]> = [
        [{ concurrency: 0 }, /^concurrency: expected a positive integer, got 0/],
        [{ concurrency: 1.5 }, /^concurrency/],
        [{ order: "id" }, /^order: expected "any" or "token"/],
        [{ splitSize: -1 }, /^splitSize/],
        [{ splitSize: Infinity }, /^splitSize/],
        [{ ranges: [{ start: 1n, end: 1n }] }, /^ranges/],
        [{ ranges: [{ start: 1, end: 2 }] }, /^ranges/],
        [{ statement: { pageSize: 0 } }, /^pageSize/],
        [{ columns: ["nmae"] }, /^columns: .* names of columns of app\.items/],
        [{ columns: [] }, /at least one column/],
        [{ columns: ["id", "id"] }, /"id" twice/],
        [{ onInvalidRow: "skip" }, /^onInvalidRow/],
        [{ parallel: 3 }, /^parallel: .* an option that does not exist/]
      ]
      for (const [options, message] of cases) {
        assert.match(yield* dies(Scan.table(Item, options as Scan.TableOptions<never, "fail">)), message)
      }
      assert.match(yield* dies(Scan.table(Item, { token: "t" } as {})), /^token: .* an option that does not exist/)
      for (const options of [{ onInvalidRow: "result" }, { columns: ["id"] }]) {
        const query = () => Statement.make("SELECT pk FROM app.items WHERE token(pk) > 0 AND token(pk) <= 1")
        assert.match(yield* dies(Scan.query(query, options as {})), /^(onInvalidRow|columns): .* that does not exist/)
      }
    }).pipe(Effect.provide(world())))

  it.effect("are queries that do not read each row of a range once, or without a table", () =>
    Effect.gen(function*() {
      const of = (text: string) => () => Statement.make(text)
      const from = "SELECT pk, token(pk) AS t FROM app.items"
      const range = "token(pk) > 0 AND token(pk) <= 1"
      for (
        const text of [
          "SELECT pk FROM app.items",
          from,
          `${from} WHERE token(pk) >= 0 AND token(pk) <= 1`,
          `${from} WHERE token(pk) > 0 AND token(pk) < 1`,
          `${from} WHERE token(pk) > 0`,
          `${from} WHERE token(pk) <= 1 -- AND token(pk) > 0`,
          `${from} WHERE token(pk) <= 1 AND a = 'token(pk) > 0'`
        ]
      ) assert.match(yield* dies(Scan.query(of(text))), /^query: .*`token\(key\) > \? AND token\(key\) <= \?`/, text)
      for (const limit of ["LIMIT 5", "limit :n", "PER PARTITION LIMIT 1 LIMIT 5"]) {
        assert.match(yield* dies(Scan.query(of(`${from} WHERE ${range} ${limit}`))), /^query: .*Stream\.take.*a LIMIT/)
      }
      for (
        const text of [
          `SELECT pk, "limit" FROM app.items WHERE ${range}`,
          `${from} WHERE TOKEN ( "p)k" , b ) > ? and token("p)k", b)<=? PER  PARTITION LIMIT 1`,
          `${from} WHERE ${range} AND a = ' LIMIT ' ALLOW FILTERING /* LIMIT 5 */`
        ]
      ) {
        const exit = yield* Effect.exit(Stream.runDrain(Scan.query(of(text))))
        assert.isFalse(Exit.hasDies(exit), text)
      }
      assert.match(yield* dies(Scan.query(of(`SELECT pk FROM items WHERE ${range}`))), /^query: .*keyspace/)
      assert.match(yield* dies(Scan.query(of(`SELECT pk WHERE ${range}`))), /^query: .*FROM/)
      assert.isTrue(Exit.hasDies(yield* Effect.exit(Scan.ranges("items"))))
    }).pipe(Effect.provide(world())))

  it.effect("is a column of tokens that the rows do not have", () =>
    Effect.gen(function*() {
      const { start, end } = TokenRange.all
      yield* Statement.make("INSERT INTO app.t (id) VALUES (1)")
      const of = (columns: string) => () =>
        Statement.make(`SELECT ${columns} FROM app.t WHERE token(id) > ? AND token(id) <= ?`, [start, end])
      const scan = (columns: string) =>
        Scan.query(of(columns), { token: "t", ranges: [TokenRange.all], splitSize: 1e18 })
      assert.match(yield* dies(scan("id")), /^token: expected a column with the token of the row, .*token\(key\) AS t/)
      assert.match(yield* dies(scan("id AS t")), /^token: /)
      yield* Stream.runDrain(scan("token(id) AS t"))
    }).pipe(Effect.provide(MockSession.memory(["CREATE TABLE app.t (id int PRIMARY KEY)"]))))

  it.effect("is another partitioner", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Stream.runDrain(Scan.table(Item)))
      assert.instanceOf(error, Scan.PartitionerNotSupported)
      assert.strictEqual(
        error.message,
        "a scan failed: expected the Murmur3Partitioner, got org.apache.cassandra.dht.RandomPartitioner. Read the table with a plain SELECT."
      )
    }).pipe(Effect.provide(world({
      answers: [
        MockSession.when(
          "SELECT partitioner FROM system.local",
          MockSession.rows([{ partitioner: "org.apache.cassandra.dht.RandomPartitioner" }])
        )
      ]
    }))))

  it.effect("finds the table of a query behind texts, comments and quoted names", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const session = yield* Session
      const watched = Session.of({
        ...session,
        ring: (keyspace) => Effect.andThen(Effect.sync(() => void asked.push(keyspace)), session.ring(keyspace))
      })
      const texts = [
        "SELECT pk, \"from app.x\" /* from app.y */ FROM app . items WHERE token(pk) > ? AND token(pk) <= ?",
        "select 'from a.b' -- from a.b\nfrom \"App\".\"It\"\"ems\" where token(pk) > ? and token(pk) <= ?"
      ]
      for (const text of texts) {
        yield* Scan.query(() => Statement.make(text, [0n, 1n])).pipe(
          Stream.runHead,
          Effect.exit,
          Effect.provideService(Session, watched)
        )
      }
      assert.deepStrictEqual(asked, ["app", "App"])
    }).pipe(Effect.provide(world())))
})
