/**
 * The common settings of the storages of a cluster, its tables, and the error of refused settings.
 *
 * @since 0.1.0
 */
import { Migrations } from "@effect-cql/schema"
import * as Data from "effect/Data"
import { checkMigrations } from "./internal/layerOptions.ts"
import * as tables from "./internal/tables.ts"

/**
 * The settings of a storage.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Keyspace of the tables. It has to exist. */
  readonly keyspace: string
  /** Name of the cluster. Several clusters can share the tables. Default: `"default"`. */
  readonly cluster?: string | undefined
  /**
   * Reach of a cluster. `"dataCenter"` (the default) uses LOCAL_QUORUM and LOCAL_SERIAL: all runners have to be in one
   * data centre. `"global"` uses QUORUM and SERIAL: runners may be in several data centres, and every statement
   * involves all of them.
   */
  readonly scope?: Scope | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export type Scope = "dataCenter" | "global"

/**
 * A setting of a process does not fit the cluster. The layer fails when it is built, before the setting can do harm.
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
 * The statements that create the tables of the storages in a keyspace, for sessions in memory. A database gets them from
 * {@link migrations}.
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
 * Options of {@link migrations}.
 *
 * @category options
 * @since 0.1.0
 */
export interface MigrationOptions {
  /** Keyspace of the tables. */
  readonly keyspace: string
  /** Number of replicas by data centre, with which the keyspace is created. Default: the keyspace has to exist. */
  readonly replication?: Readonly<{ [dataCenter: string]: number }> | undefined
}

/**
 * The migrations that create the tables of the storages, and change them with later versions of this package. Their
 * history is in the table `migrations` of the keyspace, with its own name, so that the order relative to your own
 * migrations does not matter.
 *
 * **Example** (When deploying)
 *
 * ```ts
 * import { CqlCluster } from "@effect-cql/cluster"
 * import { Migrations } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const deploy = Migrations.run(CqlCluster.migrations({ keyspace: "app", replication: { datacenter1: 3 } }))
 * const names = await Effect.runPromise(deploy.pipe(Effect.provide(MockSession.memory([]))))
 * console.assert(names.join() === "0001_runners,0002_messages,0003_lanes,0004_jobs")
 * ```
 *
 * @category schema changes
 * @since 0.1.0
 */
export const migrations = (options: MigrationOptions): Migrations.Migrations => {
  checkMigrations(options)
  const { keyspace, replication } = options
  return Migrations.make({
    keyspace,
    replication,
    name: "@effect-cql/cluster",
    migrations: tables.migrationsOf(keyspace)
  })
}
