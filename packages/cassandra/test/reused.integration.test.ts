import { Batch, executeConcurrent, executeConcurrentWithArgs, Query, Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schema } from "effect"
import { CassandraSession } from "../src/index.ts"

const keyspace = ownName("reused")
const table = `${keyspace}.t`
const count = 1_000
const concurrency = 100

/** A value that is filled again for each item, and the content that its row has to hold. */
interface Reused {
  readonly type: string
  readonly make: () => { readonly value: object; readonly fill: (id: number) => void }
  readonly content: (id: number) => unknown
}

const bytesOf = (id: number): Uint8Array => {
  const bytes = new Uint8Array(64)
  new DataView(bytes.buffer).setUint32(60, id)
  return bytes
}

/** Bytes in the middle of a pool, as those of a Buffer are. */
const pooled = (): Uint8Array => new Uint8Array(256).subarray(100, 164)

// Vectors came with Cassandra 5.
const vector: Reused = {
  type: "vector<float, 2>",
  make: () => {
    const value = new Float32Array(2)
    return { value, fill: (id) => value.set([id, -id]) }
  },
  content: (id) => [id, -id]
}

const common: Readonly<Record<string, Reused>> = {
  Buffer: {
    type: "blob",
    make: () => {
      const value = Buffer.alloc(64)
      return { value, fill: (id) => value.writeUInt32BE(id, 60) }
    },
    content: bytesOf
  },
  Uint8Array: {
    type: "blob",
    make: () => {
      const value = pooled()
      return { value, fill: (id) => value.set(bytesOf(id)) }
    },
    content: bytesOf
  },
  DataView: {
    type: "blob",
    make: () => {
      const bytes = pooled()
      const value = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      return { value, fill: (id) => value.setUint32(60, id) }
    },
    content: bytesOf
  },
  ArrayBuffer: {
    type: "blob",
    make: () => {
      const value = new ArrayBuffer(64)
      return { value, fill: (id) => new DataView(value).setUint32(60, id) }
    },
    content: bytesOf
  },
  Int32Array: {
    type: "blob",
    make: () => {
      const value = new Int32Array(2)
      return { value, fill: (id) => value.set([id, -id]) }
    },
    content: (id) => new Uint8Array(Int32Array.of(id, -id).buffer)
  },
  Date: {
    type: "timestamp",
    make: () => {
      const value = new Date(0)
      return { value, fill: (id) => value.setTime(id * 1_000) }
    },
    content: (id) => new Date(id * 1_000)
  },
  Map: {
    type: "map<text, blob>",
    make: () => {
      const bytes = Buffer.alloc(64)
      const value = new Map<string, unknown>()
      return {
        value,
        fill: (id) => {
          bytes.writeUInt32BE(id, 60)
          value.clear()
          value.set(`key ${id}`, bytes)
        }
      }
    },
    content: (id) => new Map([[`key ${id}`, bytesOf(id)]])
  },
  Set: {
    type: "set<int>",
    make: () => {
      const value = new Set<number>()
      return {
        value,
        fill: (id) => {
          value.clear()
          value.add(id).add(id + count)
        }
      }
    },
    content: (id) => new Set([id, id + count])
  },
  array: {
    type: "list<timestamp>",
    make: () => {
      const date = new Date(0)
      const value = [date]
      return {
        value,
        fill: (id) => {
          date.setTime(id)
          value.length = 0
          value.push(date, date)
        }
      }
    },
    content: (id) => [new Date(id), new Date(id)]
  },
  record: {
    type: "frozen<pair>",
    make: () => {
      const value = { number: 0, bytes: Buffer.alloc(64) }
      return {
        value,
        fill: (id) => {
          value.number = id
          value.bytes.writeUInt32BE(id, 60)
        }
      }
    },
    content: (id) => ({ number: id, bytes: bytesOf(id) })
  }
}

integration("values that the program fills again for each statement", (server) => {
  const hasVectors = Number.parseInt(server.version, 10) >= 5
  const reused = Object.entries(hasVectors ? { ...common, Float32Array: vector } : common)
  const names = reused.map((_, index) => `v${index}`)
  const columns = reused.map(([, { type }], index) => `v${index} ${type}`)

  /** A text that no other test has prepared. */
  const insertOf = (name: string): string =>
    `INSERT INTO ${table} (id, ${names.join(", ")}) VALUES (?, ${names.map(() => "?").join(", ")}) /* ${name} */`

  /** The parameters of each row: one array of values that are all filled again for the next row. */
  const items = function*(from = 0, to = count): Generator<Array<unknown>> {
    const values = reused.map(([, { make }]) => make())
    const params: Array<unknown> = [0, ...values.map(({ value }) => value)]
    for (let id = from; id < to; id++) {
      for (const { fill } of values) fill(id)
      params[0] = id
      yield params
    }
    // What is still in flight must not change either.
    for (const { fill } of values) fill(count * 2)
  }

  /** Checks every row of the table, and empties it. */
  const holdsItsOwn = Effect.gen(function*() {
    const { rows } = yield* Statement.make(`SELECT id, ${names.join(", ")} FROM ${table}`)
    assert.lengthOf(rows, count)
    for (const row of rows) {
      const id = Number(row["id"])
      for (const [index, [kind, { content }]] of reused.entries()) {
        assert.deepStrictEqual(row[names[index]!], content(id), `${kind} of row ${id}`)
      }
    }
    yield* Statement.make(`TRUNCATE ${table}`)
  })

  const type = `CREATE TYPE ${keyspace}.pair (number int, bytes blob)`
  layer(withKeyspace(keyspace, type, `CREATE TABLE ${table} (id int PRIMARY KEY, ${columns.join(", ")})`), {
    excludeTestServices: true,
    timeout: 60_000
  })((it) => {
    it.effect(
      "are written as they were, also while their text is prepared for the first time",
      () =>
        Effect.gen(function*() {
          const text = insertOf("of one text")
          for (let round = 0; round < 2; round++) {
            const results = yield* executeConcurrentWithArgs(text, items(), { concurrency })
            assert.isTrue(results.every(({ outcome }) => outcome === "Applied"))
            yield* holdsItsOwn
          }
        }),
      60_000
    )

    it.effect(
      "are written as they were as fields of an instance, with a schema of its class and without",
      () =>
        Effect.gen(function*() {
          class Photo extends Schema.Class<Photo>("Photo")({ id: Schema.Int, v0: Schema.Uint8Array }) {
            get size(): number {
              return this.v0.length
            }
          }
          const textOf = (name: string) => `INSERT INTO ${table} (id, v0) VALUES (:id, :v0) /* of a class, ${name} */`
          const typed = Query.make(textOf("typed"), { params: Photo })
          const untyped = Query.make(textOf("untyped"))
          const binds = [(photo: Photo) => typed(photo), (photo: Photo) => untyped(photo as never)]
          for (const bind of binds) {
            const photos = function*() {
              const bytes = Buffer.alloc(64)
              for (let id = 0; id < count; id++) {
                bytes.writeUInt32BE(id, 60)
                yield bind(new Photo({ id, v0: bytes }))
              }
            }
            yield* executeConcurrent(photos(), { concurrency })
            const { rows } = yield* Statement.make(`SELECT id, v0 FROM ${table}`)
            assert.lengthOf(rows, count)
            for (const { id, v0 } of rows) assert.deepStrictEqual(v0, bytesOf(Number(id)))
            yield* Statement.make(`TRUNCATE ${table}`)
          }
        }),
      60_000
    )

    it.effect("are written as they were by statements with options, and by batches", () =>
      Effect.gen(function*() {
        const text = insertOf("of statements")
        const statements = function*() {
          for (const params of items()) yield Statement.make(text, params, { idempotent: false })
        }
        yield* executeConcurrent(statements(), { concurrency })
        yield* holdsItsOwn
        const batched = insertOf("of batches")
        const batches = function*() {
          for (let from = 0; from < count; from += 10) {
            yield Batch.make(Array.from(items(from, from + 10), (params) => Statement.make(batched, params)))
          }
        }
        yield* executeConcurrent(batches(), { concurrency })
        yield* holdsItsOwn
      }), 60_000)

    it.effect(
      "are written as they were when they are encoded again, because their table changes",
      () =>
        Effect.gen(function*() {
          const other = yield* CassandraSession.make(optionsOf(yield* CassandraServer))
          const begun = yield* Deferred.make<void>()
          let changes = 0
          const changing = yield* Effect.forkChild(Effect.andThen(
            Deferred.await(begun),
            Effect.forever(Effect.suspend(() => other.execute([`ALTER TABLE ${table} WITH comment = '${changes++}'`])))
          ))
          const text = insertOf("of a table that changes")
          const statements = function*() {
            let number = 0
            for (const params of items()) {
              if (number++ === concurrency) Deferred.doneUnsafe(begun, Effect.void)
              yield Statement.make(text, params)
            }
          }
          const results = yield* executeConcurrent(statements(), { concurrency })
          yield* Fiber.interrupt(changing)
          assert.isTrue(results.every(({ outcome }) => outcome === "Applied"))
          assert.isAbove(changes, 0)
          yield* holdsItsOwn
        }).pipe(Effect.scoped),
      60_000
    )
  })
})
