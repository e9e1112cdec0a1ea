/** Options that do not exist, in every kind of options: they are refused with the nearest name, and nothing starts. */
import {
  Batch,
  executeConcurrent,
  Limiter,
  Query,
  RetryPolicy,
  runConcurrent,
  type Session,
  Settlement,
  Statement,
  streamConcurrent
} from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Stream } from "effect"

const text = "SELECT a FROM t"
const statement = Statement.make(text)
const withOption = (name: string) => ({ [name]: 5 }) as never

const kinds: Readonly<Record<string, readonly [misspelt: string, nearest: string, use: (options: never) => unknown]>> =
  {
    executeConcurrent: ["concurency", "concurrency", (options) => executeConcurrent([statement], options)],
    "runConcurrent, as the driver calls it": [
      "concurrencyLevel",
      "concurrency",
      (options) => runConcurrent([statement], options)
    ],
    streamConcurrent: [
      "buffersize",
      "bufferSize",
      (options) => Stream.runDrain(streamConcurrent([statement], options))
    ],
    "the statement options of a run": [
      "requestTimout",
      "requestTimeout",
      (options) => executeConcurrent([statement], { statement: options })
    ],
    "an error budget": [
      "failure",
      "failures",
      (errorBudget) => executeConcurrent([statement], { errorBudget, raiseOnFirstError: false })
    ],
    "Statement.make": ["idempotant", "idempotent", (options) => Statement.make(text, [], options)],
    "Statement.withOptions": ["timestmp", "timestamp", (options) => Statement.withOptions(statement, options)],
    "Query.make": ["rows", "row", (options) => Query.make(text, options)],
    "Batch.make": ["typ", "type", (options) => Batch.make([statement], options)],
    "RetryPolicy.make": ["scheduel", "schedule", (options) => RetryPolicy.make(options)],
    "RetryPolicy.backoff": ["time", "times", (options) => RetryPolicy.backoff(options)],
    "Limiter.fixed": ["abandonFor", "abandonedFor", (options) => Limiter.fixed(5, options)],
    "Limiter.rate": ["statement", "statements", (options) => Limiter.rate(options)],
    "Limiter.adaptive": ["maximum", "max", (options) => Limiter.adaptive(options)],
    "Settlement.settle": ["consistancy", "consistency", (options) => Settlement.settle([], options)],
    "MockSession.when": ["parms", "params", (options) => MockSession.when(text, MockSession.rows([]), options)],
    "the defaults of a session": [
      "pagesize",
      "pageSize",
      (defaults) => MockSession.make({ defaults })
    ]
  }

describe("an option that does not exist", () => {
  for (const [kind, [misspelt, nearest, use]] of Object.entries(kinds)) {
    it.effect(`${misspelt} of ${kind} is refused, and ${nearest} named`, () =>
      Effect.gen(function*() {
        const used = Effect.suspend((): Effect.Effect<unknown, unknown, Session> => {
          const made = use(withOption(misspelt))
          return Effect.isEffect(made) ? made as Effect.Effect<unknown, unknown, Session> : Effect.void
        })
        const exit = yield* Effect.exit(Effect.scoped(used))
        const message = Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : ""
        assert.match(message, new RegExp(`${misspelt}: expected one of the options .*nearest is ${nearest}\\), got`))
        assert.lengthOf(yield* Effect.flatMap(MockSession.MockSession, (mock) => mock.calls), 0)
      }).pipe(Effect.provide(MockSession.layer())))
  }

  it("beside a routing key is refused", () => {
    const routing = { token: 1n, tokens: 2n } as never
    assert.throws(() => Statement.make(text, [], { routing }), /^routing: expected .*, got an object/)
  })

  it("has no name that could be data in its message", () => {
    assert.throws(
      () => Statement.make(text, [], { "ada@example.org": 1 } as never),
      /^<key>: expected one of the options/
    )
  })
})
