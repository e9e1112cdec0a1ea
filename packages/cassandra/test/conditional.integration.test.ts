/** Conditional writes: the answers of the server, as the table of the guide has them. */
import { Batch, cql, executeConcurrentWithArgs, Query, Statement } from "@effect-cql/core"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"

const keyspace = ownName("conditional")
const t = cql.raw(`${keyspace}.t`)

const insert = (id: number, v: number) => cql`INSERT INTO ${t} (k, id, v) VALUES (1, ${id}, ${v}) IF NOT EXISTS`
const onlyIf = (id: number, v: number) => cql`UPDATE ${t} SET w = 1 WHERE k = 1 AND id = ${id} IF v = ${v}`
const update = (id: number) => cql`UPDATE ${t} SET w = 1 WHERE k = 1 AND id = ${id} IF EXISTS`

integration("A conditional write", () => {
  layer(
    withKeyspace(
      keyspace,
      `CREATE TABLE ${keyspace}.t (k int, id int, s int static, v int, w int, PRIMARY KEY (k, id))`
    ),
    { excludeTestServices: true }
  )(
    (it) => {
      it.effect("gives no row where it held, and the row of the condition where it did not", () =>
        Effect.gen(function*() {
          const answers: Array<readonly [boolean, ReadonlyArray<unknown>]> = []
          for (
            const statement of [
              insert(1, 1),
              insert(1, 2),
              onlyIf(1, 7),
              onlyIf(9, 7),
              update(9),
              update(1),
              Batch.make([insert(1, 1), insert(2, 2)]),
              Batch.make([insert(3, 3), insert(4, 4)])
            ]
          ) {
            const { rows, wasApplied } = yield* statement
            answers.push([wasApplied, rows])
          }
          assert.deepStrictEqual(answers, [
            [true, []],
            [false, [{ k: 1, id: 1, s: null, v: 1, w: null }]],
            [false, [{ v: 1 }]],
            [false, []],
            [false, []],
            [true, []],
            [false, [{ k: 1, id: 1, s: null, v: 1, w: 1 }]],
            [true, []]
          ])
        }))

      it.effect("is not applied if the row of the condition cannot be read", () =>
        Effect.gen(function*() {
          yield* Statement.make(`INSERT INTO ${keyspace}.t (k, id, v, w) VALUES (3, 1, 1, blobAsInt(0x))`)
          const write = Statement.make(`UPDATE ${keyspace}.t SET v = 2 WHERE k = 3 AND id = 1 IF v = 1 AND w = 7`)
          const error = yield* Effect.flip(write)
          assert.deepStrictEqual([error.reason._tag, error.outcome], ["RowDecoding", "NotApplied"])
        }))

      it.effect("decodes the row of the loser, and lets the winner succeed", () =>
        Effect.gen(function*() {
          const claim = Query.make(`INSERT INTO ${keyspace}.t (k, id, v) VALUES (2, ?, ?) IF NOT EXISTS`, {
            params: Schema.Tuple([Schema.Int, Schema.Int]),
            row: Schema.Struct({ id: Schema.Int, v: Schema.Int })
          })
          const results = yield* executeConcurrentWithArgs(claim, [[1, 10], [1, 20]], {
            concurrency: 1,
            raiseOnFirstError: false
          })
          assert.deepStrictEqual(results.map(({ _tag, outcome }) => [_tag, outcome]), [
            ["Success", "Applied"],
            ["Success", "NotApplied"]
          ])
          const lost = yield* Statement.applied(claim(1, 30))
          assert.deepStrictEqual(lost._tag === "Lost" && lost.current, Option.some({ id: 1, v: 10 }))
        }))
    }
  )
})
