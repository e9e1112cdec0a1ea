import { assert, describe, it } from "@effect/vitest"
import { auth } from "cassandra-driver"
import { Effect } from "effect"
import { CassandraSession } from "../src/index.ts"
import { type Authenticator, refusalOf } from "../src/internal/driver/login.ts"
import { cqlNodes, type Login } from "./support/cqlNodes.ts"

const polite: Authenticator = {
  initialResponse: (callback) => callback(null, Buffer.from("\0ada\0secret")),
  evaluateChallenge: (_, callback) => callback(null, Buffer.from("an answer")),
  onAuthenticationSuccess: () => {}
}

const providerOf = (newAuthenticator: () => Authenticator) =>
  Object.assign(new auth.PlainTextAuthProvider("ada", "secret"), { newAuthenticator })

const open = (make: () => Authenticator, login: Login) =>
  Effect.gen(function*() {
    const [node] = yield* cqlNodes({})
    node!.login = login
    yield* CassandraSession.make({
      contactPoints: [node!.address],
      localDataCenter: "dc1",
      connectTimeout: "1 second",
      clientOptions: { authProvider: providerOf(make) }
    })
  }).pipe(Effect.scoped)

const thrown = (): never => {
  throw new TypeError("no ticket")
}

describe("an authenticator of the user", () => {
  it.live("logs in", () => open(() => polite, () => true))

  const failures: ReadonlyArray<readonly [name: string, make: () => Authenticator, login: Login, why: RegExp]> = [
    ["that cannot be made", thrown, () => true, /no ticket/],
    ["that throws", () => ({ ...polite, initialResponse: thrown }), () => true, /no ticket/],
    ["that throws at a question", () => ({ ...polite, evaluateChallenge: thrown }), "challenge", /no ticket/],
    ["that refuses the server", () => ({ ...polite, onAuthenticationSuccess: thrown }), () => true, /no ticket/],
    ["that never answers", () => ({ ...polite, initialResponse: () => {} }), () => true, /no answer within 500 ms/]
  ]
  for (const [name, make, login, why] of failures) {
    it.live(`${name} fails the login, and nothing else`, () =>
      Effect.gen(function*() {
        const { reason } = yield* Effect.flip(open(make, login))
        if (reason._tag !== "ConnectFailed") return assert.fail(reason._tag)
        assert.match(reason.message, why)
        assert.include(reason.check, "clientOptions.authProvider")
      }))
  }

  it("that is not guarded refuses nothing", () => assert.isUndefined(refusalOf(polite)))
})
