import { executeConcurrent, Session, Statement } from "@effect-cql/core"
import type { Page } from "@effect-cql/core/Port"
import { statements } from "@effect-cql/test-support/runs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const infos = [undefined, { coordinator: "127.0.0.1:9042" }, { warnings: ["large batch"] }]
const columns = [undefined, [{ name: "a", type: "int" }], [{ name: "b", type: "int" }]]
const rows = [[], [], [{ a: 1 }]]
const applied = [undefined, true, false]

const Index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 }))
const Choice = Schema.Struct({ info: Index, columns: Index, rows: Index, applied: Index })

const pageOf = (choice: typeof Choice.Type): Page => ({
  info: infos[choice.info],
  columns: columns[choice.columns],
  rows: rows[choice.rows]!,
  wasApplied: applied[choice.applied]
})

/** A session that answers with pages in turn. */
const answering = (pages: ReadonlyArray<Page>) =>
  Effect.suspend(() => {
    let next = 0
    return Session.make({ execute: () => Effect.succeed(pages[next++ % pages.length]!) })
  })

describe("results without rows", () => {
  it.effect.prop("say what their own answers said", [Schema.Array(Choice)], ([choices]) =>
    Effect.gen(function*() {
      const pages = choices.map(pageOf)
      const session = yield* answering(pages)
      const results = yield* executeConcurrent(statements(pages.length), { concurrency: 1 }).pipe(
        Effect.provideService(Session, session)
      )
      assert.deepStrictEqual(
        results.map(({ value }) => value && { ...value }),
        pages.map(({ columns, info = {}, rows, wasApplied = true }) => ({ rows, wasApplied, info, columns }))
      )
    }))

  it.effect("are one object where they are the same, which cannot be changed", () =>
    Effect.gen(function*() {
      const session = yield* answering([{ rows: rows[0]! }])
      const write = Statement.make("INSERT INTO app.users (id) VALUES (?)", [1])
      const [one, other] = [yield* session.execute(write), yield* session.execute(write)]
      assert.strictEqual(one, other)
      assert.isTrue(Object.isFrozen(one))
    }))
})
