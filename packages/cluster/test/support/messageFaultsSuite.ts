/** Processes of the storage of messages that die, or lose an answer, at each of their statements: as a function of a session. */
import { CqlMessageStorage } from "@effect-cql/cluster"
import { CqlError, Reason, type Session } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer, type Scope } from "effect"
import { type MessageStorage, Snowflake } from "effect/cluster"
import { TestClock } from "effect/testing"
import { add, address, delivered, exit, idOf, once } from "./messages.ts"
import { type Gate, gated } from "./port.ts"

type Storage = MessageStorage.MessageStorage["Service"]

export interface Settings {
  /** The tables of a cluster with nothing in it. */
  readonly fresh: () => { readonly session: Layer.Layer<Session, unknown>; readonly options: CqlMessageStorage.Options }
  /** True on the real clock. */
  readonly isLive?: boolean | undefined
  readonly timeout?: number | undefined
}

/**
 * - `dies`: the statement is not sent, and the process does nothing more.
 * - `dies later`: the statement is applied, and the process does nothing more.
 * - `loses the answer`: the statement is applied, and the connection is lost. The process goes on.
 */
type Fault = "dies" | "dies later" | "loses the answer"

const faults: ReadonlyArray<Fault> = ["dies", "dies later", "loses the answer"]
const mostStatements = 6

export const messageFaultsSuite = (name: string, { fresh, isLive = false, timeout = 30_000 }: Settings): void => {
  /** Runs an operation of a process that meets a fault at a statement, counted from 0. */
  const faulty = <E>(
    options: CqlMessageStorage.Options,
    at: number,
    fault: Fault,
    operation: (storage: Storage) => Effect.Effect<unknown, E, Snowflake.Generator>
  ): Effect.Effect<void, E, Session | Scope.Scope | Snowflake.Generator> =>
    Effect.gen(function*() {
      const dead = yield* Deferred.make<void>()
      let sent = 0
      const gate: Gate = (request, send) => {
        const statement = sent++
        if (statement < at || (fault === "loses the answer" && statement > at)) return send(request)
        if (fault === "loses the answer") {
          const lost = new Reason.ConnectionClosed({ message: "the answer was lost", written: true })
          return Effect.andThen(send(request), Effect.fail(new CqlError({ reason: lost, query: "" })))
        }
        const die = Effect.andThen(Deferred.succeed(dead, undefined), Effect.never)
        return fault === "dies later" && statement === at ? Effect.andThen(send(request), die) : die
      }
      const storage = yield* CqlMessageStorage.make(options).pipe(Effect.provide(yield* Layer.build(gated(gate))))
      yield* Effect.raceFirst(operation(storage), Deferred.await(dead))
    })

  /** Lets the retries of an operation wait. */
  const moving = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    isLive ? effect : Effect.raceFirst(
      effect,
      Effect.forever(Effect.andThen(Effect.yieldNow, TestClock.adjust("50 millis")))
    )

  const test = (
    title: string,
    body: (
      storage: Storage,
      run: <E>(operation: (storage: Storage) => Effect.Effect<unknown, E, Snowflake.Generator>) => Effect.Effect<
        void,
        E,
        Session | Scope.Scope | Snowflake.Generator
      >
    ) => Effect.Effect<void, unknown, Session | Scope.Scope | Snowflake.Generator>
  ) => {
    for (const fault of faults) {
      for (let at = 0; at < mostStatements; at++) {
        const effect = () => {
          const { options, session } = fresh()
          return Effect.gen(function*() {
            const storage = yield* CqlMessageStorage.make(options)
            yield* body(storage, (operation) => moving(faulty(options, at, fault, operation)))
          }).pipe(Effect.scoped, Effect.provide(Layer.merge(session, Snowflake.layerGenerator)))
        }
        const full = `${title}: ${fault} at statement ${at + 1}`
        if (isLive) it.live(full, effect, timeout)
        else it.effect(full, effect, timeout)
      }
    }
  }

  describe(`${name}: a process`, () => {
    test("that saves a request leaves one that the next sender completes", (storage, run) =>
      Effect.gen(function*() {
        const [one, two] = [yield* once("k"), yield* once("k")]
        yield* run((storage) => storage.saveRequest(one))
        const saved = yield* storage.saveRequest(two)
        const winner = saved._tag === "Success" ? two.envelope.requestId : saved.originalId
        assert.deepStrictEqual(yield* delivered(storage), [String(winner)])
        assert.deepStrictEqual(yield* delivered(storage), [])
      }))

    test(
      "that saves a reply leaves one reply at most, which can be saved again",
      (storage, run) =>
        Effect.gen(function*() {
          const request = yield* add()
          yield* storage.saveRequest(request)
          const reply = yield* exit(request, 1)
          yield* run((storage) => storage.saveReply(reply))
          yield* storage.saveReply(reply)
          assert.deepStrictEqual(yield* delivered(storage), [])
          assert.strictEqual((yield* storage.repliesFor([request])).length, 1)
        })
    )

    test("that clears a reply loses no delivery", (storage, run) =>
      Effect.gen(function*() {
        const request = yield* add()
        const reply = yield* exit(request, 1)
        yield* storage.saveRequest(request)
        yield* delivered(storage)
        yield* storage.saveReply(reply)
        yield* run((storage) => storage.clearReplies(request.envelope.requestId))
        const isCleared = (yield* storage.repliesFor([request])).length === 0
        assert.deepStrictEqual(yield* delivered(storage), isCleared ? [idOf(request)] : [])
        yield* storage.clearReplies(request.envelope.requestId, { expectedReplyId: reply.reply.id })
        assert.deepStrictEqual(yield* delivered(storage), isCleared ? [] : [idOf(request)])
      }))

    test(
      "that clears an entity leaves the rest to the next one, and its key is free",
      (storage, run) =>
        Effect.gen(function*() {
          const [one, two] = [yield* once("k"), yield* once("k")]
          yield* storage.saveRequest(one)
          yield* run((storage) => storage.clearAddress(address()))
          yield* storage.clearAddress(address())
          assert.deepStrictEqual(yield* delivered(storage), [])
          assert.strictEqual((yield* storage.saveRequest(two))._tag, "Success")
          assert.deepStrictEqual(yield* delivered(storage), [idOf(two)])
        })
    )
  })
}
