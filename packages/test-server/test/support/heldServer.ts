/** A program that starts a server and never ends by itself: the tests kill it. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import process from "node:process"
import { make, type Provider } from "../../src/CassandraServer.ts"

const provider: Provider = process.argv[2] === "docker" ? "docker" : "jvm"

const main = Effect.scoped(Effect.gen(function*() {
  const server = yield* make({ provider })
  yield* Console.log(`CONTACT ${server.contactPoints[0]}`)
  return yield* Effect.never
}))

Effect.runFork(main)
