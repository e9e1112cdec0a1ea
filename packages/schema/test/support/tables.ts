/** The tables of the tests. */
import { CqlSchema, Table } from "@effect-cql/schema"
import { Schema } from "effect"

export const PostId = CqlSchema.TimeUuid.pipe(Schema.brand("PostId"))

export class Post extends Table.Class<Post>("Post")("app.posts", {
  columns: {
    author: CqlSchema.Text,
    at: CqlSchema.Timestamp,
    id: PostId,
    title: Schema.String,
    tags: Schema.ReadonlySet(Schema.String),
    parts: Schema.Array(Schema.String),
    links: Schema.ReadonlyMap(Schema.String, CqlSchema.Int),
    bio: Schema.optionalKey(Schema.String)
  },
  partitionKey: "author",
  clusteringKey: ["at desc", "id desc"],
  static: ["bio"],
  indexes: { tags: "sai" },
  options: { defaultTimeToLive: 86_400 }
}) {
  get url(): string {
    return `/posts/${this.id}`
  }
}

export class User extends Table.Class<User>("User")("app.users", {
  columns: {
    id: CqlSchema.Int,
    displayName: Schema.String,
    nickname: Schema.optionalKey(Schema.String),
    version: CqlSchema.Int,
    roles: CqlSchema.Set(CqlSchema.Text),
    key: CqlSchema.optional(CqlSchema.Frozen(CqlSchema.List(CqlSchema.Int)))
  },
  partitionKey: "id"
}) {}

export class Likes extends Table.Class<Likes>("Likes")("app.likes", {
  columns: { post: PostId, likes: CqlSchema.Counter, views: CqlSchema.Counter },
  partitionKey: "post"
}) {}

export class Event extends Table.Class<Event>("Event")("app.events", {
  columns: { tenant: CqlSchema.Text, day: CqlSchema.Date, seq: CqlSchema.Int, body: CqlSchema.Blob },
  partitionKey: ["tenant", "day"],
  clusteringKey: ["seq"]
}) {}

export const PostsByTitle = Table.make("app.posts_by_title", Post, {
  partitionKey: "title",
  clusteringKey: ["id desc"]
})

export const Titles = Table.make("app.titles", Post, {
  columns: ["author", "id", "title"],
  partitionKey: "author",
  clusteringKey: ["id"]
})
