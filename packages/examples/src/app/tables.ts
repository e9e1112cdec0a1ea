/** The tables of the application: one for each question that it asks. */
import { CqlSchema, Table, TimeUuid } from "@effect-cql/schema"
import { type DateTime, Schema } from "effect"

export const UserId = CqlSchema.Uuid.pipe(Schema.brand("UserId"))
export type UserId = typeof UserId.Type

/** The id of a post holds its time. */
export const PostId = CqlSchema.TimeUuid.pipe(Schema.brand("PostId"))
export type PostId = typeof PostId.Type

// The API refuses texts that no database takes: half of a surrogate pair, and a key that is too long.
export const Email = CqlSchema.Text.check(
  Schema.isPattern(/^[^\s@]+@[^\s@]+$/, { expected: "an e-mail address" }),
  Schema.isMaxLength(254)
)
export const Name = CqlSchema.Text.check(Schema.isNonEmpty(), Schema.isMaxLength(100))
export const Text = CqlSchema.Text.check(Schema.isNonEmpty(), Schema.isMaxLength(1_000))

export class User extends Table.Class<User>("User")("blog.users", {
  columns: { id: UserId, email: Email, name: Name },
  partitionKey: "id"
}) {}

/** Who has an e-mail address: a row for each address makes it unique. */
export class EmailOwner extends Table.Class<EmailOwner>("EmailOwner")("blog.email_owners", {
  columns: { email: Email, owner: UserId },
  partitionKey: "email"
}) {}

/** The posts of an author, newest first. */
export class Post extends Table.Class<Post>("Post")("blog.posts", {
  columns: { author: UserId, id: PostId, text: Text },
  partitionKey: "author",
  clusteringKey: ["id desc"]
}) {
  get at(): DateTime.Utc {
    return TimeUuid.toDateTime(this.id)
  }
}

export class PostLikes extends Table.Class<PostLikes>("PostLikes")("blog.post_likes", {
  columns: { post: PostId, likes: CqlSchema.Counter },
  partitionKey: "post"
}) {}

export class Follower extends Table.Class<Follower>("Follower")("blog.followers", {
  columns: { author: UserId, follower: UserId },
  partitionKey: "author",
  clusteringKey: ["follower"]
}) {}

/** The feed of a reader: a copy of each post of the authors that the reader follows. */
export class FeedEntry extends Table.Class<FeedEntry>("FeedEntry")("blog.feed", {
  columns: { reader: UserId, id: PostId, author: UserId, text: Text },
  partitionKey: "reader",
  clusteringKey: ["id desc"]
}) {}

/** Deleted posts, on a cluster of their own. */
export const ArchivedPosts = Table.make("blog_archive.posts", Post, {
  partitionKey: "author",
  clusteringKey: ["id desc"]
})
