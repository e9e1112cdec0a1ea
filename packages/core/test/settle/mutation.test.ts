import { assert, describe, it } from "@effect/vitest"
import { type Assignment, mutationOf, type Term } from "../../src/internal/settle/mutation.ts"

const shown = (term: Term | undefined): unknown =>
  term?._tag === "Marker" ? `?${term.marker}` : term?._tag === "Literal" ? term.value : term?._tag

const pairs = (assignments: ReadonlyArray<Assignment>) =>
  Object.fromEntries(assignments.map(({ column, term }) => [column, shown(term)]))

const understood: ReadonlyArray<
  readonly [text: string, expected: { table?: string; sets: object; where?: object; timestamp?: unknown }]
> = [
  ["INSERT INTO app.users (id, name) VALUES (?, ?)", { sets: { id: "?0", name: "?1" } }],
  ["insert into App.Users (ID, \"Name\") values (:a, :b);", { sets: { id: "?0", Name: "?1" } }],
  ["INSERT INTO \"App\".\"we\"\"ird\" (id) VALUES (?)", { table: "App.we\"ird", sets: { id: "?0" } }],
  [
    "INSERT INTO app.users (id, a, b, c, d, e) VALUES (1, 'it''s', -2, 1.5, TRUE, null) IF NOT EXISTS USING TTL ?",
    { sets: { id: 1n, a: "it's", b: -2n, c: 1.5, d: true, e: null } }
  ],
  [
    "INSERT INTO app.users (id, a, b, c) VALUES (6ab09bec-e68e-48d9-a5f8-97e6fb4c9b47, now(), [?, ?], ?) USING TIMESTAMP ?",
    { sets: { id: "6ab09bec-e68e-48d9-a5f8-97e6fb4c9b47", a: "Other", b: "Other", c: "?2" }, timestamp: "?3" }
  ],
  ["INSERT INTO app.users (id, a) VALUES (?, $$it's$$)", { sets: { id: "?0", a: "it's" } }],
  [
    "INSERT INTO app.users (id, a, b) VALUES (?, 0xff, {street: :street}) USING TTL 5 AND TIMESTAMP 7",
    { sets: { id: "?0", a: undefined, b: "Other" }, timestamp: 7n }
  ],
  [
    "UPDATE app.users USING TIMESTAMP ? SET name = ? WHERE id = ?",
    { sets: { name: "?1" }, where: { id: "?2" }, timestamp: "?0" }
  ],
  ["UPDATE app.users SET name = ? WHERE id = ?", { sets: { name: "?0" }, where: { id: "?1" } }],
  [
    "UPDATE app.users USING TIMESTAMP ? AND TTL ? SET name = ?, tags = tags + ?, m[?] = ?, u.f = ?, x = ? -- set = ?\nWHERE id = ? AND \"K\" = 'a' IF name = ?",
    { sets: { name: "?2", x: "?7" }, where: { id: "?8", K: "a" }, timestamp: "?0" }
  ],
  ["UPDATE app.users SET c = c + 1, d = d - ? WHERE id = ?", { sets: {}, where: { id: "?1" } }],
  ["UPDATE app.users SET v = (int)? WHERE id = ?", { sets: {}, where: { id: "?1" } }],
  ["DELETE FROM app.users WHERE id = ? IF EXISTS", { sets: {}, where: { id: "?0" } }],
  ["DELETE a, b FROM app.users USING TIMESTAMP 5 WHERE id = ?", {
    sets: { a: null, b: null },
    where: { id: "?0" },
    timestamp: 5n
  }],
  ["/* a ? */ UPDATE app.users SET name = ? WHERE id = -1", { sets: { name: "?0" }, where: { id: -1n } }]
]

describe("what a text writes, and where", () => {
  for (const [text, { sets, table = "app.users", timestamp, where = {} }] of understood) {
    it(text, () => {
      const mutation = mutationOf(text)
      if (typeof mutation === "string") return assert.fail(mutation)
      assert.strictEqual(`${mutation.keyspace}.${mutation.table}`, table)
      assert.deepStrictEqual(pairs(mutation.assignments), sets)
      assert.deepStrictEqual(pairs(mutation.where), where)
      assert.strictEqual(shown(mutation.timestamp), timestamp)
    })
  }
})

const refused: ReadonlyArray<readonly [text: string, why: RegExp]> = [
  ["INSERT INTO users (id) VALUES (?)", /not qualified/],
  ["UPDATE users SET a = 1 WHERE id = 1", /not qualified/],
  ["INSERT INTO app.users JSON ?", /JSON/],
  ["INSERT INTO app.users (id, name) VALUES (?)", /not understood/],
  ["INSERT INTO app.users (id", /not understood/],
  ["INSERT", /not understood/],
  ["UPDATE app.users SET a = 1", /not understood/],
  ["UPDATE app.users SET a = 1 WHERE id IN (1, 2)", /equalities/],
  ["UPDATE app.users SET a = 1 WHERE id = 1 AND k > ?", /equalities/],
  ["UPDATE app.users SET a = 1 WHERE (id, k) = (1, 2)", /equalities/],
  ["UPDATE app.users SET a = 1 WHERE id = now()", /equalities/],
  ["DELETE m[?] FROM app.users WHERE id = ?", /collection/],
  ["DELETE u.f FROM app.users WHERE id = ?", /collection/],
  ["BEGIN BATCH INSERT INTO app.users (id) VALUES (?); APPLY BATCH", /Batch.make/],
  ["TRUNCATE app.users", /only INSERT, UPDATE and DELETE/],
  ["CREATE TABLE app.users (id int PRIMARY KEY)", /only INSERT, UPDATE and DELETE/],
  ["", /only INSERT, UPDATE and DELETE/]
]

describe("what cannot be read back says why", () => {
  for (const [text, why] of refused) {
    it(text === "" ? "an empty text" : text, () => {
      const mutation = mutationOf(text)
      assert.match(typeof mutation === "string" ? mutation : JSON.stringify(mutation), why)
    })
  }
})

it("a table without a keyspace is one of the keyspace of the session", () => {
  for (
    const text of [
      "INSERT INTO users (id) VALUES (?)",
      "UPDATE users SET a = 1 WHERE id = 1",
      "DELETE FROM users WHERE id = 1"
    ]
  ) {
    const mutation = mutationOf(text, "App")
    assert.deepStrictEqual(typeof mutation === "string" ? mutation : [mutation.keyspace, mutation.table], [
      "App",
      "users"
    ])
  }
  const qualified = mutationOf("DELETE FROM other.users WHERE id = 1", "App")
  assert.strictEqual(typeof qualified === "string" ? qualified : qualified.keyspace, "other")
})
