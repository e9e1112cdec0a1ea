import { Batch, type CqlError, Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { policies } from "cassandra-driver"
import { Effect, Logger, Option, type Scope } from "effect"
import { CassandraSession } from "../src/index.ts"
import { cqlNodes } from "./support/cqlNodes.ts"
import { fakeClient, nothing, type Script } from "./support/fakeClient.ts"
import { scalar } from "./support/resultFrames.ts"
import { until } from "./support/until.ts"

const select = "SELECT name FROM app.users WHERE id = ?"
const insert = "INSERT INTO app.users (id) VALUES (?)"
const ids = [{ name: "id", type: scalar("int") }]

type Fake = ReturnType<typeof fakeClient>

const withFake = <A, E>(script: Script, use: (fake: Fake) => Effect.Effect<A, E, Session | Scope.Scope>) => {
  const fake = fakeClient({ columns: { [select]: ids, [insert]: ids }, hosts: ["a:9042", "b:9042"], ...script })
  const options = { defaults: { retry: "none" as const } }
  return Effect.scoped(
    Effect.flatMap(
      CassandraSession.fromClient(fake.client, options),
      (session) => Effect.provideService(use(fake), Session, session)
    )
  )
}

/** The nodes of a policy, which throws after so many. */
const throwingAfter = (hosts: ReadonlyArray<unknown>, count: number): Iterator<unknown> => {
  let given = 0
  return {
    next: () => {
      if (given === count) throw new TypeError("no rack")
      return { done: false, value: hosts[given++] }
    }
  }
}

describe("a load-balancing policy", () => {
  it.live("that throws after the first node lets a new text be executed on that one", () =>
    withFake({}, ({ hosts, profile, seen }) =>
      Effect.gen(function*() {
        profile.loadBalancing.newQueryPlan = (_keyspace, _options, done) => done(undefined, throwingAfter(hosts, 1))
        yield* Statement.make(insert, [1])
        assert.deepStrictEqual(seen.map(({ host }) => host), ["a:9042"])
      })))

  it.live("that gives two plans gets a write sent once", () =>
    withFake({}, ({ hosts, profile, seen }) =>
      Effect.gen(function*() {
        profile.loadBalancing.newQueryPlan = (_keyspace, _options, done) => {
          done(undefined, hosts.values())
          done(undefined, hosts.values())
        }
        yield* Statement.make(insert, [1])
        assert.lengthOf(seen, 1)
      })))
})

describe("a load-balancing policy that fails", () => {
  type Answer = (error: unknown, hosts?: unknown) => void
  const ways: ReadonlyArray<readonly [name: string, answer: (done: Answer) => void, why: RegExp]> = [
    ["by throwing", () => {
      throw new TypeError("no zone")
    }, /TypeError: no zone/],
    ["with an error", (done) => done(new RangeError("no zone")), /RangeError: no zone/],
    ["with no plan", (done) => done(null), /the policy gave no plan/],
    ["with null", (done) => done(null, null), /the policy gave no plan/],
    ["with a plan that throws", (done) => done(null, throwingAfter([], 0)), /TypeError: no rack/]
  ]
  for (const [name, answer, why] of ways) {
    it.effect(`${name} is reported as it is, and nothing was sent`, () =>
      withFake({}, ({ profile, seen }) =>
        Effect.gen(function*() {
          profile.loadBalancing.newQueryPlan = (_keyspace, _options, done) =>
            answer((...given) => Reflect.apply(done, undefined, given))
          const text = Statement.make("INSERT INTO app.users (id) VALUES (1)")
          for (const statement of [text, Statement.make(insert, [1]), Batch.make([[insert, [1]]])]) {
            const error = yield* Effect.flip<unknown, CqlError, Session>(statement)
            assert.deepStrictEqual([error.outcome, error.reason._tag], ["NotApplied", "NoHostAvailable"])
            assert.match(error.message, /the load-balancing policy failed before anything was sent/)
            assert.match(error.message, why)
          }
          assert.lengthOf(seen, 0)
        })))
  }
})

describe("a load-balancing policy that never gives a plan", () => {
  it.live("to prepare a new text delays it by a second, whatever it is for", () =>
    withFake({}, ({ hosts, profile, seen }) =>
      Effect.gen(function*() {
        profile.loadBalancing.newQueryPlan = (_keyspace, options, done) => {
          if (options !== null) done(undefined, hosts.values())
        }
        const begin = performance.now()
        yield* Effect.all([
          Statement.make(insert, [1], { idempotent: false }),
          Batch.make([[insert, [2]], [select, [3]]]),
          Session.use((session) => session.partition([select, [1]]))
        ], { concurrency: "unbounded" })
        yield* Statement.make(insert, [4])
        assert.isBelow(performance.now() - begin, 2_000)
        assert.lengthOf(seen, 3)
      })))

  it.live("for a while leaves what it was for not applied, and later statements of the text unharmed", () =>
    withFake({}, ({ hosts, profile, seen }) =>
      Effect.gen(function*() {
        let isHung = true
        const late: Array<() => void> = []
        profile.loadBalancing.newQueryPlan = (_keyspace, _options, done) => {
          const give = () => done(undefined, hosts.values())
          if (isHung) late.push(give)
          else give()
        }
        const options = { requestTimeout: "1500 millis", idempotent: false } as const
        const error = yield* Effect.flip(Statement.make(insert, [1], options))
        assert.deepStrictEqual([error.outcome, error.isRetryable], ["NotApplied", true])
        isHung = false
        yield* Statement.make(insert, [2], options)
        for (const give of late) give()
        yield* Effect.sleep("20 millis")
        assert.lengthOf(seen, 1)
      })))

  it.live("keeps no wait for agreement from its end", () =>
    withFake({}, ({ profile }) =>
      Effect.gen(function*() {
        profile.loadBalancing.newQueryPlan = () => {}
        const agreed = Session.use((session) => session.schemaAgreement("200 millis"))
        assert.isTrue(Option.isSome(yield* Effect.timeoutOption(agreed, "700 millis")))
      })))
})

describe("a speculative-execution policy", () => {
  for (const [when, calls] of [["at once", 0], ["after the first copy", 1]] as const) {
    it.live(`that throws ${when} is not followed, and the request goes on`, () => {
      let asked = 0
      const nextExecution = () => {
        if (asked++ === calls) throw new TypeError("no percentile")
        return 5
      }
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
      const slow = () => new Promise<typeof nothing>((resolve) => setTimeout(() => resolve(nothing), 50))
      const script: Script = {
        answer: slow,
        options: { policies: { speculativeExecution: { newPlan: () => ({ nextExecution }) } } }
      }
      return withFake(script, ({ seen }) =>
        Effect.gen(function*() {
          yield* Statement.make(select, [1])
          assert.lengthOf(seen, 1 + calls)
          assert.match(lines.join("\n"), /speculative-execution policy failed, and is not followed: .*no percentile/)
        })).pipe(Effect.provide(Logger.layer([logger])))
    })
  }
})

describe("an address translator", () => {
  it.live("that never answers for a node leaves out that one, and keeps no session from opening", () =>
    Effect.gen(function*() {
      const nodes = yield* cqlNodes({}, {}, {})
      const [first, , third] = nodes
      const addressResolution = Object.assign(policies.defaultAddressTranslator(), {
        translate: (address: string, port: number, callback: (endpoint: string) => void) => {
          if (address !== third!.host) callback(`${address}:${port}`)
        }
      })
      const session = yield* CassandraSession.make({
        contactPoints: [first!.address],
        localDataCenter: "dc1",
        clientOptions: { policies: { addressResolution }, protocolOptions: { port: first!.port } }
      })
      for (let count = 0; count < 10; count++) yield* session.execute(["INSERT INTO app.t (id) VALUES (1)"])
      assert.deepStrictEqual(nodes.map(({ statements }) => statements.length > 0), [true, true, false])
    }).pipe(Effect.scoped))

  for (const [how, fail] of [["throws", () => assert.fail("no zone")], ["does not answer", () => {}]] as const) {
    it.live(`that ${how} for a node when the session opens is asked for it again`, () =>
      Effect.gen(function*() {
        const nodes = yield* cqlNodes({}, {}, {})
        const [first, , third] = nodes
        let isBroken = true
        const addressResolution = Object.assign(policies.defaultAddressTranslator(), {
          translate: (address: string, port: number, callback: (endpoint: string) => void) => {
            if (address === third!.host && isBroken) return fail()
            callback(`${address}:${port}`)
          }
        })
        const session = yield* CassandraSession.make({
          contactPoints: [first!.address],
          localDataCenter: "dc1",
          clientOptions: { policies: { addressResolution }, protocolOptions: { port: first!.port } }
        })
        isBroken = false
        yield* until("all nodes are connected", () => nodes.every(({ open }) => open > 0))
        for (let count = 0; count < 10; count++) yield* session.execute(["INSERT INTO app.t (id) VALUES (1)"])
        assert.isTrue(nodes.every(({ statements }) => statements.length > 0))
        assert.lengthOf((yield* session.ring("app"))?.ranges ?? [], 3)
      }).pipe(Effect.scoped), 20_000)
  }

  it.live("that throws at an event leaves the session as it is", () =>
    Effect.gen(function*() {
      const [first, second] = yield* cqlNodes({}, {})
      let isBroken = false
      const addressResolution = Object.assign(policies.defaultAddressTranslator(), {
        translate: (address: string, port: number, callback: (endpoint: string) => void) => {
          if (isBroken) throw new TypeError("no such zone")
          callback(`${address}:${port}`)
        }
      })
      const session = yield* CassandraSession.make({
        contactPoints: [first!.address],
        localDataCenter: "dc1",
        clientOptions: { policies: { addressResolution }, protocolOptions: { port: first!.port } }
      })
      isBroken = true
      first!.emit("STATUS_CHANGE", "UP", second!)
      first!.emit("TOPOLOGY_CHANGE", "NEW_NODE", second!)
      yield* Effect.sleep("2500 millis")
      yield* session.execute(["INSERT INTO app.t (id) VALUES (1)"])
      const ring = yield* session.ring("app")
      assert.lengthOf(ring?.ranges ?? [], 2)
    }).pipe(Effect.scoped))
})
