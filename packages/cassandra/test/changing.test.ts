import { Batch, type CqlError, executeConcurrent, RetryPolicy, Session, Statement } from "@effect-cql/core"
import type { Service } from "@effect-cql/core/Session"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { EventEmitter } from "node:events"
import { CassandraSession } from "../src/index.ts"
import { SchemaChanges } from "../src/internal/request/schemaChanges.ts"
import { type Answer, fakeClient, idOf, result, type Script } from "./support/fakeClient.ts"
import { preparedBody, preparedBodyOfTables, scalar } from "./support/resultFrames.ts"
import { scriptedNode } from "./support/scriptedNode.ts"

const insert = "INSERT INTO app.users (id) VALUES (?)"
const ints = [{ name: "id", type: scalar("int") }]

interface Change {
  readonly keyspace: string
  readonly target: string
  readonly table?: string | undefined
}
const own = { keyspace: "app", target: "TABLE", table: "users" }
const others: ReadonlyArray<Change> = [
  { keyspace: "elsewhere", target: "TABLE", table: "users" },
  { keyspace: "elsewhere", target: "KEYSPACE" },
  { keyspace: "app", target: "TABLE", table: "others" }
]
const ofItsKeyspace: ReadonlyArray<Change> = [
  { keyspace: "app", target: "KEYSPACE" },
  { keyspace: "app", target: "TYPE" }
]

/** A client with a control connection. `during` is run while a PREPARE is on its way, with its number from 1 on. */
const withEvents = <A, E>(
  during: (control: Control, round: number) => void,
  use: (fake: ReturnType<typeof fakeClient> & { readonly control: Control }, session: Service) => Effect.Effect<
    A,
    E,
    Session | Scope.Scope
  >,
  script: Script = {}
) => {
  let round = 0
  const control = new Control()
  const fake = fakeClient({
    prepare: async (text): Promise<Answer> => {
      during(control, ++round)
      await new Promise((resolve) => setTimeout(resolve, 5))
      return result(preparedBody(idOf(text), ints, { partitionKeys: [0] }))
    },
    ...script
  })
  Object.assign(fake.client, { controlConnection: control })
  return Effect.scoped(Effect.flatMap(
    CassandraSession.fromClient(fake.client, { defaults: { retry: "none" } }),
    (session) => Effect.provideService(use({ ...fake, control }, session), Session, session)
  ))
}

class Control extends EventEmitter {
  readonly connection = new EventEmitter()
  change(change: Change): void {
    this.connection.emit("nodeSchemaChange", { schemaChangeType: "UPDATED", ...change })
  }
  reconnect(): void {
    this.emit("newConnection", null, this.connection)
  }
}

const uses: ReadonlyArray<readonly [string, (session: Service) => Effect.Effect<unknown, CqlError, Session>]> = [
  ["a statement", () => Statement.make(insert, [1])],
  ["a batch", () => Batch.make([[insert, [1]], [insert, [2]]])],
  ["a description", (session) => session.describe(insert)],
  ["a partition", (session) => session.partition([insert, [1]])],
  // The cache has dropped the first text when the second is prepared.
  [
    "a statement that the cache has dropped",
    () => Effect.all([Statement.make(insert, [1]), Statement.make(`${insert} `, [1])], { concurrency: 2 })
  ]
]

describe("a change of the schema while a statement is prepared", () => {
  it.live("is no reason to prepare it again where its table did not change", () =>
    Effect.forEach(uses, ([name, use]) =>
      withEvents(
        (control) => others.forEach((change) => control.change(change)),
        ({ prepares }, session) =>
          Effect.gen(function*() {
            yield* use(session)
            assert.deepStrictEqual(prepares, [...new Set(prepares)], name)
          }),
        { options: { maxPrepared: 1 } }
      )))

  it.live("of its table or its keyspace, or that may have been missed, is one", () =>
    Effect.forEach(
      [
        ...[own, ...ofItsKeyspace].map((change) => (control: Control) => control.change(change)),
        (control: Control) => control.reconnect()
      ],
      (happen) =>
        Effect.forEach(uses.slice(0, 4), ([name, use]) =>
          withEvents((control, round) =>
            round === 1 && happen(control), ({ prepares }, session) =>
            Effect.gen(function*() {
              yield* use(session)
              assert.lengthOf(prepares, 2, name)
            })))
    ))

  it.live("of its table, again and again, leaves it not applied after three preparations", () =>
    Effect.forEach(
      uses.slice(0, 4),
      ([name, use]) =>
        withEvents((control) => control.change(own), ({ prepares, seen }, session) =>
          Effect.gen(function*() {
            const error = yield* Effect.flip(use(session))
            assert.strictEqual(error.outcome, "NotApplied")
            assert.strictEqual(error.reason._tag, "Unprepared")
            assert.include(error.message, "changed during each of 3 preparations")
            assert.deepStrictEqual([prepares.length, seen.length], [3, 0], name)
          }))
    ))

  it.live("is over in time for a statement that is tried again", () =>
    withEvents((control, round) => round <= 4 && control.change(own), ({ prepares, seen }) =>
      Effect.gen(function*() {
        yield* Statement.make(insert, [1], { idempotent: false, retry: RetryPolicy.standard })
        assert.deepStrictEqual([prepares.length, seen.length], [5, 1])
      })))

  it.live("is no reason to prepare it again for a request that was given up", () =>
    Effect.forEach(uses.slice(0, 4), ([name, use]) =>
      withEvents(
        () => {},
        ({ control, prepares }, session) =>
          Effect.gen(function*() {
            yield* Effect.exit(Effect.timeout(use(session), "20 millis"))
            control.change(own)
            yield* Effect.sleep("150 millis")
            assert.lengthOf(prepares, 1, name)
          }),
        {
          prepare: async (text) => {
            await new Promise((resolve) => setTimeout(resolve, 80))
            return result(preparedBody(idOf(text), ints, { partitionKeys: [0] }))
          }
        }
      )))

  it.live("keeps no statement from a node, however many there are", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      node.reply(({ _tag }) => ({
        opcode: 8,
        body: _tag === "Prepare" ? preparedBody(Buffer.from("id"), ints) : Buffer.of(0, 0, 0, 1),
        after: _tag === "Prepare" ? 50 : 0
      }))
      const session = yield* CassandraSession.make({
        contactPoints: [node.address],
        localDataCenter: "datacenter1",
        requestTimeout: "3 seconds"
      })
      yield* Effect.acquireRelease(
        Effect.sync(() => setInterval(() => node.changeTable("elsewhere", "users"), 5)),
        (timer) => Effect.sync(() => clearInterval(timer))
      )
      yield* session.execute([insert, [1]])
      assert.deepStrictEqual(node.requests.map(({ _tag }) => _tag), ["Prepare", "Execute"])
    }).pipe(Effect.scoped))
})

it.live("a text that is a batch is prepared again after a change of each of its tables, and of no other", () => {
  const text = "BEGIN BATCH INSERT INTO a (id) VALUES (?); INSERT INTO b (id) VALUES (?) APPLY BATCH"
  const [id] = ints
  return withEvents(() => {}, ({ control, prepares }) =>
    Effect.gen(function*() {
      for (const [table, times] of [["a", 2], ["b", 3], ["c", 3]] as const) {
        yield* Statement.make(text, [1, 2])
        control.change({ ...own, table })
        yield* Statement.make(text, [1, 2])
        assert.lengthOf(prepares, times, table)
      }
    }), {
    prepare: () => result(preparedBodyOfTables(idOf(text), [["a", id!], ["b", id!]]))
  })
})

it("changes of ever new tables take no more memory, and forget more than they have to", () => {
  const changes = new SchemaChanges()
  const users = [{ keyspace: "app", table: "users" }]
  for (let at = 0; at < 1_000; at++) changes.add({ change: "CREATED", ...own, table: `t${at}` })
  assert.isFalse(changes.concern(users, 0))
  changes.add({ change: "CREATED", ...own, table: "one more" })
  assert.isTrue(changes.concern(users, 0))
  assert.isFalse(changes.concern(users, changes.count))
})

it.live("values that were encoded before a change of the table are not sent, however often that happens", () =>
  withEvents(() => {}, ({ control, prepares, profile, seen }) =>
    Effect.gen(function*() {
      const plan = profile.loadBalancing.newQueryPlan
      // Between encoding and sending.
      profile.loadBalancing.newQueryPlan = (keyspace, options, done) => {
        if (options !== null) control.change(own)
        plan(keyspace, options, done)
      }
      const statements = [Statement.make(insert, [1]), Batch.make([[insert, [1]]])]
      const results = yield* executeConcurrent(statements, { concurrency: 1, raiseOnFirstError: false })
      assert.deepStrictEqual(results.map(({ outcome }) => outcome), ["NotApplied", "NotApplied"])
      assert.deepStrictEqual([prepares.length, seen.length], [6, 0])
    })))
