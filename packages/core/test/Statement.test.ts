import { Batch, cql, executeConcurrent, InvalidOptions, Query, Reason, Session, Statement } from "@effect-cql/core"
import { skips } from "@effect-cql/core/Annotations"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Schema } from "effect"
import { inspect } from "node:util"
import vm from "node:vm"

/** Runs a statement, and gives the parameters that arrived at the port, or the reason why none did. */
const arrived = (statement: Statement.Input) =>
  Effect.gen(function*() {
    const session = yield* Session
    const mock = yield* MockSession.MockSession
    const result = yield* Effect.result(session.execute(statement))
    const [call] = yield* mock.calls
    if (result._tag === "Failure") return result.failure.reason
    return call?.request._tag === "Statement" ? call.request.params : undefined
  }).pipe(Effect.provide(MockSession.layer()))

const refusedBecause = (pattern: RegExp) => (reason: unknown) => {
  assert.instanceOf(reason, Reason.ParametersRefused)
  assert.match(reason.message, pattern)
  return reason
}

describe("Statement", () => {
  it.effect("binds by position, and by name in the order of the markers", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* arrived(Statement.make("INSERT INTO t (a, b) VALUES (?, ?)", [1, "x"])), [1, "x"])
      assert.deepStrictEqual(
        yield* arrived(Statement.make("INSERT INTO t (a, b) VALUES (:b, :userId)", { userId: 1, b: "x" })),
        ["x", 1]
      )
      assert.deepStrictEqual(yield* arrived(["SELECT a FROM t", null]), [])
      assert.deepStrictEqual(yield* arrived(["SELECT a FROM t"]), [])
    }))

  it.effect("refuses parameters that do not fit, naming what is wrong but no value", () =>
    Effect.gen(function*() {
      const insert = "INSERT INTO t (a, b) VALUES (:a, :b)"
      refusedBecause(/2 markers, but 1 value was given/)(yield* arrived([insert, ["s3cret"]]))
      refusedBecause(/no value was given for the marker :b/)(yield* arrived([insert, { a: "s3cret" }]))
      refusedBecause(/no marker :c; its markers are :a, :b/)(yield* arrived([insert, { a: 1, b: 2, c: "s3cret" }]))
      refusedBecause(/parameter 1 is undefined/)(yield* arrived([insert, [1, undefined]]))
      const withGap = [1, 2]
      delete withGap[0]
      refusedBecause(/parameter 0 is undefined/)(yield* arrived([insert, withGap]))
      refusedBecause(/no value was given for the marker :b/)(yield* arrived([insert, { a: 1, b: undefined }]))
      refusedBecause(/no named markers/)(yield* arrived(["SELECT a FROM t WHERE b = ?", { b: "s3cret" }]))
    }))

  it.effect("is an effect", () =>
    Effect.gen(function*() {
      const result = yield* Statement.make("SELECT a FROM t")
      assert.deepStrictEqual(result.rows, [{ a: 1 }])
    }).pipe(Effect.provide(MockSession.layer({ otherwise: MockSession.rows([{ a: 1 }]) }))))

  it("shows its text and the number of its parameters, never a value", () => {
    const statement = Statement.make("INSERT INTO t (a) VALUES (?)", ["s3cret"])
    const batch = Batch.make([statement])
    for (const value of [statement, batch]) {
      for (const text of [JSON.stringify(value), inspect(value, { depth: 9, showHidden: true }), String(value)]) {
        assert.notInclude(text, "s3cret")
      }
      assert.notInclude(inspect({ ...value }, { depth: 9 }), "s3cret")
    }
    assert.strictEqual(
      JSON.stringify(statement),
      `{"_id":"Statement","text":"INSERT INTO t (a) VALUES (?)","params":1}`
    )
  })

  it("refuses options that cannot be, when it is made", () => {
    assert.throws(
      () => Statement.make("SELECT a FROM t", [], { pageSize: 0 }),
      InvalidOptions,
      /^pageSize: expected .*, got 0$/
    )
    assert.throws(
      () => Query.make("SELECT a FROM t", { requestTimeout: -1 }),
      InvalidOptions,
      /^requestTimeout: expected .*, got -1$/
    )
    assert.throws(
      () => Statement.make("SELECT a FROM t", [], { consistency: "quorum" as never }),
      /^consistency: expected one of ANY, .*, got "quorum"$/
    )
    assert.throws(
      () => Statement.make("SELECT a FROM t", [], { retry: "standard" as never }),
      /^retry: expected a RetryPolicy or "none", got "standard"$/
    )
    assert.throws(() => Batch.make([]), InvalidOptions)
    for (const given of [5, undefined, null, "ab"]) {
      assert.throws(() => Batch.make(given as never), InvalidOptions, /^statements: expected an Iterable of statements/)
    }
    assert.throws(
      () => Batch.make([["SELECT a FROM t"]], { type: "LOGGED" as never }),
      /^type: expected "logged" or "unlogged" or "counter", got "LOGGED"$/
    )
    const stamped = Statement.make("INSERT INTO t (a) VALUES (1)", [], { timestamp: 5n })
    assert.throws(() => Batch.make([stamped]), InvalidOptions, /statements\[0\]\.timestamp/)
    assert.throws(() => Batch.make([["SELECT a FROM t", 42 as never]]), InvalidOptions, /statements\[0\]/)
  })
})

describe("Query", () => {
  const insert = Query.make("INSERT INTO t (a, b) VALUES (:a, :b)", {
    params: Schema.Struct({ a: Schema.Int, b: Schema.String })
  })
  const select = Query.make("SELECT a FROM t WHERE b = ?", {
    params: Schema.Tuple([Schema.Int]),
    row: Schema.Struct({ a: Schema.Int })
  })

  it.effect("encodes what its schema takes, and names what it does not", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* arrived(insert({ a: 1, b: "x" })), [1, "x"])
      const reason = refusedBecause(/^parameter a: Expected .*, given: number$/)(
        yield* arrived(insert({ a: 1.5, b: "s3cret" }))
      )
      assert.strictEqual(reason.parameter, "a")
      assert.notInclude(JSON.stringify(reason), "1.5")
      assert.strictEqual(refusedBecause(/parameter 0/)(yield* arrived([select, ["s3cret"]])).given, "string")
    }))

  it.effect("a row that does not decode fails with RowDecoding, and a write stays applied", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(select(1))
      assert.instanceOf(error.reason, Reason.RowDecoding)
      assert.deepStrictEqual([error.reason.row, error.reason.column, error.isRetryable], [1, "a", false])
      assert.notInclude(error.message, "s3cret")
      const write = Query.make("INSERT INTO t (a) VALUES (1)", { row: Schema.Struct({ b: Schema.Int }) })
      assert.strictEqual((yield* Effect.flip(write())).outcome, "Applied")
    }).pipe(Effect.provide(MockSession.layer({ otherwise: MockSession.rows([{ a: 1 }, { a: "s3cret" }]) }))))

  it.effect("one plain object is names only where the text has names", () =>
    Effect.gen(function*() {
      const address = { street: "main" }
      assert.deepStrictEqual(yield* arrived(Query.make("INSERT INTO t (a) VALUES (?)")(address)), [address])
    }))
})

describe("cql", () => {
  it.effect("binds every value, and quotes names", () =>
    Effect.gen(function*() {
      const evil = "x'; DROP TABLE t; --"
      const statement = cql`SELECT ${cql.identifier("a\"b")} FROM t WHERE b = ${evil} ${cql.raw("LIMIT 1")}`
      assert.strictEqual(statement.text, "SELECT \"a\"\"b\" FROM t WHERE b = ? LIMIT 1")
      assert.deepStrictEqual(yield* arrived(statement), [evil])
      assert.throws(() => cql`SELECT a FROM t WHERE b IN (${statement})`, InvalidOptions)
    }))
})

describe("what is bound is copied when it is bound", () => {
  const text = "INSERT INTO t (a, b) VALUES (?, ?)"
  /** The parameters that reach the port, of a statement whose values are changed before it runs. */
  const sent = (values: ReadonlyArray<unknown>, change: () => void) =>
    Effect.gen(function*() {
      const statement = Statement.make(text, values)
      change()
      yield* statement
      const [call] = yield* (yield* MockSession.MockSession).calls
      assert(call?.request._tag === "Statement")
      return [...call.request.params]
    }).pipe(Effect.provide(MockSession.layer()))

  it.effect("whatever is mutable, at any depth", () =>
    Effect.gen(function*() {
      const bytes = Buffer.from([1, 2, 3])
      const view = new DataView(new ArrayBuffer(2))
      const floats = Float32Array.of(1, 2)
      const date = new Date(0)
      const inner = { date: new Date(0), list: [1, [2]], bytes: Uint8Array.of(1) }
      const map = new Map<unknown, unknown>([[[1], inner]])
      const set = new Set([1])
      const cases: ReadonlyArray<readonly [value: unknown, change: () => void, expected: unknown]> = [
        [bytes, () => bytes.fill(9), Buffer.from([1, 2, 3])],
        [view, () => view.setInt16(0, 9), new DataView(new ArrayBuffer(2))],
        [floats, () => floats.fill(9), Float32Array.of(1, 2)],
        [date, () => date.setTime(9), new Date(0)],
        [set, () => set.add(9), new Set([1])],
        [map, () => {
          inner.date.setTime(9)
          inner.list.push(9)
          inner.bytes[0] = 9
          map.clear()
        }, new Map([[[1], { date: new Date(0), list: [1, [2]], bytes: Uint8Array.of(1) }]])]
      ]
      for (const [value, change, expected] of cases) {
        assert.deepStrictEqual(yield* sent([value, 1], change), [expected, 1])
      }
      const values = [1, 2]
      assert.deepStrictEqual(yield* sent(values, () => values.fill(9)), [1, 2])
    }))

  it.effect("values of another realm, too", () =>
    Effect.gen(function*() {
      const made: ReadonlyArray<readonly [code: string, change: string, expected: unknown]> = [
        ["new Date(0)", "value.setTime(9)", new Date(0)],
        ["new Map([[[1], [2]]])", "[...value.values()][0].push(9)", new Map([[[1], [2]]])],
        ["new Set([1])", "value.add(9)", new Set([1])],
        ["({ a: { b: [1] } })", "value.a.b.push(9)", { a: { b: [1] } }],
        ["[{ a: 1 }]", "value[0].a = 9", [{ a: 1 }]],
        ["new DataView(new ArrayBuffer(2))", "value.setInt8(0, 9)", new DataView(new ArrayBuffer(2))],
        ["new ArrayBuffer(2)", "new Uint8Array(value).fill(9)", new ArrayBuffer(2)]
      ]
      for (const [code, change, expected] of made) {
        const realm = vm.createContext()
        const value: unknown = vm.runInContext(`value = ${code}`, realm)
        const params = yield* sent([value, 1], () => vm.runInContext(change, realm))
        assert.deepStrictEqual(params, [expected, 1], code)
      }
    }))

  it.effect("instances of classes, and those of subclasses, too", () =>
    Effect.gen(function*() {
      class Tags extends Map<string, Uint8Array> {}
      class Photo {
        readonly bytes: Uint8Array
        note: string
        constructor(bytes: Uint8Array, note: string) {
          this.bytes = bytes
          this.note = note
        }
      }
      const bytes = Uint8Array.of(1)
      const photo = new Photo(bytes, "first")
      const tags = new Tags([["a", bytes]])
      const change = () => {
        bytes[0] = 9
        photo.note = "second"
        tags.clear()
      }
      const [first, second] = yield* sent([photo, tags], change)
      assert.deepStrictEqual(first, new Photo(Uint8Array.of(1), "first"))
      assert.deepStrictEqual(second, new Map([["a", Uint8Array.of(1)]]))
    }))

  it.effect("what a schema makes of an instance of its class, when the statement starts", () =>
    Effect.gen(function*() {
      class Photo extends Schema.Class<Photo>("Photo")({ a: Schema.Int, b: Schema.Uint8Array }) {
        get size(): number {
          return this.b.length
        }
      }
      const named = Query.make("INSERT INTO t (a, b) VALUES (:a, :b)", { params: Photo })
      const nested = Query.make(text, { params: Schema.Tuple([Schema.Int, Photo]) })
      const untyped = Query.make("INSERT INTO t (a, b) VALUES (:a, :b)")
      const bytes = Uint8Array.of(0)
      const items = function*(query: typeof named | typeof nested | typeof untyped) {
        for (let a = 1; a < 4; a++) {
          bytes[0] = a
          const photo = new Photo({ a, b: bytes })
          yield [query, query === nested ? [a, photo] : photo] as never
        }
        bytes[0] = 9
      }
      for (const query of [named, nested, untyped]) {
        const mock = yield* MockSession.MockSession
        yield* mock.reset
        yield* executeConcurrent(items(query))
        const contents = (yield* mock.calls).map(({ request }) =>
          request._tag === "Statement" ? request.params[1] : undefined
        )
        const expected = [1, 2, 3].map((a) => query === nested ? { a, b: Uint8Array.of(a) } : Uint8Array.of(a))
        assert.deepStrictEqual(contents, expected)
      }
    }).pipe(Effect.provide(MockSession.layer())))

  it("and the key that names its partition", () => {
    const key = Buffer.from([1, 2])
    const statements = [key, [key, key]].map((key) => Statement.make(text, [1, 2], { routing: { key } }))
    key.fill(9)
    assert.deepStrictEqual(statements.map(({ options }) => options.routing?.key), [
      Buffer.from([1, 2]),
      [Buffer.from([1, 2]), Buffer.from([1, 2])]
    ])
  })

  it.effect("but for what is itself", () =>
    Effect.gen(function*() {
      class Point {
        readonly #x = 1
        get x() {
          return this.#x
        }
      }
      const point = new Point()
      const [first, second] = yield* sent([point, Statement.unset], () => {})
      assert.strictEqual(first, point)
      assert.strictEqual(second, Statement.unset)
      const decimal = BigDecimal.fromStringUnsafe("1.5")
      assert.strictEqual((yield* sent([decimal, 1], () => {}))[0], decimal)
      const circle: Array<unknown> = []
      circle.push(circle, circle)
      const [copy] = yield* sent([circle, 1], () => {})
      assert(Array.isArray(copy))
      assert.notStrictEqual(copy, circle)
      assert.strictEqual(copy[0], copy)
      const throwing = {
        get a(): number {
          throw new Error("no")
        }
      }
      assert.strictEqual((yield* sent([throwing, 1], () => {}))[0], throwing)
    }))
})

describe("the rows of a statement that are changed", () => {
  const users = Statement.make("SELECT id, name, token(id) AS t FROM app.users").pipe(
    Statement.withRow(Schema.Struct({ id: Schema.Int }))
  )
  const rows = [{ id: 1, name: "ada", t: 7n }, { id: 2, name: "grace", t: 9n }]
  const session = MockSession.layer({ otherwise: MockSession.rows(rows) })

  it.effect("are given with their records", () =>
    Effect.gen(function*() {
      const tokens = Statement.mapRows(users, ({ id }, { t }) => [id, t])
      assert.deepStrictEqual((yield* tokens).rows, [[1, 7n], [2, 9n]])
      const untyped = Statement.make("SELECT id FROM app.users").pipe(
        Statement.mapRows((row, record) => row === record)
      )
      assert.deepStrictEqual((yield* untyped).rows, [true, true])
      assert.strictEqual(tokens.text, users.text)
    }).pipe(Effect.provide(session)))

  it.effect("are as many as their schema leaves, each with its own record", () =>
    Effect.gen(function*() {
      const schema = Schema.Struct({ id: Schema.Int }).annotate({
        [skips]: (record: { id?: unknown }) => record.id === 1
      })
      const named = users.pipe(Statement.withRow(schema), Statement.mapRows(({ id }, { name }) => `${id} ${name}`))
      assert.deepStrictEqual((yield* named).rows, ["2 grace"])
    }).pipe(Effect.provide(session)))

  it.effect("fail as decoding does, with the index of the row", () =>
    Effect.gen(function*() {
      const odd = Statement.withRow(users, Schema.Struct({ id: Schema.Literal(1) }))
      const decoding = yield* Effect.flip(Statement.mapRows(odd, (row) => row))
      assert.isTrue(
        decoding.reason._tag === "RowDecoding" && decoding.reason.row === 1 && decoding.reason.column === "id"
      )
      const throwing = Statement.mapRows(users, ({ id }) => {
        if (id === 2) throw new TypeError("secret")
        return id
      })
      const { reason } = yield* Effect.flip(throwing)
      assert.isTrue(reason._tag === "RowDecoding" && reason.row === 1)
      assert.strictEqual(reason.message, "row 1: the function of mapRows threw TypeError")
    }).pipe(Effect.provide(session)))
})
