/**
 * The table of jobs. Its cells are written by conditional writes only.
 */
import type { CqlError } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { State } from "../../JobHandle.ts"
import type { ErrorBudget } from "../../JobLimits.ts"
import type { Created, Exhausted, Stored } from "../../Jobs.ts"
import type { Row, Store } from "../store.ts"
import { expected, hasFields, isCount, isText, jsonBy, readable as readableRow } from "./damaged.ts"
import type { Bounds } from "./limits.ts"

const columns =
  "job, name, version, fingerprint, params, timestamp, lanes, units, run, state, concurrency, rate, revision, " +
  "budget, forgiven, exhausted"

/** All jobs. A row that cannot be read is logged once, and left out: it hides no other job. */
export const list = (store: Store): Stream.Stream<Stored, CqlError> =>
  Stream.map(readable(store, columns), ({ job }) => job)

const readable = (
  store: Store,
  selected: string
): Stream.Stream<{ readonly job: Stored; readonly row: Row }, CqlError> => {
  const table = store.table("jobs")
  const reported = new Set<unknown>()
  const report = (job: unknown, error: string) => {
    if (reported.has(job)) return Effect.void
    reported.add(job)
    return Effect.logError(`job ${job} is skipped: ${error}`)
  }
  return store.stream(`SELECT ${selected} FROM ${table} WHERE cluster = ?`, [store.cluster]).pipe(
    Stream.mapEffect((row) =>
      toStored(store, row).pipe(
        Effect.map((job) => ({ job, row })),
        Effect.catch(({ reason }) => Effect.as(report(row["job"], reason.message), undefined))
      )
    ),
    Stream.filter((found) => found !== undefined)
  )
}

/** The states of a job that has ended. */
export const ended: ReadonlyArray<State> = ["done", "failed", "cancelled"]

/** The states of a job that can be removed, or whose removal can be continued. */
export const removable: ReadonlyArray<State> = [...ended, "removing"]

/** The jobs that can be removed, with the time of the servers in milliseconds at which they got their state. */
export const allRemovable = (store: Store): Stream.Stream<{ readonly job: Stored; readonly at: number }, CqlError> =>
  readable(store, `${columns}, writetime(state) AS at`).pipe(
    Stream.map(({ job, row }) => ({ job, at: Number(row["at"]) / 1_000 })),
    Stream.filter(({ job }) => removable.includes(job.state))
  )

/** Finds a job. Fails with `RowDecoding` if its row is damaged. */
export const find = (store: Store, id: string): Effect.Effect<Stored | undefined, CqlError> =>
  Effect.flatMap(
    store.rows(`SELECT ${columns} FROM ${store.table("jobs")} WHERE cluster = ? AND job = ?`, [store.cluster, id]),
    ([row]) => row === undefined ? Effect.undefined : toStored(store, row)
  )

export const create = (store: Store, job: Stored): Effect.Effect<Stored, CqlError> =>
  Effect.flatMap(
    store.condition(
      `INSERT INTO ${store.table("jobs")} (cluster, ${columns}) ` +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS",
      [
        store.cluster,
        job.id,
        job.name,
        job.version,
        job.fingerprint,
        job.params,
        job.timestamp,
        job.lanes,
        job.units,
        job.run,
        job.state,
        job.concurrency ?? null,
        job.rate ?? null,
        job.revision,
        job.budget === undefined ? null : JSON.stringify(job.budget),
        BigInt(job.forgiven),
        null
      ]
    ),
    ({ current, held }) => held ? Effect.succeed(job) : toStored(store, current)
  )

/** A state that is the wanted one already counts as changed: the answer to a former attempt may have been lost. */
export const move = (
  store: Store,
  id: string,
  from: ReadonlyArray<State>,
  to: State
): Effect.Effect<boolean, CqlError> =>
  Effect.map(
    store.condition(`UPDATE ${store.table("jobs")} SET state = ? WHERE cluster = ? AND job = ? IF state IN ?`, [
      to,
      store.cluster,
      id,
      from
    ]),
    ({ current, held }) => held || current["state"] === to
  )

/** Starts a job whose units are stored. */
export const begin = (store: Store, { id, timestamp }: Created, units: number): Effect.Effect<boolean, CqlError> =>
  Effect.map(
    store.condition(
      `UPDATE ${
        store.table("jobs")
      } SET state = 'running', units = ? WHERE cluster = ? AND job = ? IF state = 'planning' AND timestamp = ?`,
      [units, store.cluster, id, timestamp]
    ),
    ({ held }) => held
  )

/** Starts a job again that has ended. Its budget counts from so many rejects on. */
export const rerun = (
  store: Store,
  { id, run, timestamp }: Stored,
  forgiven: number
): Effect.Effect<boolean, CqlError> =>
  Effect.map(
    store.condition(
      `UPDATE ${store.table("jobs")} SET state = 'running', run = ?, forgiven = ?, exhausted = null ` +
        "WHERE cluster = ? AND job = ? IF state IN ('failed', 'done') AND run = ? AND timestamp = ?",
      [run + 1, BigInt(forgiven), store.cluster, id, run, timestamp]
    ),
    ({ current, held }) => held || (current["run"] === run + 1 && current["timestamp"] === timestamp)
  )

/** Ends a run of a job all of whose units have ended. A process that is late ends neither a later run nor another job of its id. */
export const end = (
  store: Store,
  { id, run, timestamp }: Stored,
  state: "done" | "failed"
): Effect.Effect<void, CqlError> =>
  Effect.asVoid(
    store.condition(
      `UPDATE ${store.table("jobs")} SET state = ? WHERE cluster = ? AND job = ? ` +
        "IF state = 'running' AND run = ? AND timestamp = ?",
      [state, store.cluster, id, run, timestamp]
    )
  )

/** Ends a running job whose error budget is exhausted. */
export const exhaust = (
  store: Store,
  { id, run, timestamp }: Stored,
  exhausted: Exhausted
): Effect.Effect<void, CqlError> =>
  Effect.asVoid(
    store.condition(
      `UPDATE ${store.table("jobs")} SET state = 'failed', exhausted = ? WHERE cluster = ? AND job = ? ` +
        "IF state = 'running' AND run = ? AND timestamp = ?",
      [JSON.stringify(exhausted), store.cluster, id, run, timestamp]
    )
  )

/** Begins the removal of a job that has not changed since it was read, or continues it. */
export const beginRemoval = (
  store: Store,
  { id, run, timestamp }: Stored
): Effect.Effect<"removing" | "changed" | "gone", CqlError> =>
  Effect.map(
    store.condition(
      `UPDATE ${store.table("jobs")} SET state = 'removing' WHERE cluster = ? AND job = ? ` +
        "IF state IN ? AND run = ? AND timestamp = ?",
      [store.cluster, id, removable, run, timestamp]
    ),
    ({ current, held }) => held ? "removing" : current["timestamp"] === timestamp ? "changed" : "gone"
  )

/** Deletes the row of a job whose lanes are deleted. */
export const remove = (store: Store, { id, timestamp }: Stored): Effect.Effect<void, CqlError> =>
  Effect.asVoid(
    store.condition(
      `DELETE FROM ${store.table("jobs")} WHERE cluster = ? AND job = ? IF state = 'removing' AND timestamp = ?`,
      [store.cluster, id, timestamp]
    )
  )

const unended: ReadonlyArray<State> = ["planning", "running", "paused"]

/**
 * Changes the limits of a job that has not ended, under the condition of its revision: two changes at the same time both count.
 * Returns false if it has ended.
 */
export const setLimits = (
  store: Store,
  id: string,
  change: (bounds: Bounds) => Bounds
): Effect.Effect<boolean, CqlError> =>
  Effect.flatMap(find(store, id), (job) => {
    if (job === undefined || !unended.includes(job.state)) return Effect.succeed(false)
    const { concurrency, rate } = change(job)
    const next = [concurrency ?? null, rate ?? null, job.revision + 1] as const
    return Effect.flatMap(
      store.condition(
        `UPDATE ${store.table("jobs")} SET concurrency = ?, rate = ?, revision = ? WHERE cluster = ? AND job = ? ` +
          "IF revision = ? AND state IN ?",
        [...next, store.cluster, id, job.revision, unended]
      ),
      // Where the answer to a former attempt was lost, the change meets itself, and is made again.
      ({ held }) => held ? Effect.succeed(true) : setLimits(store, id, change)
    )
  })

// A job without lanes would have ended at once.
const isLanes = (value: unknown): value is number => isCount(value) && value > 0
const isNumber = (value: unknown): value is number => typeof value === "number"
const isBigint = (value: unknown): value is bigint => typeof value === "bigint"
const isLimit = (value: unknown): value is number | null => value === null || (typeof value === "number" && value > 0)
const isOptionalText = (value: unknown): value is string | null => value === null || isText(value)
const isState = Schema.is(State)

const budgetBy = jsonBy((value): value is ErrorBudget =>
  hasFields(value, { rejects: isCount }) || hasFields(value, { share: isNumber, minimum: isCount })
)
const exhaustedBy = jsonBy((value): value is Exhausted => hasFields(value, { rejected: isNumber, allowed: isNumber }))

/** Reads the row of a job. Fails with `RowDecoding` if it is damaged. */
const toStored = (store: Store, row: Row): Effect.Effect<Stored, CqlError> => {
  const table = store.table("jobs")
  return readableRow(`the row of job ${String(row["job"])} in ${table}`, `SELECT ${columns} FROM ${table}`, () => {
    const read = <A>(column: string, what: string, is: (value: unknown) => value is A): A =>
      expected(column, what, is, row[column] ?? null)
    const text = (column: string) => read(column, "a text", isText)
    const count = (column: string) => read(column, "a number of at least 0", isCount)
    const limit = (column: string) => read(column, "a positive number or null", isLimit) ?? undefined
    const json = <A>(column: string, by: (part: string, text: unknown) => A): A | undefined => {
      const found = read(column, "a text or null", isOptionalText)
      return found === null ? undefined : by(column, found)
    }
    return {
      id: text("job"),
      name: text("name"),
      version: text("version"),
      fingerprint: text("fingerprint"),
      params: text("params"),
      timestamp: read("timestamp", "a timestamp", isBigint),
      lanes: read("lanes", "lanes from 1 on", isLanes),
      units: count("units"),
      run: count("run"),
      state: read("state", "the state of a job", isState),
      concurrency: limit("concurrency"),
      rate: limit("rate"),
      revision: count("revision"),
      budget: json("budget", budgetBy),
      forgiven: Number(read("forgiven", "a number", isBigint)),
      exhausted: json("exhausted", exhaustedBy)
    }
  })
}
