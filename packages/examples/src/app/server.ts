/** The service over HTTP, on the sessions of the layers beneath. */
import { NodeHttpServer } from "@effect/platform-node"
import { ByteSize, type Duration, Effect, Layer } from "effect"
import { HttpIncomingMessage, HttpMiddleware, HttpRouter, HttpServer } from "effect/http"
import { HttpApiBuilder, HttpApiSwagger } from "effect/http-api"
import { createServer } from "node:http"
import { Api } from "./Api.ts"
import { Handlers } from "./handlers.ts"
import { Posts } from "./Posts.ts"
import { Readiness } from "./Readiness.ts"
import { Users } from "./Users.ts"

/** Options of the server. */
export interface Options {
  readonly port: number
  /**
   * Time between the signal to stop and the end of listening. The service is not ready any more, and a load balancer needs
   * this time to notice.
   */
  readonly drain: Duration.Duration
}

/** The services of the application. */
export const Services = Layer.mergeAll(Posts.layer, Readiness.layer).pipe(Layer.provideMerge(Users.layer))

const Routes = Layer.mergeAll(
  HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(Layer.provide(Handlers)),
  HttpApiSwagger.layer(Api, { path: "/docs" })
)

// Far more than the longest post.
const largestBody = ByteSize.kibibytes(64)

/**
 * Listens once everything else is there: the sessions, and then the routes. A server that listens before that lets requests
 * wait that nothing answers.
 */
export const layer = ({ drain, port }: Options) =>
  Layer.unwrap(Effect.gen(function*() {
    const routes = yield* HttpRouter.toHttpEffect(Routes)
    const app = Effect.provideService(routes, HttpIncomingMessage.MaxBodySize, largestBody)
    const readiness = yield* Readiness
    const Draining = Layer.effectDiscard(
      Effect.acquireRelease(Effect.void, () => Effect.andThen(readiness.stop, Effect.sleep(drain)))
    )
    const Listening = NodeHttpServer.layer(createServer, { port, gracefulShutdownTimeout: "20 seconds" })
    // On the way down the order is reversed: drain, stop listening, end the requests, close the sessions.
    return Draining.pipe(
      Layer.provideMerge(HttpServer.withLogAddress(HttpServer.serve(app, HttpMiddleware.logger))),
      Layer.provideMerge(Listening)
    )
  })).pipe(Layer.provide(Services), Layer.provide(NodeHttpServer.layerHttpServices))
