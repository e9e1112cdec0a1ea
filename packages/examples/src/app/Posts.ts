/** Posts: by their author, and in the feeds of those who follow the author. */
import { type CqlError, executeConcurrentWithArgs, ExecutionResult, Session, Statement } from "@effect-cql/core"
import { Lookup, TimeUuid } from "@effect-cql/schema"
import { Context, Effect, Layer, Option, Stream } from "effect"
import { Archive } from "./Archive.ts"
import { PostNotFound, type UserNotFound } from "./errors.ts"
import { ArchivedPosts, FeedEntry, Follower, Post, PostId, PostLikes, type UserId } from "./tables.ts"
import { Users } from "./Users.ts"

/** A page of a list that is newest first: what follows the post `after`, or the newest. */
export interface Paging {
  readonly after: PostId | undefined
  readonly size: number
}

/** A post as readers see it. */
export interface PostWithLikes {
  readonly post: Post
  readonly likes: number
}

type Key = Pick<Post, "author" | "id">

export class Posts extends Context.Service<Posts, {
  /** Writes a post, and a copy of it into the feed of each follower. */
  readonly publish: (author: UserId, text: string) => Effect.Effect<Post, CqlError | UserNotFound>
  readonly byAuthor: (author: UserId, paging: Paging) => Effect.Effect<ReadonlyArray<PostWithLikes>, CqlError>
  readonly feed: (reader: UserId, paging: Paging) => Effect.Effect<ReadonlyArray<PostWithLikes>, CqlError>
  readonly like: (key: Key) => Effect.Effect<void, CqlError | PostNotFound>
  /** Moves a post to the archive. */
  readonly remove: (key: Key) => Effect.Effect<void, CqlError | PostNotFound>
}>()("app/Posts") {
  static readonly layer: Layer.Layer<Posts, never, Session | Archive | Users> = Layer.effect(
    Posts,
    Effect.gen(function*() {
      const { provide } = yield* Session
      const archive = yield* Archive
      const users = yield* Users

      /** The entries of a post in the feeds, read page by page while they are used. */
      const entriesOf = ({ author, id, text }: Post) =>
        Statement.stream(Follower.select({ author })).pipe(
          Stream.map(({ follower }) => new FeedEntry({ reader: follower, id, author, text }))
        )

      /** Changes the feeds. A feed that cannot be changed is no reason to fail. */
      const changeFeeds = Effect.fnUntraced(
        function*(change: typeof FeedEntry.insert | typeof FeedEntry.delete, post: Post) {
          const results = yield* executeConcurrentWithArgs(change, entriesOf(post), { raiseOnFirstError: false })
          const [, failures] = ExecutionResult.partition(results)
          if (failures.length === 0) return
          yield* Effect.logWarning(`${failures.length} of ${results.length} feeds were not changed`, {
            post: post.id,
            first: failures[0]?.error.message
          })
        }
      )

      const find = Effect.fnUntraced(function*(key: Key) {
        const post = yield* Statement.first(Post.get(key))
        return yield* Effect.fromOption(post, () => new PostNotFound({ id: key.id }))
      })

      // The lookups of a page are one concurrent run.
      const likesOf = Lookup.one(PostLikes.get)
      const withLikes = (posts: ReadonlyArray<Post>) =>
        Effect.forEach(
          posts,
          (post) =>
            Effect.map(likesOf({ post: post.id }), (row) => ({
              post,
              likes: Option.match(row, { onNone: () => 0, onSome: ({ likes }) => likes })
            })),
          { concurrency: "unbounded" }
        )

      const pageOf = ({ after, size }: Paging) => ({
        after: after === undefined ? undefined : { id: after },
        limit: size
      })

      const publish = Effect.fn("Posts.publish")(function*(author: UserId, text: string) {
        yield* users.find(author)
        const post = new Post({ author, id: PostId.make(yield* TimeUuid.next), text })
        yield* Post.insert(post)
        // The post is there already: an error would have the client send it again.
        yield* changeFeeds(FeedEntry.insert, post).pipe(
          Effect.catchTag(
            "CqlError",
            (error) =>
              Effect.logWarning("the followers were not read to their end", { post: post.id, error: error.message })
          )
        )
        return post
      }, provide)

      const byAuthor = Effect.fn("Posts.byAuthor")(function*(author: UserId, paging: Paging) {
        return yield* withLikes(yield* Statement.rows(Post.select({ author }, pageOf(paging))))
      }, provide)

      const feed = Effect.fn("Posts.feed")(function*(reader: UserId, paging: Paging) {
        const entries = yield* Statement.rows(FeedEntry.select({ reader }, pageOf(paging)))
        return yield* withLikes(entries.map(({ author, id, text }) => new Post({ author, id, text })))
      }, provide)

      const like = Effect.fn("Posts.like")(function*(key: Key) {
        yield* find(key)
        yield* PostLikes.increment({ post: key.id }, { likes: 1 })
      }, provide)

      const remove = Effect.fn("Posts.remove")(function*(key: Key) {
        const post = yield* find(key)
        yield* archive.execute(ArchivedPosts.insert(post))
        yield* changeFeeds(FeedEntry.delete, post)
        yield* Post.delete(key)
      }, provide)

      return Posts.of({ publish, byAuthor, feed, like, remove })
    })
  )
}
