import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import type { Provider } from "@effect-cql/test-server/CassandraServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import process from "node:process"
import { assert, describe, inject, it } from "vitest"

/** The server of a whole test run, in the form in which it travels from the global setup to the workers. */
export type SharedServer =
  | {
    readonly _tag: "Running"
    readonly provider: Provider
    readonly version: string
    readonly contactPoints: Array<string>
    readonly localDataCenter: string
    readonly credentials: { readonly username: string; readonly password: string } | undefined
  }
  | { readonly _tag: "Missing"; readonly message: string }

declare module "vitest" {
  interface ProvidedContext {
    readonly cassandra: SharedServer | undefined
  }
}

/** Advice how to get a server, in one line. */
export const howToGetOne = "start Docker, or install a JDK 17 and Maven, or set CASSANDRA_CONTACT_POINTS=host:port"

const injected = inject("cassandra")

/** The server that this run shares; `undefined` where none could be had. */
export const sharedServer: CassandraServer["Service"] | undefined = injected?._tag !== "Running" ? undefined : {
  provider: injected.provider,
  version: injected.version,
  contactPoints: injected.contactPoints,
  localDataCenter: injected.localDataCenter,
  credentials: injected.credentials && {
    username: injected.credentials.username,
    password: Redacted.make(injected.credentials.password)
  },
  nodes: []
}

/** The shared server as a layer, which never starts one. */
export const SharedServerLayer: Layer.Layer<CassandraServer> = Layer.effectContext(
  sharedServer === undefined
    ? Effect.die(new Error(`no Cassandra server: ${howToGetOne}`))
    : Effect.succeed(Context.make(CassandraServer, sharedServer))
)

/**
 * A suite that needs the shared server. Without one it is skipped on a developer's machine, in one loud line, and fails
 * if `CI` is set, where the line would be overlooked.
 */
export const integration = (name: string, suite: (server: CassandraServer["Service"]) => void): void => {
  if (sharedServer !== undefined) {
    const server = sharedServer
    describe(name, () => suite(server))
    return
  }
  const line = `NO CASSANDRA SERVER for "${name}": ${howToGetOne}`
  if (process.env["CI"]) {
    describe(name, () => {
      it("has a server to run against", () => {
        throw new Error(injected?._tag === "Missing" ? `${line}\n${injected.message}` : line)
      })
    })
    return
  }
  process.stderr.write(`\n!!! SKIPPED, ${line}\n`)
  describe.skip(name, () => {
    it(line, () => assert.fail(line))
  })
}
