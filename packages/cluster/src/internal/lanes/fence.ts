/**
 * The entries of a lane, and the fence in front of them.
 *
 * Who takes a lane begins its next epoch. Each write is a conditional batch in the partition of the lane, under the condition that
 * the epoch is still the same, and that the step before it was the last one. So a process that was frozen while its lane moved on
 * is refused; and a write that a server executes long after it was given up changes nothing.
 */
import type { CqlError } from "@effect-cql/core"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Store } from "../store.ts"

/**
 * Another process has taken the lane, or it was deleted. Nothing was written.
 *
 * @category errors
 * @since 0.1.0
 */
export class LaneLost extends Data.TaggedError("LaneLost")<{
  readonly name: string
  readonly lane: number
  /** The epoch of the process that was refused. */
  readonly epoch: number
}> {
  override get message(): string {
    return `a write of lane ${this.lane} of ${this.name} was refused: expected epoch ${this.epoch}, got a later one. ` +
      `Another process has the lane: stop its work here.`
  }
}

export interface Fence {
  readonly name: string
  /** Number of the lane, from 0. */
  readonly lane: number
  /** Counts how often the lane was taken. */
  readonly epoch: number
  /** The entries, in the order of their names. */
  readonly entries: Effect.Effect<ReadonlyMap<string, string>, CqlError>
  /**
   * Writes entries, and deletes those whose text is null: all of them or none. Fails with `LaneLost` if another process has taken
   * the lane. It may be repeated if it fails with a `CqlError`.
   */
  readonly save: (entries: Iterable<readonly [name: string, text: string | null]>) => Effect.Effect<
    void,
    CqlError | LaneLost
  >
}

/** Takes lanes for a process. */
export const takeWith = (store: Store, process: string): {
  /** Takes a lane, a new one too. */
  readonly open: (name: string, lane: number) => Effect.Effect<Fence, CqlError>
  /** Takes a lane that was opened. Fails with `LaneLost` if it was deleted: a process that is late must not bring it back. */
  readonly take: (name: string, lane: number) => Effect.Effect<Fence, CqlError | LaneLost>
} => {
  let taken = 0
  const nextOwner = () => `${process} ${++taken}`
  const absent = (name: string, lane: number) => new LaneLost({ name, lane, epoch: 0 })
  return {
    open: (name, lane) => Effect.suspend(() => take(store, name, lane, nextOwner(), Effect.void)),
    take: (name, lane) => Effect.suspend(() => take(store, name, lane, nextOwner(), Effect.fail(absent(name, lane))))
  }
}

const take = <E>(
  store: Store,
  name: string,
  lane: number,
  owner: string,
  whenAbsent: Effect.Effect<void, E>
): Effect.Effect<Fence, CqlError | E> =>
  Effect.gen(function*() {
    const key = [store.cluster, name, lane] as const
    const table = store.table("lanes")
    const [known] = yield* store.rows(
      `SELECT epoch, owner FROM ${table} WHERE cluster = ? AND name = ? AND lane = ? LIMIT 1`,
      key
    )
    let former = { epoch: numberOf(known?.["epoch"]), owner: textOf(known?.["owner"]) }
    while (true) {
      if (former.epoch === null) yield* whenAbsent
      const epoch = (former.epoch ?? 0) + 1
      const { current, held } = yield* store.condition(
        `UPDATE ${table} SET epoch = ?, owner = ?, step = 0 WHERE cluster = ? AND name = ? AND lane = ? ` +
          "IF epoch = ? AND owner = ?",
        [epoch, owner, ...key, former.epoch, former.owner]
      )
      if (held || current["owner"] === owner) return fenceOf(store, name, lane, epoch)
      former = { epoch: numberOf(current["epoch"]), owner: textOf(current["owner"]) }
    }
  })

/** The entries of a lane, without taking it. */
export const entriesOf = (
  store: Store,
  name: string,
  lane: number
): Effect.Effect<ReadonlyMap<string, string>, CqlError> =>
  Effect.map(
    store.rows(`SELECT entry, body FROM ${store.table("lanes")} WHERE cluster = ? AND name = ? AND lane = ?`, [
      store.cluster,
      name,
      lane
    ]),
    (rows) => {
      const entries = new Map<string, string>()
      for (const { body, entry } of rows) {
        if (typeof entry === "string" && typeof body === "string") entries.set(entry, body)
      }
      return entries
    }
  )

/** Number of lanes of a job that are read or written at a time. */
export const lanesAtOnce = 8

/** Deletes a lane with its entries. The process that has it is refused from then on. */
export const removeLane = (store: Store, name: string, lane: number): Effect.Effect<void, CqlError> =>
  Effect.gen(function*() {
    const key = [store.cluster, name, lane] as const
    const table = store.table("lanes")
    const where = "WHERE cluster = ? AND name = ? AND lane = ?"
    while (true) {
      const [known] = yield* store.rows(`SELECT epoch, owner FROM ${table} ${where} LIMIT 1`, key)
      const epoch = numberOf(known?.["epoch"])
      if (epoch === null) return
      const { held } = yield* store.batch([
        [
          `UPDATE ${table} SET epoch = null, owner = null, step = null ${where} IF epoch = ? AND owner = ?`,
          [...key, epoch, textOf(known?.["owner"])]
        ],
        [`DELETE FROM ${table} ${where} AND entry >= ?`, [...key, ""]]
      ])
      if (held) return
    }
  })

/** An entry to write, or to delete if its text is null. */
export type Change = readonly [name: string, text: string | null]

// A batch is one mutation, which servers refuse beyond some megabytes. A character has three bytes at most.
const changesOfBatch = 200
const charactersOfBatch = 128 * 1_024

/**
 * Divides changes of a lane, each of one or more entries, among writes that no server finds too large. A change that is larger is a write
 * of its own.
 */
export const batchesOf = <A>(
  changes: ReadonlyArray<A>,
  entriesOf: (change: A) => ReadonlyArray<Change>
): ReadonlyArray<ReadonlyArray<A>> => {
  const batches: Array<Array<A>> = []
  let count = 0
  let characters = 0
  for (const change of changes) {
    const entries = entriesOf(change)
    const own = entries.reduce((sum, [name, text]) => sum + name.length + (text?.length ?? 0), 0)
    count += entries.length
    characters += own
    const batch = batches.at(-1)
    if (batch !== undefined && count <= changesOfBatch && characters <= charactersOfBatch) batch.push(change)
    else {
      batches.push([change])
      count = entries.length
      characters = own
    }
  }
  return batches
}

/** An entry of several lanes, by lane. */
export const entryOfEach = (
  store: Store,
  name: string,
  lanes: ReadonlyArray<number>,
  entry: string
): Effect.Effect<ReadonlyMap<number, string>, CqlError> =>
  Effect.map(
    Effect.forEach(chunksOf(lanes), (chunk) =>
      store.rows(
        `SELECT lane, body FROM ${store.table("lanes")} WHERE cluster = ? AND name = ? AND lane IN ? AND entry = ?`,
        [store.cluster, name, chunk, entry]
      ), { concurrency: chunksAtOnce }),
    (chunks) => {
      const entries = new Map<number, string>()
      for (const { body, lane } of chunks.flat()) {
        if (typeof lane === "number" && typeof body === "string") entries.set(lane, body)
      }
      return entries
    }
  )

// Each lane is a partition: a coordinator that had to read all of them at once would be the slowest node of the cluster.
const lanesOfChunk = 64
const chunksAtOnce = 4

/** The lanes of a job. */
export const allLanes = ({ lanes }: { readonly lanes: number }): ReadonlyArray<number> =>
  Array.from({ length: lanes }, (_, lane) => lane)

/** Lanes that are read by one statement each. */
export const chunksOf = (lanes: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from(
    { length: Math.ceil(lanes.length / lanesOfChunk) },
    (_, chunk) => lanes.slice(chunk * lanesOfChunk, (chunk + 1) * lanesOfChunk)
  )

const numberOf = (value: unknown): number | null => typeof value === "number" ? value : null
const textOf = (value: unknown): string | null => typeof value === "string" ? value : null

const fenceOf = (store: Store, name: string, lane: number, epoch: number): Fence => {
  const key = [store.cluster, name, lane] as const
  const table = store.table("lanes")
  const oneByOne = Semaphore.makeUnsafe(1)
  // The step that the row has, as far as is known, and the last one that was tried: none is tried twice with other entries.
  let step = 0
  let last = 0
  return {
    name,
    lane,
    epoch,
    entries: entriesOf(store, name, lane),
    save: (entries) =>
      Effect.gen(function*() {
        const next = ++last
        const writes = Array.from(entries, ([entry, body]): readonly [string, ReadonlyArray<unknown>] =>
          body === null
            ? [`DELETE FROM ${table} WHERE cluster = ? AND name = ? AND lane = ? AND entry = ?`, [...key, entry]]
            : [
              `INSERT INTO ${table} (cluster, name, lane, entry, body) VALUES (?, ?, ?, ?, ?)`,
              [...key, entry, body]
            ])
        while (true) {
          const { current, held } = yield* store.batch([
            [
              `UPDATE ${table} SET epoch = ?, step = ? WHERE cluster = ? AND name = ? AND lane = ? ` +
              "IF epoch = ? AND step = ?",
              [epoch, next, ...key, epoch, step]
            ],
            ...writes
          ])
          if (!held && current["epoch"] !== epoch) return yield* new LaneLost({ name, lane, epoch })
          const found = held ? next : Number(current["step"])
          step = found
          // Steps of an epoch are this process's own: this very write, whose answer was lost, or a former one that had failed.
          if (found === next) return
        }
      }).pipe(oneByOne.withPermits(1))
  }
}
