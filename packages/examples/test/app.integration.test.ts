/** The application: the same tests with tables in memory and with a real Cassandra, and its process under load. */
import { type Session, Statement } from "@effect-cql/core"
import type { Request } from "@effect-cql/core/Port"
import { Migrations, Table } from "@effect-cql/schema"
import { CassandraServer } from "@effect-cql/test-server"
import { integration, SharedServerLayer } from "@effect-cql/test-support/server"
import { FaultPlan, MockSession } from "@effect-cql/testing"
import { NodeHttpServer, NodeServices } from "@effect/platform-node"
import { assert, describe, it, layer, type Vitest } from "@effect/vitest"
import { Duration, Effect, Exit, Layer, Option } from "effect"
import { HttpServer } from "effect/http"
import { HttpApiTest } from "effect/http-api"
import { Api } from "../src/app/Api.ts"
import { Archive } from "../src/app/Archive.ts"
import { Handlers } from "../src/app/handlers.ts"
import * as AppMigrations from "../src/app/migrations.ts"
import * as Server from "../src/app/server.ts"
import * as Tables from "../src/app/tables.ts"
import { Users } from "../src/app/Users.ts"
import { sessionTo } from "../src/cassandra.ts"
import { exampleService } from "./support/service.ts"

const replication = { datacenter1: 1 }

/** A client that calls the handlers as one over HTTP does: requests and answers are encoded. */
const client = HttpApiTest.groups(Api, ["users", "posts", "system"])

/** The handlers over two databases, each with its tables. */
const application = <E>(main: Layer.Layer<Session, E>, archive: Layer.Layer<Session, E>) =>
  Handlers.pipe(
    Layer.provide(Server.Services),
    Layer.provideMerge([
      AppMigrations.layer(replication).pipe(Layer.provide(main)),
      Archive.layer(replication).pipe(Layer.provide(archive))
    ]),
    Layer.provideMerge(NodeHttpServer.layerHttpServices)
  )

type Application = Layer.Success<ReturnType<typeof application>>

/** An address that no other run has. */
const address = (name: string) => `${name}.${process.pid}@example.org`

const suite = <E>(
  application: Layer.Layer<Application, E>,
  more?: (it: Vitest.MethodsNonLive<Application>) => void
) => {
  layer(application, { excludeTestServices: true, timeout: 120_000 })((it) => {
    const register = Effect.fnUntraced(function*(name: string) {
      const { users } = yield* client
      return yield* users.register({ payload: { email: address(name), name } })
    })

    it.effect("gives an e-mail address to one user", () =>
      Effect.gen(function*() {
        const { users } = yield* client
        const ada = yield* register("ada")
        assert.deepStrictEqual(yield* users.find({ params: { id: ada.id } }), ada)
        const error = yield* Effect.flip(register("ada"))
        assert.strictEqual(error._tag, "EmailTaken")
        const unknown = yield* Effect.flip(
          users.find({ params: { id: Tables.UserId.make("00000000-0000-4000-8000-000000000000") } })
        )
        assert.strictEqual(unknown._tag, "UserNotFound")
      }))

    it.effect("lists posts newest first, a page at a time", () =>
      Effect.gen(function*() {
        const { posts } = yield* client
        const { id } = yield* register("author")
        for (const text of ["one", "two", "three"]) yield* posts.publish({ params: { id }, payload: { text } })
        const first = yield* posts.byAuthor({ params: { id }, query: { size: 2 } })
        assert.deepStrictEqual(first.posts.map(({ text }) => text), ["three", "two"])
        const second = yield* posts.byAuthor({ params: { id }, query: { size: 2, cursor: first.next! } })
        assert.deepStrictEqual(second.posts.map(({ text }) => text), ["one"])
        assert.isUndefined(second.next)
      }))

    it.effect("counts likes", () =>
      Effect.gen(function*() {
        const { posts } = yield* client
        const { id } = yield* register("liked")
        const post = yield* posts.publish({ params: { id }, payload: { text: "like me" } })
        yield* posts.publish({ params: { id }, payload: { text: "not me" } })
        yield* Effect.replicateEffect(posts.like({ params: { id, post: post.id } }), 3)
        const page = yield* posts.byAuthor({ params: { id }, query: {} })
        assert.deepStrictEqual(page.posts.map(({ likes, text }) => [text, likes]), [["not me", 0], ["like me", 3]])
      }))

    it.effect("brings posts into the feeds of followers, and moves what is removed to the archive", () =>
      Effect.gen(function*() {
        const { posts, users } = yield* client
        const author = yield* register("writer")
        const readers = yield* Effect.forEach(Array.from({ length: 5 }, (_, at) => `reader${at}`), register)
        for (const { id } of readers) yield* users.follow({ params: { id: author.id, follower: id } })
        const [kept, removed] = yield* Effect.forEach(
          ["kept", "removed"],
          (text) => posts.publish({ params: { id: author.id }, payload: { text } })
        )
        const feeds = Effect.forEach(
          readers,
          ({ id }) =>
            Effect.map(posts.feed({ params: { id }, query: {} }), ({ posts }) => posts.map(({ text }) => text))
        )
        assert.deepStrictEqual(yield* feeds, readers.map(() => ["removed", "kept"]))
        yield* posts.remove({ params: { id: author.id, post: removed!.id } })
        assert.deepStrictEqual(yield* feeds, readers.map(() => ["kept"]))
        const left = yield* posts.byAuthor({ params: { id: author.id }, query: {} })
        assert.deepStrictEqual(left.posts.map(({ id }) => id), [kept!.id])
        const archive = yield* Archive
        const archived = yield* archive.execute(Tables.ArchivedPosts.get({ author: author.id, id: removed!.id }))
        assert.strictEqual(archived.first?.text, "removed")
        const again = yield* Effect.flip(posts.remove({ params: { id: author.id, post: removed!.id } }))
        assert.strictEqual(again._tag, "PostNotFound")
      }))

    it.effect("is alive and ready", () =>
      Effect.gen(function*() {
        const { system } = yield* client
        yield* system.alive()
        yield* system.ready()
      }))

    it.effect("has the tables that its migrations make", () =>
      Effect.gen(function*() {
        const { EmailOwner, FeedEntry, Follower, Post, PostLikes, User } = Tables
        const tables = [User, EmailOwner, Post, PostLikes, Follower, FeedEntry] as const
        assert.deepStrictEqual(yield* Migrations.diff(...tables), { statements: [], obstacles: [] })
        const archive = yield* Archive
        assert.deepStrictEqual(yield* archive.provide(Table.check(Tables.ArchivedPosts)), [])
      }))

    more?.(it)
  })
}

const address64 = `${"a".repeat(60)}@example.org`

/** Status of a request to the server, as bytes on the wire. */
const statusOf = (body: object) =>
  Effect.gen(function*() {
    const server = yield* HttpServer.HttpServer
    const url = HttpServer.formatAddress(server.address)
    const headers = { "content-type": "application/json" }
    const response = yield* Effect.promise(() =>
      fetch(`${url}/users`, { method: "POST", headers, body: JSON.stringify(body) })
    )
    yield* Effect.promise(() => response.arrayBuffer())
    return response.status
  })

const sends = (pattern: RegExp) => (request: Request) => request._tag === "Statement" && pattern.test(request.text)

const failing = MockSession.memory([], {
  faults: FaultPlan.make([
    FaultPlan.only(sends(/system\.local/), () => "unavailable"),
    FaultPlan.only(sends(/post_likes SET/), () => "timeoutApplied")
  ])
})

describe("the application with tables in memory", () => {
  suite(application(MockSession.memory([]), MockSession.memory([])))

  it.effect("reports whether a request that failed may have changed something", () =>
    Effect.gen(function*() {
      const { posts, system, users } = yield* client
      const notReady = yield* Effect.flip(system.ready())
      assert.deepInclude(notReady, { _tag: "NotReady", reason: "Unavailable" })
      const { id } = yield* users.register({ payload: { email: "ada@example.org", name: "Ada" } })
      const post = yield* posts.publish({ params: { id }, payload: { text: "hello" } })
      const error = yield* Effect.flip(posts.like({ params: { id, post: post.id } }))
      assert.deepInclude(error, { _tag: "Unavailable", reason: "WriteTimeout", outcome: "Unknown" })
    }).pipe(Effect.provide(application(failing, MockSession.memory([])))))

  it.effect("publishes a post also where the followers cannot be read", () =>
    Effect.gen(function*() {
      const { posts, users } = yield* client
      const { id } = yield* users.register({ payload: { email: "ada@example.org", name: "Ada" } })
      const post = yield* posts.publish({ params: { id }, payload: { text: "hello" } })
      const page = yield* posts.byAuthor({ params: { id }, query: {} })
      assert.deepStrictEqual(page.posts.map(({ id }) => id), [post.id])
    }).pipe(Effect.provide(application(
      MockSession.memory([], {
        faults: FaultPlan.make([FaultPlan.only(sends(/FROM blog\.followers/), () => "unavailable")])
      }),
      MockSession.memory([])
    ))))

  it.effect("frees an address at once where the user cannot be written", () => {
    const disk = { isFull: true }
    const faults = FaultPlan.make([
      FaultPlan.only((request) => disk.isFull && sends(/INTO blog\.users/)(request), () => "unavailable")
    ])
    return Effect.gen(function*() {
      const { users } = yield* client
      const register = users.register({ payload: { email: "ada@example.org", name: "Ada" } })
      assert.strictEqual((yield* Effect.flip(register))._tag, "Unavailable")
      disk.isFull = false
      assert.strictEqual((yield* register).name, "Ada")
    }).pipe(Effect.provide(application(MockSession.memory([], { faults }), MockSession.memory([]))))
  })

  it.effect("answers requests that no database takes with 4xx", () =>
    Effect.gen(function*() {
      const half = "\ud800"
      for (
        const [body, status] of [
          [{ email: address64, name: "Ada" }, 201],
          [{ email: `${"a".repeat(70_000)}@example.org`, name: "Ada" }, 413],
          [{ email: `${"a".repeat(300)}@example.org`, name: "Ada" }, 400],
          [{ email: `${half}@example.org`, name: "Ada" }, 400],
          [{ email: "ada@example.org", name: half }, 400],
          [{ email: "ada@example.org", name: "" }, 400],
          [{ email: "bob@example.org", name: "Bob", text: "x".repeat(5_000_000) }, 413]
        ] as const
      ) assert.strictEqual(yield* statusOf(body), status, JSON.stringify(body).slice(0, 60))
    }).pipe(Effect.provide(
      Server.layer({ port: 0, drain: Duration.zero }).pipe(
        Layer.provide([
          AppMigrations.layer(replication).pipe(Layer.provide(MockSession.memory([]))),
          Archive.layer(replication).pipe(Layer.provide(MockSession.memory([])))
        ]),
        Layer.provide(NodeServices.layer)
      )
    )))

  it.effect("gives an address to one user under any single fault, and frees it if no user was registered", () =>
    Effect.gen(function*() {
      const claim = Users.use((users) => users.register({ email: "ada@example.org", name: "Ada" })).pipe(Effect.option)
      const withUsers = Effect.provide(Users.layer)
      const { isPartial } = yield* FaultPlan.explore(withUsers(Effect.all([claim, claim], { concurrency: 2 })), {
        tables: [Tables.User, Tables.EmailOwner].flatMap((table) => Table.ddl(table)),
        invariant: (exit: Exit.Exit<ReadonlyArray<Option.Option<Tables.User>>>) =>
          Effect.gen(function*() {
            const registered = Exit.isSuccess(exit) ? exit.value.flatMap(Option.toArray) : []
            assert.isAtMost(registered.length, 1)
            yield* Effect.sleep("2 minutes")
            const owner = yield* Statement.first(Tables.EmailOwner.get({ email: Tables.Email.make("ada@example.org") }))
            for (const { id } of registered) assert.strictEqual(Option.getOrUndefined(owner)?.owner, id)
            // An owner has a user: a reservation without one has ended.
            if (Option.isSome(owner)) {
              assert.isTrue(Option.isSome(yield* Statement.first(Tables.User.get({ id: owner.value.owner }))))
            }
          })
      })
      assert.isFalse(isPartial)
    }))
})

const dropKeyspaces = Effect.forEach(
  ["blog", "blog_archive"],
  (name) => Statement.make(`DROP KEYSPACE IF EXISTS ${name}`)
)

/** A session on the shared server, which has no tables of the application before and behind the tests. */
const live = Layer.effectDiscard(Effect.acquireRelease(dropKeyspaces, () => Effect.ignore(dropKeyspaces))).pipe(
  Layer.provideMerge(Layer.unwrap(Effect.map(CassandraServer.CassandraServer, sessionTo))),
  Layer.provide(SharedServerLayer)
)

integration("the application with a real Cassandra", (server) => {
  suite(application(live, live), (it) => {
    it.effect("is not reached before its database is, which may start later", () =>
      Effect.gen(function*() {
        const service = yield* exampleService(server)
        yield* Effect.sleep("3 seconds")
        assert.strictEqual(yield* service.status("/alive"), "refused")
        yield* service.openDatabase
        yield* service.isReady
        assert.strictEqual(yield* service.status("/alive"), 204)
        assert.strictEqual(yield* service.status("/docs"), 200)
        assert.strictEqual(yield* service.status("/openapi.json"), 200)
      }), 180_000)

    it.effect("loses no answer when it is stopped under load", () =>
      Effect.gen(function*() {
        const service = yield* exampleService(server)
        yield* service.openDatabase
        yield* service.isReady
        const clients = yield* service.load(10)
        yield* Effect.sleep("2 seconds")
        yield* service.stop
        const { answers, posts } = yield* clients
        assert.deepStrictEqual(Object.keys(answers), ["201"])
        assert.isAbove(answers["201"] ?? 0, 20)
        assert.strictEqual(posts, answers["201"])
      }), 180_000)
  })
})
