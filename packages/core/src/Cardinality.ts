/**
 * Cardinality of results: rows, first row, exactly one row. Users reach this module through `Statement`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CqlError } from "./CqlError.ts"
import { SessionKey } from "./internal/session/key.ts"
import { abbreviate } from "./internal/statement/abbreviate.ts"
import type { PageState } from "./Port.ts"
import type { ResultPage, Session } from "./Session.ts"
import type { Statement } from "./Statement.ts"

/**
 * A statement returned no row, although one was expected.
 *
 * @category errors
 * @since 0.1.0
 */
export class NoRow extends Data.TaggedError("NoRow")<{
  /** The CQL text, without values. */
  readonly query: string
}> {
  override get message(): string {
    return `a statement failed: expected one row, got none [${abbreviate(this.query)}]`
  }
}

/**
 * A statement returned several rows, although one was expected.
 *
 * @category errors
 * @since 0.1.0
 */
export class ManyRows extends Data.TaggedError("ManyRows")<{
  /** The CQL text, without values. */
  readonly query: string
}> {
  override get message(): string {
    return `a statement failed: expected one row, got more [${abbreviate(this.query)}]`
  }
}

/**
 * Runs a statement and returns all its rows. Holds every row in memory: for a large read, use {@link stream}.
 *
 * **Example** (All rows)
 *
 * ```ts
 * import { cql, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const names = Statement.rows(cql`SELECT name FROM app.users`)
 * const session = MockSession.layer({ otherwise: MockSession.rows([{ name: "ada" }, { name: "grace" }]) })
 * console.assert((await Effect.runPromise(names.pipe(Effect.provide(session)))).length === 2)
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const rows = <Row>(self: Statement<Row>): Effect.Effect<ReadonlyArray<Row>, CqlError, Session> =>
  Effect.map(self, (result) => result.rows)

/**
 * Runs a statement and returns its first row, if there is one. Does not read the pages after this row.
 *
 * **Example** (A row that may not exist)
 *
 * ```ts
 * import { cql, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Option } from "effect"
 *
 * const user = cql`SELECT name FROM app.users WHERE id = ${1}`.pipe(Statement.first)
 * console.assert(Option.isNone(await Effect.runPromise(user.pipe(Effect.provide(MockSession.layer())))))
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const first = <Row>(self: Statement<Row>): Effect.Effect<Option.Option<Row>, CqlError, Session> =>
  Effect.map(atMost(self, 1), ([row]) => row === undefined ? Option.none() : Option.some(row.value))

/**
 * Runs a statement and returns its only row. Fails with {@link NoRow} if there is none, and with {@link ManyRows} if
 * there are more.
 *
 * **Example** (A row that has to exist)
 *
 * ```ts
 * import { cql, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const name = cql`SELECT name FROM app.users WHERE id = ${1}`.pipe(
 *   Statement.one,
 *   Effect.map((row) => row["name"]),
 *   Effect.catchTag("NoRow", () => Effect.succeed("nobody"))
 * )
 * console.assert((await Effect.runPromise(name.pipe(Effect.provide(MockSession.layer())))) === "nobody")
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const one = <Row>(self: Statement<Row>): Effect.Effect<Row, CqlError | NoRow | ManyRows, Session> =>
  Effect.flatMap(atMost(self, 2), ([row, another]): Effect.Effect<Row, NoRow | ManyRows> => {
    if (row === undefined) return Effect.fail(new NoRow({ query: self.text }))
    return another === undefined ? Effect.succeed(row.value) : Effect.fail(new ManyRows({ query: self.text }))
  })

/**
 * Streams the rows of a statement, one page in memory at a time.
 *
 * **Example** (A large read)
 *
 * ```ts
 * import { cql, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Stream } from "effect"
 *
 * const count = Stream.runCount(Statement.stream(cql`SELECT id FROM app.users`))
 * const session = MockSession.layer({ otherwise: MockSession.rows([{ id: 1 }, { id: 2 }]), defaults: { pageSize: 1 } })
 * console.assert((await Effect.runPromise(count.pipe(Effect.provide(session)))) === 2)
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const stream = <Row>(self: Statement<Row>): Stream.Stream<Row, CqlError, Session> =>
  Stream.unwrap(SessionKey.use((session) => Effect.succeed(session.stream(self))))

/**
 * Runs a statement and returns one page of its rows: the first page, or the page that begins at a page state.
 *
 * **Example** (The first page)
 *
 * ```ts
 * import { cql, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const users = cql`SELECT id FROM app.users`.pipe(Statement.withOptions({ pageSize: 1 }))
 * const session = MockSession.layer({ otherwise: MockSession.rows([{ id: 1 }, { id: 2 }]) })
 * const pages = Effect.gen(function*() {
 *   const first = yield* Statement.page(users)
 *   return [first, yield* Statement.page(users, first.pageState)] as const
 * })
 * const [, second] = await Effect.runPromise(pages.pipe(Effect.provide(session)))
 * console.assert(second.result.first?.["id"] === 2 && second.pageState === undefined)
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const page = <Row>(
  self: Statement<Row>,
  pageState?: PageState
): Effect.Effect<ResultPage<Row>, CqlError, Session> =>
  SessionKey.use((session) => session.executePage(self, pageState))

const void_ = (self: Statement<unknown>): Effect.Effect<void, CqlError, Session> => Effect.asVoid(self)
export {
  /**
   * Runs a statement and discards its rows. For a conditional write, use `Statement.applied`, which returns whether its
   * condition held.
   *
   * **Example** (A write)
   *
   * ```ts
   * import { cql, Statement } from "@effect-cql/core"
   * import { MockSession } from "@effect-cql/testing"
   * import { Effect } from "effect"
   *
   * const rename = cql`UPDATE app.users SET name = ${"ada"} WHERE id = ${1}`.pipe(Statement.void)
   * console.assert((await Effect.runPromise(rename.pipe(Effect.provide(MockSession.layer())))) === undefined)
   * ```
   *
   * @category running
   * @since 0.1.0
   */
  void_ as void
}

// Wrapped, for a row may be anything.
type Boxed<Row> = ReadonlyArray<{ readonly value: Row }>

// Pages may be empty before the last.
const atMost = <Row>(self: Statement<Row>, count: number): Effect.Effect<Boxed<Row>, CqlError, Session> =>
  SessionKey.use((session) => {
    const from = (found: Boxed<Row>, pageState: PageState | undefined): Effect.Effect<Boxed<Row>, CqlError> =>
      Effect.flatMap(session.executePage(self, pageState), ({ pageState: next, result }) => {
        const all = [...found, ...result.rows.slice(0, count).map((value) => ({ value }))]
        return next === undefined || all.length >= count ? Effect.succeed(all) : from(all, next)
      })
    return from([], undefined)
  })
