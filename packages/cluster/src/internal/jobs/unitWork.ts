/**
 * A unit at work: its state in memory, and its writes behind the fence of the lane.
 */
import {
  type CqlError,
  executeConcurrent,
  type ExecutionResult,
  isCqlError,
  Session,
  Statement
} from "@effect-cql/core"
import type { Batch } from "@effect-cql/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Context, Executed, ExecuteOptions, Rejected } from "../../JobContext.ts"
import { JobStopped, StatementNotIdempotent } from "../../JobErrors.ts"
import type { Jobs } from "../../Jobs.ts"
import type { Lane, LaneLost } from "../../Lanes.ts"
import type { Handler } from "./handler.ts"
import { checkedRows } from "./limits.ts"
import * as sizes from "./sizes.ts"
import { Turns } from "./turns.ts"
import * as Units from "./units.ts"
import type { JobWatch } from "./watch.ts"

/** A lane of a job at work, with its progress. */
export interface LaneWork {
  readonly jobs: Jobs["Service"]
  readonly watch: JobWatch
  readonly handler: Handler
  readonly lane: Lane
  /** The run of the job in which this work has begun. */
  readonly run: number
  progress: Units.ProgressEntry
}

/** Further parts of a write. */
interface Further {
  /** The rejects that it counts. */
  readonly counted?: ReadonlyArray<string>
  readonly others?: ReadonlyArray<readonly [name: string, text: string]>
}

export class UnitWork {
  readonly #work: LaneWork
  readonly name: string
  unit: Units.UnitEntry
  /** The tables of the jobs could not be written: that is no failure of the unit. */
  storeFailed = false
  /** The part that is being done. */
  #part: number
  /** Rejects that no checkpoint has counted. */
  #pending = new Set<string>()
  /** Statements since the last checkpoint. */
  #statements = 0
  readonly #startsBefore: number
  readonly #turns = new Turns()

  constructor(work: LaneWork, name: string, unit: Units.UnitEntry) {
    this.#work = work
    this.name = name
    this.unit = unit
    this.#part = unit.parts + 1
    this.#startsBefore = unit.starts
  }

  get progress(): Units.ProgressEntry {
    return this.#work.progress
  }

  /** Writes that an attempt starts. */
  get start(): Effect.Effect<void, CqlError | LaneLost> {
    return this.#turns.alone(Effect.suspend(() => {
      const { attempt, starts } = this.unit
      return this.save({ ...this.unit, attempt: attempt + 1, starts: starts + 1 }, this.progress)
    }))
  }

  /** Writes the unit and the progress of its lane, and further entries, in one step. */
  save(
    unit: Units.UnitEntry,
    progress: Units.ProgressEntry,
    { counted = [], others = [] }: Further = {}
  ): Effect.Effect<void, CqlError | LaneLost> {
    return Effect.map(
      this.#work.lane.save([Units.entryOf(this.name, unit), ...others, Units.progressEntry(progress)]),
      () => {
        this.unit = unit
        this.#work.progress = progress
        for (const each of counted) this.#pending.delete(each)
        this.#count()
      }
    )
  }

  /** Writes the unit with what has been done since the last checkpoint. Without a cursor, it keeps the one that it has. */
  advance(
    next: Partial<Units.UnitEntry> & Pick<Units.UnitEntry, "state">,
    rows: number
  ): Effect.Effect<void, CqlError | LaneLost> {
    return this.#turns.alone(Effect.suspend(() => {
      const { progress } = this.#work
      const unit = this.unit
      const parts = this.#part++
      this.#statements = 0
      const counted = [...this.#pending]
      const rejected = counted.length
      const isNew = unit.doneBy.at(-1)?.[0] !== unit.starts
      return this.save({
        ...unit,
        ...next,
        rows: unit.rows + rows,
        rejected: unit.rejected + rejected,
        parts,
        doneBy: isNew ? [...unit.doneBy, [unit.starts, unit.parts + 1]] : unit.doneBy,
        error: undefined
      }, {
        ...progress,
        done: progress.done + (next.state === "done" ? 1 : 0),
        rows: progress.rows + rows,
        rejected: progress.rejected + rejected
      }, { counted })
    }))
  }

  /** Returns a number of rows that a handler has given. Throws `InvalidOptions` for one that cannot be counted. */
  countable(rows: number): number {
    checkedRows(this.#work.progress.rows + checkedRows(rows))
    return rows
  }

  /**
   * Writes the end of an attempt, unless it has not started or its unit has ended. Rejects that no checkpoint has counted are void:
   * their part is done again.
   */
  endAttempt(change: (unit: Units.UnitEntry) => Units.UnitEntry): Effect.Effect<void, CqlError | LaneLost> {
    return this.#turns.alone(Effect.suspend(() => {
      const { starts, state } = this.unit
      if (starts === this.#startsBefore || state !== "waiting") return Effect.void
      this.#pending.clear()
      return this.save(change(this.unit), this.progress)
    }))
  }

  /** Lets the unit fail. */
  fail(error: string): Effect.Effect<void, CqlError | LaneLost> {
    return this.#turns.alone(
      Effect.suspend(() =>
        this.save({ ...this.unit, state: "failed", error }, { ...this.progress, failed: this.progress.failed + 1 })
      )
    )
  }

  get context(): Context<string> {
    const { job } = this.#work.watch
    return {
      id: job.id,
      params: job.params,
      timestamp: job.timestamp,
      cursor: structuredClone(this.unit.cursor),
      checkpoint: ({ cursor, rows }) =>
        this.#stored(
          Effect.flatMap(
            cursor === undefined ? Effect.undefined : sizes.stored("cursor", job.id, cursor),
            (cursor) => this.advance({ state: "waiting", cursor }, this.countable(rows))
          )
        ),
      execute: (statements, options = {}) => this.#execute([...statements], options),
      reject: (rejected) => this.#reject([rejected])
    }
  }

  /** Ends the unit if its lane may not go on. */
  get #goesOn(): Effect.Effect<void, JobStopped> {
    return Effect.suspend(() => {
      const { lane, run, watch } = this.#work
      return watch.mayRun(lane.lane, run) ? Effect.void : Effect.fail(new JobStopped({ id: watch.job.id }))
    })
  }

  #stored<A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E | CqlError | JobStopped> {
    return self.pipe(
      Effect.tap(this.#withinBudget),
      Effect.tapError((error) =>
        Effect.sync(() => {
          if (isCqlError(error) && !isRefusal(error)) this.storeFailed = true
        })
      ),
      Effect.tap(this.#goesOn)
    )
  }

  #count(): void {
    const { lane, progress, run, watch } = this.#work
    watch.count(lane.lane, run, progress, this.#pending.size)
  }

  get #withinBudget(): Effect.Effect<void, CqlError> {
    return Effect.suspend(() => endIfExhausted(this.#work.jobs, this.#work.watch))
  }

  #reject(rejected: ReadonlyArray<Rejected>): Effect.Effect<void, CqlError | LaneLost | JobStopped> {
    if (rejected.length === 0) return Effect.void
    const { handler, jobs, lane, watch } = this.#work
    const written = Effect.suspend(() => {
      const part = this.#part
      const place = { unit: this.name, part, start: this.unit.starts }
      return Effect.map(jobs.reject(watch.job, lane.lane, place, rejected, handler.keeping), () => {
        for (const { position } of rejected) this.#pending.add(`${part} ${position}`)
        this.#count()
      })
    })
    return this.#stored(this.#turns.beside(written))
  }

  #execute(
    statements: ReadonlyArray<Statement.Statement<unknown> | Batch.Batch>,
    { body, position, statement }: ExecuteOptions
  ): Effect.Effect<Executed, CqlError | LaneLost | JobStopped | StatementNotIdempotent, Session> {
    const { handler, lane, watch } = this.#work
    const { id, timestamp } = watch.job
    return Effect.gen({ self: this }, function*() {
      yield* this.#goesOn
      const refused = handler.atLeastOnce || statement?.idempotent === true
        ? undefined
        : statements.find((each) => !Statement.isIdempotent(each))
      if (refused !== undefined) return yield* new StatementNotIdempotent({ id, text: refused.text })
      const first = this.#statements
      this.#statements += statements.length
      const limiter = yield* watch.limiterOf(lane.lane)
      const { defaults } = yield* Session
      const results = yield* executeConcurrent(statements, {
        // The limiter bounds those in flight. So a higher limit holds for a page that has begun.
        concurrency: watch.job.concurrency === undefined ? undefined : "unbounded",
        raiseOnFirstError: false,
        limiter,
        rounds,
        statement: {
          ...statement,
          timestamp: statement?.timestamp ?? timestamp,
          // Without a timeout, a statement that is never answered would hold its lane forever.
          requestTimeout: statement?.requestTimeout ?? defaults.requestTimeout ?? longestRequest
        }
      }).pipe(Effect.raceFirst(this.#stopped))
      const failed = results.filter((result) => result._tag === "Failure")
      yield* this.#reject(failed.map(({ error, index }) => ({
        position: position?.(index) ?? String(first + index),
        error,
        body: body?.(index)
      })))
      const applied = results.filter(({ outcome, success }) => success && outcome === "Applied").length
      return { applied, notApplied: statements.length - applied - failed.length, rejected: failed.length }
    })
  }

  /**
   * Fails when the statements that wait would never start, because the lane has to wait for its turn; or when the job has been stopped
   * for a while. A page under a low rate may take hours.
   */
  get #stopped(): Effect.Effect<never, JobStopped> {
    return Effect.suspend(() => {
      const { lane, watch } = this.#work
      let stopped = 0
      const goesOn = () => watch.shareOf(lane.lane) !== undefined && (watch.isRunning || ++stopped < longestStop)
      return Effect.andThen(
        Effect.repeat(Effect.sleep(second), { while: goesOn }),
        Effect.fail(new JobStopped({ id: watch.job.id }))
      )
    })
  }
}

/** True if a server refuses what the unit writes, such as a reject that is too large: it would refuse it again. */
const isRefusal = ({ isRetryable, outcome }: CqlError): boolean => !isRetryable && outcome === "NotApplied"

const second = Duration.seconds(1)
const longestRequest = Duration.minutes(1)
/** Seconds for which a page may go on when its job no longer runs. */
const longestStop = 10

/** Up to half a minute of rounds for failures that may be transient. */
const rounds: Schedule.Schedule<unknown, ReadonlyArray<ExecutionResult.Failure>> = Schedule.exponential("1 second")
  .pipe(
    Schedule.upTo({ times: 5 }),
    Schedule.setInputType<ReadonlyArray<ExecutionResult.Failure>>(),
    Schedule.while(({ input }) => input.some(({ error }) => error.isRetryable))
  )

/** Ends a job whose error budget is exhausted. */
export const endIfExhausted = (jobs: Jobs["Service"], watch: JobWatch): Effect.Effect<void, CqlError> => {
  const { exceeded, isRunning } = watch
  return exceeded === undefined || !isRunning
    ? Effect.void
    : Effect.map(jobs.exhaust(watch.job, exceeded), () => watch.end("failed"))
}
