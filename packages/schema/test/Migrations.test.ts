/** Migrations on tables in memory: what is applied, what is refused, the lock, and every single fault. */
import { cql, type CqlError, Reason, Session, Statement } from "@effect-cql/core"
import { CqlSchema, Migrations, Table } from "@effect-cql/schema"
import { FaultPlan, MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import { stepsOf } from "../src/internal/migrations/steps.ts"
import { differences, leavesNone } from "./support/differences.ts"

const place = { keyspace: "app", replication: { datacenter1: 1 } } as const

const users = "CREATE TABLE app.users (id int PRIMARY KEY, name text)"
const email = "ALTER TABLE app.users ADD email text"
const ada = "INSERT INTO app.users (id, name) VALUES (1, 'ada')"

const migrations = Migrations.make({
  ...place,
  migrations: { "0002_email": `${email}; ${ada};`, "0001_users": users }
})

const memory = MockSession.memory([])
const withMemory = <A, E>(effect: Effect.Effect<A, E, Session | MockSession.MockSession>) =>
  Effect.provide(effect, memory, { local: true })

/** The texts that were sent, but for those of the history. */
const sent = Effect.gen(function*() {
  const mock = yield* MockSession.MockSession
  const texts = (yield* mock.calls).map(({ request }) => request._tag === "Statement" ? request.text : "")
  return texts.filter((text) => !/system_schema|app\.migrations|KEYSPACE/.test(text))
})

const names = Effect.map(Statement.rows(cql`SELECT name FROM app.users`), (rows) => rows.map((row) => row["name"]))

const messageOf = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), ({ message }) => message)

describe("migrations", () => {
  it.effect("are applied in the order of their numbers, each once", () =>
    withMemory(Effect.gen(function*() {
      assert.deepStrictEqual(yield* Migrations.run(migrations), ["0001_users", "0002_email"])
      assert.deepStrictEqual(yield* Migrations.run(migrations), [])
      assert.deepStrictEqual(yield* sent, [users, email, ada])
      const { applied, pending } = yield* Migrations.plan(migrations)
      assert.deepStrictEqual(applied.map(({ migration }) => migration), ["0001_users", "0002_email"])
      assert.deepStrictEqual(pending, [])
    })))

  it.effect("are planned without a write", () =>
    withMemory(Effect.gen(function*() {
      const { applied, pending } = yield* Migrations.plan(migrations)
      assert.deepStrictEqual(applied, [])
      assert.deepStrictEqual(pending, [
        { migration: "0001_users", statements: [users], error: undefined },
        { migration: "0002_email", statements: [email, ada], error: undefined }
      ])
      const mock = yield* MockSession.MockSession
      assert.deepStrictEqual((yield* mock.calls).filter(({ request }) => request.kind !== "read"), [])
    })))

  it.effect("take texts, statements, the texts of tables, and effects with errors and services of their own", () =>
    withMemory(Effect.gen(function*() {
      class User extends Table.Class<User>("User")("app.users", {
        columns: { id: CqlSchema.Int, name: Schema.String },
        partitionKey: "id"
      }) {}
      const all = Migrations.make({
        ...place,
        migrations: {
          "1_table": [...Table.ddl(User), User.insert({ id: 1, name: "ada" })],
          "2_one": User.insert({ id: 2, name: "eve" }),
          "3_effect": User.insert({ id: 3, name: "joe" }).pipe(Effect.andThen(Effect.fail("no" as const)))
        }
      })
      const typed: Migrations.Migrations<CqlError | "no", Session> = all
      const failed = yield* Effect.flip(Migrations.run(typed))
      assert.strictEqual(failed._tag, "MigrationFailed")
      assert.strictEqual(failed.cause, "no")
      assert.deepStrictEqual((yield* names).toSorted(), ["ada", "eve", "joe"])
    })))

  it.effect("go on with the statement that failed, once it is corrected", () =>
    withMemory(Effect.gen(function*() {
      const make = (second: string) => Migrations.make({ ...place, migrations: { "0001_users": [users, second, ada] } })
      assert.strictEqual(
        yield* messageOf(Migrations.run(make("ALTER TABLE app.user ADD email text"))),
        "migration 0001_users failed: expected statement 2 of 3 to be applied, got InvalidQuery: Table 'app.user' doesn't exist " +
          "[ALTER TABLE app.user ADD email text] (NotApplied, 1 attempt). It changed nothing: correct it, and migrate again, " +
          "which continues with it."
      )
      const { pending } = yield* Migrations.plan(make(email))
      assert.deepStrictEqual(pending[0]?.statements, [email, ada])
      assert.include(pending[0]?.error, "Table 'app.user' doesn't exist")
      assert.deepStrictEqual(yield* Migrations.run(make(email)), ["0001_users"])
      assert.deepStrictEqual(yield* sent, [users, "ALTER TABLE app.user ADD email text", email, ada])
    })))

  it.effect("have to be those that were applied", () =>
    withMemory(Effect.gen(function*() {
      const make = (record: Record<string, string>) => Migrations.make({ ...place, migrations: record })
      yield* Migrations.run(make({ "0002_users": users, "0004_email": email }))
      const conflict = (record: Record<string, string>) => messageOf(Migrations.run(make(record)))
      assert.strictEqual(
        yield* conflict({ "0002_users": `${users} WITH comment = 'x'`, "0004_email": email }),
        "migration 0002_users has changed: expected the text that was applied, got another. Restore it and add a migration " +
          "with the change; if the database is right, accept the text with Migrations.resolve(migrations, \"0002_users\", " +
          "{ applied: \"all\" })."
      )
      assert.strictEqual(
        yield* conflict({ "0002_people": users, "0004_email": email }),
        "migration 0002_people has the number of another one: expected 0002_users, which was applied under this number, got 0002_people. " +
          "Restore the name, and give the new migration a new number."
      )
      assert.strictEqual(
        yield* conflict({ "0004_email": email }),
        "migration 0002_users is missing: expected the program to have it, for the database has, got none. Restore it; a " +
          "migration that was applied stays in the program."
      )
      assert.strictEqual(
        yield* conflict({ "0002_users": users, "0003_late": ada, "0004_email": email }),
        "migration 0003_late is too late: expected a number above that of 0004_email, the last one applied, got a lower " +
          "one. Give it a higher number."
      )
      // Line ends and what stands between statements are no change, and an older program runs beside a newer database.
      assert.deepStrictEqual(yield* Migrations.run(make({ "0002_users": `-- the users\r\n${users};\r\n` })), [])
    })))

  it.effect("keep several sets in one table", () =>
    withMemory(Effect.gen(function*() {
      yield* Migrations.run(migrations)
      const other = Migrations.make({
        ...place,
        name: "jobs",
        migrations: { "0001_jobs": "CREATE TABLE app.jobs (id int PRIMARY KEY)" }
      })
      assert.deepStrictEqual(yield* Migrations.run(other), ["0001_jobs"])
    })))

  it.effect("need a keyspace", () =>
    withMemory(Effect.gen(function*() {
      const without = Migrations.make({ keyspace: "app", migrations: { "0001_users": users } })
      assert.strictEqual(
        yield* messageOf(Migrations.run(without)),
        "migrations failed: expected the keyspace app, got no keyspace with this name. Create it, or set the option " +
          "`replication` of Migrations.make, which creates it."
      )
    })))

  it.effect("come before everything that uses the session of their layer", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* names, ["ada"])
    }).pipe(Effect.provide(Migrations.layer(migrations).pipe(Layer.provide(memory)))))

  it.effect("stop where the nodes do not agree on the schema, and go on when they do", () =>
    withMemory(Effect.gen(function*() {
      const session = yield* Session
      let agrees = 2 // before the first migration, and behind the table of the history
      const wavering = new Proxy(session, {
        get: (target, key) =>
          key === "schemaAgreement" ? () => Effect.sync(() => agrees-- > 0) : Reflect.get(target, key, target)
      })
      const error = yield* Effect.flip(Effect.provideService(Migrations.run(migrations), Session, wavering))
      assert.strictEqual(error._tag, "SchemaDisagreement")
      assert.include(error.message, "before the first migration")
      assert.deepStrictEqual(yield* Migrations.run(migrations), ["0001_users", "0002_email"])
    })))

  it("refuse what is none where it is made", () => {
    const refused = (record: Record<string, string>) =>
      Result.getOrThrow(Result.flip(Result.try(() => Migrations.make({ ...place, migrations: record }))))
    const message = (record: Record<string, string>) => (refused(record) as Error).message
    assert.strictEqual(
      message({ users }),
      "migrations[\"users\"]: expected a name such as 0001_users, got another name"
    )
    assert.strictEqual(
      message({ "1_a": users, "01_b": email }),
      "migrations[\"01_b\"]: expected a unique number, got the number of 1_a"
    )
    assert.strictEqual(
      message({ "1_a": "-- nothing" }),
      "migrations[\"1_a\"]: expected at least one statement, got none"
    )
    assert.strictEqual(
      message({ "1_a": "INSERT INTO app.users (name) VALUES ('ada)" }),
      "migrations[\"1_a\"]: expected a text of whole statements, got line 1, column 38 of the script: expected the end of the " +
        "string, got the end of the script. Add a quote."
    )
  })
})

/** An effect that takes its time. */
const slow = (duration: "10 minutes" | "1 hour") => Effect.sleep(duration)

describe("the lock of migrations", () => {
  it.effect("lets one of several processes migrate, and the others find nothing to do", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 5 }, () => Migrations.run(migrations)), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("1 minute")
      const results = yield* Fiber.join(fiber)
      assert.deepStrictEqual(results.filter((names) => names.length > 0), [["0001_users", "0002_email"]])
      assert.deepStrictEqual(yield* sent, [users, email, ada])
    }).pipe(Effect.provide(MockSession.memory([], { latency: "5 millis" }))))

  it.effect("is renewed for as long as a migration takes", () =>
    withMemory(Effect.gen(function*() {
      const long = Migrations.make({ ...place, migrations: { "0001_slow": slow("10 minutes") } })
      const first = yield* Effect.forkChild(Migrations.run(long))
      yield* TestClock.adjust("5 minutes")
      const second = yield* Effect.forkChild(Migrations.run(long, { wait: "1 hour" }))
      yield* TestClock.adjust("4 minutes")
      assert.isUndefined(second.pollUnsafe())
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(second)], [["0001_slow"], []])
    })))

  it.effect("is waited for, and no longer than that", () =>
    withMemory(Effect.gen(function*() {
      const long = Migrations.make({ ...place, migrations: { "0001_slow": slow("1 hour") } })
      yield* Effect.forkChild(Migrations.run(long))
      yield* TestClock.adjust("1 second")
      const second = yield* Effect.forkChild(messageOf(Migrations.run(long, { wait: "10 seconds" })))
      yield* TestClock.adjust("12 seconds")
      assert.match(
        yield* Fiber.join(second),
        /^migrations failed: expected to get the lock, got [0-9a-f-]{36} as its owner for longer than `wait`\. Wait for/
      )
    })))

  it.effect("of a process that died is free when its lease has ended", () =>
    withMemory(Effect.gen(function*() {
      const long = (duration: "10 minutes" | "1 hour") =>
        Migrations.make({ ...place, migrations: { "0001_slow": slow(duration) } })
      const first = yield* Effect.forkChild(Migrations.run(long("1 hour"), { lease: "20 seconds" }))
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.interrupt(first)
      const second = yield* Effect.forkChild(Migrations.run(long("10 minutes")))
      yield* TestClock.adjust("19 seconds")
      assert.isUndefined(second.pollUnsafe())
      yield* TestClock.adjust("11 minutes")
      assert.deepStrictEqual(yield* Fiber.join(second), ["0001_slow"])
    })))

  it.effect("stops its owner before it goes to another, where it cannot be renewed", () =>
    Effect.gen(function*() {
      const long = Migrations.make({ ...place, migrations: { "0001_slow": slow("1 hour") } })
      const fiber = yield* Effect.forkChild(Effect.flip(Migrations.run(long, { lease: "9 seconds" })))
      yield* TestClock.adjust("8 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "MigrationLockLost")
    }).pipe(Effect.provide(MockSession.memory([], {
      faults: FaultPlan.make([
        FaultPlan.only(
          (request) => request._tag === "Statement" && /USING TTL .* IF owner = \?/.test(request.text),
          FaultPlan.between("1 second", "1 hour", "unavailable")
        )
      ])
    }))))

  it("takes options that exist, and durations that are some", () => {
    const wrong: ReadonlyArray<readonly [object, RegExp]> = [
      [{ waits: 5 }, /waits: .*nearest is wait\)/],
      [{ wait: Number.NaN }, /wait: /],
      [{ wait: -1 }, /wait: /],
      [{ lease: Number.POSITIVE_INFINITY }, /lease: /]
    ]
    for (const [options, message] of wrong) {
      assert.throws(() => Effect.runSync(Migrations.run(migrations, options).pipe(Effect.provide(memory))), message)
    }
    const misspelt = { ...place, migrations: {}, serialConsistancy: "LOCAL_SERIAL" }
    assert.throws(() => Migrations.make(misspelt), /nearest is serialConsistency\)/)
  })

  it("takes no lease that is too short", () => {
    assert.throws(
      () => Effect.runSync(Migrations.run(migrations, { lease: "1 second" }).pipe(Effect.provide(memory))),
      "lease"
    )
  })
})

const counting = Migrations.make({
  ...place,
  migrations: {
    "0001_counts": "CREATE TABLE app.counts (id int PRIMARY KEY, n counter)",
    "0002_count": "UPDATE app.counts SET n = n + 1 WHERE id = 1; CREATE TABLE app.other (id int PRIMARY KEY);"
  }
})

describe("a statement whose end was not recorded", () => {
  const make = (second: string) => Migrations.make({ ...place, migrations: { "0001_users": [users, second] } })
  const wrong = make("ALTER TABLE app.user ADD email text")

  // The first attempt has no answer.
  const hanging = MockSession.memory([], {
    answers: [
      MockSession.when(
        /ALTER TABLE app\.user /,
        (request, { attempt, behind }) => attempt === 1 ? Effect.never : behind(request)
      )
    ]
  })

  /** Ends a process when it has sent the second statement, and lets its lease end. */
  const kill = Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Migrations.run(wrong))
    yield* TestClock.adjust("1 second")
    yield* Fiber.interrupt(fiber)
    yield* TestClock.adjust("1 minute")
  })

  it.effect("is sent again, and may be corrected if the server refuses it then", () =>
    Effect.gen(function*() {
      yield* kill
      const failed = yield* Effect.flip(Migrations.run(wrong))
      assert.deepInclude(failed, { _tag: "MigrationFailed", outcome: "NotApplied" })
      assert.deepStrictEqual(yield* Migrations.run(make(email)), ["0001_users"])
    }).pipe(Effect.provide(hanging)))

  it.effect("has to be looked for if its text has changed", () =>
    Effect.gen(function*() {
      yield* kill
      const unresolved = yield* Effect.flip(Migrations.run(make(email)))
      assert.deepInclude(unresolved, { _tag: "MigrationUnresolved", statement: 2, text: email })
      yield* Migrations.resolve(make(email), "0001_users", { applied: 1 })
      assert.deepStrictEqual(yield* Migrations.run(make(email)), ["0001_users"])
    }).pipe(Effect.provide(hanging, { local: true })))
})

describe("a definition whose answer is lost", () => {
  const cases = {
    "an index without a name": "CREATE INDEX ON app.users (name)",
    "a column with the name of a verb": "ALTER TABLE app.users ADD \"drop\" text",
    "a comment with a verb": "ALTER TABLE app.users /* not: rename */ ADD email text",
    "a column that goes": "ALTER TABLE app.users DROP name"
  }
  for (const [what, text] of Object.entries(cases)) {
    it.effect(`is sent again, and found done: ${what}`, () => {
      let isLost = false
      const once: FaultPlan.Rule = (request) => {
        if (isLost || request._tag !== "Statement" || request.text !== text) return undefined
        isLost = true
        return "lost"
      }
      const session = MockSession.memory([], { faults: FaultPlan.make([once]) })
      const migrations = Migrations.make({ ...place, migrations: { "0001_users": [users, text] } })
      return Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Migrations.run(migrations))
        yield* TestClock.adjust("2 minutes")
        assert.deepStrictEqual(yield* Fiber.join(fiber), ["0001_users"])
        assert.deepStrictEqual(yield* sent, [users, text, text])
      }).pipe(Effect.provide(session))
    })
  }
})

describe("a definition that the tables in memory do not have", () => {
  it.effect("is read as done by the words of a server: the field of a type that has its new name", () => {
    const rename = "ALTER TYPE app.address RENAME street TO road"
    const lost = MockSession.fail(new Reason.ConnectionClosed({ message: "reset" }))
    const done = MockSession.fail(new Reason.InvalidQuery({ message: "Unkown field street in user type app.address" }))
    const session = MockSession.memory([], {
      answers: [MockSession.when(/ALTER TYPE/, MockSession.inTurn(lost, done))]
    })
    return Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(
        Migrations.run(Migrations.make({ ...place, migrations: { "0001_road": rename } }))
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["0001_road"])
    }).pipe(Effect.provide(session))
  })
})

describe("a statement that must not be executed twice", () => {
  const lost = MockSession.memory([], {
    faults: FaultPlan.make([
      FaultPlan.only(
        (request) => request._tag === "Statement" && /counts SET/.test(request.text),
        FaultPlan.rate(1, ["lost"])
      )
    ])
  })

  it.effect("is not, and waits for a look into the database", () =>
    Effect.gen(function*() {
      const failed = yield* Effect.flip(Migrations.run(counting))
      assert.strictEqual(failed._tag, "MigrationFailed")
      assert.include(failed.message, "Its outcome is unknown")
      assert.strictEqual(
        yield* messageOf(Migrations.run(counting)),
        "migration 0002_count is unresolved: expected to know whether statement 1 was applied, got no answer in an earlier run, " +
          "and it is not sent again: that may do harm, or its text has changed. Look into the database: if it was applied, run " +
          "Migrations.resolve(migrations, \"0002_count\", { applied: 1 }). If not, run Migrations.resolve(migrations, " +
          "\"0002_count\", { applied: 0 })."
      )
      yield* Migrations.resolve(counting, "0002_count", { applied: 1 })
      assert.deepStrictEqual(yield* Migrations.run(counting), ["0002_count"])
      const { first } = yield* cql`SELECT n FROM app.counts WHERE id = 1`
      assert.strictEqual(first?.["n"], 1n)
    }).pipe(Effect.provide(lost)))
})

describe("a part of a migration", () => {
  const cases: Readonly<Record<string, boolean>> = {
    "CREATE TABLE app.t (id int PRIMARY KEY)": true,
    "/* a */ alter table app.t add v int": true,
    "INSERT INTO app.t (id) VALUES (1)": true,
    "INSERT INTO app.t (id) VALUES (1) IF NOT EXISTS": true,
    "INSERT INTO app.t (id, v) VALUES (uuid(), 1) IF NOT EXISTS": false,
    "INSERT INTO app.t (id, v) VALUES (uuid(), $$IF NOT EXISTS$$)": false,
    "INSERT INTO app.t (id, v) VALUES (uuid(), 1) /* IF NOT EXISTS */": false,
    "UPDATE app.t SET v = v + 1 WHERE id = 1": false,
    "TRUNCATE app.t": false,
    "truncate table app.t": false
  }
  for (const [text, isRepeatable] of Object.entries(cases)) {
    it(`is ${isRepeatable ? "" : "not "}sent twice: ${text}`, () => {
      assert.deepStrictEqual(stepsOf({ "0001_t": text })[0]?.parts.map((part) => part.isRepeatable), [isRepeatable])
    })
  }
})

describe("a process that ends at any time", () => {
  const slowly = MockSession.memory([], { latency: "10 millis" })

  /** Ends a run after so many milliseconds, waits until its lease has ended, and runs again. */
  const endAfter = <E>(migrations: Migrations.Migrations<E>, millis: number) =>
    Effect.gen(function*() {
      const first = yield* Effect.forkChild(Migrations.run(migrations))
      yield* TestClock.adjust(`${millis} millis`)
      const isDone = first.pollUnsafe() !== undefined
      yield* Effect.forkChild(Fiber.interrupt(first))
      yield* TestClock.adjust("1 minute")
      const second = yield* Effect.forkChild(Effect.result(Migrations.run(migrations)))
      yield* TestClock.adjust("1 minute")
      return { isDone, result: yield* Fiber.join(second) }
    })

  const query = (text: string) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Statement.make(text))
      yield* TestClock.adjust("1 second")
      return yield* Fiber.join(fiber)
    })

  it.effect("leaves what the next one ends", () =>
    Effect.gen(function*() {
      let isDone = false
      for (let millis = 5; !isDone; millis += 10) {
        const end = yield* Effect.gen(function*() {
          const end = yield* endAfter(migrations, millis)
          assert.isTrue(Result.isSuccess(end.result), `after ${millis} ms`)
          const { rows } = yield* query("SELECT name, email FROM app.users")
          assert.deepStrictEqual(rows, [{ name: "ada", email: null }])
          return end
        }).pipe(Effect.provide(slowly, { local: true }))
        isDone = end.isDone
      }
    }))

  it.effect("counts nothing twice", () =>
    Effect.gen(function*() {
      const seen = new Set<string>()
      let isDone = false
      for (let millis = 5; !isDone; millis += 10) {
        const end = yield* Effect.gen(function*() {
          const end = yield* endAfter(counting, millis)
          const { first } = yield* query("SELECT n FROM app.counts WHERE id = 1")
          if (Result.isSuccess(end.result)) assert.strictEqual(first?.["n"], 1n, `after ${millis} ms`)
          else assert.strictEqual(end.result.failure._tag, "MigrationUnresolved")
          assert.isAtMost(Number(first?.["n"] ?? 0), 1)
          seen.add(end.result._tag)
          return end
        }).pipe(Effect.provide(slowly, { local: true }))
        isDone = end.isDone
      }
      assert.deepStrictEqual([...seen].toSorted(), ["Failure", "Success"])
    }))
})

describe("under every single fault", () => {
  const program = Effect.result(Migrations.run(migrations, { lease: "10 seconds" }))

  /** The next run ends with every migration applied, and each write in the table once. */
  const invariant = () =>
    Effect.gen(function*() {
      yield* Migrations.run(migrations)
      assert.deepStrictEqual(yield* names, ["ada"])
      yield* cql`SELECT email FROM app.users`
      const { applied, pending } = yield* Migrations.plan(migrations)
      assert.strictEqual(applied.length, 2)
      assert.deepStrictEqual(pending, [])
    })

  it.effect("a run ends as without one: what can be sent again is, and a lost answer is read as success", () =>
    Effect.gen(function*() {
      const { isPartial, runs } = yield* FaultPlan.explore(Migrations.run(migrations), {
        tables: [],
        maxRuns: 5_000,
        invariant: (exit: Exit.Exit<ReadonlyArray<string>, unknown>) =>
          Effect.gen(function*() {
            assert.deepStrictEqual(exit, Exit.succeed(["0001_users", "0002_email"]))
            yield* invariant()
          })
      })
      assert.isFalse(isPartial)
      assert.isAbove(runs, 60)
    }))

  it.effect("two processes at once end with each statement applied once", () =>
    Effect.gen(function*() {
      const two = Effect.all([program, program], { concurrency: 2 })
      const { isPartial, runs } = yield* FaultPlan.explore(two, {
        tables: [],
        latency: "3 millis",
        kinds: ["dropped", "lost", "late", "commitTimeout"],
        invariant,
        maxRuns: 5_000
      })
      assert.isFalse(isPartial)
      assert.isAbove(runs, 60)
    }))

  it.effect("a counter is never counted twice", () =>
    Effect.gen(function*() {
      const { isPartial } = yield* FaultPlan.explore(Effect.result(Migrations.run(counting)), {
        tables: [],
        maxRuns: 5_000,
        invariant: () =>
          Effect.gen(function*() {
            const again = yield* Effect.result(Migrations.run(counting))
            const { first } = yield* cql`SELECT n FROM app.counts WHERE id = 1`
            if (Result.isSuccess(again)) assert.strictEqual(first?.["n"], 1n)
            else {
              assert.strictEqual(again.failure._tag, "MigrationUnresolved")
              assert.isAtMost(Number(first?.["n"] ?? 0), 1)
            }
          })
      })
      assert.isFalse(isPartial)
    }))
})

describe("the difference between tables and a server", () => {
  class User extends Table.Class<User>("User")("app.users", { columns: { id: CqlSchema.Int }, partitionKey: "id" }) {}
  class Place
    extends CqlSchema.Udt<Place>("Place")("place", { city: CqlSchema.Text, zip: Schema.optionalKey(CqlSchema.Text) })
  {}
  class Post extends Table.Class<Post>("Post")("app.posts", {
    columns: {
      author: CqlSchema.Text,
      id: CqlSchema.Int,
      title: Schema.String,
      place: Schema.optionalKey(Place),
      bio: Schema.optionalKey(Schema.String)
    },
    partitionKey: "author",
    clusteringKey: ["id desc"],
    static: ["bio"],
    indexes: { title: "sai" },
    options: { comment: "it's", defaultTimeToLive: 60 }
  }) {}
  const server = (...tables: ReadonlyArray<string>) =>
    Effect.provide(MockSession.memory(["CREATE TABLE app.x (id int PRIMARY KEY)", ...tables]))

  it.effect("is the whole table where there is none", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Migrations.diff(Post), { statements: Table.ddl(Post), obstacles: [] })
    }).pipe(server()))

  it.effect("is what the server lacks, and applying it leaves none", () =>
    Effect.gen(function*() {
      const { obstacles, statements } = yield* Migrations.diff(Post, Post)
      assert.deepStrictEqual(statements, [
        "ALTER TYPE app.place ADD zip text",
        "ALTER TABLE app.posts ADD title text",
        "ALTER TABLE app.posts ADD place place",
        "ALTER TABLE app.posts ADD bio text STATIC",
        "ALTER TABLE app.posts WITH default_time_to_live = 60 AND comment = 'it''s'",
        "CREATE CUSTOM INDEX IF NOT EXISTS ON app.posts (title) USING 'StorageAttachedIndex'"
      ])
      assert.deepStrictEqual(obstacles, [])
      yield* Migrations.run(Migrations.make({ keyspace: "app", migrations: { "0001_posts": statements } }))
      assert.deepStrictEqual(yield* Migrations.diff(Post), { statements: [], obstacles: [] })
    }).pipe(server(
      "CREATE TYPE app.place (city text)",
      "CREATE TABLE app.posts (author text, id int, PRIMARY KEY (author, id)) WITH CLUSTERING ORDER BY (id DESC)"
    )))

  it.effect("reports what no statement changes", () =>
    Effect.gen(function*() {
      const { obstacles, statements } = yield* Migrations.diff(Post)
      assert.deepStrictEqual(obstacles.map(({ column, message }) => [column, message]), [
        ["city", "expected text, got int: change the declaration, or make another type"],
        ["id", "expected int, clustering 0 desc, got int, clustering 0 asc: change the declaration, or the table"],
        ["title", "expected text, regular, got blob, regular: change the declaration, or the table"]
      ])
      assert.isFalse(statements.some((text) => /posts ADD title|DROP/.test(text)))
    }).pipe(server(
      "CREATE TYPE app.place (city int, zip text)",
      "CREATE TABLE app.posts (author text, id int, title blob, old text, PRIMARY KEY (author, id))"
    )))

  for (const differing of differences.filter(({ isReal }) => isReal !== true)) {
    it.effect(`of ${differing.name} is found, and applied once`, () =>
      leavesNone("app", differing).pipe(server(...differing.server.map((text) => text.replaceAll("@", "app")))))
  }

  it.effect("has the keyspace that is missing as an obstacle", () =>
    Effect.gen(function*() {
      const { obstacles, statements } = yield* Migrations.diff(Post, User)
      assert.deepStrictEqual(statements, [])
      assert.deepStrictEqual(obstacles, [{
        table: "app",
        column: undefined,
        message: "the keyspace does not exist: create it, as Migrations.make does with `replication`"
      }])
      assert.deepStrictEqual(
        (yield* Table.check(User)).map(({ message }) => message),
        obstacles.map(({ message }) => message)
      )
    }).pipe(Effect.provide(MockSession.memory([]))))
})
