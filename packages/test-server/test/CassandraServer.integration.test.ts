import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { CassandraServer, layer, make, type Options } from "../src/CassandraServer.ts"
import { type Endpoint, format, parse } from "../src/internal/endpoint.ts"
import * as Probe from "../src/internal/probe.ts"
import { filesIn, heldServer, ownTemporaryDirectory, processesWith } from "./support/processes.ts"

const timeout = 180_000

const endpointOf = (contactPoint: string | undefined): Endpoint => {
  const endpoint = contactPoint === undefined ? undefined : parse(contactPoint)
  return endpoint ?? assert.fail(`no contact point: ${contactPoint}`)
}

const isSilent = (endpoint: Endpoint): Effect.Effect<boolean> =>
  Effect.map(Effect.exit(Probe.probe({ endpoint })), Exit.isFailure)

/** Runs with a server, or says loudly that its provider is not to be had on this machine. */
const jvm = (options: Options = {}) => make({ provider: "jvm", ...options })

describe("a server on the JVM", () => {
  it.effect(
    "answers, is waited for in real time on a virtual clock, and leaves neither process nor file behind",
    () =>
      Effect.gen(function*() {
        const directory = yield* ownTemporaryDirectory
        const endpoint = yield* Effect.scoped(Effect.gen(function*() {
          const server = Context.get(yield* Layer.build(layer({ provider: "jvm" })), CassandraServer)
          const endpoint = endpointOf(server.contactPoints[0])
          assert.strictEqual(server.provider, "jvm")
          assert.deepStrictEqual(yield* TestClock.withLive(Probe.probe({ endpoint })), {
            version: server.version,
            dataCenter: server.localDataCenter
          })
          assert.isNotEmpty(yield* processesWith(directory))
          assert.isNotEmpty(yield* filesIn(directory))
          return endpoint
        }))
        assert.isTrue(yield* TestClock.withLive(isSilent(endpoint)))
        assert.deepStrictEqual(yield* processesWith(directory), [])
        assert.deepStrictEqual(yield* filesIn(directory), [])
      }),
    timeout
  )

  it.live("is gone some seconds after the process that started it was killed", () =>
    Effect.gen(function*() {
      const directory = yield* ownTemporaryDirectory
      const held = yield* heldServer("jvm")
      assert.isNotEmpty(yield* processesWith(directory))
      yield* held.kill
      const isGone = Effect.map(
        Effect.all([processesWith(directory), filesIn(directory), isSilent(endpointOf(held.contactPoint))]),
        ([processes, files, silent]) => processes.length === 0 && files.length === 0 && silent
      )
      const gone = yield* Effect.repeat(isGone, {
        schedule: Schedule.spaced("100 millis"),
        until: (gone) => gone
      }).pipe(Effect.timeoutOption("10 seconds"))
      assert.strictEqual(gone._tag, "Some")
    }), timeout)

  it.live("that dies early is an error with the end of its log", () =>
    Effect.gen(function*() {
      const directory = yield* ownTemporaryDirectory
      const error = yield* Effect.flip(Effect.scoped(jvm({ heap: "1k" })))
      assert.strictEqual(error._tag, "ServerStartFailed")
      assert.include(error.message, "its process was ended by exit code 1")
      assert.include(error.message, "Too small")
      assert.deepStrictEqual(yield* filesIn(directory), [])
    }), timeout)

  it.live("that does not answer in time is an error, and is gone", () =>
    Effect.gen(function*() {
      const directory = yield* ownTemporaryDirectory
      const error = yield* Effect.flip(Effect.scoped(jvm({ startTimeout: "1 second" })))
      assert.strictEqual(error._tag, "ServerStartFailed")
      assert.include(error.message, "no answer in time, last: 127.")
      assert.deepStrictEqual(yield* processesWith(directory), [])
      assert.deepStrictEqual(yield* filesIn(directory), [])
    }), timeout)

  // One start is a third of a minute: two servers show all of this.
  it.live(
    "runs beside another one, takes a login and a certificate, can be paused, killed and restarted on its data",
    () =>
      Effect.gen(function*() {
        const [plain, secured] = yield* Effect.all([jvm(), jvm({ authentication: true, tls: true })], {
          concurrency: 2
        })
        const endpoint = endpointOf(plain.contactPoints[0])
        const other = endpointOf(secured.contactPoints[0])
        assert.notStrictEqual(format(endpoint), format(other))
        assert.isFalse(yield* isSilent(endpoint))

        const { certificate, credentials } = secured
        const info = yield* Probe.probe({ endpoint: other, certificate, credentials })
        assert.strictEqual(info.version, secured.version)
        assert.isTrue((yield* Effect.flip(Probe.probe({ endpoint: other, certificate }))).refusedLogin)
        assert.isTrue(yield* isSilent(other))

        const node = plain.nodes[0] ?? assert.fail("no node")
        assert.strictEqual(node.contactPoint, format(endpoint))
        const before = yield* Probe.ask({ endpoint }, "SELECT cast(host_id AS text) FROM system.local")

        yield* node.pause
        assert.include((yield* Effect.flip(Probe.probe({ endpoint }))).message, "no answer in 3 seconds")
        yield* node.resume
        assert.isFalse(yield* isSilent(endpoint))

        yield* node.kill
        assert.isTrue(yield* isSilent(endpoint))
        yield* node.restart
        const after = yield* Probe.ask({ endpoint }, "SELECT cast(host_id AS text) FROM system.local")
        assert.deepStrictEqual(after, before)

        yield* node.stop
        assert.isTrue(yield* isSilent(endpoint))
      }),
    timeout
  )
})
