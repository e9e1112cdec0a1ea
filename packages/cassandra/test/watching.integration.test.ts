import { Batch, executeConcurrent, Query, Session, Statement, Trace } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { keeping } from "@effect-cql/test-support/spans"
import { assert, layer } from "@effect/vitest"
import { Cause, Effect, Exit, Logger, Metric, References, Tracer } from "effect"
import { CassandraSession } from "../src/index.ts"

const keyspace = ownName("watching")
const tables = [`CREATE TABLE ${keyspace}.users (id int PRIMARY KEY, name text)`]
const insert = Query.make(`INSERT INTO ${keyspace}.users (id, name) VALUES (?, ?)`)

const traced = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const { spans, tracer } = keeping()
    yield* Effect.provideService(effect, Tracer.Tracer, tracer)
    return spans
  })

integration("watching", () => {
  layer(withKeyspace(keyspace, ...tables), { excludeTestServices: true })((it) => {
    it.effect("a span names the node, its id, its data centre and the level", () =>
      Effect.gen(function*() {
        const [span] = yield* traced(insert(1, "ada"))
        const attributes = Object.fromEntries(span?.attributes ?? [])
        assert.strictEqual(span?.name, `INSERT ${keyspace}.users`)
        assert.isString(attributes["network.peer.address"])
        assert.isNumber(attributes["network.peer.port"])
        assert.match(String(attributes["cassandra.coordinator.id"]), /^[\da-f-]{36}$/)
        assert.isString(attributes["cassandra.coordinator.dc"])
        assert.strictEqual(attributes["cassandra.consistency.level"], "local_one")
        assert.strictEqual(attributes["cassandra.page.size"], 5_000)
      }))

    it.effect("a session is opened in a span, unless it has none", () =>
      Effect.gen(function*() {
        const server = yield* CassandraServer
        for (const spans of [true, false]) {
          const session = CassandraSession.make({ ...optionsOf(server), keyspace, spans })
          const made = yield* traced(Effect.scoped(session))
          assert.deepStrictEqual(made.map(({ name }) => name), spans ? ["CassandraSession.make"] : [])
        }
      }))

    it.effect("warnings of the server name the node that gave them", () =>
      Effect.gen(function*() {
        const annotations: Array<Readonly<Record<string, unknown>>> = []
        const logger = Logger.make(({ fiber }) => {
          annotations.push(fiber.getRef(References.CurrentLogAnnotations))
        })
        const server = yield* CassandraServer
        const program = Effect.gen(function*() {
          const session = yield* CassandraSession.make({ ...optionsOf(server), keyspace, name: "app" })
          const members = Array.from({ length: 12 }, (_, id) => insert(id, "x"))
          yield* session.execute(Batch.make(members, { type: "unlogged" }))
          yield* Effect.yieldNow
        })
        yield* Effect.scoped(Effect.provide(program, Logger.layer([logger])))
        assert.lengthOf(annotations, 1)
        const [{ "server.address": address, "server.port": port, ...rest } = {}] = annotations
        assert.isString(address)
        assert.isNumber(port)
        assert.deepStrictEqual(rest, { "cql.session.name": "app", "db.namespace": keyspace })
      }))

    it.effect("metrics show the nodes and their connections", () =>
      Effect.gen(function*() {
        yield* executeConcurrent(Array.from({ length: 100 }, (_, id) => insert(id, "ada")))
        const metrics = yield* Metric.snapshot
        const up = metrics.find(({ id }) => id === "cql.node.up")
        assert.isTrue(up?.type === "Gauge" && up.state.value === 1)
        const connections = metrics.filter(({ id }) => id === "db.client.connection.count")
        const open = connections.reduce((sum, { state }) => sum + ("value" in state ? Number(state.value) : 0), 0)
        assert.isAtLeast(open, 1)
      }))

    it.effect("the trace of a request is read and printed, without bound values", () =>
      Effect.gen(function*() {
        const { info } = yield* Statement.withOptions(insert(7, "s3cret"), { tracing: true })
        const trace = yield* Session.trace(info.traceId ?? "")
        assert.isDefined(trace)
        assert.isAbove(trace!.events.length, 2)
        const printed = Trace.format(trace!)
        assert.include(printed, `INSERT INTO ${keyspace}.users`)
        assert.include(printed, "us")
        assert.notInclude(printed, "s3cret")
      }))

    it.effect("the trace of a text with literals has none of them, and no row that a condition met", () =>
      Effect.gen(function*() {
        yield* insert(11, "s3cret")
        const texts = [
          `INSERT INTO ${keyspace}.users (id, name) VALUES (12, 'it''s s3cret')`,
          `SELECT id FROM ${keyspace}.users WHERE name = 'it''s s3cret' ALLOW FILTERING`,
          `INSERT INTO ${keyspace}.users (id, name) VALUES (11, 'other') IF NOT EXISTS`,
          `BEGIN BATCH INSERT INTO ${keyspace}.users (id, name) VALUES (13, 's3cret') APPLY BATCH`
        ]
        for (const text of texts) {
          const { info } = yield* Statement.make(text, [], { tracing: true })
          const trace = yield* Session.trace(info.traceId ?? "")
          const printed = Trace.format(trace!)
          assert.include(printed, `${keyspace}.users`)
          assert.notInclude(printed, "s3cret", text)
          assert.notInclude(printed, "other", text)
        }
      }))

    it.effect("the error of a span has no literal that the server quotes", () =>
      Effect.gen(function*() {
        const texts = [
          `SELECT name FROM ${keyspace}.users WHERE id = 's3cret'`,
          `SELECT name FROM ${keyspace}.users WHERE id = 1 's3cret'`,
          `INSERT INTO ${keyspace}.users (id, name) VALUES (1, 's3cret') USING TTL 999999991`,
          `INSERT INTO ${keyspace}.users JSON '{"id": "s3cret"}'`
        ]
        for (const text of texts) {
          const spans = yield* traced(Effect.exit(executeConcurrent([Statement.make(text)], { spans: "all" })))
          assert.lengthOf(spans, 2)
          for (const { attributes, status } of spans) {
            const exit = status._tag === "Ended" ? status.exit : Exit.void
            assert.isTrue(Exit.isFailure(exit))
            const errors = Exit.isFailure(exit) ? Cause.prettyErrors(exit.cause, { includeCauseInStack: true }) : []
            const shown = [...attributes.values(), ...errors.flatMap(({ message, stack }) => [message, stack])].join()
            assert.notInclude(shown, "s3cret", text)
            assert.notInclude(shown, "999999991", text)
          }
        }
      }))

    it.effect("a trace that does not exist is undefined", () =>
      Effect.gen(function*() {
        assert.isUndefined(yield* Session.trace("7a1ffa50-cc5a-11ee-8f1a-dfb3b4a1c6a1", "50 millis"))
      }))

    it.effect("unlogged batches over many partitions log a few lines, and the summary counts them all", () =>
      Effect.gen(function*() {
        const lines: Array<string> = []
        const logger = Logger.make(({ message }) => {
          lines.push(String(message))
        })
        const batches = Array.from(
          { length: 2_000 },
          (_, batch) =>
            Batch.make(Array.from({ length: 12 }, (_, index) => insert(12 * batch + index, "x")), { type: "unlogged" })
        )
        yield* Effect.provide(executeConcurrent(batches), Logger.layer([logger]))
        assert.isAtMost(lines.length, 10)
        assert.include(lines.at(-1), "2000 warnings")
      }))

    it.effect("a run that fails shows the error of the driver", () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(executeConcurrent([Statement.make("SELECT nothing FROM system.local")]))
        assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes("[cause]: "))
      }))
  })
})
