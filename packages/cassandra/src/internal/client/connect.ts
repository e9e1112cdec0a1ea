/**
 * The life of a client: open within bounds, close within bounds, and nothing left behind either way.
 */
import type { CqlError } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import type { TriedHost } from "@effect-cql/core/Reason"
import { Client } from "cassandra-driver"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Options, SessionOptions } from "../../Options.ts"
import {
  contactPointsOf,
  isConnected,
  isShuttingDown,
  localDataCenterOf,
  maxVersionOf,
  setSocketWaits,
  triedHostsOf
} from "../driver/client.ts"
import { Connections } from "../driver/connections.ts"
import { ContactPoints } from "../driver/contactPoints.ts"
import type { ClientOptions, LogEmitter } from "../driver/driver.ts"
import { guardLogin } from "../driver/login.ts"
import { Nodes } from "../driver/nodes.ts"
import { Overrides } from "../driver/override.ts"
import { Retired, warmUpInBackground } from "../driver/pools.ts"
import { reconnectUntilClosed } from "../driver/reconnect.ts"
import { fixReplication } from "../driver/replication.ts"
import { lostOf, now } from "../driver/timer.ts"
import { Watch } from "../driver/watch.ts"
import { toClientOptions } from "./clientOptions.ts"
import { checkProtocol, refusedByDriver } from "./clientOptionsCheck.ts"
import { fromError, fromTimeout, lastFailure, type Progress, shutDown } from "./connectFailed.ts"
import { makeLog } from "./log.ts"
import { checkSessionOptionNames } from "./optionNames.ts"
import { shareTimestamps, withSharedTimestamps } from "./sharedTimestamps.ts"
import {
  closeTimeoutOf,
  connectTimeoutOf,
  heartbeatOf,
  requestTimeoutOf,
  waitsOnceConnected,
  waitsToConnect
} from "./waits.ts"

/** A client for a session. */
export interface Opened {
  readonly client: Client
  /** The hosts to which the last connect failed. */
  readonly notConnected?: (() => ReadonlyArray<TriedHost>) | undefined
  /** The methods that the release of the driver lacks. */
  readonly missing?: ReadonlySet<string> | undefined
}

// A server that hangs does not take part in the end of a connection.
const longestGoodbye = 500
const stagger = 250
const longestLookup = 2_000

class Handle implements Opened {
  readonly client: Client
  readonly #overrides = new Overrides()
  readonly #connections = new Connections(this.#overrides)
  readonly #contactPoints: ContactPoints
  readonly #retired: Retired
  readonly #nodes: Nodes
  readonly #watch: Watch
  readonly #closing = Deferred.makeUnsafe<void>()
  #closed = false

  constructor(options: Options, log: LogEmitter, clock: Clock.Clock) {
    const { onLog } = this.#connections
    const isClosed = () => this.#closed
    const clientOptions = toClientOptions(options, function(event, level, className, message, further) {
      onLog(this, level)
      // After the session was closed, complaints of the driver are about that.
      const shown = level !== "verbose" && isClosed() ? "info" : level
      log.call(this, event, shown, className, message, further)
    })
    this.client = makeClient(withSharedTimestamps(clientOptions, clock))
    const timeout = connectTimeoutOf(options)
    fixReplication(this.client)
    guardLogin(this.client)
    warmUpInBackground(this.client, this.#overrides)
    reconnectUntilClosed(this.client, this.#overrides, this.#closing)
    this.#retired = new Retired(this.client, this.#overrides)
    this.#contactPoints = new ContactPoints(this.client, this.#connections, this.#overrides, (addresses) => ({
      stagger: Math.min(stagger, timeout / (4 * Math.max(1, addresses))),
      lookup: Math.min(longestLookup, timeout / 2)
    }))
    const { policies, protocolOptions } = options.clientOptions ?? {}
    this.#nodes = new Nodes(this.client, this.#contactPoints, this.#overrides, {
      port: protocolOptions?.port,
      isTranslated: policies?.addressResolution !== undefined
    })
    this.#connections.check = this.#nodes.check
    this.#connections.connectFailed = this.#nodes.connectFailed
    const requestTimeout = Duration.toMillis(Duration.fromInputUnsafe(requestTimeoutOf(options)))
    this.#watch = new Watch(() => this.#connections.open, heartbeatOf(options), requestTimeout)
  }

  get missing(): ReadonlySet<string> {
    return this.#overrides.missing
  }

  get progress(): Progress {
    return {
      tried: triedHostsOf(this.client),
      unresolved: this.#contactPoints.unresolved,
      askedForLogin: this.#connections.askedForLogin,
      pending: this.#connections.pending
    }
  }

  readonly notConnected = (): ReadonlyArray<TriedHost> =>
    Array.from(this.#connections.failures)
      .filter(([endpoint]) => this.client.hosts.get(endpoint) !== undefined)
      .map(([endpoint, error]) => lastFailure(endpoint, error))

  readonly connect: Effect.Effect<void, unknown> = Effect.callback((resume) => {
    this.client.connect().then(
      () => this.#closed ? this.#shutdown() : resume(Effect.void),
      (error: unknown) => resume(Effect.fail(error))
    )
  })

  #shutdown(): Promise<void> {
    return this.client.shutdown().catch(() => {})
  }

  close(timeout: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#closed) return Effect.void
      this.#closed = true
      this.#watch.stop()
      this.#nodes.stop()
      const goodbye = this.#shutdown()
      // Once the control connection knows that it is being shut down.
      Deferred.doneUnsafe(this.#closing, Effect.void)
      return Effect.promise(() => goodbye).pipe(
        Effect.timeoutOption(Math.min(timeout, longestGoodbye)),
        Effect.andThen(Effect.sync(() => {
          this.#retired.end()
          this.#connections.end()
        }))
      )
    })
  }
}

const makeClient = (options: ClientOptions): Client => {
  // A constructor that throws: the caller is an Effect.sync, which makes a defect of it.
  try {
    return new Client(options)
  } catch (error) {
    throw refusedByDriver(error)
  }
}

/** A connected client, which is closed with the scope. */
export const open = (options: Options): Effect.Effect<Opened, CqlError, Scope.Scope> =>
  Effect.suspend(() => {
    // Whatever else is given for it would be tried again without a pause.
    const { connectRetry } = Check.values(options, { connectRetry: aSchedule })
    return connectRetry === undefined ? openOnce(options) : Effect.retry(openOnce(options), connectRetry)
  })

const aSchedule = Check.rule("a Schedule, such as Schedule.spaced(\"2 seconds\")", Schedule.isSchedule)

const openOnce = (options: Options): Effect.Effect<Opened, CqlError, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const log = yield* makeLog(options)
      const timeout = connectTimeoutOf(options)
      const closeTimeout = closeTimeoutOf(options)
      const clock = yield* Clock.Clock
      const handle = yield* Effect.sync(() => new Handle(options, log, clock))
      setSocketWaits(handle.client, waitsToConnect(options))
      const connect = handle.connect.pipe(
        Effect.mapError((error) => fromError(error, options, handle.progress)),
        within(timeout, () => fromTimeout(timeout, options, handle.progress))
      )
      yield* Effect.onError(restore(connect), () => handle.close(closeTimeout))
      setSocketWaits(handle.client, waitsOnceConnected(options))
      // A connect that failed has left nothing behind, so a retry adds nothing to the scope.
      yield* Effect.addFinalizer(() => handle.close(closeTimeout))
      return handle
    })
  )

/** Fails after a time limit, and later by what was lost to a blocked event loop: the answers are read after this. */
const within = (millis: number, late: () => CqlError) => <A>(connect: Effect.Effect<A, CqlError>) =>
  Number.isFinite(millis)
    ? Effect.suspend(() => {
      const begun = now()
      const elapsed = Effect.andThen(Effect.sleep(millis), Effect.suspend(() => Effect.sleep(lostOf(millis, begun))))
      return Effect.raceFirst(connect, Effect.andThen(elapsed, Effect.failSync(late)))
    })
    : connect

/** Connects a client of the user's, unless it is connected. A connect that takes too long goes on without the session. */
export const connected = (client: Client, options: SessionOptions): Effect.Effect<void, CqlError> =>
  Effect.clockWith((clock) => {
    checkSessionOptionNames(options)
    const timeout = connectTimeoutOf(options)
    checkProtocol(maxVersionOf(client))
    const isNew = fixReplication(client)
    shareTimestamps(client, clock)
    if (isShuttingDown(client)) return Effect.fail(shutDown())
    if (isConnected(client)) {
      return isNew ? Effect.ignore(Effect.tryPromise(() => client.metadata.refreshKeyspaces())) : Effect.void
    }
    const attempt = { contactPoints: contactPointsOf(client), localDataCenter: localDataCenterOf(client) }
    return Effect.callback<void, CqlError>((resume) => {
      client.connect().then(
        () => resume(Effect.void),
        (error: unknown) => resume(Effect.fail(fromError(error, attempt)))
      )
    }).pipe(within(timeout, () => fromTimeout(timeout, attempt)))
  })
