/** Support of tables in an editor: the names that it proposes, and the types that it shows. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Editor, openEditor } from "./support/languageServer.ts"

const text = `import { executeConcurrentWithArgs, type Session, Statement } from "@effect-cql/core"
import { Lookup, Scan } from "@effect-cql/schema"
import { type DateTime, Effect } from "effect"
import { Likes, Post, Titles, User } from "../../test/support/tables.ts"
declare const at: DateTime.Utc
declare const post: Post
declare const user: User

export const proposed = [
  Post.select({ /*where*/ }),
  Post.select({ author: "ada", /*where more*/ }),
  Post.select({ author: "ada" }, { columns: ["/*columns*/"] }),
  Post.select({ author: "ada" }, { after: { /*after*/ } }),
  Post.select.query(["/*query*/"]),
  Post.update(post, { /*set*/ }),
  Post.update.query(["/*update query*/"]),
  Post.updateStatic({ author: "ada" }, { /*static*/ }),
  Post.deleteWhere({ /*delete where*/ }),
  User.get({ /*key*/ }),
  User.insert({ /*insert*/ }),
  User.update(user, { version: 2 }, { if: { /*if*/ } }),
  User.delete(user, { if: { /*delete if*/ } }),
  Likes.increment(post, { /*counters*/ }),
  Titles.insert({ /*some columns*/ })
]
void Likes./*counting*/get
void Post./*writing*/get

const /*statement*/found = Post.select({ author: "ada" })
const /*part*/part = Post.select({ author: "ada" }, { columns: ["id", "title"] })
const /*conditional*/changed = User.update(user, { version: 2 }, { if: { version: 1 } })
const /*held*/held = Statement.applied(changed)
const /*inserted*/inserted = User.insert(user)
const /*run*/run = executeConcurrentWithArgs(Post.get, [post])
const /*scan*/scan = Scan.table(Post)
export const program: Effect.Effect<unknown, unknown, Session> = Effect.gen(function*() {
  const /*row*/row = yield* Statement.one(found)
  const /*rows*/rows = yield* Statement.rows(part)
  void row./*fields*/title
  return [held, inserted, run, scan, rows, Lookup, at]
})
`

const clustering = ["at", "id"].flatMap((name) => [name, ...["<", "<=", ">", ">=", "in"].map((op) => `${name} ${op}`)])
const conditions = (names: ReadonlyArray<string>) =>
  names.flatMap((name) => [name, ...["!=", "<", "<=", ">", ">=", "in"].map((operator) => `${name} ${operator}`)])
const indexed = ["tags", ...["<", "<=", ">", ">=", "contains"].map((operator) => `tags ${operator}`)]
const ofUser = conditions(["displayName", "key", "nickname", "roles", "version"])

const proposals: Readonly<Record<string, ReadonlyArray<string>>> = {
  where: ["author", ...clustering, ...indexed],
  "where more": [...clustering, ...indexed],
  columns: ["at", "author", "bio", "id", "links", "parts", "tags", "title"],
  after: ["at", "id"],
  query: ["author", ...clustering, ...indexed],
  set: ["bio", "links", "parts", "tags", "title"],
  "update query": ["bio", "links", "parts", "tags", "title"],
  static: ["bio"],
  "delete where": ["author", ...clustering],
  key: ["id"],
  insert: ["displayName", "id", "key", "nickname", "roles", "version"],
  if: ofUser,
  "delete if": ofUser,
  counters: ["likes", "views"],
  "some columns": ["author", "id", "title"]
}

const types: Readonly<Record<string, string>> = {
  statement: "const found: Statement.Statement<Post>",
  part: "const part: Statement.Statement<Of<Post, \"id\" | \"title\">>",
  conditional: "const changed: Statement.Statement<Of<User, \"version\">>",
  held: "const held: Effect.Effect<Statement.Condition<Of<User, \"version\">>, CqlError, Session>",
  inserted: "const inserted: Statement.Statement<never>",
  run: "const run: Effect.Effect<Success<Post, Post>[], StatementFailed, Session>",
  scan: "const scan: Stream<Post, Scan.ScanError, Session>",
  row: "const row: Post",
  rows: "const rows: readonly Of<Post, \"id\" | \"title\">[]"
}

describe("an editor", () => {
  let editor: Editor
  beforeAll(async () => {
    editor = await openEditor("editor", text)
  }, 120_000)
  afterAll(() => editor.close())

  it("proposes the columns that a verb takes, and nothing else", async () => {
    const proposed: Record<string, ReadonlyArray<string>> = {}
    for (const mark of Object.keys(proposals)) proposed[mark] = (await editor.completions(mark)).toSorted()
    const expected = Object.entries(proposals).map(([mark, names]) => [mark, names.toSorted()])
    assert.deepStrictEqual(proposed, Object.fromEntries(expected))
  }, 120_000)

  it("proposes the fields of a row, and the verbs that a table has", async () => {
    assert.sameMembers([...await editor.completions("fields")], [
      "author",
      "at",
      "id",
      "title",
      "tags",
      "parts",
      "links",
      "bio",
      "url"
    ])
    const counting = await editor.completions("counting")
    assert.includeMembers([...counting], ["get", "select", "count", "increment", "delete"])
    for (const verb of ["insert", "upsert", "update"]) assert.notInclude(counting, verb)
    const writing = await editor.completions("writing")
    assert.includeMembers([...writing], ["get", "select", "insert", "upsert", "update", "updateStatic", "delete"])
    assert.notInclude(writing, "increment")
  }, 120_000)

  it("shows the types of statements, runs and rows by their names", async () => {
    const shown: Record<string, string> = {}
    for (const mark of Object.keys(types)) shown[mark] = await editor.hover(mark)
    assert.deepStrictEqual(shown, types)
  }, 120_000)
})
