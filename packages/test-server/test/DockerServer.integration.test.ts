import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Schedule, Scope } from "effect"
import { make } from "../src/CassandraServer.ts"
import { parse } from "../src/internal/endpoint.ts"
import * as Probe from "../src/internal/probe.ts"
import { heldServer } from "./support/processes.ts"

const endpointOf = (contactPoint: string | undefined) =>
  parse(contactPoint ?? "") ?? assert.fail(`no contact point: ${contactPoint}`)

const isSilent = (contactPoint: string | undefined): Effect.Effect<boolean> =>
  Effect.map(Effect.exit(Probe.probe({ endpoint: endpointOf(contactPoint) })), Exit.isFailure)

describe("a server in Docker", () => {
  it.live(
    "answers, leaves no container behind, and is gone some seconds after the process that started it was killed",
    (context) =>
      Effect.gen(function*() {
        const ofTest = yield* Effect.scope
        const [contactPoint, held] = yield* Effect.scoped(Effect.gen(function*() {
          const server = yield* make({ provider: "docker" })
          const [contactPoint] = server.contactPoints
          assert.strictEqual((yield* Probe.probe({ endpoint: endpointOf(contactPoint) })).version, server.version)
          return [contactPoint, yield* Scope.provide(heldServer("docker"), ofTest)] as const
        }))
        assert.isTrue(yield* isSilent(contactPoint))
        assert.isFalse(yield* isSilent(held.contactPoint))
        yield* held.kill
        const gone = yield* Effect.repeat(isSilent(held.contactPoint), {
          schedule: Schedule.spaced("200 millis"),
          until: (silent) => silent
        }).pipe(Effect.timeoutOption("15 seconds"))
        assert.strictEqual(gone._tag, "Some")
      }).pipe(
        Effect.catchTag("ServerUnavailable", (error) => Effect.sync(() => context.skip(error.message)))
      ),
    180_000
  )
})
