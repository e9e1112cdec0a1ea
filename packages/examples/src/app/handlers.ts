/** The handlers of the API: what each endpoint asks of the services. */
import { Effect, Layer } from "effect"
import { HttpApiBuilder, HttpApiMiddleware } from "effect/http-api"
import { Api, type Page, type PostView } from "./Api.ts"
import { unavailable } from "./errors.ts"
import { type Paging, Posts, type PostWithLikes } from "./Posts.ts"
import { Readiness } from "./Readiness.ts"
import type { PostId } from "./tables.ts"
import { Users } from "./Users.ts"

const viewOf = ({ likes, post: { at, author, id, text } }: PostWithLikes): typeof PostView.Type => ({
  author,
  id,
  text,
  at,
  likes
})

const pagingOf = (query: { readonly cursor?: PostId; readonly size?: number }): Paging => ({
  after: query.cursor,
  size: query.size ?? 20
})

/** A full page has a page behind it, if perhaps an empty one. */
const pageOf = (posts: ReadonlyArray<PostWithLikes>, { size }: Paging): typeof Page.Type => {
  const last = posts.at(-1)
  return { posts: posts.map(viewOf), ...(last !== undefined && posts.length === size ? { next: last.post.id } : {}) }
}

const UsersLive = HttpApiBuilder.group(
  Api,
  "users",
  Effect.fnUntraced(function*(handlers) {
    const users = yield* Users
    return handlers
      .handle("register", ({ payload }) => users.register(payload).pipe(Effect.catchTag("CqlError", unavailable)))
      .handle("find", ({ params }) => users.find(params.id).pipe(Effect.catchTag("CqlError", unavailable)))
      .handle(
        "follow",
        ({ params }) => users.follow(params.id, params.follower).pipe(Effect.catchTag("CqlError", unavailable))
      )
  })
)

const PostsLive = HttpApiBuilder.group(
  Api,
  "posts",
  Effect.fnUntraced(function*(handlers) {
    const posts = yield* Posts
    return handlers
      .handle("publish", ({ params, payload }) =>
        posts.publish(params.id, payload.text).pipe(
          Effect.map((post) => viewOf({ post, likes: 0 })),
          Effect.catchTag("CqlError", unavailable)
        ))
      .handle("byAuthor", ({ params, query }) =>
        posts.byAuthor(params.id, pagingOf(query)).pipe(
          Effect.map((found) => pageOf(found, pagingOf(query))),
          Effect.catchTag("CqlError", unavailable)
        ))
      .handle("feed", ({ params, query }) =>
        posts.feed(params.id, pagingOf(query)).pipe(
          Effect.map((found) => pageOf(found, pagingOf(query))),
          Effect.catchTag("CqlError", unavailable)
        ))
      .handle(
        "like",
        ({ params }) =>
          posts.like({ author: params.id, id: params.post }).pipe(Effect.catchTag("CqlError", unavailable))
      )
      .handle(
        "remove",
        ({ params }) =>
          posts.remove({ author: params.id, id: params.post }).pipe(Effect.catchTag("CqlError", unavailable))
      )
  })
)

const SystemLive = HttpApiBuilder.group(
  Api,
  "system",
  Effect.fnUntraced(function*(handlers) {
    const readiness = yield* Readiness
    return handlers.handle("alive", () => Effect.void).handle("ready", () => readiness.check)
  })
)

/** The handlers of all groups. */
export const Handlers = Layer.mergeAll(UsersLive, PostsLive, SystemLive).pipe(
  Layer.provideMerge(HttpApiMiddleware.layerProblemDetails({ includeDetails: true }))
)
