/**
 * Runs scans: plans them at the first pull, reads, and keeps the account of what is handed over.
 */
import { InvalidOptions, Session, Statement } from "@effect-cql/core"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Options, type Page, type ScanError, ScanFailed } from "../../ScanTypes.ts"
import { all, merge, type Placed } from "../../TokenRange.ts"
import { asTheyCome, byToken } from "./engine.ts"
import { Ledger } from "./ledger.ts"
import { checked } from "./options.ts"
import { spread } from "./plan.ts"
import { planned } from "./planned.ts"
import type { Read, Source } from "./reader.ts"
import type { Scan } from "./source.ts"

/** A scan that was asked for. */
export interface Task<out Row> {
  readonly of: "table" | "query"
  readonly scanned: () => Scan<Row>
  readonly options: Options
}

// A node that is started again answers within a minute.
const patiently = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")]).pipe(
  Schedule.jittered,
  Schedule.upTo({ times: 15 })
)

export const defaults = { concurrency: 16, splitSize: 16 * 1024 * 1024, retry: patiently } as const

interface Running<out Row> {
  readonly ranges: ReadonlyArray<Placed>
  readonly ledger: Ledger
  /** The next rows, which count as handed over. */
  readonly next: Pull.Pull<Read<Row>, ScanFailed>
}

const start = Effect.fnUntraced(function*<Row>(
  { of, options, scanned }: Task<Row>
): Effect.fn.Return<Running<Row>, ScanError, Session | Scope.Scope> {
  const given = yield* Effect.sync(() => checked(of, options))
  const { concurrency = defaults.concurrency, onProgress, order, retry = defaults.retry } = given
  const { keyspace, statement, table, tokenColumn } = yield* Effect.sync(scanned)
  const session = yield* Session
  const ranges = yield* planned(keyspace ?? session.keyspace ?? noKeyspace(table), table, {
    splitSize: given.splitSize ?? defaults.splitSize,
    least: concurrency,
    of: given.ranges
  }).pipe(
    Effect.catchTag("CqlError", (error) =>
      Effect.fail(
        new ScanFailed({ error, reason: error.reason, range: undefined, remaining: merge(given.ranges ?? [all]) })
      ))
  )
  const ledger = new Ledger(ranges)
  const source: Source<Row> = {
    session,
    ranges,
    retry,
    tokenColumn,
    statement: (range) => Statement.withOptions(statement(range), { ...given.statement, routing: { token: range.end } })
  }
  const take = yield* order === "token"
    ? byToken(source, concurrency)
    : asTheyCome(source, spread(ranges), concurrency)
  const next = Effect.flatMap(take, (event): Running<Row>["next"] => {
    if (event._tag === "Failed") {
      const { error, index } = event
      return Effect.fail(
        new ScanFailed({ error, reason: error.reason, range: ranges[index], remaining: ledger.remaining })
      )
    }
    ledger.enter(event)
    return onProgress === undefined ? Effect.succeed(event) : Effect.as(onProgress(ledger.progress), event)
  })
  return { ranges, ledger, next }
})

const noKeyspace = (table: string): never => {
  throw new InvalidOptions({
    option: "query",
    given: `the table ${table} without a keyspace`,
    expected: "the name of a table with its keyspace, or a session with one"
  })
}

/** The rows of a scan. */
export const rowsOf = <Row>(task: Task<Row>): Stream.Stream<Row, ScanError, Session> =>
  Stream.unwrap(Effect.map(start(task), ({ next }) => {
    const rows: Pull.Pull<Arr.NonEmptyReadonlyArray<Row>, ScanFailed> = Effect.flatMap(
      next,
      ({ rows: read }) => Arr.isReadonlyArrayNonEmpty(read) ? Effect.succeed(read) : rows
    )
    return Stream.fromPull(Effect.succeed(rows))
  }))

/** The pages of a scan. */
export const pagesOf = <Row>(task: Task<Row>): Stream.Stream<Page<Row>, ScanError, Session> =>
  Stream.unwrap(
    Effect.map(start(task), ({ ledger, next, ranges }) =>
      Stream.fromPull(Effect.succeed(Effect.map(next, ({ index, rows }): Arr.NonEmptyReadonlyArray<Page<Row>> => [{
        rows,
        range: ranges[index]!,
        remaining: ledger.remaining,
        progress: ledger.progress
      }]))))
  )
