/**
 * The stored jobs of a cluster, with their states and their lanes.
 *
 * @since 0.1.0
 */
import type { CqlError, Session } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type * as CqlCluster from "./CqlCluster.ts"
import { readableEntries } from "./internal/jobs/damaged.ts"
import { changed } from "./internal/jobs/limits.ts"
import * as rejects from "./internal/jobs/rejects.ts"
import { laneName, removal } from "./internal/jobs/removal.ts"
import * as Rows from "./internal/jobs/rows.ts"
import * as Units from "./internal/jobs/units.ts"
import { allLanes, entriesOf, entryOfEach, takeWith } from "./internal/lanes/fence.ts"
import { checkJobs } from "./internal/layerOptions.ts"
import { nextName } from "./internal/names.ts"
import { make as makeStore } from "./internal/store.ts"
import type { Rejected } from "./JobContext.ts"
import type { Reject, State } from "./JobHandle.ts"
import type { ErrorBudget, Limits } from "./JobLimits.ts"
import type { Lane, LaneLost } from "./Lanes.ts"

/**
 * The end of a job whose error budget was exhausted: the number of rejects, and the allowed number.
 *
 * @category models
 * @since 0.1.0
 */
export interface Exhausted {
  readonly rejected: number
  readonly allowed: number
}

/**
 * A job as it is stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stored {
  readonly id: string
  /** Name and version of its definition. A runner with another version does not run it. */
  readonly name: string
  readonly version: string
  /** Of its definition: the schemas of parameters and units, and the options of the plan. */
  readonly fingerprint: string
  /** The parameters as JSON. */
  readonly params: string
  /** Write time in microseconds since the epoch for every statement of the job, so that repetitions change nothing. */
  readonly timestamp: bigint
  readonly lanes: number
  /** Number of units at its start. */
  readonly units: number
  /** Counts how often its units were run again. */
  readonly run: number
  readonly state: State
  /** Limit of statements in flight on all lanes; undefined for no limit. */
  readonly concurrency: number | undefined
  /** Limit of requests per second on all lanes; undefined for no limit. */
  readonly rate: number | undefined
  /** Counts the changes of its limits. */
  readonly revision: number
  readonly budget: ErrorBudget | undefined
  /** Rejects that the budget does not count: those before it was last run again. */
  readonly forgiven: number
  readonly exhausted: Exhausted | undefined
}

/**
 * A job with the time of its creation. A job with the same id that was started after the removal of the first has
 * another time.
 *
 * @category models
 * @since 0.1.0
 */
export type Created = Pick<Stored, "id" | "timestamp">

/**
 * Options of `removeEnded`.
 *
 * @category options
 * @since 0.1.0
 */
export interface RemoveEndedOptions {
  /** Minimum time since the end of a job. `0` removes all jobs that have ended. */
  readonly olderThan: Duration.Input
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
  /** All jobs, in the order of their ids, read page by page. One whose row is damaged is logged, and left out. */
  readonly list: Stream.Stream<Stored, CqlError>
  /** Finds a job. Fails with the reason `RowDecoding` if its row is damaged. */
  readonly find: (id: string) => Effect.Effect<Stored | undefined, CqlError>
  /** Stores a job, and returns the one that has its id: this one, or one that was there before. */
  readonly create: (job: Stored) => Effect.Effect<Stored, CqlError>
  /** Starts a job whose units are stored. Returns false if another process has started it. */
  readonly begin: (job: Created, units: number) => Effect.Effect<boolean, CqlError>
  /**
   * Starts an ended job again. Its budget does not count the first `forgiven` rejects. Returns false if it has not
   * ended.
   */
  readonly rerun: (job: Stored, forgiven: number) => Effect.Effect<boolean, CqlError>
  /** Ends the run of a job all of whose units have ended. */
  readonly end: (job: Stored, state: "done" | "failed") => Effect.Effect<void, CqlError>
  /** Ends a running job whose error budget is exhausted. */
  readonly exhaust: (job: Stored, exhausted: Exhausted) => Effect.Effect<void, CqlError>
  /** Changes the limits of a job. Returns false if it has ended. */
  readonly setLimits: (id: string, limits: Limits) => Effect.Effect<boolean, CqlError>
  /** Changes the state of a job if it has one of some states. Returns false if it has another one. */
  readonly move: (id: string, from: ReadonlyArray<State>, to: State) => Effect.Effect<boolean, CqlError>
  /** Takes a lane of a job that is being planned, even a new lane, so that its entries can be written. */
  readonly open: (job: Created, lane: number) => Effect.Effect<Lane, CqlError>
  /** Takes a lane of a job, so that its entries can be written. Fails with `LaneLost` if the job was removed. */
  readonly take: (job: Created, lane: number) => Effect.Effect<Lane, CqlError | LaneLost>
  /** Reads the entries of a lane of a job, without taking it. */
  readonly entries: (job: Created, lane: number) => Effect.Effect<ReadonlyMap<string, string>, CqlError>
  /** Reads one entry of all or some lanes of a job, by lane. */
  readonly entryOfEach: (
    job: Stored,
    entry: string,
    lanes?: ReadonlyArray<number>
  ) => Effect.Effect<ReadonlyMap<number, string>, CqlError>
  /**
   * Deletes a job that has ended, with its lanes and rejects. Its state is `removing` meanwhile, and the next removal
   * continues an interrupted one. A process that still has a lane of the job cannot write to it. Returns false if the
   * job has not ended, and true if there is no such job. Several processes may remove it at the same time; a late one
   * does not touch a new job with the same id.
   */
  readonly remove: (id: string) => Effect.Effect<boolean, CqlError>
  /** Deletes the lanes of a job that was removed while this process planned it. Another job of its id has other lanes. */
  readonly discard: (job: Stored) => Effect.Effect<void, CqlError>
  /**
   * Deletes the jobs that ended at least so long ago, as `remove` does, and returns their number. It reads the list page by page and
   * deletes one job after the other. It may be interrupted and repeated, and several processes may run it at a time. Each of them counts
   * the jobs that it has deleted or helped to delete. A removal that was interrupted is continued, whatever the age of its job. If a job
   * cannot be removed, the others are, and the first error is returned at the end.
   *
   * The end of a job has the time of the servers. Its age is counted by the clock of this process. Dies with `InvalidOptions` for a
   * negative duration, and for what is none.
   *
   * **Example** (Removal by age)
   *
   * ```ts
   * import { CqlCluster, Jobs } from "@effect-cql/cluster"
   * import { MockSession } from "@effect-cql/testing"
   * import { Effect, Layer, Schedule } from "effect"
   *
   * const jobs = Jobs.layer({ keyspace: "app" }).pipe(Layer.provide(MockSession.memory(CqlCluster.ddl("app"))))
   * const remove = Jobs.Jobs.use(({ removeEnded }) => removeEnded({ olderThan: "30 days" }))
   * const daily = remove.pipe(Effect.repeat(Schedule.spaced("1 day")))
   * console.assert(Effect.isEffect(daily))
   * console.assert((await Effect.runPromise(remove.pipe(Effect.provide(jobs)))) === 0)
   * ```
   */
  readonly removeEnded: (options: RemoveEndedOptions) => Effect.Effect<number, CqlError>
  /** Writes rejects of a unit. */
  readonly reject: (
    job: Stored,
    lane: number,
    place: rejects.Place,
    rejected: ReadonlyArray<Rejected>,
    keeping: rejects.Keeping
  ) => Effect.Effect<void, CqlError>
  /** Reads the valid rejects of a lane. */
  readonly rejects: (job: Stored, lane: number) => Stream.Stream<Reject, CqlError>
}>()("@effect-cql/cluster/Jobs") {}

/**
 * Options of {@link layer}.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends CqlCluster.Options {
  /**
   * Number of lanes of a job that is created here: the maximum number of its units that run at a time, on all runners
   * together. It does not depend on the number of shards. Default: 64.
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
 * import { Effect, Layer, Stream } from "effect"
 *
 * const jobs = Jobs.layer({ keyspace: "app" }).pipe(Layer.provide(MockSession.memory(CqlCluster.ddl("app"))))
 * const stored = Jobs.Jobs.use(({ list }) => Stream.runCollect(list))
 * console.assert((await Effect.runPromise(stored.pipe(Effect.provide(jobs)))).length === 0)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Jobs, never, Session> => {
  checkJobs(options)
  return Layer.effect(
    Jobs,
    Effect.gen(function*() {
      const store = yield* makeStore(options, Duration.seconds(10))
      const lanes = takeWith(store, yield* nextName)
      const entries = (job: Created, lane: number) => entriesOf(store, laneName(job), lane)
      const remove = removal(store)
      return Jobs.of({
        lanes: options.lanes ?? 64,
        list: Rows.list(store),
        find: (id) => Rows.find(store, id),
        create: (job) => Rows.create(store, job),
        begin: (job, units) => Rows.begin(store, job, units),
        rerun: (job, forgiven) => Rows.rerun(store, job, forgiven),
        end: (job, state) => Rows.end(store, job, state),
        exhaust: (job, exhausted) => Rows.exhaust(store, job, exhausted),
        setLimits: (id, limits) => Rows.setLimits(store, id, (bounds) => changed(bounds, limits)),
        move: (id, from, to) => Rows.move(store, id, from, to),
        open: (job, lane) => lanes.open(laneName(job), lane),
        take: (job, lane) => lanes.take(laneName(job), lane),
        entries,
        entryOfEach: (job, entry, lanes = allLanes(job)) => entryOfEach(store, laneName(job), lanes, entry),
        remove: remove.one,
        discard: remove.lanes,
        removeEnded: (options) =>
          Effect.suspend(() => {
            Check.names(options, ["olderThan"])
            return remove.ended(options.olderThan)
          }),
        reject: (job, lane, place, rejected, keeping) => rejects.write(store, job, lane, place, rejected, keeping),
        rejects: (job, lane) =>
          Stream.unwrap(
            Effect.flatMap(entries(job, lane), (entries) =>
              Effect.map(
                readableEntries(job.id, lane, () => Units.unitsIn(entries)),
                (units) => rejects.read(store, job, lane, new Map(units))
              ))
          )
      })
    })
  )
}
