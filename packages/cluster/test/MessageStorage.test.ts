/** The suite of storages of messages on Effect's memory driver and on CQL, and faults at every statement. */
import { CqlCluster, CqlMessageStorage } from "@effect-cql/cluster"
import { CqlError, Reason, Statement } from "@effect-cql/core"
import { FaultPlan, MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer } from "effect"
import { ClusterError, MessageStorage, Reply, ShardingConfig, Snowflake } from "effect/cluster"
import { TestClock } from "effect/testing"
import { messageFaultsSuite } from "./support/messageFaultsSuite.ts"
import {
  ack,
  add,
  address,
  chunk,
  delayed,
  delivered,
  exit,
  exitOfStream,
  idOf,
  interrupt,
  type Numbers,
  numbers,
  once
} from "./support/messages.ts"
import { messageStorageSuite, Other } from "./support/messageStorageSuite.ts"
import { type Gate, gated } from "./support/port.ts"

messageStorageSuite("Effect's memory driver", {
  fresh: () =>
    Layer.effect(Other, Effect.map(MessageStorage.MessageStorage, Other.of)).pipe(
      Layer.provideMerge(Layer.fresh(MessageStorage.layerMemory)),
      Layer.provide(ShardingConfig.layerDefaults),
      Layer.provideMerge(Snowflake.layerGenerator)
    )
})

messageStorageSuite("CQL over tables in memory", {
  fresh: () =>
    Layer.mergeAll(
      Layer.effect(MessageStorage.MessageStorage, CqlMessageStorage.make({ keyspace: "app" })),
      Layer.effect(Other, CqlMessageStorage.make({ keyspace: "app" }))
    ).pipe(
      Layer.provide(Layer.fresh(MockSession.memory(CqlCluster.ddl("app")))),
      Layer.provideMerge(Snowflake.layerGenerator)
    )
})

const key = "k"
const make = (settings?: Partial<CqlMessageStorage.Options>) => CqlMessageStorage.make({ keyspace: "app", ...settings })
const memory = (options?: MockSession.MemoryOptions) =>
  Layer.mergeAll(Layer.fresh(MockSession.memory(CqlCluster.ddl("app"), options)), Snowflake.layerGenerator)

describe("faults", () => {
  /** The life of two requests, one of them with a key, and a stream. */
  const story = Effect.gen(function*() {
    const [storage, other] = [yield* make(), yield* make()]
    const [one, again, plain, stream] = [yield* once(key), yield* once(key), yield* add(), yield* numbers()]
    const saved = [
      (yield* storage.saveRequest(one))._tag,
      (yield* other.saveRequest(again))._tag,
      (yield* storage.saveRequest(plain))._tag,
      (yield* storage.saveRequest(stream))._tag
    ]
    const first = yield* delivered(storage)
    yield* storage.saveReply(yield* exit(one, 1))
    yield* other.clearReplies(one.envelope.requestId)
    const second = yield* delivered(storage)
    yield* storage.saveReply(yield* exit(one, 2))
    const part = yield* chunk(stream, 0)
    yield* storage.saveReply(part)
    yield* other.saveEnvelope(yield* ack(stream, part))
    const acked = yield* delivered(storage)
    yield* storage.saveReply(yield* exitOfStream(stream))
    yield* other.saveEnvelope(yield* interrupt(plain))
    const third = yield* delivered(storage)
    yield* storage.clearAddress(address("nothing"))
    const ids = { one: idOf(one), plain: idOf(plain), stream: idOf(stream) }
    return { saved, first, second, acked, third, ids, other, one }
  })

  it.effect("of any statement are not noticed, whether it was applied, lost or is late", () =>
    Effect.gen(function*() {
      const explored = yield* FaultPlan.explore(story, {
        tables: CqlCluster.ddl("app"),
        maxRuns: 5_000,
        invariant: (exit) =>
          Effect.gen(function*() {
            assert.strictEqual(exit._tag, "Success")
            if (exit._tag !== "Success") return
            const { acked, first, ids, one, other, saved, second, third } = exit.value
            assert.deepStrictEqual(saved, ["Success", "Duplicate", "Success", "Success"])
            assert.deepStrictEqual(first, [ids.one, ids.plain, ids.stream])
            assert.deepStrictEqual(second, [ids.one])
            assert.deepStrictEqual(acked, [`ack ${ids.stream}`])
            assert.deepStrictEqual(third, [`interrupt ${ids.plain}`])
            // Late requests have arrived: a new owner delivers what is not done, and nothing else.
            assert.deepStrictEqual(yield* delivered(other), [ids.plain, `interrupt ${ids.plain}`])
            const [reply] = yield* other.repliesFor([one])
            assert.isTrue(reply?._tag === "WithExit" && Exit.isSuccess(reply.exit) && reply.exit.value === 2)
          })
      })
      assert.isFalse(explored.isPartial)
      assert.isAbove(explored.runs, 200)
    }).pipe(Effect.provide(Snowflake.layerGenerator)), 300_000)
})

messageFaultsSuite("CQL over tables in memory", {
  fresh: () => ({
    session: Layer.fresh(MockSession.memory(CqlCluster.ddl("app"))),
    options: { keyspace: "app" }
  })
})

describe("a storage of messages over CQL", () => {
  const causeOf = <A, R>(self: Effect.Effect<A, unknown, R>) =>
    Effect.map(Effect.flip(self), (error) => error instanceof ClusterError.PersistenceError ? error.cause : error)

  it.effect("refuses a second exit, and another chunk in the place of one", () =>
    Effect.gen(function*() {
      const storage = yield* make()
      const [request, stream] = [yield* add(), yield* numbers()]
      yield* storage.saveRequest(request)
      yield* storage.saveRequest(stream)
      const reply = yield* exit(request, 1)
      yield* storage.saveReply(reply)
      yield* storage.saveReply(reply)
      assert.include(String(yield* causeOf(storage.saveReply(yield* exit(request, 2)))), "ReplyExists")
      const part = yield* chunk(stream, 0)
      yield* storage.saveReply(part)
      yield* storage.saveReply(part)
      assert.include(String(yield* causeOf(storage.saveReply(yield* chunk(stream, 0)))), "ReplyExists")
      assert.strictEqual((yield* storage.repliesFor([request])).length, 1)
    }).pipe(Effect.provide(memory())))

  it.effect("refuses an id that another process has used, and frees the key", () =>
    Effect.gen(function*() {
      const [storage, other] = [yield* make(), yield* make()]
      const one = yield* add()
      const id = one.envelope.requestId
      yield* storage.saveRequest(one)
      yield* storage.saveRequest(one)
      assert.include(String(yield* causeOf(other.saveRequest(yield* add(2, { id })))), "IdCollision")
      assert.include(String(yield* causeOf(other.saveRequest(yield* once(key, { id })))), "IdCollision")
      assert.strictEqual((yield* other.saveRequest(yield* once(key)))._tag, "Success")
      assert.strictEqual((yield* delivered(storage)).length, 2)
    }).pipe(Effect.provide(memory())))

  it.effect("refuses a key whose request has grown too large, and says what to do", () =>
    Effect.gen(function*() {
      const storage = yield* make()
      const stream = yield* numbers()
      yield* storage.saveRequest(stream)
      const { reply, ...rest } = yield* chunk(stream, 0)
      const values = Array.from({ length: 600_000 }, () => 1) as [number, ...Array<number>]
      const large = new Reply.ReplyWithContext({
        ...rest,
        reply: new Reply.Chunk<typeof Numbers>({ id: reply.id, requestId: reply.requestId, sequence: 0, values })
      })
      assert.include(String(yield* causeOf(storage.saveReply(large))), "MessageTooLarge")
    }).pipe(Effect.provide(memory())))

  it.effect("answers a request that cannot be read with a defect, and delivers it no more", () =>
    Effect.gen(function*() {
      const storage = yield* make()
      const request = yield* add()
      yield* storage.saveRequest(request)
      yield* Statement.make(
        "UPDATE app.cluster_requests SET headers = 'null' WHERE cluster = 'default' AND request_id = ?",
        [
          request.envelope.requestId
        ]
      )
      assert.deepStrictEqual(yield* delivered(storage), [])
      yield* TestClock.adjust("1 second")
      const [reply] = yield* storage.repliesFor([request])
      assert.isTrue(reply?._tag === "WithExit" && Exit.hasDies(reply.exit))
      yield* storage.resetShards([request.envelope.address.shardId])
      assert.deepStrictEqual(yield* delivered(storage), [])
    }).pipe(Effect.provide(memory())))

  it.effect("delivers a claimed message again after ten minutes", () =>
    Effect.gen(function*() {
      const storage = yield* make()
      const request = yield* add()
      yield* storage.saveRequest(request)
      yield* delivered(storage)
      yield* TestClock.adjust("9 minutes")
      assert.deepStrictEqual(yield* delivered(storage), [])
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* delivered(storage), [idOf(request)])
    }).pipe(Effect.provide(memory())))

  it.effect("forgets messages when their retention ends, and one that is delivered later is kept for longer", () =>
    Effect.gen(function*() {
      const storage = yield* make({ retention: "1 hour" })
      const late = yield* delayed(2 * 3_600_000)
      yield* storage.saveRequest(yield* once(key))
      yield* storage.saveRequest(late)
      yield* TestClock.adjust("61 minutes")
      assert.deepStrictEqual(yield* delivered(storage), [])
      assert.strictEqual((yield* storage.saveRequest(yield* once(key)))._tag, "Success")
      yield* TestClock.adjust("59 minutes")
      assert.include(yield* delivered(storage), idOf(late))
    }).pipe(Effect.provide(memory())))

  it.effect("reads each of its shards, and leaves what is done nowhere", () =>
    Effect.gen(function*() {
      const storage = yield* make()
      const requests = yield* Effect.forEach(Array.from({ length: 40 }), (_, at) => add(at))
      yield* Effect.forEach(requests, storage.saveRequest)
      yield* delivered(storage)
      yield* Effect.forEach(requests, (request) => Effect.flatMap(exit(request, 1), storage.saveReply))
      assert.strictEqual((yield* Statement.make("SELECT * FROM app.cluster_pending")).length, 0)
    }).pipe(Effect.provide(memory())))
})

describe("a partition that cannot be read", () => {
  /** Two storages: one of a sender, and one of a process that meets a fault at what names a text or an id. */
  const storages = (ends: boolean, isMet: (param: unknown) => boolean) =>
    Effect.gen(function*() {
      const gate: Gate = (request, send) => {
        if (request._tag !== "Statement" || request.kind !== "read" || !request.params.some(isMet)) return send(request)
        const reason = new Reason.ServerError({ message: "a replica is broken" })
        return ends ? Effect.fail(new CqlError({ reason, query: request.text })) : Effect.never
      }
      return [yield* make(), yield* make().pipe(Effect.provide(yield* Layer.build(gated(gate))))] as const
    })

  const soon = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(effect)
      yield* TestClock.adjust("5 seconds")
      assert.isDefined(fiber.pollUnsafe(), "it takes longer than five seconds")
      return yield* Fiber.join(fiber)
    })
  const atOnce = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.timeoutOrElse(effect, { duration: 0, orElse: () => Effect.die("it has waited") })

  for (const ends of [true, false]) {
    const what = ends ? "fails" : "does not answer"
    it.effect(`holds up no messages of other shards: it ${what}`, () =>
      Effect.gen(function*() {
        let isBroken = true
        const [sender, storage] = yield* storages(ends, (param) => isBroken && param === "default:2")
        const requests = yield* Effect.forEach([1, 2, 3], (at) => add(at, { address: address("one", at) }))
        yield* Effect.forEach(requests, sender.saveRequest)
        assert.deepStrictEqual((yield* soon(delivered(storage, [1, 2, 3]))).length, 2)
        const next = yield* add(4, { address: address("one", 1) })
        yield* sender.saveRequest(next)
        // It is not waited for again.
        assert.deepStrictEqual((yield* atOnce(delivered(storage, [1, 2, 3]))).length, 1)
        const error = yield* soon(Effect.flip(delivered(storage, [2])))
        assert.strictEqual(error._tag, "PersistenceError")
        isBroken = false
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual((yield* soon(delivered(storage, [1, 2, 3]))).length, 1)
      }).pipe(Effect.scoped, Effect.provide(memory())))

    it.effect(`holds up no other messages of its shard: it ${what}`, () =>
      Effect.gen(function*() {
        let isBroken = true
        const requests = yield* Effect.forEach(Array.from({ length: 70 }, (_, at) => at), (at) => add(at))
        const broken = new Set([0, 40, 69].map((at) => requests[at]!.envelope.requestId as bigint))
        const [sender, storage] = yield* storages(ends, (param) => isBroken && broken.has(param as bigint))
        yield* Effect.forEach(requests, sender.saveRequest)
        const fiber = yield* Effect.forkChild(delivered(storage))
        yield* TestClock.adjust("15 seconds")
        assert.deepStrictEqual((yield* Fiber.join(fiber)).length, 67)
        isBroken = false
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual((yield* soon(delivered(storage))).length, 3)
      }).pipe(Effect.scoped, Effect.provide(memory())))

    it.effect(`holds up no replies to other requests: it ${what}`, () =>
      Effect.gen(function*() {
        const requests = yield* Effect.forEach([1, 2, 3], (at) => add(at))
        const [sender, storage] = yield* storages(ends, (param) => param === requests[1]!.envelope.requestId)
        yield* Effect.forEach(requests, sender.saveRequest)
        yield* Effect.forEach(requests, (request) => Effect.flatMap(exit(request, 1), sender.saveReply))
        assert.strictEqual((yield* soon(storage.repliesFor(requests))).length, 2)
        assert.strictEqual((yield* atOnce(storage.repliesFor(requests))).length, 2)
        yield* soon(Effect.flip(storage.repliesFor([requests[1]!])))
      }).pipe(Effect.scoped, Effect.provide(memory())))
  }

  it.effect("loses no message that was found before one that could not be read", () =>
    Effect.gen(function*() {
      let isBroken = true
      const requests = yield* Effect.forEach(Array.from({ length: 40 }, (_, at) => at), (at) => add(at))
      const late = new Set(requests.slice(32).map(({ envelope }) => envelope.requestId as bigint))
      const [sender, storage] = yield* storages(true, (param) => isBroken && late.has(param as bigint))
      yield* Effect.forEach(requests, sender.saveRequest)
      const before = yield* soon(delivered(storage))
      isBroken = false
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(before.length + (yield* soon(delivered(storage))).length, 40)
    }).pipe(Effect.scoped, Effect.provide(memory())))
})
