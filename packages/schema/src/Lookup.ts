/**
 * Lookups that batch: keys that are looked up at the same time are read by one concurrent run.
 *
 * @since 0.1.0
 */
import { type CqlError, executeConcurrent, Query, Session, type Statement } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import * as Cache from "effect/Cache"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Request from "effect/Request"
import * as RequestResolver from "effect/RequestResolver"
import { CacheKey, isSameKey } from "./internal/sameKey.ts"

/**
 * Looks up by a key.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lookup<in Key, out A> {
  (key: Key): Effect.Effect<A, CqlError, Session>
}

/**
 * A query of one record, such as `Post.get` or `Post.select.query(["author"])`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source<Key, Row> extends Query.Query.Any {
  readonly [Query.TypeId]: Query.Query<Key, Row>[Query.TypeId]
}

/**
 * Options of lookups.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Statements in flight for a batch. Default: 100. */
  readonly concurrency?: number | undefined
  /** Maximum number of keys in a batch. Default: no limit. */
  readonly batchSize?: number | undefined
}

interface Asked<Row> extends Request.Request<ReadonlyArray<Row>, CqlError, Session> {
  /** Bound when it was asked for: what the program changes later changes no key. */
  readonly statement: Statement.Statement<Row>
}

/**
 * Makes a lookup of all rows of a key, in the order of the table. Keys that are asked for at the same time are one
 * concurrent run, with a statement for each: never an `IN` over partitions. Equal keys are asked once. A key that fails
 * fails its own lookups alone.
 *
 * **Example** (The posts of many authors)
 *
 * ```ts
 * import { CqlSchema, Lookup, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Schema } from "effect"
 *
 * class Post extends Table.Class<Post>("Post")("app.posts", {
 *   columns: { author: CqlSchema.Text, id: CqlSchema.Int, title: Schema.String },
 *   partitionKey: "author",
 *   clusteringKey: ["id desc"]
 * }) {}
 * const postsOf = Lookup.many(Post.select.query(["author"]))
 *
 * const program = Effect.gen(function*() {
 *   yield* Effect.forEach(["ada", "bob", "ada"], (author) => postsOf({ author }), { concurrency: "unbounded" })
 *   const mock = yield* MockSession.MockSession
 *   return (yield* mock.calls).length
 * })
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer())))) === 2)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const many = <Key extends object, Row>(
  source: Source<Key, Row>,
  options?: Options
): Lookup<Key, ReadonlyArray<Row>> => {
  if (options !== undefined) Check.options(options, rules)
  const request = Request.of<Asked<Row>>()
  const resolver = RequestResolver.make<Asked<Row>>((entries) =>
    Effect.forEach(bySession(entries), ([session, own]) => resolve(own, session, options), {
      concurrency: "unbounded",
      discard: true
    })
  )
  const batched = options?.batchSize === undefined ? resolver : RequestResolver.batchN(resolver, options.batchSize)
  const { bind } = source[Query.TypeId]
  return (key) => Effect.request(request({ statement: bind(isParams(key) ? key : null) }), batched)
}

/**
 * Makes a lookup of the first row of a key, if there is one. It batches like {@link many}.
 *
 * **Example** (Users by id)
 *
 * ```ts
 * import { CqlSchema, Lookup, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Option, Schema } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", {
 *   columns: { id: CqlSchema.Int, name: Schema.String },
 *   partitionKey: "id"
 * }) {}
 * const userOf = Lookup.one(User.get)
 *
 * const session = MockSession.layer({ otherwise: MockSession.rows([{ id: 1, name: "Ada" }]) })
 * const user = await Effect.runPromise(userOf({ id: 1 }).pipe(Effect.provide(session)))
 * console.assert(Option.isSome(user) && user.value instanceof User)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const one = <Key extends object, Row>(
  source: Source<Key, Row>,
  options?: Options
): Lookup<Key, Option.Option<Row>> => {
  const lookup = many(source, options)
  return (key) => Effect.map(lookup(key), (rows) => rows.length === 0 ? Option.none() : Option.some(rows[0]!))
}

/**
 * Adds a cache to a lookup, for a number of keys and a time. Failures are not cached.
 *
 * **Example** (A minute is fresh enough)
 *
 * ```ts
 * import { CqlSchema, Lookup, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Schema } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", {
 *   columns: { id: CqlSchema.Int, name: Schema.String },
 *   partitionKey: "id"
 * }) {}
 * const program = Effect.gen(function*() {
 *   const userOf = yield* Lookup.cached(Lookup.one(User.get), { capacity: 1_000, timeToLive: "1 minute" })
 *   yield* userOf({ id: 1 })
 *   yield* userOf({ id: 1 })
 *   const mock = yield* MockSession.MockSession
 *   return (yield* mock.calls).length
 * })
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer())))) === 1)
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const cached = <Key extends object, A>(
  lookup: Lookup<Key, A>,
  options: { readonly capacity: number; readonly timeToLive: Duration.Input }
): Effect.Effect<Lookup<Key, A>, never, Session> => {
  Check.names(options, ["capacity", "timeToLive"])
  Check.value("capacity", options.capacity, Check.positiveInteger)
  const timeToLive = Check.millis("timeToLive", options.timeToLive)
  return Effect.map(
    Cache.makeWith(({ lookup }: CacheKey<Effect.Effect<A, CqlError, Session>>) => lookup, {
      capacity: options.capacity,
      timeToLive: (exit) => Exit.isSuccess(exit) ? timeToLive : 0
    }),
    // The key is bound when it is asked for.
    (cache) => (key: Key) => Cache.get(cache, new CacheKey(key, lookup(key)))
  )
}

const rules: Check.Rules<Options> = { concurrency: Check.positiveInteger, batchSize: Check.positiveInteger }

// Binds its fields by name, or its items in their order.
const isParams = (key: object): key is NonNullable<Statement.Params> => typeof key === "object"

type Entry<Row> = Request.Entry<Asked<Row>>

// Lookups of one resolver may come from programs with sessions of their own.
const bySession = <Row>(entries: ReadonlyArray<Entry<Row>>) => {
  const sessions = new Map<Session["Service"], Array<Entry<Row>>>()
  for (const entry of entries) {
    const session = Context.get(entry.context, Session)
    const own = sessions.get(session)
    if (own === undefined) sessions.set(session, [entry])
    else own.push(entry)
  }
  return sessions
}

const resolve = <Row>(
  entries: ReadonlyArray<Entry<Row>>,
  session: Session["Service"],
  options: Options | undefined
): Effect.Effect<void> => {
  const groups = grouped(entries)
  const statements = groups.map(([first]) => first!.request.statement)
  return executeConcurrent(statements, { concurrency: options?.concurrency ?? 100, raiseOnFirstError: false })
    .pipe(
      Effect.provideService(Session, session),
      Effect.map((results) => {
        for (const [at, result] of results.entries()) {
          const exit = result._tag === "Success" ? Exit.succeed(result.value.rows) : Exit.fail(result.error)
          for (const entry of groups[at]!) entry.completeUnsafe(exit)
        }
      })
    )
}

/** Entries with the same key, together. */
const grouped = <Row>(entries: ReadonlyArray<Entry<Row>>): ReadonlyArray<ReadonlyArray<Entry<Row>>> => {
  const buckets = new Map<number, Array<Array<Entry<Row>>>>()
  const groups: Array<Array<Entry<Row>>> = []
  for (const entry of entries) {
    const { params } = entry.request.statement
    const hash = Hash.hash(params)
    const bucket = buckets.get(hash) ?? []
    const group = bucket.find(([first]) => first !== undefined && isSameKey(first.request.statement.params, params))
    if (group !== undefined) group.push(entry)
    else {
      const made = [entry]
      bucket.push(made)
      groups.push(made)
    }
    buckets.set(hash, bucket)
  }
  return groups
}
