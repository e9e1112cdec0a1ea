/**
 * The table of rejects. Its rows are written before the checkpoint that counts them, and stand if that checkpoint was made.
 */
import { type CqlError, isCqlError, type Outcome } from "@effect-cql/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Rejected } from "../../JobContext.ts"
import type { Reject } from "../../JobHandle.ts"
import type { Stored } from "../../Jobs.ts"
import type { Row, Store } from "../store.ts"
import { jsonBy, readable } from "./damaged.ts"
import { described, reasonOf } from "./described.ts"
import * as Units from "./units.ts"

/** The parts of its rejects that a job keeps, and for how long. */
export interface Keeping {
  readonly body: boolean
  readonly retention: Duration.Duration | undefined
}

/** The place of a reject: a part of a unit, done after a start of it. */
export interface Place {
  readonly unit: string
  readonly part: number
  readonly start: number
}

export const write = (
  store: Store,
  job: Pick<Stored, "id" | "timestamp">,
  lane: number,
  { part, start, unit }: Place,
  rejects: ReadonlyArray<Rejected>,
  { body: hasBody, retention }: Keeping
): Effect.Effect<void, CqlError> => {
  const seconds = retention === undefined ? 0 : Math.max(1, Math.ceil(Duration.toSeconds(retention)))
  return store.writeAll(
    `INSERT INTO ${
      store.table("rejects")
    } (cluster, job, created, lane, unit, part, start, position, reason, outcome, error, body) ` +
      `VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)${seconds === 0 ? "" : ` USING TTL ${seconds}`}`,
    rejects.map(({ body, error, outcome = isCqlError(error) ? error.outcome : undefined, position }) => [
      store.cluster,
      job.id,
      job.timestamp,
      lane,
      unit,
      part,
      start,
      position,
      reasonOf(error),
      outcome ?? null,
      described(error),
      hasBody && body !== undefined ? json(body) : null
    ])
  )
}

const ofLane = "cluster = ? AND job = ? AND created = ? AND lane = ?"

/** Deletes the rejects of a lane. */
export const remove = (
  store: Store,
  job: Pick<Stored, "id" | "timestamp">,
  lane: number
): Effect.Effect<void, CqlError> =>
  store.write(`DELETE FROM ${store.table("rejects")} WHERE ${ofLane}`, [store.cluster, job.id, job.timestamp, lane])

/** The rejects of a lane that stand, given its units. */
export const read = (
  store: Store,
  job: Pick<Stored, "id" | "timestamp">,
  lane: number,
  units: ReadonlyMap<string, Units.UnitEntry>
): Stream.Stream<Reject, CqlError> => {
  const text = `SELECT unit, part, start, position, reason, outcome, error, body FROM ${store.table("rejects")} ` +
    `WHERE ${ofLane}`
  return store.stream(text, [store.cluster, job.id, job.timestamp, lane]).pipe(
    Stream.mapEffect((row) => {
      const name = String(row["unit"])
      const unit = units.get(name)
      return unit !== undefined && Units.stands(unit, Number(row["part"]), Number(row["start"]))
        ? readable(`a reject of unit ${name} of job ${job.id}`, text, () => toReject(unit.unit, row))
        : Effect.undefined
    }),
    Stream.filter((reject) => reject !== undefined)
  )
}

const toReject = (unit: unknown, row: Row): Reject => ({
  unit,
  position: String(row["position"]),
  reason: String(row["reason"]),
  error: String(row["error"]),
  outcome: row["outcome"] === null ? undefined : row["outcome"] as Outcome.Outcome,
  body: typeof row["body"] === "string" ? bodyBy("body", row["body"]) : undefined
})

const bodyBy = jsonBy((value): value is unknown => value !== undefined)

/** A value as JSON. Integers of 64 bits are texts there. */
const json = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => typeof each === "bigint" ? String(each) : each)
