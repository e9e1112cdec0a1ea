import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { CassandraServer, Options } from "../CassandraServer.ts"
import { type Provider, type ServerStartFailed, ServerUnavailable } from "./errors.ts"
import type { ServerProvider } from "./provider.ts"

type Lack = ServerUnavailable["lacking"][number]

const unavailable = (lacking: ReadonlyArray<Lack>, only: Provider | undefined): ServerUnavailable => {
  const heading = only === undefined
    ? "No Cassandra server is available. Make one of these providers usable:"
    : `No Cassandra server is available: only provider "${only}" is allowed.`
  const lines = lacking.map(({ lack, provider, remedy }) => `  - ${provider}: ${lack}. ${remedy}.`)
  return new ServerUnavailable({ message: [heading, ...lines].join("\n"), lacking })
}

/**
 * Starts or reaches a server by the first provider that lacks nothing, or by the requested provider alone. If a provider
 * starts a server and fails, the search ends with its error: the error is worth more than the server of another provider.
 */
export const select = Effect.fnUntraced(function*(
  providers: ReadonlyArray<ServerProvider>,
  only: Provider | undefined,
  options: Options
): Effect.fn.Return<CassandraServer["Service"], ServerUnavailable | ServerStartFailed, Scope.Scope> {
  const lacking: Array<Lack> = []
  for (const provider of providers) {
    if (only !== undefined && only !== provider.name) continue
    const server = yield* provider.acquire(options).pipe(
      Effect.catchTag("Lacking", ({ lack, remedy }) => {
        lacking.push({ provider: provider.name, lack, remedy })
        return Effect.undefined
      })
    )
    if (server !== undefined) return server
  }
  return yield* unavailable(lacking, only)
})
