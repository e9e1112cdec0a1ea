/** The HTTP API of the application, as data: the server, its page of documentation and clients are made of it. */
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiMiddleware, HttpApiSchema, OpenApi } from "effect/http-api"
import { EmailTaken, NotReady, PostNotFound, Unavailable, UserNotFound } from "./errors.ts"
import { Email, Name, PostId, Text, User, UserId } from "./tables.ts"

/** A post with its likes. */
export const PostView = Schema.Struct({
  author: UserId,
  id: PostId,
  text: Text,
  at: Schema.DateTimeUtc,
  likes: Schema.Int
}).annotate({ identifier: "Post" })

/** A page of posts, newest first. `next` is the cursor of the page behind it; without one it is the last. */
export const Page = Schema.Struct({
  posts: Schema.Array(PostView),
  next: Schema.optionalKey(PostId)
}).annotate({ identifier: "Page" })

const paging = {
  cursor: Schema.optionalKey(PostId),
  size: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 })))
}

const onUser = { id: UserId }
const onPost = { id: UserId, post: PostId }

const UsersGroup = HttpApiGroup.make("users").add(
  HttpApiEndpoint.post("register", "/users", {
    payload: Schema.Struct({ email: Email, name: Name }),
    success: User.pipe(HttpApiSchema.status(201)),
    error: [EmailTaken, Unavailable]
  }),
  HttpApiEndpoint.get("find", "/users/:id", { params: onUser, success: User, error: [UserNotFound, Unavailable] }),
  HttpApiEndpoint.put("follow", "/users/:id/followers/:follower", {
    params: { id: UserId, follower: UserId },
    error: [UserNotFound, Unavailable]
  })
)

const PostsGroup = HttpApiGroup.make("posts").add(
  HttpApiEndpoint.post("publish", "/users/:id/posts", {
    params: onUser,
    payload: Schema.Struct({ text: Text }),
    success: PostView.pipe(HttpApiSchema.status(201)),
    error: [UserNotFound, Unavailable]
  }),
  HttpApiEndpoint.get("byAuthor", "/users/:id/posts", {
    params: onUser,
    query: paging,
    success: Page,
    error: Unavailable
  }),
  HttpApiEndpoint.post("like", "/users/:id/posts/:post/likes", {
    params: onPost,
    error: [PostNotFound, Unavailable]
  }),
  HttpApiEndpoint.delete("remove", "/users/:id/posts/:post", {
    params: onPost,
    error: [PostNotFound, Unavailable]
  }),
  HttpApiEndpoint.get("feed", "/users/:id/feed", { params: onUser, query: paging, success: Page, error: Unavailable })
)

const SystemGroup = HttpApiGroup.make("system").add(
  HttpApiEndpoint.get("alive", "/alive"),
  HttpApiEndpoint.get("ready", "/ready", { error: NotReady })
)

export const Api = HttpApi.make("app")
  .add(UsersGroup, PostsGroup, SystemGroup)
  .middleware(HttpApiMiddleware.ProblemDetails)
  .annotateMerge(OpenApi.annotations({ title: "Posts", version: "1.0.0", description: "An example of effect-cql" }))
