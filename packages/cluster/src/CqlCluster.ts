/**
 * The settings that the storages of a cluster share, its tables, and the error of settings that do not fit.
 *
 * @since 0.1.0
 */
import { type CqlError, executeConcurrent, type Session, StatementFailed } from "@effect-cql/core"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as tables from "./internal/tables.ts"

/**
 * The settings of a storage.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Keyspace of the tables. It exists already. */
  readonly keyspace: string
  /** Name of the cluster. Several clusters can share the tables. Default: `"default"`. */
  readonly cluster?: string | undefined
  /**
   * Reach of a cluster. `"dataCenter"` (the default) reads and writes at LOCAL_QUORUM and LOCAL_SERIAL: all runners have to be in
   * one data centre. `"global"` does so at QUORUM and SERIAL, so that runners may be in several, and every statement crosses
   * between them.
   */
  readonly scope?: Scope | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export type Scope = "dataCenter" | "global"

/**
 * A setting that a process must not have in this cluster. It is refused when the layer is built, before it can do harm.
 *
 * - `address`: the runner has no address, or Effect's default address, which every machine has.
 * - `dataCenter`, `scope`, `shardsPerGroup`: differs from the value with which the cluster was first started.
 * - `lease`: shorter than three seconds. Servers count leases in whole seconds.
 *
 * @category errors
 * @since 0.1.0
 */
export class ClusterRefused extends Data.TaggedError("ClusterRefused")<{
  readonly setting: "address" | "dataCenter" | "scope" | "shardsPerGroup" | "lease"
  readonly expected: string
  readonly got: string
  readonly advice: string
}> {
  override get message(): string {
    return `a process was refused by its cluster: expected ${this.setting} ${this.expected}, got ${this.got}. ` +
      this.advice
  }
}

/**
 * The statements that create the tables of the storages in a keyspace. A table that exists is left as it is.
 *
 * **Example** (The tables of runners)
 *
 * ```ts
 * import { CqlCluster } from "@effect-cql/cluster"
 *
 * const names = CqlCluster.ddl("app").map((text) => /EXISTS (\S+)/.exec(text)?.[1])
 * console.assert(names.includes("app.cluster_locks"))
 * ```
 *
 * @category schema changes
 * @since 0.1.0
 */
export const ddl: (keyspace: string) => ReadonlyArray<string> = tables.ddl

/**
 * Creates the tables of the storages, one after the other. A table that exists is left as it is. Run it when deploying, by one
 * process: schema changes of several processes at the same time can disagree.
 *
 * **Example** (Tables in memory)
 *
 * ```ts
 * import { CqlCluster } from "@effect-cql/cluster"
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   yield* CqlCluster.createTables("app")
 *   return (yield* Statement.make("SELECT * FROM app.cluster_locks")).length
 * })
 * const session = MockSession.memory(["CREATE TABLE app.other (id int PRIMARY KEY)"])
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))) === 0)
 * ```
 *
 * @category schema changes
 * @since 0.1.0
 */
export const createTables = (keyspace: string): Effect.Effect<void, CqlError, Session> =>
  executeConcurrent(ddl(keyspace).map((text) => [text] as const), { concurrency: 1 }).pipe(
    Effect.mapError(StatementFailed.toCqlError),
    Effect.asVoid
  )
