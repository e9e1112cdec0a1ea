/**
 * Removing jobs that have ended.
 *
 * Several processes may remove a job at the same time, and one of them may be late: until then the job is gone, and another one of its id
 * may run. So each write of a removal is bound to the time at which the job was created: the condition on its row, the name
 * of its lanes and the key of its rejects.
 */
import type { CqlError } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Created, Stored } from "../../Jobs.ts"
import { allLanes, lanesAtOnce, removeLane } from "../lanes/fence.ts"
import type { Store } from "../store.ts"
import * as rejects from "./rejects.ts"
import * as Rows from "./rows.ts"
import { summaryLane } from "./summary.ts"

/** The name under which the lanes of a job are stored. */
export const laneName = ({ id, timestamp }: Created): string => `job/${id}/${timestamp}`

export const removal = (store: Store): {
  readonly one: (id: string) => Effect.Effect<boolean, CqlError>
  readonly ended: (olderThan: Duration.Input) => Effect.Effect<number, CqlError>
  readonly lanes: (job: Created & { readonly lanes: number }) => Effect.Effect<void, CqlError>
} => {
  /** Deletes the lanes and rejects of a job. */
  const lanes = (job: Created & { readonly lanes: number }): Effect.Effect<void, CqlError> =>
    Effect.forEach(
      [summaryLane, ...allLanes(job)],
      (lane) => Effect.andThen(removeLane(store, laneName(job), lane), rejects.remove(store, job, lane)),
      { concurrency: lanesAtOnce, discard: true }
    )

  /** Removes a job as it was read. Returns false if it has changed meanwhile, and has not been removed by another process. */
  const removeStored = (job: Stored): Effect.Effect<boolean, CqlError> =>
    Effect.gen(function*() {
      const found = yield* Rows.beginRemoval(store, job)
      if (found !== "removing") return found === "gone"
      yield* lanes(job)
      yield* Rows.remove(store, job)
      return true
    })

  const one = (id: string): Effect.Effect<boolean, CqlError> =>
    Effect.flatMap(Rows.find(store, id), (job) => {
      if (job === undefined) return Effect.succeed(true)
      if (!Rows.removable.includes(job.state)) return Effect.succeed(false)
      // It has been run again meanwhile, and may have ended again.
      return Effect.flatMap(removeStored(job), (isRemoved) => isRemoved ? Effect.succeed(true) : one(id))
    })

  const ended = (olderThan: Duration.Input): Effect.Effect<number, CqlError> =>
    Effect.gen(function*() {
      const age = Check.millis("olderThan", olderThan)
      const latest = (yield* Clock.currentTimeMillis) - age
      return yield* Rows.allRemovable(store).pipe(
        // Without an age, clocks do not matter: that of this process may be behind those of the servers.
        Stream.filter(({ at, job }) => age === 0 || job.state === "removing" || at <= latest),
        // A job that cannot be removed keeps no other one.
        Stream.mapEffect(({ job }) => Effect.result(removeStored(job))),
        Stream.runFold((): Result.Result<number, CqlError> => Result.succeed(0), counted),
        Effect.flatMap(Effect.fromResult)
      )
    })

  return { one, ended, lanes }
}

/** Counts a removal. The first failure stays. */
const counted = (
  before: Result.Result<number, CqlError>,
  next: Result.Result<boolean, CqlError>
): Result.Result<number, CqlError> =>
  Result.isFailure(before)
    ? before
    : Result.map(next, (isRemoved) => isRemoved ? before.success + 1 : before.success)
