/** The checks at the end of a proof: the rows of the target, and the account of the job. */
import { type Job, Jobs } from "@effect-cql/cluster"
import { executeConcurrentWithArgs, RetryPolicy, Statement } from "@effect-cql/core"
import { Scan } from "@effect-cql/schema"
import { randomAt } from "@effect-cql/test-support/random"
import { Effect, Schema, Stream } from "effect"
import { insertInto, ranges, type Report, rowsOf } from "./copy.ts"

/** The result of a check: the problem, or undefined for none. */
export type Check = readonly [name: string, problem: string | undefined]

/** The account of the checkpoints that the server has acknowledged to a process. */
export class Account {
  rows = 0
  checkpoints = 0
  refused = 0
  began = 0
  readonly twice: Array<string> = []
  readonly #positions = new Set<string>()

  enter(report: Report): void {
    if (report._tag === "began") this.began++
    if (report._tag === "refused") this.refused++
    if (report._tag !== "checkpoint") return
    const position = `${report.unit} ${report.from}`
    if (this.#positions.has(position)) this.twice.push(position)
    this.#positions.add(position)
    this.checkpoints++
    this.rows += report.rows
  }
}

/** Row `id` of the source. */
export const rowOf = (seed: number, id: number): readonly [id: number, name: string, value: number] => {
  const value = randomAt(seed, id).between(0, 2 ** 30)
  return [id, `row ${id} ${value.toString(36)}`, value]
}

/** Rows of the target that the job does not copy. */
export const others = 100

/** True for a row that the application writes while the job copies it. */
const isNewer = (id: number): boolean => id % 997 === 500

/** Writes rows as an application does that knows nothing of the job. */
export const applicationWrites = (keyspace: string, rows: number, from: number, until: number) => {
  const ids = Array.from({ length: rows }, (_, id) => id).filter((id) =>
    isNewer(id) && id >= from * rows && id < until * rows
  )
  return executeConcurrentWithArgs(
    insertInto(keyspace, "target"),
    ids.map((id) => [id, "newer", -1] as const),
    { concurrency: 16, statement: { consistency: "LOCAL_QUORUM", ...patient } }
  )
}

/** Options of the statements around the job: they wait for nodes that fail. */
export const patient = {
  requestTimeout: "20 seconds",
  retry: RetryPolicy.make({
    schedule: RetryPolicy.backoff({ times: 12, max: "10 seconds" }),
    budget: { minimum: 1_000_000, share: 1 }
  })
} as const

type Row = Statement.RowOf<ReturnType<ReturnType<typeof rowsOf>>>

/** Reads all rows of a table at consistency ALL. */
const forEachRow = (keyspace: string, table: "source" | "target", enter: (row: Row) => void) => {
  const rows = Scan.query(rowsOf(keyspace, table), {
    statement: { consistency: "ALL", ...patient, pageSize: 2_000 }
  })
  return Stream.runForEachArray(rows, (rows) => Effect.sync(() => rows.forEach(enter)))
}

/** Compares the target with the source, row by row, at consistency ALL. */
export const compare = (
  keyspace: string,
  { rows, seed, units }: { readonly rows: number; readonly seed: number; readonly units: number },
  job: Job.Handle,
  account: Account
) =>
  Effect.gen(function*() {
    const checks: Array<Check> = []
    const check = (name: string, isKept: boolean, problem: string) => checks.push([name, isKept ? undefined : problem])

    const parts = ranges(units)
    const ofUnit = new Map<string, number>(parts.map(({ start }) => [String(start), 0]))
    const seen = new Uint8Array(rows)
    let sourceRows = 0
    let changed = 0
    const enterSource = ({ id, name, t, value }: Row) => {
      const [, expected, number] = rowOf(seed, id)
      if (name !== expected || value !== number) changed++
      sourceRows++
      seen[id] = 1
      const unit = String(parts.findLast(({ start }) => t > start)?.start)
      ofUnit.set(unit, (ofUnit.get(unit) ?? 0) + 1)
    }
    yield* forEachRow(keyspace, "source", enterSource)
    check("the source is as it was", sourceRows === rows && changed === 0, `${sourceRows} rows, ${changed} changed`)

    const jobs = yield* Jobs.Jobs
    const stored = yield* jobs.find(job.id)
    const timestamp = stored?.timestamp ?? 0n
    let [targetRows, wrong, undated, lostNewer, foreign] = [0, 0, 0, 0, 0]
    const enterTarget = ({ id, name, value, written }: Row) => {
      if (id >= rows) {
        if (name === "other" && value === id) foreign++
        return
      }
      targetRows++
      if (seen[id] !== 1) wrong++
      seen[id] = 2
      if (isNewer(id)) {
        if (name !== "newer" || value !== -1) lostNewer++
        return
      }
      const [, expected, number] = rowOf(seed, id)
      if (name !== expected || value !== number) wrong++
      if (written !== timestamp) undated++
    }
    yield* forEachRow(keyspace, "target", enterTarget)
    const missing = seen.reduce((sum, mark) => sum + (mark === 2 ? 0 : 1), 0)
    check(
      "the target is equal to the source, row by row",
      targetRows === rows && missing === 0 && wrong === 0,
      `${targetRows} of ${rows} rows, ${missing} missing, ${wrong} wrong`
    )
    check("every copied row has the timestamp of the job", undated === 0, `${undated} have another`)
    check("later writes of an application have won", lostNewer === 0, `${lostNewer} have not`)
    check("other rows are untouched", foreign === others, `${others - foreign} are gone or changed`)

    const { done, failed, rows: counted, state, units: all } = yield* job.progress
    check(
      "the job is done, and every unit ended once",
      state === "done" && done === all && all === units && failed === 0,
      `${state}, ${done} of ${units} done, ${failed} failed`
    )
    check("each row is counted exactly once", counted === rows, `${counted} of ${rows}`)
    const lanes = stored === undefined
      ? []
      : Array.from({ length: stored.lanes }, (_, lane) => jobs.entries(stored, lane))
    let [unequal, unended] = [0, 0]
    for (const entries of yield* Effect.all(lanes, { concurrency: 8 })) {
      let ofLane = 0
      for (const [name, text] of entries) {
        if (!name.startsWith("unit/")) continue
        const entry = yield* Schema.decodeUnknownEffect(Unit)(text)
        ofLane += entry.rows
        if (entry.rows !== ofUnit.get(entry.unit.start)) unequal++
        if (entry.state !== "done") unended++
      }
      const progress = yield* Schema.decodeUnknownEffect(Progress)(entries.get("progress"))
      if (progress.rows !== ofLane) unequal++
    }
    check(
      "every unit has counted the rows of its range, and every lane those of its units",
      unequal === 0 && unended === 0,
      `${unequal} have not, ${unended} have not ended`
    )
    check("no checkpoint was acknowledged twice", account.twice.length === 0, account.twice.slice(0, 3).join("; "))
    check("no more rows were acknowledged than there are", account.rows <= rows, `${account.rows} of ${rows}`)
    return checks
  })

const Unit = Schema.fromJsonString(Schema.Struct({
  unit: Schema.Struct({ start: Schema.String }),
  state: Schema.String,
  rows: Schema.Int
}))
const Progress = Schema.fromJsonString(Schema.Struct({ rows: Schema.Int }))

/** The process of each lock that has one, by the table of the cluster. */
export const owners = (keyspace: string) =>
  Effect.map(
    Statement.make(`SELECT key, owner FROM ${keyspace}.cluster_locks`, [], { consistency: "LOCAL_QUORUM" }),
    ({ rows }) =>
      new Map(rows.map(({ key, owner }) => [String(key), String(owner).split(" ").slice(0, 2).join(" ")] as const))
  )
