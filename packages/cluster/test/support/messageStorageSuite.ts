/**
 * What Effect's cluster asks of a storage of messages, as a function of a storage.
 *
 * It passes on Effect's memory driver, which proves the suite, and on the storage over CQL.
 */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Context, Effect, Exit, Fiber, type Layer, Option } from "effect"
import { MessageStorage, Snowflake } from "effect/cluster"
import { TestClock } from "effect/testing"
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
  numbers,
  once,
  shard
} from "./messages.ts"

/** The storage of a second process over the same tables. */
export class Other extends Context.Service<Other, MessageStorage.MessageStorage["Service"]>()("test/Other") {}

export interface Settings {
  /** A storage with nothing in it. */
  readonly fresh: () => Layer.Layer<MessageStorage.MessageStorage | Other | Snowflake.Generator, unknown>
  /** True on the real clock. */
  readonly isLive?: boolean | undefined
  readonly timeout?: number | undefined
}

export const messageStorageSuite = (name: string, { fresh, isLive = false, timeout = 15_000 }: Settings): void => {
  const test = (
    title: string,
    body: (
      storage: MessageStorage.MessageStorage["Service"],
      other: MessageStorage.MessageStorage["Service"]
    ) => Effect.Effect<
      unknown,
      unknown,
      Snowflake.Generator
    >
  ) => {
    const effect = () =>
      Effect.gen(function*() {
        yield* body(yield* MessageStorage.MessageStorage, yield* Other)
      }).pipe(Effect.provide(fresh()))
    if (isLive) it.live(title, effect, timeout)
    else it.effect(title, effect, timeout)
  }
  const wait = (millis: number) => isLive ? Effect.sleep(millis) : TestClock.adjust(millis)

  describe(name, () => {
    test("delivers requests in their order, and claims them", (storage) =>
      Effect.gen(function*() {
        const requests = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => add(n))
        yield* Effect.forEach(requests, storage.saveRequest)
        assert.deepStrictEqual(yield* delivered(storage), requests.map(idOf))
        assert.deepStrictEqual(yield* delivered(storage), [])
        yield* storage.resetShards([shard(1)])
        assert.deepStrictEqual(yield* delivered(storage), requests.map(idOf))
      }))

    test("keeps all of a request", (storage) =>
      Effect.gen(function*() {
        const trace = { traceId: "trace", spanId: "span", sampled: true }
        const request = yield* add(42, { trace, address: address("two", 2) })
        yield* storage.saveRequest(request)
        const [message] = yield* storage.unprocessedMessages([shard(2)])
        assert.strictEqual(message?._tag, "IncomingRequest")
        if (message?._tag !== "IncomingRequest") return
        const { headers, payload, sampled, spanId, tag, traceId } = message.envelope
        assert.deepStrictEqual([tag, payload, traceId, spanId, sampled], ["Add", { n: 42 }, "trace", "span", true])
        assert.deepStrictEqual({ ...headers }, { from: "test" })
        assert.deepStrictEqual(message.envelope.address, request.envelope.address)
        assert.isTrue(Option.isNone(message.lastSentReply))
      }))

    test("delivers to the shards that are asked for", (storage) =>
      Effect.gen(function*() {
        const [one, two] = [yield* add(1), yield* add(2, { address: address("two", 2) })]
        yield* storage.saveRequest(one)
        yield* storage.saveRequest(two)
        assert.deepStrictEqual(yield* delivered(storage, [2]), [idOf(two)])
        assert.deepStrictEqual(yield* delivered(storage, [1, 2, 3]), [idOf(one)])
      }))

    test("claims no more than the limit", (storage) =>
      Effect.gen(function*() {
        const requests = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => add(n))
        yield* Effect.forEach(requests, storage.saveRequest)
        assert.deepStrictEqual(yield* delivered(storage, [1], { limit: 2 }), requests.slice(0, 2).map(idOf))
        assert.deepStrictEqual(yield* delivered(storage, [1], { limit: 10 }), requests.slice(2).map(idOf))
      }))

    test("delivers to the addresses that are asked for, and to none if none is", (storage) =>
      Effect.gen(function*() {
        const requests = yield* Effect.forEach(["a", "b", "c"], (entity) => add(1, { address: address(entity) }))
        yield* Effect.forEach(requests, storage.saveRequest)
        assert.deepStrictEqual(yield* delivered(storage, [1], { addresses: [] }), [])
        assert.deepStrictEqual(yield* delivered(storage, [1], { addresses: [address("b")] }), [idOf(requests[1]!)])
        assert.deepStrictEqual(yield* delivered(storage), [idOf(requests[0]!), idOf(requests[2]!)])
        yield* storage.resetAddress(address("c"))
        assert.deepStrictEqual(yield* delivered(storage), [idOf(requests[2]!)])
        yield* storage.resetRequests([requests[0]!.envelope.requestId])
        assert.deepStrictEqual(yield* delivered(storage), [idOf(requests[0]!)])
      }))

    test("gives a second request with the same key the first one's id, and its reply if there is one", (storage) =>
      Effect.gen(function*() {
        const [one, two, three] = [yield* once("k"), yield* once("k"), yield* once("k")]
        assert.strictEqual((yield* storage.saveRequest(one))._tag, "Success")
        const before = yield* storage.saveRequest(two)
        assert.deepStrictEqual(
          before,
          MessageStorage.SaveResult.Duplicate({
            originalId: one.envelope.requestId,
            lastReceivedReply: Option.none()
          })
        )
        assert.deepStrictEqual(yield* delivered(storage), [idOf(one)])
        yield* storage.saveReply(yield* exit(one, 7))
        const after = yield* storage.saveRequest(three)
        assert.strictEqual(after._tag, "Duplicate")
        if (after._tag !== "Duplicate" || Option.isNone(after.lastReceivedReply)) return assert.fail("no reply")
        assert.strictEqual(after.lastReceivedReply.value._tag, "WithExit")
        assert.deepStrictEqual(yield* delivered(storage), [])
      }))

    test("finds a request by its key, which has any characters and is long", (storage) =>
      Effect.gen(function*() {
        const key = "ключ/'\"%;🙂".repeat(200)
        const request = yield* once(key)
        yield* storage.saveRequest(request)
        assert.strictEqual((yield* storage.saveRequest(yield* once(key)))._tag, "Duplicate")
        assert.strictEqual((yield* storage.saveRequest(yield* once(`${key}.`)))._tag, "Success")
        const find = (id: string, entity = "one") =>
          storage.requestIdForPrimaryKey({ address: address(entity), tag: "Once", id })
        assert.deepStrictEqual(yield* find(key), Option.some(request.envelope.requestId))
        assert.deepStrictEqual(yield* find(key, "two"), Option.none())
        assert.deepStrictEqual(yield* find("other"), Option.none())
      }))

    test("gives one success to many senders of a key", (storage, other) =>
      Effect.gen(function*() {
        const requests = yield* Effect.forEach(Array.from({ length: 20 }), () => once("k"))
        const results = yield* Effect.forEach(
          requests,
          (request, at) => (at % 2 === 0 ? storage : other).saveRequest(request),
          { concurrency: 10 }
        )
        const [winner, ...others] = requests.filter((_, at) => results[at]?._tag === "Success")
        assert.strictEqual(others.length, 0)
        assert.isTrue(
          results.every((result) => result._tag === "Success" || result.originalId === winner?.envelope.requestId)
        )
        assert.deepStrictEqual(yield* delivered(storage), [idOf(winner!)])
      }))

    test("gives replies, and delivers no request that has its exit", (storage, other) =>
      Effect.gen(function*() {
        const [one, two] = [yield* add(1), yield* add(2)]
        yield* storage.saveRequest(one)
        yield* storage.saveRequest(two)
        yield* storage.saveReply(yield* exit(one, 11))
        assert.deepStrictEqual(yield* delivered(storage), [idOf(two)])
        const replies = yield* other.repliesFor([one, two])
        assert.strictEqual(replies.length, 1)
        const [reply] = replies
        assert.isTrue(reply?._tag === "WithExit" && Exit.isSuccess(reply.exit) && reply.exit.value === 11)
        assert.strictEqual(
          (yield* other.repliesForUnfiltered([one.envelope.requestId, two.envelope.requestId])).length,
          1
        )
        assert.deepStrictEqual(yield* other.repliesFor([two]), [])
      }))

    test("stores a defect for a reply that cannot be encoded", (storage, other) =>
      Effect.gen(function*() {
        const request = yield* add()
        yield* storage.saveRequest(request)
        yield* storage.saveReply(yield* exit(request, 1.5))
        const [reply] = yield* other.repliesFor([request])
        assert.isTrue(reply?._tag === "WithExit" && Exit.hasDies(reply.exit))
        assert.deepStrictEqual(yield* delivered(storage), [])
      }))

    test("gives unprocessed requests by id, without claiming them", (storage) =>
      Effect.gen(function*() {
        const [one, two, three] = [yield* add(1), yield* add(2), yield* add(3)]
        yield* Effect.forEach([one, two, three], storage.saveRequest)
        yield* storage.saveReply(yield* exit(two, 7))
        const byId = Effect.map(
          storage.unprocessedMessagesById([one, two, three].map(({ envelope }) => envelope.requestId)),
          (messages) => messages.map(({ envelope }) => String(envelope.requestId))
        )
        assert.deepStrictEqual(yield* byId, [idOf(one), idOf(three)])
        assert.deepStrictEqual(yield* byId, [idOf(one), idOf(three)])
        assert.deepStrictEqual(yield* delivered(storage), [idOf(one), idOf(three)])
      }))

    test("notifies the handler of a reply", (storage) =>
      Effect.gen(function*() {
        const request = yield* add()
        yield* storage.saveRequest(request)
        const waiting = yield* Effect.forkChild(storage.registerReplyHandler(request), { startImmediately: true })
        yield* storage.saveReply(yield* exit(request, 7))
        yield* Fiber.join(waiting)
      }))

    test("holds chunks until they are acknowledged, and the request as long", (storage) =>
      Effect.gen(function*() {
        const request = yield* numbers()
        yield* storage.saveRequest(request)
        assert.deepStrictEqual(yield* delivered(storage), [idOf(request)])
        const first = yield* chunk(request, 0)
        yield* storage.saveReply(first)
        const open = Effect.map(storage.repliesFor([request]), (replies) =>
          replies.map((reply) => reply._tag === "Chunk" ? reply.sequence : reply._tag))
        assert.deepStrictEqual(yield* open, [0])
        yield* storage.saveEnvelope(yield* ack(request, first))
        assert.deepStrictEqual(yield* open, [])
        assert.deepStrictEqual(yield* delivered(storage), [`ack ${idOf(request)}`])
        yield* storage.saveReply(yield* chunk(request, 1))
        yield* storage.saveReply(yield* exitOfStream(request))
        assert.deepStrictEqual(yield* open, [1, "WithExit"])
        assert.strictEqual((yield* storage.repliesForUnfiltered([request.envelope.requestId])).length, 3)
        assert.deepStrictEqual(yield* delivered(storage), [])
      }))

    test("delivers a stream again with its last chunk", (storage) =>
      Effect.gen(function*() {
        const request = yield* numbers()
        yield* storage.saveRequest(request)
        const [first, second] = [yield* chunk(request, 0), yield* chunk(request, 1)]
        for (const each of [first, second]) {
          yield* storage.saveReply(each)
          yield* storage.saveEnvelope(yield* ack(request, each))
        }
        yield* storage.resetShards([shard(1)])
        const messages = yield* storage.unprocessedMessages([shard(1)])
        const [again] = messages
        assert.strictEqual(again?._tag, "IncomingRequest")
        if (again?._tag !== "IncomingRequest" || Option.isNone(again.lastSentReply)) return assert.fail("no last reply")
        const { value } = again.lastSentReply
        assert.isTrue(value._tag === "Chunk" && value.sequence === 1)
      }))

    test("delivers an interrupt behind its request, whatever the clocks", (storage) =>
      Effect.gen(function*() {
        const early = (yield* Snowflake.Generator).nextUnsafe()
        const request = yield* add()
        yield* storage.saveRequest(request)
        yield* storage.saveEnvelope(yield* interrupt(request, early))
        assert.deepStrictEqual(yield* delivered(storage), [idOf(request), `interrupt ${idOf(request)}`])
      }))

    test("delivers a request anew when its replies are cleared", (storage, other) =>
      Effect.gen(function*() {
        const request = yield* once("k")
        yield* storage.saveRequest(request)
        for (const value of [1, 2, 3]) {
          assert.deepStrictEqual(yield* delivered(storage), [idOf(request)])
          yield* storage.saveReply(yield* exit(request, value))
          assert.deepStrictEqual(yield* delivered(storage), [])
          yield* other.clearReplies(request.envelope.requestId)
          assert.deepStrictEqual(yield* other.repliesFor([request]), [])
        }
        assert.deepStrictEqual(yield* delivered(storage), [idOf(request)])
        assert.strictEqual((yield* storage.saveRequest(yield* once("k")))._tag, "Duplicate")
        assert.deepStrictEqual(yield* delivered(storage), [])
      }))

    test("clears only the reply that is expected", (storage) =>
      Effect.gen(function*() {
        const request = yield* add()
        yield* storage.saveRequest(request)
        yield* delivered(storage)
        const [first, second] = [yield* exit(request, 1), yield* exit(request, 2)]
        yield* storage.saveReply(first)
        const clear = (expectedReplyId: Snowflake.Snowflake) =>
          storage.clearReplies(request.envelope.requestId, { expectedReplyId })
        yield* clear(second.reply.id)
        assert.deepStrictEqual(yield* delivered(storage), [])
        yield* clear(first.reply.id)
        assert.deepStrictEqual(yield* delivered(storage), [idOf(request)])
        yield* storage.saveReply(second)
        yield* clear(first.reply.id)
        assert.strictEqual((yield* storage.repliesFor([request])).length, 1)
      }))

    test("delivers once, however many clear at the same time", (storage, other) =>
      Effect.gen(function*() {
        const request = yield* add()
        yield* storage.saveRequest(request)
        yield* delivered(storage)
        const reply = yield* exit(request, 7)
        yield* storage.saveReply(reply)
        yield* Effect.forEach(Array.from({ length: 10 }), (_, at) =>
          (at % 2 === 0 ? storage : other).clearReplies(request.envelope.requestId, {
            expectedReplyId: reply.reply.id
          }), {
          concurrency: 10
        })
        assert.deepStrictEqual(yield* delivered(storage), [idOf(request)])
        assert.deepStrictEqual(yield* delivered(storage), [])
      }))

    test("delivers a delayed request when it is due", (storage) =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const [late, prompt] = [yield* delayed(now + 1_500), yield* add()]
        yield* storage.saveRequest(late)
        yield* storage.saveRequest(prompt)
        assert.deepStrictEqual(yield* delivered(storage), [idOf(prompt)])
        assert.deepStrictEqual(yield* storage.unprocessedMessagesById([late.envelope.requestId]), [])
        yield* wait(2_000)
        assert.strictEqual((yield* storage.unprocessedMessagesById([late.envelope.requestId])).length, 1)
        assert.deepStrictEqual(yield* delivered(storage), [idOf(late)])
        yield* storage.saveReply(yield* exit(late, 7))
        yield* storage.resetShards([shard(1)])
        assert.deepStrictEqual(yield* delivered(storage), [idOf(prompt)])
      }))

    test("deletes all of an entity, and its keys", (storage) =>
      Effect.gen(function*() {
        const [mine, done, yours] = [
          yield* once("k"),
          yield* once("done"),
          yield* once("k", { address: address("two") })
        ]
        yield* Effect.forEach([mine, done, yours], storage.saveRequest)
        yield* storage.saveReply(yield* exit(done, 7))
        yield* storage.clearAddress(address())
        assert.deepStrictEqual(yield* delivered(storage), [idOf(yours)])
        assert.deepStrictEqual(yield* storage.repliesFor([done]), [])
        assert.deepStrictEqual(
          yield* storage.requestIdForPrimaryKey({ address: address(), tag: "Once", id: "k" }),
          Option.none()
        )
        const again = yield* once("k")
        assert.strictEqual((yield* storage.saveRequest(again))._tag, "Success")
        assert.deepStrictEqual(yield* delivered(storage), [idOf(again)])
        yield* storage.saveReply(yield* exit(mine, 7))
        assert.deepStrictEqual(yield* storage.repliesFor([mine]), [])
      }))

    test("runs an effect within a transaction as it is", (storage) =>
      Effect.gen(function*() {
        const request = yield* add()
        yield* storage.withTransaction(storage.saveRequest(request))
        const failed = yield* Effect.exit(storage.withTransaction(Effect.fail("no")))
        assert.isTrue(Exit.isFailure(failed) && Cause.hasFails(failed.cause))
        assert.deepStrictEqual(yield* delivered(storage), [idOf(request)])
      }))
  })
}
