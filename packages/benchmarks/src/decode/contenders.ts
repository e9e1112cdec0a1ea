/**
 * The decoding of rows of ten columns: by the plan of a query, and by code that was written for these columns.
 */
import { Query, Session, Statement } from "@effect-cql/core"
import type { Page } from "@effect-cql/core/Port"
import { CqlSchema } from "@effect-cql/schema"
import { DateTime, Effect, Exit, Schema } from "effect"
import type { Contender } from "../internal/rounds.ts"

type Record_ = Readonly<Record<string, unknown>>

/** A kind of row: its page, its schema, and the same as code. */
export interface Kind {
  readonly name: string
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: string }>
  readonly row: (index: number) => Record<string, unknown>
  readonly schema: Schema.ConstraintDecoder<unknown>
  readonly byHand: (record: Record_) => unknown
}

/** A row that the schema would refuse. */
const refuse = (): never => {
  throw new Error("a row does not fit")
}

// The types of the columns guarantee everything else.
const isNone = (value: unknown): boolean => value === null || value === undefined

const dateOf = (value: unknown): DateTime.Utc => value instanceof Date ? DateTime.fromDateUnsafe(value) : refuse()

const countOf = (value: unknown): number => {
  const count = Number(value)
  return Number.isSafeInteger(count) ? count : refuse()
}

const tagsOf = (value: unknown): ReadonlySet<string> =>
  value === null || value === undefined ? new Set() : value instanceof Set ? value : refuse()

const fields = {
  id: CqlSchema.Int,
  displayName: CqlSchema.Text,
  score: CqlSchema.Double,
  active: CqlSchema.Boolean,
  visits: CqlSchema.Count,
  createdAt: CqlSchema.Timestamp,
  seenAt: CqlSchema.Timestamp,
  tags: Schema.ReadonlySet(Schema.String),
  nickname: Schema.optionalKey(CqlSchema.Text),
  level: CqlSchema.SmallInt
}

class User extends Schema.Class<User>("User")(fields) {}

type UserFields = { -readonly [Name in keyof User]: User[Name] }

const userByHand = (record: Record_): UserFields => {
  const { active, created_at, display_name, id, level, nickname, score, seen_at, tags, visits } = record
  if (
    isNone(id) || isNone(display_name) || isNone(score) || isNone(active) || isNone(visits) || isNone(created_at) ||
    isNone(seen_at) || isNone(level)
  ) return refuse()
  const user: UserFields = {
    id: id as number,
    displayName: display_name as string,
    score: score as number,
    active: active as boolean,
    visits: countOf(visits),
    createdAt: dateOf(created_at),
    seenAt: dateOf(seen_at),
    tags: tagsOf(tags),
    level: level as number
  }
  if (!isNone(nickname)) user.nickname = nickname as string
  return user
}

const unchecked = { disableChecks: true }

const converting: Kind = {
  name: "ten columns that are converted, as a record",
  columns: [
    { name: "id", type: "int" },
    { name: "display_name", type: "text" },
    { name: "score", type: "double" },
    { name: "active", type: "boolean" },
    { name: "visits", type: "bigint" },
    { name: "created_at", type: "timestamp" },
    { name: "seen_at", type: "timestamp" },
    { name: "tags", type: "set<text>" },
    { name: "nickname", type: "text" },
    { name: "level", type: "smallint" }
  ],
  row: (index) => ({
    id: index,
    display_name: `user ${index}`,
    score: index / 7,
    active: index % 2 === 0,
    visits: BigInt(index),
    created_at: new Date(1_700_000_000_000 + index),
    seen_at: new Date(1_710_000_000_000 + index),
    tags: index % 3 === 0 ? null : new Set(["a", "b"]),
    nickname: index % 4 === 0 ? null : "ada",
    level: index % 100
  }),
  schema: CqlSchema.columns(Schema.Struct(fields)),
  byHand: userByHand
}

const instances: Kind = {
  ...converting,
  name: "ten columns that are converted, as an instance of a class of Schema",
  schema: CqlSchema.columns(User),
  byHand: (record) => new User(userByHand(record), unchecked)
}

const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] as const
const types = ["int", "text", "double", "boolean", "bigint", "int", "text", "double", "boolean", "text"] as const
const valueOf: Readonly<Record<string, (index: number) => unknown>> = {
  int: (index) => index,
  text: (index) => `text ${index}`,
  double: (index) => index / 7,
  boolean: (index) => index % 2 === 0,
  bigint: (index) => BigInt(index)
}

const primitive: Kind = {
  name: "ten columns of primitives, as a record",
  columns: names.map((name, at) => ({ name, type: types[at]! })),
  row: (index) => Object.fromEntries(names.map((name, at) => [name, valueOf[types[at]!]!(index)])),
  schema: Schema.Struct({
    a: Schema.Int,
    b: Schema.String,
    c: Schema.Number,
    d: Schema.Boolean,
    e: Schema.BigInt,
    f: Schema.Int,
    g: Schema.String,
    h: Schema.Number,
    i: Schema.Boolean,
    j: Schema.String
  }),
  byHand: ({ a, b, c, d, e, f, g, h, i, j }) => {
    if (
      isNone(a) || isNone(b) || isNone(c) || isNone(d) || isNone(e) || isNone(f) || isNone(g) || isNone(h) ||
      isNone(i) || isNone(j)
    ) return refuse()
    return { a, b, c, d, e, f, g, h, i, j }
  }
}

export const kinds: ReadonlyArray<Kind> = [primitive, converting, instances]

export const contenderNames = { typed: "the schema of a query", byHand: "code by hand", untyped: "rows as they are" }

/** Reads a page of so many rows by each of them. */
export const contenders = Effect.fnUntraced(function*(kind: Kind, rows: number) {
  const page: Page = { rows: Array.from({ length: rows }, (_, index) => kind.row(index)), columns: kind.columns }
  const answer = Exit.succeed(page)
  const session = yield* Session.make({
    defaults: { retry: "none" },
    send: (_request, _pageState, done) => {
      done(answer)
      return () => {}
    }
  })
  const text = "SELECT * FROM bench.decode"
  const typed = Query.make(text, { row: kind.schema })
  const untyped = Statement.make(text)
  const run = <A>(effect: Effect.Effect<A, unknown, Session>) => () =>
    Effect.runPromise(Effect.provideService(effect, Session, session))
  return [
    { name: contenderNames.typed, run: run(Statement.rows(typed())) },
    { name: contenderNames.byHand, run: run(Effect.map(Statement.rows(untyped), (rows) => rows.map(kind.byHand))) },
    { name: contenderNames.untyped, run: run(Statement.rows(untyped)) }
  ] satisfies ReadonlyArray<Contender>
})
