/**
 * The port of the core over a client of the driver.
 */
import { CqlError, Reason, type Statement } from "@effect-cql/core"
import {
  type Cancel,
  type Done,
  type PageState,
  type Partition,
  refused,
  type Request,
  type Ring,
  type SendPort,
  type StatementRequest,
  textOf
} from "@effect-cql/core/Port"
import type { Client } from "cassandra-driver"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { SessionOptions } from "../../Options.ts"
import { closeTimeoutOf, requestTimeoutOf } from "../client/waits.ts"
import { internals, isKeyspaceName, type PreparedMeta, prepareOnly } from "../driver/driver.ts"
import { abandon, type AttemptContext, BatchAttempt, StatementAttempt } from "./attempt.ts"
import { type Circumstances, classify } from "./classify.ts"
import { encode, RefusedAtWriting } from "./params.ts"
import { preparedOf } from "./prepared.ts"
import { isTooLong, keyAmong, namedKey, partitionOf, ringOf } from "./tokens.ts"

const defaultPageSize = 5_000

/** The port of a client. `log` is called in passing. */
export class ClientPort implements SendPort, AttemptContext {
  readonly client: AttemptContext["client"]
  readonly defaults: Statement.Options
  readonly closeTimeout: Duration.Input
  awaited = 0
  readonly #log: (warning: string) => void
  readonly #unknownKinds = new Set<string>()

  constructor(client: Client, options: SessionOptions, log: (warning: string) => void) {
    this.client = internals(client)
    this.closeTimeout = closeTimeoutOf(options)
    this.defaults = {
      ...options.defaults,
      pageSize: options.defaults?.pageSize ?? defaultPageSize,
      requestTimeout: options.defaults?.requestTimeout ?? requestTimeoutOf(options)
    }
    this.#log = log
  }

  readonly send = (request: Request, pageState: PageState | undefined, done: Done): Cancel => {
    const attempt = request._tag === "Statement"
      ? new StatementAttempt(this, request, pageState, done)
      : new BatchAttempt(this, request, done)
    // What it throws is a defect of the run, after which the request counts no more.
    try {
      attempt.start()
    } catch (defect) {
      abandon(attempt)
      throw defect
    }
    return () => abandon(attempt)
  }

  /**
   * Over all live hosts, what their connections can carry. Streams in use beyond those of awaited requests belong to
   * requests that were interrupted or timed out, and carry nothing new until they are answered.
   */
  readonly capacity: Effect.Effect<number | undefined> = Effect.sync(() => {
    const perConnection = this.client.options.pooling.maxRequestsPerConnection
    if (perConnection === undefined) return undefined
    const state = this.client.getState()
    let streams = 0
    let inFlight = 0
    for (const host of state.getConnectedHosts()) {
      if (!host.isUp()) continue
      streams += state.getOpenConnections(host) * perConnection
      inFlight += state.getInFlightQueries(host)
    }
    // Without a connection there is nothing to count, and a run should not be held to one at a time by an outage.
    return streams === 0 ? undefined : Math.max(1, streams - Math.max(0, inFlight - this.awaited))
  })

  /** The partition of a statement, which is prepared for that if it was not. Nothing of it is executed. */
  readonly partition = (request: StatementRequest): Effect.Effect<Partition | undefined, CqlError> =>
    Effect.mapError(
      Effect.suspend(() => {
        const named = namedKey(request)
        if (named !== undefined) return this.#partitionOf(named, request)
        // Of several named markers the server tells but the last.
        if (request.params.length === 0 || inNamed.test(request.text)) return Effect.undefined
        return Effect.flatMap(this.#prepared(request), (meta) => {
          const encoded: Array<unknown> = []
          const refused = encode(preparedOf(meta), request.params, encoded)
          if (refused !== undefined) return this.refused(refused, request)
          const key = keyAmong(meta, encoded)
          return key === undefined ? Effect.undefined : this.#partitionOf(key, request)
        })
      }),
      ({ query, reason }) => refused(reason, query)
    )

  #partitionOf(key: ReadonlyArray<Uint8Array>, request: Request): Effect.Effect<Partition | undefined, CqlError> {
    if (!isTooLong(key)) return Effect.succeed(partitionOf(this.client.metadata, key))
    const message = "a component of the partition key is longer than 65,535 bytes"
    return this.refused(new Reason.ParametersRefused({ message }), request)
  }

  #prepared(request: StatementRequest): Effect.Effect<PreparedMeta, CqlError> {
    const info = this.client.metadata.getPreparedInfo(this.client.keyspace, request.text)
    if (info.meta !== undefined) return Effect.succeed(info.meta)
    return Effect.flatMap(
      Effect.exit(Effect.tryPromise(() => prepareOnly(this.client, request.text))),
      // `prepareOnly` fails even when the statement was prepared. What is known by now tells the two apart.
      (exit) =>
        info.meta !== undefined
          ? Effect.succeed(info.meta)
          : this.failed(Option.getOrUndefined(Exit.findErrorOption(exit))?.cause, request, "prepare")
    )
  }

  /** The token ranges with their replicas; of a keyspace made lately as well. */
  readonly ring = (keyspace: string): Effect.Effect<Ring | undefined, CqlError> =>
    Effect.suspend(() => {
      // The driver puts the name between quotes as it is. A keyspace with any other name cannot exist.
      if (!isKeyspaceName(keyspace)) return Effect.undefined
      const { metadata } = this.client
      const isKnown = Object.hasOwn(metadata.keyspaces, keyspace)
      // What cannot be read now is unknown: the ring is an advice of where to send what.
      const known = isKnown ? Effect.void : Effect.ignore(Effect.tryPromise(() => metadata.refreshKeyspace(keyspace)))
      return Effect.map(
        known,
        () => Object.hasOwn(metadata.keyspaces, keyspace) ? ringOf(metadata, keyspace) : undefined
      )
    })

  readonly refused = (reason: Reason.Reason, request: Request): Exit.Exit<never, CqlError> =>
    Exit.fail(new CqlError({ reason, query: textOf(request) }))

  readonly failed = (
    error: unknown,
    request: Request,
    phase: Circumstances["phase"]
  ): Exit.Exit<never, CqlError> => {
    if (error instanceof RefusedAtWriting) return this.refused(error.reason, request)
    const reason = classify(error, { phase, timeout: request.options.requestTimeout ?? 0, request })
    const kind = error instanceof Error ? error.name : typeof error
    if (reason._tag === "UnknownError" && !this.#unknownKinds.has(kind)) {
      this.#unknownKinds.add(kind)
      this.#log(`an error of the driver that has no reason: ${kind}`)
    }
    return this.refused(reason, request)
  }
}

const inNamed = /\bIN\s*\(\s*:/i
