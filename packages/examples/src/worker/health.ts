/** The answers to the probes of a runner: `/alive`, and `/ready` once it is a member of the cluster. */
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { RunnerStorage } from "effect/cluster"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"

/** The address of the runner, and the port for the probes. */
export interface Options {
  readonly host: string
  readonly port: number
  readonly healthPort: number
}

const status = (status: number) => HttpServerResponse.empty({ status })

export const layer = ({ healthPort, host, port }: Options) => {
  // Asks the database, and finds the runner in the list by which the shards are divided.
  const isMember = RunnerStorage.RunnerStorage.use(({ getRunners }) => getRunners).pipe(
    Effect.map((runners) => runners.some(([{ address }]) => address.host === host && address.port === port)),
    Effect.timeout("2 seconds"),
    Effect.orElseSucceed(() => false)
  )
  return HttpRouter.serve(
    Layer.mergeAll(
      HttpRouter.add("GET", "/alive", Effect.succeed(status(204))),
      HttpRouter.add("GET", "/ready", Effect.map(isMember, (isMember) => status(isMember ? 204 : 503)))
    ),
    { disableLogger: true }
  ).pipe(Layer.provide(NodeHttpServer.layer(createServer, { host, port: healthPort })))
}
