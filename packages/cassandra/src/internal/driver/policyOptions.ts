/**
 * The options of a request as policies of the driver see them. The driver declares their methods (`ExecutionOptions`), and
 * its policies call some of them (`lib/policies/load-balancing.js:605`).
 */
import type { Request } from "@effect-cql/core/Port"
import type { Client, token } from "cassandra-driver"
import { toCode } from "./consistency.ts"
import { internals } from "./driver.ts"
import { type Profile, profileOf } from "./hosts.ts"

/** Defaults of the requests of a client. */
export class RequestDefaults {
  readonly client: Client
  readonly payload: Readonly<Record<string, Uint8Array>> | undefined
  readonly #consistency: number | undefined
  readonly #serialConsistency: number | undefined
  readonly pageSize: number | undefined

  constructor(client: Client) {
    // A request of the driver has the same defaults (`lib/execution-options.js:384`).
    const { consistency, customPayload, executeAs, fetchSize, serialConsistency } =
      internals(client).options.queryOptions ?? {}
    this.client = client
    this.#consistency = consistency
    this.#serialConsistency = serialConsistency
    this.pageSize = fetchSize
    // The key under which the driver sends the role (`lib/execution-options.js:25`).
    this.payload = customPayload === undefined && executeAs === undefined ? undefined : {
      ...customPayload,
      ...(executeAs === undefined ? undefined : { ProxyExecute: Buffer.from(executeAs) })
    }
  }

  consistency({ options: { consistency } }: Request, profile: Profile): number {
    return consistency === undefined ? profile.consistency ?? this.#consistency ?? localOne : toCode(consistency)
  }

  serialConsistency({ options: { serialConsistency } }: Request, profile: Profile): number | undefined {
    return serialConsistency === undefined
      ? profile.serialConsistency ?? this.#serialConsistency
      : toCode(serialConsistency)
  }

  profile({ options: { executionProfile } }: Request): Profile | undefined {
    return profileOf(this.client, executionProfile)
  }
}

// The default of the driver, too, which it sets by a connect (`lib/client-options.js:347`).
const localOne = 0x0a

/** The partition of a request, as the driver looks up its replicas. */
export type RoutingKey = Buffer | token.Token

/** Properties of a request that a policy may read. Parameters are not among them. */
export abstract class PolicyOptions {
  abstract readonly request: Request
  abstract readonly defaults: RequestDefaults
  abstract readonly profile: Profile

  abstract getRoutingKey(): RoutingKey | undefined
  abstract getKeyspace(): string | undefined
  abstract isPrepared(): boolean
  abstract isIdempotent(): boolean

  getConsistency(): number {
    return this.defaults.consistency(this.request, this.profile)
  }

  getSerialConsistency(): number | undefined {
    return this.defaults.serialConsistency(this.request, this.profile)
  }

  getReadTimeout(): number {
    return this.request.options.requestTimeout ?? 0
  }

  getFetchSize(): number | undefined {
    return this.request.options.pageSize ?? this.defaults.pageSize
  }

  isQueryTracing(): boolean {
    return this.request.options.tracing
  }

  getLoadBalancingPolicy(): Profile["loadBalancing"] {
    return this.profile.loadBalancing
  }

  isBatchCounter(): boolean {
    return this.request._tag === "Batch" && this.request.type === "counter"
  }

  isBatchLogged(): boolean {
    return this.request._tag === "Batch" && this.request.type === "logged"
  }

  getCustomPayload(): RequestDefaults["payload"] {
    return this.defaults.payload
  }

  getRawQueryOptions(): object {
    return {}
  }

  getPreferredHost(): undefined {}
  getFixedHost(): undefined {}
  getHints(): undefined {}
  getPageState(): undefined {}
  getRetryPolicy(): undefined {}
  getRoutingIndexes(): undefined {}
  getRoutingNames(): undefined {}
  getTimestamp(): undefined {}
  getRowCallback(): undefined {}
  setPreferredHost(): void {}

  getCaptureStackTrace(): boolean {
    return false
  }

  isAutoPage(): boolean {
    return false
  }
}
