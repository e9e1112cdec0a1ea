import { Batch, type CqlError, executeConcurrent, RetryPolicy, Session, Statement } from "@effect-cql/core"
import type { Service } from "@effect-cql/core/Session"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, type Scope } from "effect"
import { CassandraSession } from "../src/index.ts"
import { mostPreparations } from "../src/internal/request/forgetful.ts"
import { cqlNodes } from "./support/cqlNodes.ts"
import {
  type Answer,
  failure,
  fakeClient,
  idOf,
  nothing,
  result,
  type Script,
  type Seen,
  unprepared
} from "./support/fakeClient.ts"
import { opcode, short } from "./support/frames.ts"
import { preparedBody, scalar, voidBody } from "./support/resultFrames.ts"
import { type Asked, failing, type Reply, resulting, type ScriptedNode, scriptedNode } from "./support/scriptedNode.ts"
import { until } from "./support/until.ts"

const insert = "INSERT INTO app.users (id) VALUES (?)"
const ints = [{ name: "id", type: scalar("int") }]
const texts = [{ name: "id", type: scalar("text") }]

const withFake = <A, E>(
  script: Script,
  use: (fake: ReturnType<typeof fakeClient>, session: Service) => Effect.Effect<A, E, Session | Scope.Scope>
) => {
  const fake = fakeClient({ columns: { [insert]: ints }, ...script })
  return Effect.scoped(
    Effect.flatMap(
      CassandraSession.fromClient(fake.client, { defaults: { retry: "none" } }),
      (session) => Effect.provideService(use(fake, session), Session, session)
    )
  )
}

const shortBytes = (bytes: Buffer) => Buffer.concat([short(bytes.length), bytes])

const slowly = (answer: Answer) => new Promise<Answer>((resolve) => setTimeout(() => resolve(answer), 20))

const failureOf = <A, R>(effect: Effect.Effect<A, CqlError, R>) => Effect.flip(effect)

const idGiven = (seen: Seen): string => seen._tag === "Execute" ? seen.id.toString() : ""

describe("a statement that cannot be prepared", () => {
  const codes = [0x0000, 0x000a, 0x1000, 0x1001, 0x1002, 0x1003, 0x1400, 0x2000, 0x2100, 0x2200, 0x2300, 0x2500, 0x9999]
  const counter = "UPDATE app.users SET n = n + 1 WHERE id = ?"

  it.effect("was not executed, whatever the server says: not applied, also for what is not idempotent", () =>
    Effect.forEach(codes, (code) =>
      withFake({ prepare: () => failure(code) }, ({ seen }) =>
        Effect.gen(function*() {
          for (const statement of [Statement.make(counter, [1]), Batch.make([[counter, [1]]], { type: "counter" })]) {
            const error = yield* failureOf<unknown, Session>(statement)
            assert.strictEqual(error.outcome, "NotApplied", `0x${code.toString(16)}`)
          }
          assert.lengthOf(seen, 0)
        }))))

  it.effect("was not executed where the answer cannot be read", () =>
    Effect.forEach(
      [Buffer.alloc(0), Buffer.from("00000004ffff", "hex"), voidBody],
      (body) =>
        withFake({ prepare: () => result(body) }, () =>
          Effect.gen(function*() {
            assert.strictEqual((yield* failureOf(Statement.make(counter, [1]))).outcome, "NotApplied")
          }))
    ))

  it.live("because the server is overloaded is prepared again, though it is not idempotent", () => {
    let asked = 0
    return withFake({
      columns: { [counter]: ints },
      prepare: () => ++asked === 1 ? failure(0x1001) : undefined
    }, ({ seen }) =>
      Effect.gen(function*() {
        yield* Statement.make(counter, [1], { retry: RetryPolicy.standard })
        assert.deepStrictEqual([asked, seen.length], [2, 1])
      }))
  })
})

describe("a statement that a node does not know any more", () => {
  it.effect("is prepared there once, and executed", () => {
    let forgets = true
    return withFake({
      answer: (seen) => {
        if (!forgets || seen._tag !== "Execute") return nothing
        forgets = false
        return unprepared(seen.id)
      }
    }, ({ prepares, seen }) =>
      Effect.gen(function*() {
        yield* Statement.make(insert, [1])
        assert.deepStrictEqual(prepares, [insert, insert])
        assert.strictEqual(seen.length, 2)
      }))
  })

  it.effect("fails as not applied, and sends nothing more, where the node never learns it", () =>
    Effect.forEach([Statement.make(insert, [1]), Batch.make([[insert, [1]]])], (statement) =>
      withFake(
        { answer: (seen) => seen._tag === "Execute" || seen._tag === "Batch" ? unprepared(idOf(insert)) : nothing },
        ({ prepares, seen }) =>
          Effect.gen(function*() {
            const error = yield* failureOf<unknown, Session>(statement)
            assert.deepInclude(error, { outcome: "NotApplied", isRetryable: true })
            assert.strictEqual(error.reason._tag, "Unprepared")
            assert.deepStrictEqual([prepares.length, seen.length], [1 + mostPreparations, 1 + mostPreparations])
          })
      )))

  // A full cache of prepared statements refuses a newcomer until it was asked for often enough.
  it.effect("is prepared there again and again, for each request anew, while the cache of the node is full", () => {
    let refusals = 0
    return withFake({
      answer: (seen) => {
        if (seen._tag !== "Execute" && seen._tag !== "Batch") return nothing
        return refusals++ < mostPreparations ? unprepared(idOf(insert)) : nothing
      }
    }, ({ prepares, seen }) =>
      Effect.gen(function*() {
        const statements = [Statement.make(insert, [1], { idempotent: false }), Batch.make([[insert, [1]]])]
        for (const statement of statements) {
          refusals = 0
          yield* statement as Effect.Effect<unknown, CqlError, Session>
        }
        const times = statements.length * mostPreparations
        assert.deepStrictEqual([prepares.length, seen.length], [1 + times, statements.length + times])
      }))
  })

  it.live("is tried again, as any retry policy allows, where the node has not learned it so far", () => {
    let refusals = 0
    return withFake({
      answer: (seen) => seen._tag === "Execute" && refusals++ < 2 * mostPreparations ? unprepared(seen.id) : nothing
    }, ({ seen }) =>
      Effect.gen(function*() {
        yield* Statement.make(insert, [1], { idempotent: false, retry: RetryPolicy.standard })
        assert.strictEqual(seen.length, 1 + 2 * mostPreparations)
      }))
  })

  it.live("is not prepared any more once the request has ended: interrupted, or not in time", () =>
    Effect.forEach(
      [{ requestTimeout: "50 millis" as const }, { requestTimeout: "1 minute" as const }],
      (options) =>
        withFake(
          {
            prepare: (text) => slowly(result(preparedBody(idOf(text), ints))),
            answer: (seen) => seen._tag === "Execute" ? unprepared(seen.id) : nothing
          },
          ({ prepares, seen }) =>
            Effect.gen(function*() {
              const exit = yield* Effect.exit(Effect.timeout(Statement.make(insert, [1], options), "80 millis"))
              assert.isTrue(Exit.isFailure(exit))
              const soFar = [prepares.length, seen.length]
              assert.isBelow(prepares.length, mostPreparations)
              yield* Effect.sleep("100 millis")
              assert.deepStrictEqual([prepares.length, seen.length], soFar)
            })
        )
    ))

  it.effect("is none where nothing was prepared: a text, and a batch of texts, fail at once", () =>
    withFake({ answer: () => unprepared(Buffer.of(1)) }, ({ prepares, seen }) =>
      Effect.gen(function*() {
        const text = "INSERT INTO app.users (id) VALUES (1)"
        for (const statement of [Statement.make(text), Batch.make([[text]])]) {
          const error = yield* failureOf<unknown, Session>(statement)
          assert.deepInclude({ outcome: error.outcome, tag: error.reason._tag }, {
            outcome: "NotApplied",
            tag: "Unprepared"
          })
        }
        assert.deepStrictEqual([prepares.length, seen.length], [0, 2])
      })))

  it.live("is prepared on each node that forgot it, also while the node before hangs", () => {
    const select = "SELECT id FROM app.users WHERE id = ?"
    const known = new Set<string>()
    let isRestarted = false
    const speculativeExecution = { newPlan: () => ({ nextExecution: () => 5 }) }
    return withFake({
      columns: { [select]: ints },
      hosts: ["a:9042", "b:9042"],
      options: { policies: { speculativeExecution }, prepareOnAllHosts: false },
      prepare: (_, host) => {
        if (isRestarted && host === "a:9042") return "none"
        known.add(host)
        return undefined
      },
      answer: (seen) => seen._tag === "Execute" && !known.has(seen.host) ? unprepared(seen.id) : nothing
    }, ({ seen }) =>
      Effect.gen(function*() {
        yield* Statement.make(select, [1])
        known.clear()
        isRestarted = true
        const { info } = yield* Statement.make(select, [1])
        assert.strictEqual(info.coordinator, "b:9042")
        assert.deepStrictEqual(seen.slice(1).map(({ host }) => host), ["a:9042", "b:9042", "b:9042"])
      }))
  })

  it.effect("of a batch is prepared with all others, and the batch sent once more", () => {
    let forgets = true
    return withFake({
      answer: (seen) => {
        if (!forgets || seen._tag !== "Batch") return nothing
        forgets = false
        return unprepared(idOf(insert))
      }
    }, ({ prepares, seen }) =>
      Effect.gen(function*() {
        yield* Batch.make([[insert, [1]], [insert, [2]]])
        assert.deepStrictEqual(prepares, [insert, insert])
        assert.strictEqual(seen.length, 2)
      }))
  })

  it.effect("is executed under the id that the node gives it then", () => {
    const other = Buffer.from("another id")
    let prepared = 0
    return withFake({
      prepare: () => result(preparedBody(prepared++ === 0 ? idOf(insert) : other, ints)),
      answer: (seen) => seen._tag === "Execute" && seen.id.equals(idOf(insert)) ? unprepared(seen.id) : nothing
    }, ({ prepares, seen }) =>
      Effect.gen(function*() {
        yield* Statement.make(insert, [1])
        yield* Statement.make(insert, [2])
        assert.deepStrictEqual(seen.map(idGiven), [idOf(insert).toString(), "another id", "another id"])
        assert.strictEqual(prepares.length, 2)
      }))
  })

  it.effect("keeps the id that each node gives it", () => {
    const idOn = (host: string) => Buffer.from(`id on ${host}`)
    let turn = 0
    return withFake({
      hosts: ["a:9042", "b:9042"],
      prepare: (_, host) => result(preparedBody(idOn(host), ints)),
      answer: (seen) => seen._tag === "Execute" && seen.id.equals(idOn(seen.host)) ? nothing : unprepared(Buffer.of(1))
    }, ({ profile, prepares, seen, client }) =>
      Effect.gen(function*() {
        profile.loadBalancing.newQueryPlan = (_keyspace, _options, done) => {
          const hosts = [...client.hosts.values()]
          done(undefined, (turn++ % 2 === 0 ? hosts : hosts.toReversed()).values())
        }
        yield* Statement.make(insert, [0])
        const [preparesSoFar, seenSoFar] = [prepares.length, seen.length]
        yield* Effect.forEach([1, 2, 3, 4, 5, 6], (id) => Statement.make(insert, [id]))
        assert.deepStrictEqual([prepares.length, seen.length], [preparesSoFar, seenSoFar + 6])
      }))
  })

  it.effect("is encoded anew where its types have changed, and refused where the value does not fit", () => {
    let columns = ints
    let current = 0
    let known = -1
    return withFake({
      prepare: () => {
        known = current
        return result(preparedBody(idOf(insert), columns))
      },
      answer: (seen) => seen._tag === "Execute" && known !== current ? unprepared(seen.id) : nothing
    }, ({ seen }) =>
      Effect.gen(function*() {
        yield* Statement.make(insert, [1])
        columns = texts
        current++
        const error = yield* failureOf(Statement.make(insert, [1]))
        assert.strictEqual(error.reason._tag, "ParametersRefused")
        assert.strictEqual(error.outcome, "NotApplied")
        yield* Statement.make(insert, ["a"])
        const last = seen.at(-1)
        assert.deepStrictEqual(last?._tag === "Execute" && last.parameters.values, [Buffer.from("a")])
      }))
  })

  it.live("has its partition by the types that its table has now, though nothing reported the change", () => {
    let columns = ints
    return withFake({
      prepare: () => result(preparedBody(idOf(insert), columns, { partitionKeys: [0] })),
      ring: [0],
      tokenizer: { parse: (text) => text }
    }, ({ client }, session) =>
      Effect.gen(function*() {
        Object.assign(client.metadata, { newToken: () => "7" })
        yield* session.partition([insert, [1]])
        columns = texts
        yield* Effect.sleep("1050 millis")
        assert.deepStrictEqual(yield* session.partition([insert, ["a"]]), { token: 7n })
        const error = yield* failureOf(session.partition([insert, [1]]))
        assert.strictEqual(error.reason._tag, "ParametersRefused")
      }))
  })

  it.effect("says what is wrong with it now, where it cannot be prepared any more", () => {
    let isDropped = false
    return withFake({
      prepare: () => isDropped ? failure(0x2200) : undefined,
      answer: (seen) => isDropped && seen._tag === "Execute" ? unprepared(seen.id) : nothing
    }, ({ seen }) =>
      Effect.gen(function*() {
        yield* Statement.make(insert, [1])
        isDropped = true
        const error = yield* failureOf(Statement.make(insert, [2]))
        assert.deepInclude({ outcome: error.outcome, tag: error.reason._tag }, {
          outcome: "NotApplied",
          tag: "InvalidQuery"
        })
        assert.strictEqual(seen.length, 2)
      }))
  })
})

describe("a node that hangs", () => {
  it.live("delays a new text by a second, and no more", () =>
    withFake({
      hosts: ["a:9042", "b:9042"],
      prepare: (_, host) => host === "a:9042" ? "none" : undefined,
      answer: ({ host }) => host === "a:9042" ? "none" : nothing
    }, ({ client, profile }) =>
      Effect.gen(function*() {
        const [slow, quick] = [...client.hosts.values()]
        let turn = 0
        // The plan of the PREPARE begins with the node that hangs, those of the statements do not.
        profile.loadBalancing.newQueryPlan = (_keyspace, _options, done) =>
          done(undefined, (turn++ === 0 ? [slow, quick] : [quick, slow]).values())
        const begin = performance.now()
        const statements = Array.from({ length: 20 }, (_, id) => Statement.make(insert, [id]))
        const results = yield* executeConcurrent(statements, { concurrency: 20 })
        assert.isTrue(results.every(({ outcome }) => outcome === "Applied"))
        assert.isBelow(performance.now() - begin, 2_000)
      })))

  it.live("leaves what was still being prepared not applied", () =>
    withFake({ prepare: () => "none" }, ({ seen }) =>
      Effect.gen(function*() {
        const statements = [
          Statement.make(insert, [1], { requestTimeout: "50 millis" }),
          Statement.make(insert, [2], { requestTimeout: "50 millis", idempotent: false }),
          Batch.make([[insert, [3]]], { requestTimeout: "50 millis" })
        ]
        const results = yield* executeConcurrent(statements, { raiseOnFirstError: false })
        assert.deepStrictEqual(results.map(({ outcome }) => outcome), ["NotApplied", "NotApplied", "NotApplied"])
        assert.strictEqual(seen.length, 0)
      })))

  it.live("is asked for the partition of a new text no longer than the others", () =>
    withFake({
      hosts: ["a:9042", "b:9042"],
      prepare: (_, host) => host === "a:9042" ? "none" : undefined
    }, (_, session) =>
      Effect.gen(function*() {
        const begin = performance.now()
        yield* session.partition(Statement.make(insert, [1]))
        assert.isBelow(performance.now() - begin, 2_000)
      })))

  it.live("delays one new text, and none after it until the node is read from again", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({}, {}, {})
      const hung = nodes[1]!
      const session = yield* CassandraSession.make({ contactPoints: [nodes[0]!.address], localDataCenter: "dc1" })
      yield* until("a connection to each node", () => nodes.every(({ open }) => open > 0))
      hung.silence({ newOnes: false })
      const begin = performance.now()
      const text = (at: number) => `SELECT id FROM app.t WHERE id = ${at} AND c = ?`
      for (let at = 0; at < 15; at++) yield* session.describe(text(at))
      // Every third text waited for a second.
      assert.isBelow(performance.now() - begin, 3_000)
      hung.speak()
      yield* Effect.sleep("200 millis")
      for (let at = 0; at < 6; at++) yield* session.execute([`SELECT id FROM app.t WHERE id = ${at}`])
      assert.isNotEmpty(hung.statements)
    }).pipe(Effect.scoped))

  it.live("is asked once more where no other is left, as long as it answers anything else", () =>
    Effect.forEach(
      [
        () => Statement.make(insert, [1]),
        () => Batch.make([[insert, [1]]]),
        (session: Service) => session.describe(insert),
        (session: Service) => session.partition([insert, [1]])
      ],
      (use: (session: Service) => Effect.Effect<unknown, CqlError, Session>) =>
        Effect.gen(function*() {
          const node = yield* scriptedNode
          let prepares = 0
          node.reply(({ _tag }) => {
            if (_tag !== "Prepare") return resulting(voidBody)
            return ++prepares === 1 ? "none" : resulting(preparedBody(idOf(insert), ints))
          })
          const session = yield* CassandraSession.make({
            contactPoints: [node.address],
            localDataCenter: "datacenter1",
            requestTimeout: "6 seconds",
            defaults: { retry: "none" }
          })
          yield* Effect.provideService(use(session), Session, session)
          assert.strictEqual(prepares, 2)
        }),
      { concurrency: "unbounded" }
    ).pipe(Effect.scoped))

  it.live("is not asked once more before something was read from it", () => {
    const netClient = { destroyed: false, bytesRead: 1 }
    let answers = false
    return withFake({
      prepare: () => answers ? undefined : "none",
      answer: ({ _tag }) => _tag === "Execute" ? nothing : "none"
    }, ({ hosts, prepares }) =>
      Effect.gen(function*() {
        Object.assign(hosts[0]!.borrowConnection(), { netClient })
        const fiber = yield* Effect.forkChild(Statement.make(insert, [1], { requestTimeout: "20 seconds" }))
        yield* Effect.sleep("2500 millis")
        assert.lengthOf(prepares, 1)
        answers = true
        netClient.bytesRead++
        yield* Fiber.join(fiber)
        assert.lengthOf(prepares, 2)
      }))
  })

  it.live("leaves the others alone where the requests were given up", () =>
    withFake({ hosts: ["a:9042", "b:9042"], prepare: () => "none" }, ({ prepares }, session) =>
      Effect.gen(function*() {
        const uses = [
          Statement.make(insert, [1], { requestTimeout: "50 millis" }),
          Effect.timeout(session.describe(`${insert} `), "50 millis")
        ]
        for (const use of uses) yield* Effect.exit(use as Effect.Effect<unknown, unknown, Session>)
        yield* Effect.sleep("1200 millis")
        assert.lengthOf(prepares, 2)
      })))

  it.live("with a statement that it forgot is asked again by the requests that come later", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      let isLost = false
      let forgets = false
      node.reply((request) => {
        if (request._tag !== "Prepare") {
          return forgets && request._tag === "Execute" ? failing(0x2500, shortBytes(request.id)) : resulting(voidBody)
        }
        if (isLost) {
          isLost = false
          return "none"
        }
        forgets = false
        return resulting(preparedBody(idOf(insert), ints))
      })
      const session = yield* CassandraSession.make({
        contactPoints: [node.address],
        localDataCenter: "datacenter1",
        requestTimeout: "1500 millis",
        defaults: { retry: "none" }
      })
      yield* session.execute([insert, [1]])
      forgets = true
      isLost = true
      const error = yield* Effect.flip(session.execute([insert, [2]]))
      assert.strictEqual(error.outcome, "NotApplied")
      yield* session.execute([insert, [3]])
      assert.lengthOf(node.requests.filter(({ _tag }) => _tag === "Prepare"), 3)
    }).pipe(Effect.scoped))
})

describe("the cache of prepared statements", () => {
  it.live("keeps nothing of what cannot be prepared, and drops no good statement for it", () => {
    const logged: Array<unknown> = []
    const logger = Logger.make(({ message }) => {
      logged.push(message)
    })
    const isGood = (text: string) => text.startsWith("INSERT")
    const good = Array.from({ length: 20 }, (_, at) => `${insert} /* ${at} */`)
    const bad = Array.from({ length: 3_000 }, (_, at) => `SELECT v FROM nowhere_${at}.t WHERE id = ?`)
    return withFake({
      prepare: (text): Answer => isGood(text) ? result(preparedBody(idOf(text), ints)) : failure(0x2200),
      options: { maxPrepared: 50 }
    }, ({ prepares }) =>
      Effect.gen(function*() {
        yield* executeConcurrent(good.map((text) => [text, [1]] as const))
        const results = yield* executeConcurrent(bad.map((text) => [text, [1]] as const), {
          raiseOnFirstError: false,
          concurrency: 20
        })
        assert.isTrue(results.every(({ outcome }) => outcome === "NotApplied"))
        yield* executeConcurrent(good.map((text) => [text, [2]] as const))
        assert.strictEqual(prepares.filter(isGood).length, 20)
        assert.deepStrictEqual(logged, [])
      })).pipe(Effect.provide(Logger.layer([logger])))
  })

  it.live("executes more texts than it holds, and says so once", () => {
    const logged: Array<unknown> = []
    const logger = Logger.make(({ message }) => {
      logged.push(message)
    })
    const many = Array.from({ length: 400 }, (_, at) => `${insert} /* ${at} */`)
    return withFake({
      prepare: (text) => result(preparedBody(idOf(text), ints)),
      options: { maxPrepared: 5 }
    }, ({ seen }) =>
      Effect.gen(function*() {
        for (let round = 0; round < 3; round++) {
          const results = yield* executeConcurrent(many.map((text) => [text, [round]] as const), { concurrency: 400 })
          assert.strictEqual(results.length, 400)
        }
        yield* Batch.make(many.slice(0, 40).map((text) => [text, [1]] as const))
        assert.strictEqual(seen.length, 1_201)
        assert.lengthOf(logged, 1)
        assert.match(String(logged[0]), /more than 5 texts were prepared/)
      })).pipe(Effect.provide(Logger.layer([logger])))
  })
})

describe("a table that changes", () => {
  const tiny = (table: string) =>
    preparedBody(Buffer.from(`tiny ${table}`), [{ name: "id", type: scalar("tinyint") }], { table })
  const int = (table: string) =>
    preparedBody(Buffer.from(`int ${table}`), [{ name: "id", type: scalar("int") }], { table })
  const late = (body: Buffer): Reply => ({ opcode: opcode.result, body, after: 100 })
  const open = (node: ScriptedNode) =>
    CassandraSession.make({
      contactPoints: [node.address],
      localDataCenter: "datacenter1",
      defaults: { retry: "none" },
      clientOptions: { maxPrepared: 1 }
    })
  const valuesOf = (asked: Asked | undefined) =>
    asked?._tag === "Execute"
      ? asked.parameters.values
      : asked?._tag === "Batch"
      ? asked.members.map(({ values }) => values[0])
      : undefined

  it.live("while a node that forgot a statement prepares it again gets no values of its old types", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      const session = yield* open(node)
      let hasChanged = false
      let executes = 0
      node.reply((request) => {
        if (request._tag === "Execute") {
          return ++executes === 2
            ? failing(0x2500, shortBytes(request.id))
            : resulting(voidBody)
        }
        if (hasChanged || executes === 0) return resulting(hasChanged ? int("t") : tiny("t"))
        hasChanged = true
        node.changeTable("app", "t")
        return late(tiny("t"))
      })
      yield* session.execute([insert, [1]])
      yield* session.execute([insert, [1]])
      assert.deepStrictEqual(valuesOf(node.requests.at(-1)), [Buffer.of(0, 0, 0, 1)])
    }).pipe(Effect.scoped))

  it.live("gets no values of its old types by a statement that the cache has dropped", () =>
    Effect.gen(function*() {
      const node = yield* scriptedNode
      const session = yield* open(node)
      const [first, second] = ["INSERT INTO app.a (id) VALUES (?)", "INSERT INTO app.b (id) VALUES (?)"]
      let hasChanged = false
      node.reply((request) => {
        if (request._tag !== "Prepare") return resulting(voidBody)
        if (request.text === first) return resulting(hasChanged ? int("a") : tiny("a"))
        if (!hasChanged) node.changeTable("app", "a")
        hasChanged = true
        return late(tiny("b"))
      })
      yield* session.execute(Batch.make([[first, [1]], [second, [2]]]))
      assert.deepStrictEqual(valuesOf(node.requests.at(-1)), [Buffer.of(0, 0, 0, 1), Buffer.of(2)])
    }).pipe(Effect.scoped))
})
