/**
 * The jobs of a cluster, as they are stored: each with its state, and the lanes that its units are divided over.
 *
 * @since 0.1.0
 */
import type { CqlError, Session } from "@effect-cql/core"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as CqlCluster from "./CqlCluster.ts"
import * as rows from "./internal/jobs/rows.ts"
import { entriesOf, takeWith } from "./internal/lanes/fence.ts"
import { nextName } from "./internal/names.ts"
import { make as makeStore } from "./internal/store.ts"
import type { Lane } from "./Lanes.ts"

/**
 * The state of a job.
 *
 * - `planning`: its units are being stored. A job whose creator has died goes on when it is started again.
 * - `running`, `paused`
 * - `done`: every unit has ended well.
 * - `failed`: every unit has ended, and some of them have failed. `retry` runs those again.
 * - `cancelled`
 *
 * @category models
 * @since 0.1.0
 */
export type State = "planning" | "running" | "paused" | "done" | "failed" | "cancelled"

/**
 * A job as it is stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stored {
  readonly id: string
  /** Name and version of its definition. A runner with another version leaves it alone. */
  readonly name: string
  readonly version: string
  /** The parameters as JSON. */
  readonly params: string
  /** Write time in microseconds since the epoch, for every statement of the job: what is done twice has the same effect. */
  readonly timestamp: bigint
  readonly lanes: number
  readonly units: number
  /** Counts how often its failed units were run again. */
  readonly run: number
  readonly state: State
}

/**
 * The stored jobs. Definitions of jobs (`Job.make`) and runners (`JobRunner.layer`) use it.
 *
 * @category services
 * @since 0.1.0
 */
export class Jobs extends Context.Service<Jobs, {
  /** Number of lanes of a job that is created here. */
  readonly lanes: number
  readonly all: Effect.Effect<ReadonlyArray<Stored>, CqlError>
  readonly find: (id: string) => Effect.Effect<Stored | undefined, CqlError>
  /** Stores a job, and returns the one that has its id: this one, or one that was there before. */
  readonly create: (job: Stored) => Effect.Effect<Stored, CqlError>
  /** Starts a job whose units are stored. Returns false if another process has started it. */
  readonly begin: (id: string, units: number) => Effect.Effect<boolean, CqlError>
  /** Starts a job anew that has ended with failures. Returns false if it has not. */
  readonly rerun: (job: Stored) => Effect.Effect<boolean, CqlError>
  /** Changes the state of a job if it has one of some states. Returns false if it has another one. */
  readonly move: (id: string, from: ReadonlyArray<State>, to: State) => Effect.Effect<boolean, CqlError>
  /** Takes a lane of a job, so that its entries can be written. */
  readonly take: (id: string, lane: number) => Effect.Effect<Lane, CqlError>
  /** Reads the entries of a lane of a job, without taking it. */
  readonly entries: (id: string, lane: number) => Effect.Effect<ReadonlyMap<string, string>, CqlError>
}>()("@effect-cql/cluster/Jobs") {}

/**
 * Options of {@link layer}.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends CqlCluster.Options {
  /**
   * Lanes of a job that is created here: how many units of it run at a time, over all runners. The runners of a cluster share them,
   * whatever number of shards they have. Default: 64.
   */
  readonly lanes?: number | undefined
}

/**
 * The stored jobs of a cluster as a Layer.
 *
 * **Example** (No jobs yet)
 *
 * ```ts
 * import { CqlCluster, Jobs } from "@effect-cql/cluster"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer } from "effect"
 *
 * const jobs = Jobs.layer({ keyspace: "app" }).pipe(Layer.provide(MockSession.memory(CqlCluster.ddl("app"))))
 * const all = await Effect.runPromise(Jobs.Jobs.use(({ all }) => all).pipe(Effect.provide(jobs)))
 * console.assert(all.length === 0)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Jobs, never, Session> =>
  Layer.effect(
    Jobs,
    Effect.gen(function*() {
      const store = yield* makeStore(options, Duration.seconds(10))
      const take = takeWith(store, yield* nextName)
      return Jobs.of({
        lanes: options.lanes ?? 64,
        all: rows.all(store),
        find: (id) => rows.find(store, id),
        create: (job) => rows.create(store, job),
        begin: (id, units) => rows.begin(store, id, units),
        rerun: (job) => rows.rerun(store, job),
        move: (id, from, to) => rows.move(store, id, from, to),
        take: (id, lane) => take(`job/${id}`, lane),
        entries: (id, lane) => entriesOf(store, `job/${id}`, lane)
      })
    })
  )
