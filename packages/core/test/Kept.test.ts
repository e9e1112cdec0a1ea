/** Properties of its request that an error keeps. */
import {
  Batch,
  CqlError,
  executeConcurrent,
  ExecutionResult,
  Query,
  Reason,
  Session,
  Statement
} from "@effect-cql/core"
import type { Request, SendPort } from "@effect-cql/core/Port"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Schema, SchemaGetter } from "effect"
import { requestOf } from "../src/internal/internals.ts"
import { BoundOptions } from "../src/internal/statement/request.ts"

const text = "INSERT INTO t (a, b) VALUES (?, ?)"
const named = "INSERT INTO t (a, b) VALUES (:a, :b)"
const value = new Date(5)
const Upper = Schema.Struct({ a: Schema.Int, b: Schema.NumberFromString })

const statements: ReadonlyArray<readonly [what: string, Statement.Statement<unknown> | Batch.Batch]> = [
  ["a write", Statement.make(text, [1, value])],
  ["named parameters", Statement.make(named, { b: value, a: 1 })],
  ["no parameters", Statement.make("INSERT INTO t (a) VALUES (1)")],
  ["parameters of a schema", Query.make(named, { params: Upper })({ a: 1, b: 2 })],
  ["a read", Statement.make("SELECT * FROM t WHERE a = ?", [1])],
  ["a condition", Statement.make(`${text} IF NOT EXISTS`, [1, value])],
  ["a counter", Statement.make("UPDATE t SET c = c + 1 WHERE a = ?", [1])],
  ["a time of its own", Statement.make(text, [1, value], { timestamp: 5n })],
  ["a time in the text", Statement.make(`${text} USING TIMESTAMP 7`, [1, value])],
  ["a value of the moment", Statement.make("INSERT INTO t (a, b) VALUES (?, now())", [1])],
  ["options", Statement.make(text, [1, value], { consistency: "ALL", idempotent: false, requestTimeout: "2 seconds" })],
  ["routing", Statement.make(text, [1, value], { routing: { key: new Uint8Array([1, 2]) } })],
  ["a batch", Batch.make([Statement.make(text, [1, value]), Statement.make(text, [2, value])])]
]

const refusing = (watched: boolean) => {
  const requests: Array<Request> = []
  const send: SendPort["send"] = (request, _, done) => {
    requests.push(request)
    done(Exit.fail(new CqlError({ reason: new Reason.Overloaded({ message: "full" }), query: "" })))
    return () => {}
  }
  const port = { send, keyspace: "app", spans: watched, metrics: watched, defaults: { consistency: "QUORUM" } } as const
  return { requests, layer: Layer.effect(Session, Session.make(port)) }
}

describe("the error of a statement", () => {
  for (const watched of [true, false]) {
    for (const [what, statement] of statements) {
      it.effect(`keeps the request as it was sent: ${what}${watched ? ", watched" : ""}`, () => {
        const { layer, requests } = refusing(watched)
        return Effect.gen(function*() {
          const [result] = yield* executeConcurrent([statement], {
            raiseOnFirstError: false,
            statement: { retry: "none", executionProfile: "night" }
          })
          if (result === undefined || !ExecutionResult.isFailure(result)) return assert.fail("no failure")
          const [sent] = requests
          assert.deepStrictEqual(requestOf(result), sent)
          // A second look finds the same.
          assert.deepStrictEqual(requestOf(result), sent)
          const keyspace = sent?.options.sentAt === undefined ? undefined : "app"
          assert.strictEqual(BoundOptions.keyspaceOf(requestOf(result)!.options), keyspace)
          assert.strictEqual(result.error.history.length, 1)
        }).pipe(Effect.provide(layer))
      })
    }
  }

  it.effect("keeps the keyspace of the session at the time of its binding", () => {
    let keyspace = "before"
    const port: SendPort = {
      get keyspace() {
        return keyspace
      },
      send: (_request, _, done) => {
        keyspace = "after"
        done(Exit.fail(new CqlError({ reason: new Reason.Overloaded({ message: "full" }), query: "" })))
        return () => {}
      }
    }
    return Effect.gen(function*() {
      const error = yield* Effect.flip(Statement.make(text, [1, value], { retry: "none" }))
      assert.strictEqual(BoundOptions.keyspaceOf(requestOf({ error })!.options), "before")
    }).pipe(Effect.provide(Layer.effect(Session, Session.make(port))))
  })

  it.effect("keeps the values that its schema made when it was sent", () => {
    const { layer, requests } = refusing(false)
    let calls = 0
    const Counted = Schema.Int.pipe(Schema.decode({
      decode: SchemaGetter.transform((value: number) => value),
      encode: SchemaGetter.transform(() => ++calls)
    }))
    const insert = Query.make("INSERT INTO t (a) VALUES (:a)", { params: Schema.Struct({ a: Counted }) })
    return Effect.gen(function*() {
      const [result] = yield* executeConcurrent([insert({ a: 9 })], {
        raiseOnFirstError: false,
        statement: { retry: "none" }
      })
      const [sent] = requests
      if (result === undefined || sent?._tag !== "Statement") return assert.fail("no result")
      assert.deepStrictEqual(Array.from(sent.params), [1])
      const kept = requestOf(result)
      assert.deepStrictEqual(kept?._tag === "Statement" && Array.from(kept.params), [1])
      assert.strictEqual(calls, 1)
    }).pipe(Effect.provide(layer))
  })
})
