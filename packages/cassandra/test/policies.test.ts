import { Session, Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { policies } from "cassandra-driver"
import { Effect, Logger, type Scope } from "effect"
import { CassandraSession } from "../src/index.ts"
import { cqlNodes } from "./support/cqlNodes.ts"
import { fakeClient, nothing, type Script } from "./support/fakeClient.ts"
import { scalar } from "./support/resultFrames.ts"

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
