/** Processes that start before the migrations. */
import { CqlCluster, JobRunner, Jobs } from "@effect-cql/cluster"
import type { Session } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"

/** The messages that an effect logs about the tables, over a database with some of them. */
const advice = <E>(tables: ReadonlyArray<string>, effect: Effect.Effect<unknown, E, Session>) =>
  Effect.gen(function*() {
    const messages: Array<string> = []
    const logger = Logger.make(({ message }) => {
      messages.push(String(message))
    })
    yield* Effect.exit(effect).pipe(Effect.provide([MockSession.memory(tables), Logger.layer([logger])]))
    return messages.filter((message) => message.startsWith("the tables of the cluster could not be used"))
  })

const cluster = { keyspace: "app" }
const running = <A, E>(layer: Layer.Layer<A, E, Session>) =>
  Effect.scoped(Effect.andThen(Layer.build(Layer.fresh(layer)), TestClock.adjust("10 seconds")))

describe("a process without the tables of the cluster", () => {
  for (
    const [name, effect] of [
      ["a runner of a cluster", running(JobRunner.layer(cluster))],
      ["a runner alone", running(JobRunner.layerLocal(cluster))],
      [
        "a client",
        Jobs.Jobs.use(({ list }) => Stream.runDrain(list)).pipe(Effect.provide(Layer.fresh(Jobs.layer(cluster))))
      ]
    ] as const
  ) {
    it.effect(`logs once which migrations create them: ${name}`, () =>
      Effect.gen(function*() {
        for (const tables of [[], ["CREATE TABLE app.users (id int PRIMARY KEY)"]]) {
          const found = yield* advice(tables, effect)
          assert.lengthOf(found, 1)
          assert.include(found[0], "expected those of CqlCluster.migrations in keyspace app, got none")
        }
        assert.lengthOf(yield* advice(CqlCluster.ddl("app"), effect), 0)
      }))
  }
})
