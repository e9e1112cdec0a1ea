/** Results whose pages are empty, or fail. */
import { executeConcurrent, PageState, RetryPolicy, Session, Statement } from "@effect-cql/core"
import { overloaded, timed, valueOf } from "@effect-cql/test-support/runs"
import { MockSession } from "@effect-cql/testing"
import { Effect, Stream } from "effect"
import assert from "node:assert/strict"
import { type Fault, sum, type Tally, tally, tallyOf } from "../fault.ts"
import { mock } from "./world.ts"

const select = "SELECT n FROM app.t WHERE id = ?"

/** How many rows each page has. */
const layouts: ReadonlyArray<ReadonlyArray<number>> = [
  [0],
  [0, 0, 0],
  [2, 0, 3],
  [0, 2, 0, 0, 3],
  [2, 3, 0]
]

const rowsOf = (layout: ReadonlyArray<number>) =>
  layout.flatMap((size, page) => Array.from({ length: size }, (_, row) => ({ n: page * 100 + row })))

/** Answers page by page; a page fails when it is asked for the first so many times. */
const paged = (layout: ReadonlyArray<number>, failures: (page: number) => number = () => 0) => {
  const asked: Array<number> = []
  const reply: MockSession.Reply = (request, context) => {
    const page = context.pageState === undefined ? 0 : Number(context.pageState)
    const before = asked.filter((other) => other === page).length
    asked.push(page)
    if (before < failures(page)) return MockSession.fail(overloaded)(request, context)
    const rows = rowsOf(layout).filter(({ n }) => Math.floor(n / 100) === page)
    return Effect.succeed({
      rows,
      ...(page + 1 < layout.length ? { pageState: PageState(String(page + 1)) } : undefined)
    })
  }
  return { reply, asked }
}

const emptyPages = Effect.gen(function*() {
  const tallies: Array<Tally> = []
  for (const layout of layouts) {
    const { asked, reply } = paged(layout)
    const layer = MockSession.layer({ otherwise: reply })
    const statement = Statement.make(select, [1])
    const program = Effect.gen(function*() {
      const session = yield* Session
      const results = yield* executeConcurrent([statement], { raiseOnFirstError: false })
      const result = results[0]
      assert(result?._tag === "Success")
      assert.deepEqual(result.value.rows, rowsOf(layout))
      assert.deepEqual(yield* Stream.runCollect(session.stream(statement)), rowsOf(layout))
      return tallyOf(results)
    })
    tallies.push(yield* Effect.provide(program, layer))
    assert.equal(asked.length, 2 * layout.length)
  }
  return sum(tallies)
})

const failingPages = Effect.gen(function*() {
  const layout = [3, 0, 2, 4]
  const tallies: Array<Tally> = []
  for (let page = 0; page < layout.length; page++) {
    // Two failures are within the standard policy, and only that page is asked for again.
    const passing = paged(layout, (other) => other === page ? 2 : 0)
    const retrying = MockSession.layer({ otherwise: passing.reply, defaults: { retry: RetryPolicy.standard } })
    const run = executeConcurrent([Statement.make(select, [1])], { raiseOnFirstError: false })
    const results = valueOf((yield* timed(Effect.provide(run, retrying))).exit)
    assert(results[0]?._tag === "Success")
    assert.deepEqual(results[0].value.rows, rowsOf(layout))
    assert.equal(passing.asked.length, layout.length + 2)
    tallies.push(tallyOf(results))

    // A permanent error includes the page state, and a second run reads the remaining rows from there.
    const failing = paged(layout, (other) => other === page ? 1 : 0)
    const program = Effect.gen(function*() {
      const session = yield* Session
      const before: Array<unknown> = []
      const statement = Statement.make(select, [1])
      const error = yield* Effect.flip(
        Stream.runForEach(session.stream(statement), (row) => Effect.sync(() => before.push(row)))
      )
      assert.equal(error.pageState, page === 0 ? undefined : PageState(String(page)))
      let state = error.pageState
      do {
        const next = yield* session.executePage(statement, state)
        before.push(...next.result)
        state = next.pageState
      } while (state !== undefined)
      assert.deepEqual(before, rowsOf(layout))
    })
    yield* Effect.provide(program, MockSession.layer({ otherwise: failing.reply }))
    tallies.push(tally({ statements: 1, notApplied: 1 }))
  }
  return sum(tallies)
})

export const pages: ReadonlyArray<Fault> = [
  mock("pages without rows, at the beginning, in the middle and at the end", emptyPages),
  mock("a page that fails, for a while and for good", failingPages)
]
