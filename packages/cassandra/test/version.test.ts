/**
 * The warning for a release of the driver with which the adapter was not tested.
 */
import { Session } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Client } from "cassandra-driver"
import { Effect, Layer, Logger, References } from "effect"
import { CassandraSession } from "../src/index.ts"
import { DriverVersion } from "../src/internal/driver/version.ts"
import { type CqlNode, cqlNodes } from "./support/cqlNodes.ts"
import { fakeClient } from "./support/fakeClient.ts"

/** The warnings that a program logs on a driver of this version. */
const warnings = <A, E, R>(version: string | undefined, program: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const capture = Logger.layer([
      Logger.make(({ logLevel, message }) => {
        if (logLevel === "Warn") lines.push(String(message))
      })
    ])
    const run = Effect.provide(program, capture)
    yield* version === undefined ? run : Effect.provideService(run, DriverVersion, version)
    return lines
  })

/** Asserts that there is one warning, which names the installed release and the tested one. */
const assertOne = (lines: ReadonlyArray<string>): void => {
  assert.strictEqual(lines.length, 1, lines.join("\n"))
  assert.include(lines[0], "cassandra-driver 4.11.2")
  assert.include(lines[0], "4.10.x")
}

const another = "4.11.2"

const clientOf = (node: CqlNode) =>
  Effect.acquireRelease(
    Effect.sync(() => new Client({ contactPoints: [node.address], localDataCenter: "dc1" })),
    (client) => Effect.promise(() => client.shutdown())
  )

describe("a session on a release of the driver that was not tested", () => {
  it.live("that opens its client warns once", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const options = { contactPoints: [node!.address], localDataCenter: "dc1" }
      assertOne(yield* warnings(another, CassandraSession.make(options)))
      assertOne(yield* warnings(another, Effect.provide(Session, CassandraSession.layer(options))))
      assert.deepStrictEqual(yield* warnings(undefined, CassandraSession.make(options)), [])
    }).pipe(Effect.scoped))

  it.live("on a client of the user warns once", () =>
    Effect.gen(function*() {
      const [node] = yield* cqlNodes({})
      const acquire = clientOf(node!)
      const session = Effect.flatMap(acquire, (client) => CassandraSession.fromClient(client))
      assertOne(yield* warnings(another, session))
      assertOne(yield* warnings(another, Layer.build(CassandraSession.layerFrom(acquire))))
      assert.deepStrictEqual(yield* warnings(undefined, session), [])
    }).pipe(Effect.scoped))

  it.effect("on a client of another copy of the driver, whose release is not known, does not warn", () =>
    Effect.gen(function*() {
      const { client } = fakeClient()
      assert.deepStrictEqual(yield* warnings(another, CassandraSession.fromClient(client)), [])
    }).pipe(Effect.scoped))

  it.live("on a client that is connected already warns once, in its own name", () =>
    Effect.gen(function*() {
      const annotations: Array<unknown> = []
      const capture = Logger.layer([
        Logger.make(({ fiber }) => annotations.push(fiber.getRef(References.CurrentLogAnnotations)))
      ])
      const [node] = yield* cqlNodes({})
      const client = yield* clientOf(node!)
      yield* Effect.promise(() => client.connect())
      yield* CassandraSession.fromClient(client, { name: "reports" }).pipe(
        Effect.provide(capture),
        Effect.provideService(DriverVersion, another)
      )
      assert.deepStrictEqual(annotations, [{ "cql.session.name": "reports" }])
    }).pipe(Effect.scoped))
})
