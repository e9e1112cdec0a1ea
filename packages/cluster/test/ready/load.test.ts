/** Loads of files, with tables in memory. */
import { Job } from "@effect-cql/cluster"
import { Statement } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { Random } from "@effect-cql/test-support/random"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, FileSystem, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { gzipSync } from "node:zlib"
import { bytes, filesOf } from "../support/files.ts"
import { memory, options, passed, started } from "../support/ready.ts"

class Person extends Table.Class<Person>("Person")("app.people", {
  columns: {
    id: CqlSchema.Int,
    name: CqlSchema.Text,
    born: Schema.optionalKey(CqlSchema.DateString),
    age: Schema.optionalKey(CqlSchema.BigInt)
  },
  partitionKey: "id"
}) {}

const ddl = Table.ddl(Person)
const common = { version: "1", row: Person, write: Person.insert, chunkSize: 300, pageSize: 7 } as const
const LoadCsv = Job.load("LoadCsv", { ...common, format: "csv" })
const LoadLines = Job.load("LoadLines", { ...common, format: "csv", csv: { multiline: false } })
const LoadJson = Job.load("LoadJson", { ...common, format: "ndjson" })

const people = (count: number, seed = 1) => {
  const random = new Random(seed)
  return Array.from({ length: count }, (_, id) => ({
    id,
    name: random.pick(["ada", "gr,ace", "bar\nbara", "\"hed\"y", "margaret\r\nh", "émilie"]),
    ...(random.chance(0.5) ? { born: "1906-12-09" } : {}),
    ...(random.chance(0.5) ? { age: BigInt(random.between(1, 99)) } : {})
  }))
}
type People = ReturnType<typeof people>

const cell = (text: string) => /[",\r\n]/.test(text) ? `"${text.replaceAll("\"", "\"\"")}"` : text
const csv = (rows: People, end = "\n") =>
  [
    "id,name,born,age",
    ...rows.map(({ age, born, id, name }) => [`${id}`, cell(name), born ?? "", `${age ?? ""}`].join())
  ]
    .join(end) + end
const ndjson = (rows: People) =>
  rows.map(({ age, ...row }) => JSON.stringify({ ...row, ...(age === undefined ? {} : { age: `${age}` }) })).join("\n")
const plain = (rows: People) => rows.map((row) => ({ ...row, name: row.name.replaceAll(/[\r\n]/g, " ") }))

const stored = Effect.map(
  Statement.make("SELECT id, name, born, age FROM app.people"),
  ({ rows }) => [...rows].sort((a, b) => Number(a["id"]) - Number(b["id"]))
)
const expected = (rows: People) =>
  rows.map((row) => ({ id: row.id, name: row.name, born: row.born ?? null, age: row.age ?? null }))

const ran = (job: Job.LoadJob<never>, files: ReadonlyMap<string, Uint8Array>, id = "load") =>
  Effect.gen(function*() {
    const system = filesOf(files)
    const { kill } = yield* started({ layer: job.layer.pipe(Layer.provide(system)) }, options)
    const handle = yield* Effect.provide(job.start({ files: [...files.keys()] }, { id }), system)
    const end = yield* passed(Effect.exit(handle.await))
    yield* kill
    return { end, handle, rejects: yield* Stream.runCollect(handle.rejects) }
  })

describe("a load", () => {
  for (
    const [form, job, content, of] of [
      ["CSV", LoadCsv, (rows: People) => csv(rows), (rows: People) => rows],
      ["CSV with CRLF", LoadCsv, (rows: People) => csv(rows, "\r\n"), (rows: People) => rows],
      ["CSV whose fields have no line breaks", LoadLines, (rows: People) => csv(rows), plain],
      ["CSV of lines with CRLF", LoadLines, (rows: People) => csv(rows, "\r\n"), plain],
      ["JSON", LoadJson, ndjson, (rows: People) => rows]
    ] as const
  ) {
    it.effect(`reads each record of ${form} once, in chunks that end with a record`, () =>
      Effect.gen(function*() {
        const rows = of(people(200))
        const file = bytes(content(rows))
        const files = new Map([["a", file], ["empty", bytes("")]])
        const { units } = yield* Effect.provide(job.plan({ files: ["a", "empty"] }), filesOf(files))
        assert.isAbove(units.length, 10)
        for (const [at, { unit }] of units.entries()) {
          assert.strictEqual(unit.to, units[at + 1]?.unit.from ?? file.length)
        }
        const { end, rejects } = yield* ran(job, files)
        assert.deepStrictEqual(rejects, [])
        assert.isTrue(Exit.isSuccess(end) && end.value.rows === rows.length)
        assert.deepStrictEqual(yield* stored, expected(rows))
      }).pipe(Effect.provide(memory(ddl))))
  }

  it.effect("rejects what it cannot read, with its place, and goes on", () =>
    Effect.gen(function*() {
      const lines = [
        "1,ada,,",
        "two,grace,,",
        "3,too,many,,cells",
        "4,\"close\"d,,",
        "5,barbara,not a date,",
        "6,\"open,,",
        "7,hedy,,7",
        "8,margaret,1936-08-17,x"
      ]
      const text = `id,name,born,age\n${lines.join("\n")}\n`
      const broken = [...bytes(text), 0x39, 0x2c, 0xff, 0xfe, 0x2c, 0x2c, 0x0a]
      const { end, rejects } = yield* ran(LoadCsv, new Map([["people.csv", Uint8Array.from(broken)]]))
      assert.isTrue(Exit.isSuccess(end))
      if (Exit.isSuccess(end)) assert.deepInclude(end.value, { rows: 9, rejected: 7 })
      const places = [1, 2, 3, 4, 5, 7].map((line) =>
        bytes(`id,name,born,age\n${lines.slice(0, line).join("\n")}\n`).length
      )
      assert.deepStrictEqual(
        rejects.map(({ position }) => position).sort(),
        [...places, text.length].map((place) => `people.csv:${place}`).sort()
      )
      assert.isTrue(rejects.every(({ error }) => !/not a date|grace|two/.test(error)))
      assert.deepStrictEqual((yield* stored).map(({ id }) => id), [1, 7])
    }).pipe(Effect.provide(memory(ddl))))

  it.effect("goes on behind the last record that was done when its process dies", () =>
    Effect.gen(function*() {
      const rows = people(300, 5)
      const files = filesOf(new Map([["a", bytes(csv(rows))]]))
      const Slow = Job.load("Slow", {
        ...common,
        format: "csv",
        chunkSize: 4_000,
        write: (row) => Statement.withOptions(Person.insert(row), { timestamp: 5n })
      })
      const slowed = memory(ddl, {
        latency: (request) =>
          request._tag === "Statement" && request.text.startsWith("INSERT INTO app.people") ? "300 millis" : "0 millis"
      })
      yield* Effect.gen(function*() {
        const runner = { layer: Slow.layer.pipe(Layer.provide(files)) }
        const first = yield* started(runner, options)
        const handle = yield* Effect.provide(Slow.start({ files: ["a"] }, { id: "slow" }), files)
        yield* TestClock.adjust("4 seconds")
        yield* first.kill
        const before = yield* handle.progress
        assert.isTrue(before.rows > 0 && before.rows < 300)
        yield* started(runner, options)
        const end = yield* passed(handle.await)
        assert.strictEqual(end.rows, 300)
        assert.deepStrictEqual(yield* stored, expected(rows))
      }).pipe(Effect.provide(slowed))
    }))

  it.effect("fails if a file has changed since the job was started", () =>
    Effect.gen(function*() {
      const files = new Map([["a", bytes(csv(people(30)))]])
      const system = filesOf(files)
      const handle = yield* Effect.provide(LoadCsv.start({ files: ["a"] }, { id: "load" }), system)
      files.set("a", bytes(csv(people(31))))
      yield* started({ layer: LoadCsv.layer.pipe(Layer.provide(system)) }, options)
      assert.isTrue(Exit.isFailure(yield* passed(Effect.exit(handle.await))))
      assert.include((yield* handle.failures)[0]?.error, "that it had when the job was started")
    }).pipe(Effect.provide(memory(ddl))))

  it.effect("fails if a file of the same size has other bytes", () =>
    Effect.gen(function*() {
      const files = new Map([["a", bytes(csv(people(30)))]])
      let modified = 1_000
      const system = filesOf(files, () => modified)
      const handle = yield* Effect.provide(LoadCsv.start({ files: ["a"] }, { id: "load" }), system)
      files.set("a", bytes(csv(people(30)).replaceAll("\n1", "\n2")))
      modified = 2_000
      yield* started({ layer: LoadCsv.layer.pipe(Layer.provide(system)) }, options)
      assert.isTrue(Exit.isFailure(yield* passed(Effect.exit(handle.await))))
      assert.include(
        (yield* handle.failures)[0]?.error,
        "the version of 1970-01-01T00:00:01.000Z, with which the job was started, got that of"
      )
      assert.strictEqual((yield* stored).length, 0)
    }).pipe(Effect.provide(memory(ddl))))

  it.effect("is not started if the header lacks a field that every record needs, as with another delimiter", () =>
    Effect.gen(function*() {
      for (const text of ["id;name\n1;ada\n", "id,fullname\n1,ada\n"]) {
        const start = LoadCsv.start({ files: ["a"] }, { id: "load" })
        const error = yield* Effect.flip(Effect.provide(start, filesOf(new Map([["a", bytes(text)]]))))
        assert.strictEqual(error._tag, "FileRefused")
        assert.match(error.message, /^the file a could not be loaded: expected a header with .*name, got one without/)
        assert.include(error.message, "csv.delimiter")
        assert.notInclude(error.message, "fullname")
      }
    }).pipe(Effect.provide(memory(ddl))))

  it("has no header option that lacks a field that every record needs", () => {
    const load = () =>
      Job.load("J", { ...common, format: "csv", csv: { header: ["id", "nome"] }, write: Person.insert })
    assert.throws(load, /^Job\.load: csv\.header: expected names, among them .*name, got an array of 2$/)
  })

  it.effect("is not started with a directory, which is named", () =>
    Effect.gen(function*() {
      const system = yield* FileSystem.FileSystem
      const directory = yield* system.makeTempDirectoryScoped()
      const error = yield* Effect.flip(LoadCsv.start({ files: [directory] }, { id: "load" }))
      assert.strictEqual(error._tag, "FileRefused")
      assert.include(error.message, `the file ${directory} could not be loaded: expected a file, got a directory`)
    }).pipe(Effect.scoped, Effect.provide([memory(ddl), NodeFileSystem.layer])))

  it.effect("is not started if a file changes while it is divided", () =>
    Effect.gen(function*() {
      let modified = 1_000
      const system = filesOf(new Map([["a", bytes(csv(people(30)))]]), () => modified++)
      const error = yield* Effect.flip(Effect.provide(LoadCsv.start({ files: ["a"] }, { id: "load" }), system))
      assert.strictEqual(error._tag, "FileRefused")
    }).pipe(Effect.provide(memory(ddl))))

  it.effect("fails if a file becomes shorter while it is read, and does not end as done", () =>
    Effect.gen(function*() {
      const line = (id: number) => `${JSON.stringify({ id, name: "ada" })}\n`
      const files = new Map([["a", bytes([1, 2, 3, 4].map(line).join(""))]])
      const job = Job.load("Long", {
        version: "1",
        format: "ndjson",
        row: Person,
        pageSize: 1,
        attempts: 1,
        write: (person) => {
          if (person.id === 1) files.set("a", bytes(line(1) + line(2)))
          return Person.insert(person)
        }
      })
      const { end, handle } = yield* ran(job, files)
      assert.isTrue(Exit.isFailure(end))
      assert.include((yield* handle.failures)[0]?.error, "that it had when the job was started")
    }).pipe(Effect.provide(memory(ddl))))

  it.live("reads a compressed file as one chunk", () =>
    Effect.gen(function*() {
      const rows = people(100)
      const content = bytes(csv(rows))
      // Members of gzip may follow each other.
      const zipped = new Uint8Array([...gzipSync(content.subarray(0, 500)), ...gzipSync(content.subarray(500))])
      const system = filesOf(new Map([["a.gz", zipped]]))
      yield* started({ layer: LoadCsv.layer.pipe(Layer.provide(system)) }, { ...options, interval: "10 millis" })
      const handle = yield* Effect.provide(LoadCsv.start({ files: ["a.gz"] }, { id: "load" }), system)
      const { rows: count, units } = yield* handle.await
      assert.deepStrictEqual([count, units], [100, 1])
      assert.deepStrictEqual(yield* stored, expected(rows))
    }).pipe(Effect.provide(memory(ddl))))
})
