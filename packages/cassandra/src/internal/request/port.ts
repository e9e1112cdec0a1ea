/**
 * The port of the core over a client of the driver.
 */
import { CqlError, Reason, type Statement } from "@effect-cql/core"
import {
  type Cancel,
  type Description,
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
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { SessionOptions } from "../../Options.ts"
import { toText } from "../../values/cqlType.ts"
import { refusedDriver } from "../client/connectFailed.ts"
import { aboutSession, type Annotations } from "../client/log.ts"
import { withoutQuery } from "../client/quoted.ts"
import { closeTimeoutOf, requestTimeoutOf } from "../client/waits.ts"
import { aboutNode, withBrackets } from "../driver/address.ts"
import { unsupported } from "../driver/check.ts"
import { isShuttingDown } from "../driver/client.ts"
import { isKeyspaceName } from "../driver/driver.ts"
import { errorKind } from "../driver/errorKind.ts"
import { capacityOf, healthOf, isDownIn } from "../driver/health.ts"
import { OverdueNodes } from "../driver/overdue.ts"
import { RequestDefaults } from "../driver/policyOptions.ts"
import { onSchemaChange } from "../driver/schemaEvents.ts"
import { now } from "../driver/timer.ts"
import type { SchemaChange } from "../protocol/answers.ts"
import type { KeepsPlan } from "../protocol/rows.ts"
import { agreementWithin, awaitAgreement, type IsDown } from "./agreement.ts"
import type { AttemptContext, Where } from "./attemptContext.ts"
import { type Circumstances, classify, clientShutDown } from "./classify.ts"
import { infoOf } from "./page.ts"
import { partsOf } from "./pageState.ts"
import { encode } from "./params.ts"
import type { NotPrepared } from "./preparation.ts"
import type { Prepared } from "./prepared.ts"
import { PreparedTexts } from "./preparedTexts.ts"
import { Repeated } from "./repeated.ts"
import { BatchAttempt, StatementAttempt } from "./requests.ts"
import { isTooLong, keyAmong, namedKey, partitionOf, ringOf } from "./tokens.ts"

const defaultPageSize = 5_000

/** Logs a warning. */
type Log = (warning: string, annotations?: Annotations) => void

/** The port of a client. `log` is called in passing. */
export class ClientPort implements SendPort, AttemptContext {
  readonly client: Client
  readonly defaults: Statement.Options
  readonly closeTimeout: Duration.Input
  readonly datesConditionalWrites = true
  readonly requestDefaults: RequestDefaults
  readonly prepared: PreparedTexts
  readonly unprepared: KeepsPlan = { plan: undefined }
  readonly overdue = new OverdueNodes()
  readonly name: string | undefined
  readonly spans: boolean | undefined
  readonly metrics: boolean | undefined
  readonly health: SendPort["health"]
  awaited = 0
  readonly #log: Log
  readonly #notConnected: Circumstances["notConnected"]
  readonly #unknownKinds = new Set<string>()
  readonly #warnings: Repeated<readonly [Annotations]>
  readonly #isDown: IsDown

  constructor(
    client: Client,
    options: SessionOptions,
    log: Log,
    notConnected?: Circumstances["notConnected"]
  ) {
    this.client = client
    this.closeTimeout = closeTimeoutOf(options)
    this.name = options.name
    this.spans = options.spans
    this.metrics = options.metrics
    this.health = healthOf(client)
    this.defaults = {
      ...options.defaults,
      pageSize: options.defaults?.pageSize ?? defaultPageSize,
      requestTimeout: options.defaults?.requestTimeout ?? requestTimeoutOf(options)
    }
    this.requestDefaults = new RequestDefaults(client)
    this.prepared = new PreparedTexts(client, this.overdue, log)
    this.#log = log
    this.#notConnected = notConnected
    this.#warnings = new Repeated(log)
    this.#isDown = isDownIn(client)
  }

  /** The port of a client, which follows the changes of its schema for as long as the scope is open. */
  static make(
    client: Client,
    options: SessionOptions,
    notConnected?: Circumstances["notConnected"]
  ): Effect.Effect<ClientPort, CqlError, Scope.Scope> {
    return Effect.contextWith((context: Context.Context<never>) => {
      const runFork = Effect.runForkWith(context)
      const about = aboutSession({ name: options.name, keyspace: client.keyspace || undefined })
      const log: Log = (warning, annotations) =>
        runFork(Effect.annotateLogs(Effect.logWarning(warning), { ...about, ...annotations }))
      return Effect.gen(function*() {
        const problem = unsupported(client)
        if (problem !== undefined) return yield* refusedDriver(problem)
        const port = new ClientPort(client, options, log, notConnected)
        yield* Effect.acquireRelease(
          Effect.sync(() => onSchemaChange(client, (change) => port.forget(change), () => port.prepared.forgetAll())),
          (end) => Effect.sync(end)
        )
        return port
      })
    })
  }

  // Code beside the session may change it with a `USE` on the client.
  get keyspace(): string | undefined {
    return this.client.keyspace || undefined
  }

  readonly send = (request: Request, pageState: PageState | undefined, done: Done): Cancel => {
    const from = pageState === undefined ? undefined : partsOf(pageState, request)
    if (from instanceof Reason.InvalidPageState) {
      done(this.refused(from, request))
      return neverSent
    }
    const attempt = request._tag === "Statement"
      ? new StatementAttempt(this, request, from, done)
      : new BatchAttempt(this, request, done)
    // An error that it throws is a defect of the run. The request no longer counts.
    try {
      attempt.start()
    } catch (defect) {
      attempt.abandon()
      throw defect
    }
    return () => attempt.cancel()
  }

  readonly warned = (warnings: ReadonlyArray<string>, node: string): void => {
    for (const warning of warnings) {
      this.#warnings.add(`warning of the server: ${withoutQuery(warning)}`, aboutNode(node))
    }
  }

  readonly policyFailed = (error: unknown): void =>
    this.#warnings.add(`the speculative-execution policy failed, and is not followed: ${String(error)}`, {})

  readonly schemaChanged: AttemptContext["schemaChanged"] = (
    change,
    { another, consistency, next, request, result, started },
    done
  ) => {
    this.forget(change)
    if (change.target === "KEYSPACE" && change.change !== "DROPPED") this.#refresh(change.keyspace)
    const { requestTimeout } = request.options
    const left = Math.min(longestAgreement, (requestTimeout ?? Number.POSITIVE_INFINITY) - (now() - started)) / 2
    return awaitAgreement(
      { first: next, another, overdue: this.overdue },
      this.#isDown,
      Math.max(0, left),
      (schemaInAgreement) => {
        const asked = { coordinator: withBrackets(next.host.address), consistency, conditional: false, copies: 0 }
        done({ rows: [], info: infoOf(result.extras, asked, schemaInAgreement) })
      }
    )
  }

  readonly schemaAgreement = (timeout: number): Effect.Effect<boolean, CqlError> =>
    Effect.suspend(() => {
      if (isShuttingDown(this.client)) return Effect.fail(refused(clientShutDown(), ""))
      return Effect.mapError(agreementWithin(timeout, this.client, this.overdue, this.#isDown), (none) =>
        refused(classify(none, { phase: "plan", timeout, notConnected: this.#notConnected }), ""))
    })

  /** Forgets what was prepared on what has changed. */
  forget(change: SchemaChange): void {
    this.prepared.forget(change)
  }

  // Routes statements on it by its replicas once they are read, and not only after the driver has received the event.
  #refresh(keyspace: string): void {
    if (isKeyspaceName(keyspace)) this.client.metadata.refreshKeyspace(keyspace).catch(() => {})
  }

  readonly capacity: Effect.Effect<number | undefined> = Effect.sync(() => capacityOf(this.client, this.awaited))

  /** The partition of a statement, which is prepared for that if it was not. Nothing of it is executed. */
  readonly partition = (request: StatementRequest): Effect.Effect<Partition | undefined, CqlError> =>
    Effect.mapError(
      Effect.suspend(() => {
        const token = request.options.routing?.token
        if (token !== undefined) return Effect.succeed({ token })
        const named = namedKey(request)
        if (named !== undefined) return this.#partitionOf(named, request)
        // If a named marker occurs several times, the server describes only the last occurrence.
        if (request.params.length === 0 || inNamed.test(request.text)) return Effect.undefined
        return Effect.flatMap(
          this.#keyOf(request),
          (key) => key === undefined ? Effect.undefined : this.#partitionOf(key, request)
        )
      }),
      ({ query, reason }) => refused(reason, query)
    )

  /** The partition key among the parameters of a statement. */
  #keyOf(request: StatementRequest): Effect.Effect<ReadonlyArray<Uint8Array> | undefined, CqlError> {
    return Effect.flatMap(this.#preparedFor(request), (prepared) => {
      const values = encode(prepared, request.params)
      if (!(values instanceof Reason.ParametersRefused)) return Effect.succeed(keyAmong(prepared, values))
      if (!prepared.mayBeOutdated) return this.refused(values, request)
      this.prepared.get(request.text).forget()
      return this.#keyOf(request)
    })
  }

  #partitionOf(key: ReadonlyArray<Uint8Array>, request: Request): Effect.Effect<Partition | undefined, CqlError> {
    if (!isTooLong(key)) return Effect.succeed(partitionOf(this.client.metadata, key))
    const message = "a component of the partition key is longer than 65,535 bytes"
    return this.refused(new Reason.ParametersRefused({ message }), request)
  }

  #preparedFor(request: StatementRequest): Effect.Effect<Prepared, CqlError> {
    return Effect.callback((resume) => {
      if (isShuttingDown(this.client)) return resume(this.refused(clientShutDown(), request))
      const text = this.prepared.get(request.text)
      let isAwaited = true
      const ready = (failure?: NotPrepared): void => {
        if (failure !== undefined) return resume(this.failed(failure.error, request, failure.where))
        if (text.current !== undefined) return resume(Effect.succeed(text.current))
        this.prepared.prepare(text, { ready, isAwaited: () => isAwaited })
      }
      ready()
      return Effect.sync(() => void (isAwaited = false))
    })
  }

  /** The markers and the columns of a statement, which is prepared for that. Nothing of it is executed. */
  readonly describe = (request: StatementRequest): Effect.Effect<Description, CqlError> =>
    Effect.mapBoth(this.#preparedFor(request), {
      onSuccess: ({ columns, markers }) => ({
        params: markers.map(({ column, typeText }) => ({ name: column, type: typeText })),
        columns: columns.map(({ name, type }) => ({ name, type: toText(type) }))
      }),
      onFailure: ({ query, reason }) => refused(reason, query)
    })

  /** The token ranges with their replicas; of a keyspace made lately as well. */
  readonly ring = (keyspace: string): Effect.Effect<Ring | undefined, CqlError> =>
    Effect.suspend(() => {
      // The driver puts the name between quotes as it is. A keyspace with any other name cannot exist.
      if (!isKeyspaceName(keyspace)) return Effect.undefined
      const { metadata } = this.client
      const isKnown = Object.hasOwn(metadata.keyspaces, keyspace)
      // A ring that cannot be read is unknown: it is only advice for routing.
      const known = isKnown ? Effect.void : Effect.ignore(Effect.tryPromise(() => metadata.refreshKeyspace(keyspace)))
      return Effect.map(
        known,
        () => Object.hasOwn(metadata.keyspaces, keyspace) ? ringOf(metadata, keyspace) : undefined
      )
    })

  readonly refused = (reason: Reason.Reason, request: Request): Exit.Exit<never, CqlError> =>
    Exit.fail(new CqlError({ reason, query: textOf(request) }))

  readonly failed = (error: unknown, request: Request, where: Where): Exit.Exit<never, CqlError> => {
    const timeout = request.options.requestTimeout ?? 0
    const reason = classify(error, { ...where, timeout, request, notConnected: this.#notConnected })
    const kind = errorKind(error) ?? typeof error
    if (reason._tag === "UnknownError" && where.phase !== "read" && !this.#unknownKinds.has(kind)) {
      this.#unknownKinds.add(kind)
      this.#log(`an error of the driver that has no reason: ${kind}`, {
        "error.type": kind,
        ...(where.host === undefined ? undefined : aboutNode(where.host))
      })
    }
    return this.refused(reason, request)
  }
}

const neverSent = (): boolean => false
const inNamed = /\bIN\s*\(\s*:/i

// The time for which the driver itself waits.
const longestAgreement = 20_000
