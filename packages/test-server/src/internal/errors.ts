import * as Data from "effect/Data"
import * as Schema from "effect/Schema"

/**
 * The ways to a running server, in the order in which they are tried.
 *
 * @category models
 * @since 0.1.0
 */
export const Provider = Schema.Literals(["external", "docker", "jvm"])

/**
 * @category models
 * @since 0.1.0
 */
export type Provider = typeof Provider.Type

/**
 * No provider could give a server. The message says for each one what it lacked and how to get it; `lacking` holds the
 * same as data. It is empty where an option is invalid, or a variable, such as an unknown name in
 * `EFFECT_CQL_SERVER`.
 *
 * **Example** (Going on without a server)
 *
 * ```ts
 * import { CassandraServer } from "@effect-cql/test-server"
 * import { Console, Effect } from "effect"
 *
 * const program = CassandraServer.CassandraServer.use((server) => Console.log(server.version)).pipe(
 *   Effect.provide(CassandraServer.layer()),
 *   Effect.catchTag("ServerUnavailable", (error) => Console.warn(error.message))
 * )
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class ServerUnavailable
  extends Schema.TaggedError<ServerUnavailable>("@effect-cql/test-server/ServerUnavailable")("ServerUnavailable", {
    message: Schema.String,
    lacking: Schema.Array(Schema.Struct({ provider: Provider, lack: Schema.String, remedy: Schema.String }))
  })
{}

/**
 * A provider had all it needs, and yet its server did not answer in time, or ended before it did. `log` is the end of
 * what the server wrote, empty where there is nothing to read, as with an external server.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServerStartFailed
  extends Schema.TaggedError<ServerStartFailed>("@effect-cql/test-server/ServerStartFailed")("ServerStartFailed", {
    provider: Provider,
    problem: Schema.String,
    log: Schema.String
  })
{
  override get message(): string {
    const problem = `The Cassandra server of provider "${this.provider}" did not start: ${this.problem}`
    return this.log === "" ? problem : `${problem}\n--- the end of its log ---\n${this.log}`
  }
}

/** Failure of a provider that cannot be used here. The next provider is tried. */
export class Lacking extends Data.TaggedError("Lacking")<{ readonly lack: string; readonly remedy: string }> {
  override get message(): string {
    return `${this.lack}. ${this.remedy}.`
  }
}
