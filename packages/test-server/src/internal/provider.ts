import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { CassandraServer, Options } from "../CassandraServer.ts"
import { Lacking, type Provider, type ServerStartFailed } from "./errors.ts"

/** One way to a running server. */
export interface ServerProvider {
  readonly name: Provider
  /** Gives a server that answers and ends with the scope; fails with `Lacking` where this way is closed here. */
  readonly acquire: (
    options: Options
  ) => Effect.Effect<CassandraServer["Service"], Lacking | ServerStartFailed, Scope.Scope>
}

/** For a provider whose server is as it is: lacking where something special is asked of the server. */
export const refuseSpecial = ({ authentication, nodes, tls, tokens }: Options): Effect.Effect<void, Lacking> => {
  const wishes = [
    ...(nodes === undefined || nodes === 1 ? [] : [`${nodes} nodes`]),
    ...(tokens === undefined ? [] : [`${tokens} tokens a node`]),
    ...(authentication === true ? ["a login"] : []),
    ...(tls === true ? ["TLS"] : [])
  ]
  return wishes.length === 0 ? Effect.void : Effect.fail(
    new Lacking({
      lack: `this one is not made with ${wishes.join(" and ")}, which was asked for`,
      remedy: `Use provider "jvm" for that`
    })
  )
}
