/**
 * The table of jobs. Its cells are written by conditional writes only.
 */
import type { CqlError } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import type { State, Stored } from "../../Jobs.ts"
import type { Row, Store } from "../store.ts"

const columns = "job, name, version, params, timestamp, lanes, units, run, state"

export const all = (store: Store): Effect.Effect<ReadonlyArray<Stored>, CqlError> =>
  Effect.map(
    store.rows(`SELECT ${columns} FROM ${store.table("jobs")} WHERE cluster = ?`, [store.cluster]),
    (rows) => rows.map(toStored)
  )

export const find = (store: Store, id: string): Effect.Effect<Stored | undefined, CqlError> =>
  Effect.map(
    store.rows(`SELECT ${columns} FROM ${store.table("jobs")} WHERE cluster = ? AND job = ?`, [store.cluster, id]),
    ([row]) => row && toStored(row)
  )

export const create = (store: Store, job: Stored): Effect.Effect<Stored, CqlError> =>
  Effect.map(
    store.condition(
      `INSERT INTO ${store.table("jobs")} (cluster, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS`,
      [
        store.cluster,
        job.id,
        job.name,
        job.version,
        job.params,
        job.timestamp,
        job.lanes,
        job.units,
        job.run,
        job.state
      ]
    ),
    ({ current, held }) => held ? job : toStored(current)
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
export const begin = (store: Store, id: string, units: number): Effect.Effect<boolean, CqlError> =>
  Effect.map(
    store.condition(
      `UPDATE ${
        store.table("jobs")
      } SET state = 'running', units = ? WHERE cluster = ? AND job = ? IF state = 'planning'`,
      [units, store.cluster, id]
    ),
    ({ held }) => held
  )

/** Starts a job anew that has ended with failures. */
export const rerun = (store: Store, { id, run }: Stored): Effect.Effect<boolean, CqlError> =>
  Effect.map(
    store.condition(
      `UPDATE ${store.table("jobs")} SET state = 'running', run = ? WHERE cluster = ? AND job = ? ` +
        "IF state = 'failed' AND run = ?",
      [run + 1, store.cluster, id, run]
    ),
    ({ current, held }) => held || current["run"] === run + 1
  )

const toStored = (row: Row): Stored => ({
  id: String(row["job"]),
  name: String(row["name"]),
  version: String(row["version"]),
  params: String(row["params"]),
  timestamp: row["timestamp"] as bigint,
  lanes: Number(row["lanes"]),
  units: Number(row["units"]),
  run: Number(row["run"]),
  state: row["state"] as State
})
