/** The archive: a second cluster, as a service of its own with the interface of a session. */
import { Session } from "@effect-cql/core"
import { Migrations, Table } from "@effect-cql/schema"
import { Context, Layer } from "effect"
import type { Replication } from "./migrations.ts"
import { ArchivedPosts } from "./tables.ts"

export class Archive extends Context.Service<Archive, Session["Service"]>()("app/Archive") {
  /** The archive on the session of the layers beneath, with its tables. */
  static readonly layer = (replication: Replication): Layer.Layer<Archive, Migrations.MigrationError, Session> => {
    const migrations = Migrations.make({
      keyspace: "blog_archive",
      replication,
      migrations: { "0001_posts": Table.ddl(ArchivedPosts) }
    })
    return Layer.effect(Archive, Session).pipe(Layer.provide(Migrations.layer(migrations)))
  }
}
