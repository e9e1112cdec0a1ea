import { type CqlError, executeConcurrent, Query, type Session, Statement } from "@effect-cql/core"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Console, Effect } from "effect"
import { type Next, type Pair, type TypeRow, typeTable } from "./support/typeTable.ts"

const keyspace = ownName("matrix")
const seed = 20_260_101
const samples = 25

const random = (): Next => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Where a value stands: the type around a type, and the value and the literal around those of it. */
interface Place {
  readonly name: string
  readonly type: (type: string) => string
  readonly wrap: (pair: Pair) => Pair
  readonly isFor: (row: TypeRow) => boolean
}

const always = () => true
const isKey = ({ isKey = true }: TypeRow) => isKey

const places: ReadonlyArray<Place> = [
  { name: "column", type: (type) => type, wrap: (pair) => pair, isFor: always },
  { name: "static", type: (type) => `${type} static`, wrap: (pair) => pair, isFor: always },
  {
    name: "list",
    type: (type) => `list<${type}>`,
    wrap: ([value, literal]) => [[value], `[${literal}]`],
    isFor: always
  },
  {
    name: "set",
    type: (type) => `set<${type}>`,
    wrap: ([value, literal]) => [new Set([value]), `{${literal}}`],
    isFor: isKey
  },
  {
    name: "map value",
    type: (type) => `map<int, ${type}>`,
    wrap: ([value, literal]) => [new Map([[1, value]]), `{1: ${literal}}`],
    isFor: always
  },
  {
    name: "map key",
    type: (type) => `map<${type}, int>`,
    wrap: ([value, literal]) => [new Map([[value, 1]]), `{${literal}: 1}`],
    isFor: isKey
  },
  {
    name: "tuple",
    type: (type) => `tuple<${type}, int>`,
    wrap: ([value, literal]) => [[value, 1], `(${literal}, 1)`],
    isFor: always
  },
  {
    name: "UDT",
    type: (type) => `frozen<udt_${columnName(type)}>`,
    wrap: ([value, literal]) => [{ f: value }, `{f: ${literal}}`],
    isFor: always
  },
  {
    name: "vector",
    type: (type) => `vector<${type}, 1>`,
    wrap: ([value, literal]) => [[value], `[${literal}]`],
    isFor: always
  }
]

const columnName = (type: string) => type.replace(/\W+/g, "_")
const inside = ({ frozen = false, type }: TypeRow) => frozen ? `frozen<${type}>` : type
const typeAt = (row: TypeRow, place: Place) =>
  place.name === "column" || place.name === "static" ? place.type(row.type) : place.type(inside(row))
const columnAt = (row: TypeRow, place: Place) => columnName(`${place.name} ${row.type}`).toLowerCase()

const classes = ["typical", "boundary", "empty", "null", "unset", "random", "wrong kind", "out of range"] as const

/** Result of the values of a cell. */
type Cell = "ok" | "-" | { readonly problem: string }

const show = (cell: Cell | undefined): string => cell === undefined ? "GAP" : typeof cell === "string" ? cell : "BAD"

integration("the type matrix", (server) => {
  const hasVectors = Number.parseInt(server.version, 10) >= 5
  const rows = typeTable.filter(({ type }) => hasVectors || !type.startsWith("vector"))
  const taken = places.filter(({ name }) => hasVectors || name !== "vector")
  const types = [
    `CREATE TYPE ${keyspace}.address (street text, number int)`,
    ...new Set(rows.map((row) => `CREATE TYPE ${keyspace}.udt_${columnName(inside(row))} (f ${inside(row)})`))
  ]
  const columns = rows.flatMap((row) =>
    taken.filter(({ isFor }) => isFor(row)).map((place) => `${columnAt(row, place)} ${typeAt(row, place)}`)
  )
  const table = `CREATE TABLE ${keyspace}.t (id int, c int, ${columns.join(", ")}, PRIMARY KEY (id, c))`
  const counters = `CREATE TABLE ${keyspace}.counters (id int PRIMARY KEY, n counter)`

  let lastId = 0

  /** The two directions of a value: as a parameter, and as a literal of CQL. */
  const bothWays = (column: string, [value, literal]: Pair) =>
    Effect.gen(function*() {
      const [byParameter, byLiteral] = [++lastId, ++lastId]
      yield* Query.make(`INSERT INTO ${keyspace}.t (id, c, ${column}) VALUES (?, 0, ?)`)(byParameter, value)
      yield* Statement.make(`INSERT INTO ${keyspace}.t (id, c, ${column}) VALUES (${byLiteral}, 0, ${literal})`)
      const read = (id: number) =>
        Statement.make(`SELECT ${column} AS v, toJson(${column}) AS json FROM ${keyspace}.t WHERE id = ?`, [id])
      const sent = (yield* read(byParameter)).first
      const written = (yield* read(byLiteral)).first
      // What the server makes of a parameter is what it makes of the literal; what comes back is the value.
      assert.strictEqual(sent?.["json"], written?.["json"], "in")
      assert.deepStrictEqual(sent?.["v"], value, "out")
      assert.deepStrictEqual(written?.["v"], value, "out")
    })

  const roundTrip = (column: string, values: ReadonlyArray<unknown>) =>
    Effect.gen(function*() {
      const insert = Query.make(`INSERT INTO ${keyspace}.t (id, c, ${column}) VALUES (?, 0, ?)`)
      const ids = values.map(() => ++lastId)
      yield* executeConcurrent(values.map((value, index) => insert(ids[index], value)))
      const select = Query.make(`SELECT ${column} AS v FROM ${keyspace}.t WHERE id = ?`)
      const read = yield* executeConcurrent(ids.map((id) => select(id)))
      for (const [index, { value }] of read.entries()) assert.deepStrictEqual(value.first?.["v"], values[index])
    })

  const refuses = (column: string, values: ReadonlyArray<unknown>) =>
    Effect.gen(function*() {
      const insert = Query.make(`INSERT INTO ${keyspace}.t (id, c, ${column}) VALUES (?, 0, ?)`)
      for (const [index, value] of values.entries()) {
        const { outcome, reason } = yield* Effect.flip(insert(0, value))
        // Of undefined the core says so, before anybody looks at the column.
        const named = value === undefined ? undefined : { column }
        assert.deepInclude(reason, { _tag: "ParametersRefused", ...named }, `value ${index}`)
        assert.strictEqual(outcome, "NotApplied")
      }
    })

  const cellOf = (run: Effect.Effect<unknown, unknown, Session>): Effect.Effect<Cell, never, Session> =>
    run.pipe(
      Effect.as("ok" as const),
      Effect.catchCause((cause) => Effect.succeed({ problem: String(cause.reasons.map(messageOf)) }))
    )

  layer(withKeyspace(keyspace, ...types, table, counters), { excludeTestServices: true, timeout: 60_000 })((it) => {
    it.effect(
      "has no gap: every type, in every place, of every class of values, in both directions",
      () =>
        Effect.gen(function*() {
          const next = random()
          const problems: Array<string> = []
          const matrix: Array<ReadonlyArray<string>> = [["", ...classes, ...taken.map(({ name }) => name)]]
          const line = (name: string, cells: ReadonlyArray<Cell>) => {
            matrix.push([name, ...cells.map(show)])
            for (const [index, cell] of cells.entries()) {
              if (typeof cell !== "string") problems.push(`${name}, ${matrix[0]![index + 1]}: ${cell.problem}`)
            }
          }
          for (const row of rows) {
            const column = columnAt(row, taken[0]!)
            const has = (
              pairs: ReadonlyArray<Pair> | undefined,
              run: (pair: Pair) => Effect.Effect<unknown, CqlError, Session>
            ) =>
              pairs === undefined
                ? Effect.succeed<Cell>("-")
                : cellOf(Effect.forEach(pairs, run, { discard: true }))
            const direct = (pair: Pair) => bothWays(column, pair)
            const cells: Array<Cell> = [
              yield* has([row.typical], direct),
              yield* has(row.boundary, direct),
              yield* has(row.empty === undefined ? undefined : [row.empty], direct),
              yield* has([[null, "null"]], direct),
              yield* cellOf(unsetKeeps(column, row.typical[0])),
              yield* cellOf(roundTrip(column, Array.from({ length: samples }, () => row.random(next)))),
              yield* cellOf(refuses(column, [...row.wrongKind, undefined, () => {}, Symbol("a")])),
              row.outOfRange === undefined ? "-" : yield* cellOf(refuses(column, row.outOfRange))
            ]
            for (const place of taken) {
              const pairs = [row.typical, ...row.boundary ?? [], ...row.empty === undefined ? [] : [row.empty]]
              const at = columnAt(row, place)
              cells.push(place.isFor(row) ? yield* has(pairs, (pair) => bothWays(at, place.wrap(pair))) : "-")
            }
            line(row.type, cells)
          }
          line("counter", yield* counterCells)
          const widths = matrix[0]!.map((_, index) => Math.max(...matrix.map((row) => row[index]!.length)))
          const text = matrix.map((row) => row.map((cell, index) => cell.padEnd(widths[index]!)).join("  ")).join("\n")
          yield* Console.log(
            `Each "ok" is both ways; "-": there is no such value. Random values of seed ${seed}.\n${text}`
          )
          assert.deepStrictEqual(problems, [])
        }),
      180_000
    )

    const unsetKeeps = (column: string, value: unknown) =>
      Effect.gen(function*() {
        const id = ++lastId
        const insert = Query.make(`INSERT INTO ${keyspace}.t (id, c, ${column}) VALUES (?, 0, ?)`)
        yield* insert(id, value)
        yield* insert(id, Statement.unset)
        const read = yield* Statement.make(`SELECT ${column} AS v FROM ${keyspace}.t WHERE id = ?`, [id])
        assert.deepStrictEqual(read.first?.["v"], value)
      })

    const counterCells = Effect.gen(function*() {
      const add = Query.make(`UPDATE ${keyspace}.counters SET n = n + ? WHERE id = ?`)
      const read = (id: number) =>
        Effect.map(
          Statement.make(`SELECT n FROM ${keyspace}.counters WHERE id = ?`, [id]),
          (result) => result.first?.["n"]
        )
      const counted = (amount: bigint) =>
        Effect.gen(function*() {
          const id = ++lastId
          yield* add(amount, id)
          assert.strictEqual(yield* read(id), amount)
        })
      const refused = (values: ReadonlyArray<unknown>) =>
        Effect.forEach(
          values,
          (value) =>
            Effect.map(Effect.flip(add(value, 1)), ({ reason }) => assert.strictEqual(reason._tag, "ParametersRefused"))
        )
      const next = random()
      const cells: Array<Cell> = [
        yield* cellOf(counted(7n)),
        yield* cellOf(Effect.forEach([-(2n ** 63n), 2n ** 63n - 1n], counted)),
        "-",
        "-",
        "-",
        yield* cellOf(
          Effect.forEach(Array.from({ length: samples }), () => counted(BigInt(Math.floor((next() - 0.5) * 2 ** 53))))
        ),
        yield* cellOf(refused(["1", true, undefined])),
        yield* cellOf(refused([2n ** 63n, 1.5]))
      ]
      // A counter stands in columns of its own table alone.
      return [...cells, ...taken.map(({ name }): Cell => name === "column" ? "ok" : "-")]
    })
  })
})

const messageOf = (reason: object): string =>
  "error" in reason ? String(reason.error) : "defect" in reason ? String(reason.defect) : "interrupted"
