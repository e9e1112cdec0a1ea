import { isInvalidOptions } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { quoted, reservedWords } from "@effect-cql/core/Cql"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const messageOf = (check: () => unknown): string => {
  try {
    check()
  } catch (error) {
    if (isInvalidOptions(error)) return error.message
    throw error
  }
  return "accepted"
}

const cases: ReadonlyArray<readonly [Check.Rule, accepted: ReadonlyArray<unknown>, refused: ReadonlyArray<unknown>]> = [
  [Check.anything, [undefined, null, 1, {}], []],
  [Check.boolean, [true, false], [0, "true", null, undefined]],
  [Check.text, ["a"], ["", 1, null, ["a"]]],
  [Check.object, [{}, [], new Date()], [null, "a", () => 1]],
  [Check.func, [() => 1], [{}, "f", null]],
  [Check.integer(1, 3), [1, 3], [0, 4, 1.5, Number.NaN, "1", 1n]],
  [Check.positiveInteger, [1, Number.MAX_SAFE_INTEGER], [0, -1, 2 ** 53, Infinity, "1"]],
  [Check.nonNegativeInteger, [0, -0, 1], [-1, 0.5, Infinity, "0"]],
  [Check.oneOf(["a", "b"]), ["a", "b"], ["c", "", ["a"], undefined]],
  [
    Check.duration,
    [0, 1, "5 seconds", Infinity, { seconds: 5 }, { hours: 1, nanoseconds: 1 }, [1, 500]],
    [-1, Number.NaN, "soon", null, {}, { second: 5 }, { seconds: 5, extra: 1 }, new Date(0), new Map(), [1]]
  ],
  [Check.finiteDuration, [0, "5 seconds"], [Infinity, -1, "soon"]],
  [Check.positiveDuration, [1, Infinity, "1 nanos"], [0, -1, "soon"]],
  [Check.positiveFiniteDuration, [1, "1 nanos"], [0, Infinity, "soon"]]
]

describe("a rule", () => {
  it("accepts what it describes, and nothing else", () => {
    for (const [rule, accepted, refused] of cases) {
      for (const value of accepted) assert.strictEqual(Check.value("option", value, rule), value)
      for (const value of refused) {
        assert.match(
          messageOf(() => Check.value("option", value, rule)),
          new RegExp(`^option: expected ${escaped(rule)}`)
        )
      }
    }
  })

  it("is described in the message", () => {
    assert.strictEqual(
      messageOf(() => Check.value("port", 0, Check.integer(1, 65_535))),
      "port: expected an integer from 1 to 65535, got 0"
    )
    assert.strictEqual(Check.oneOf(["a", "b"]).expected, "\"a\" or \"b\"")
    assert.strictEqual(Check.oneOf(["a", "b", "c", "d"]).expected, "one of a, b, c, d")
    assert.strictEqual(Check.funcReturning("an Effect").expected, "a function that returns an Effect")
  })
})

const escaped = ({ expected }: Check.Rule): string => expected.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

const rules = { size: Check.positiveInteger, name: Check.text }

describe("options", () => {
  it("are returned as they are", () => {
    const options = { size: 1, name: undefined }
    assert.strictEqual(Check.options<{ size: number; name?: string | undefined }>(options, rules), options)
  })

  it("have known names, at the given place", () => {
    assert.match(
      messageOf(() => Check.names({ siez: 1 }, Object.keys(rules), "pooling.")),
      /^pooling\.siez: expected one of the options size, name \(the nearest is size\), got an option that does not exist/
    )
    assert.match(messageOf(() => Check.names(null as never, [], "pooling.")), /^pooling: expected an object, got null/)
  })

  it.effect.prop(
    "of an unknown name show it only if it looks like one",
    [Schema.String],
    ([name]) =>
      Effect.sync(() => {
        const secret = `${name} ${"x".repeat(33)}`
        assert.notInclude(messageOf(() => Check.names({ [secret]: 1 }, ["size"])), secret)
      })
  )

  it("are checked by the rules that there are", () => {
    assert.deepStrictEqual(Check.values({ size: 2, other: "x" }, { size: rules.size }), { size: 2, other: "x" })
    assert.match(
      messageOf(() => Check.values({ size: 0 }, rules, "at.")),
      /^at\.size: expected a positive integer, got 0/
    )
  })

  it("can be required", () => {
    assert.strictEqual(messageOf(() => Check.required({ size: 1 }, { size: rules.size })), "accepted")
    assert.match(
      messageOf(() => Check.required({}, { size: rules.size }, "at.")),
      /^at\.size: expected a positive integer/
    )
  })
})

describe("a duration", () => {
  it("is converted to milliseconds", () => {
    assert.strictEqual(Check.millis("timeout", "2 seconds"), 2_000)
    assert.strictEqual(Check.millis("timeout", Infinity), Infinity)
    assert.match(
      messageOf(() => Check.millis("timeout", Infinity, Check.finiteDuration)),
      /^timeout: expected a finite/
    )
    assert.match(messageOf(() => Check.millis("timeout", "soon", Check.anything)), /^timeout: expected anything/)
  })
})

describe("a quoted name", () => {
  const names = Schema.Union([Schema.String, Schema.String.check(Schema.isPattern(/^[a-z][a-z0-9_]*$/))])

  it.effect.prop("is read as the name that it was", [names], ([name]) =>
    Effect.sync(() => {
      const text = quoted(name)
      if (text !== name) return assert.strictEqual(text.slice(1, -1).replaceAll("\"\"", "\""), name)
      assert.match(name, /^[a-z][a-z0-9_]*$/)
      assert.isFalse(reservedWords.has(name))
    }))

  it("is in double quotes where it is a reserved word or a constant", () => {
    assert.deepStrictEqual(["order", "true", "Order", "key"].map(quoted), ["\"order\"", "\"true\"", "\"Order\"", "key"])
  })
})
