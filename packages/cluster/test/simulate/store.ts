/** The stored jobs of a simulation: in memory, behind the same fence, and with every statement counted. */
import { type Jobs, Lanes } from "@effect-cql/cluster"
import { Effect, Stream } from "effect"
import type { Process, VirtualTime } from "../support/virtualTime.ts"

/** Milliseconds of a conditional write, there and back. Reads take no time. */
const latency = 4

/** Statements by what they do. */
export type Statements = "read of the jobs" | "lane taken" | "lane read" | "lane written" | "job written"

interface LaneRow {
  epoch: number
  entries: ReadonlyMap<string, string>
  /** Process of each epoch. */
  readonly owners: Map<number, Process | undefined>
}

export class Store {
  readonly counts = new Map<Statements, number>()
  /** Statements of each second. */
  readonly bySecond: Array<number> = []
  refused = 0
  readonly #lanes = new Map<string, LaneRow>()
  readonly #jobs = new Map<string, Jobs.Stored>()
  readonly #time: VirtualTime
  readonly #count: number

  constructor(time: VirtualTime, lanes: number) {
    this.#time = time
    this.#count = lanes
  }

  /** Statements so far. */
  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0)
  }

  /** The jobs as a process sees them. While it is frozen, no answer arrives. */
  jobsOf(process?: Process): Jobs.Jobs["Service"] {
    const statement = <A>(kind: Statements, execute: () => A) =>
      Effect.suspend(() => {
        this.#enter(kind)
        const answer = execute()
        return process === undefined
          ? Effect.succeed(answer)
          : Effect.andThen(kind === "lane written" ? Effect.sleep(latency) : process.running, Effect.succeed(answer))
      })
    const change = (id: string, isChanged: (job: Jobs.Stored) => boolean, to: Partial<Jobs.Stored>) =>
      statement("job written", () => {
        const job = this.#jobs.get(id)
        if (job === undefined || !isChanged(job)) return false
        this.#jobs.set(id, { ...job, ...to })
        return true
      })
    const take = ({ id }: Jobs.Created, lane: number) =>
      // A read of the epoch, and a condition on it.
      Effect.andThen(
        statement("lane read", () => undefined),
        statement("lane taken", (): Lanes.Lane => {
          const row = this.#lane(id, lane)
          const epoch = ++row.epoch
          row.owners.set(epoch, process)
          return {
            name: id,
            lane,
            epoch,
            entries: statement("lane read", () => row.entries),
            save: (entries) =>
              Effect.flatMap(
                statement("lane written", () => {
                  if (row.epoch !== epoch) return false
                  const next = new Map(row.entries)
                  for (const [name, text] of entries) {
                    if (text === null) next.delete(name)
                    else next.set(name, text)
                  }
                  row.entries = next
                  return true
                }),
                (isWritten) => {
                  if (isWritten) return Effect.void
                  this.refused++
                  return Effect.fail(new Lanes.LaneLost({ name: id, lane, epoch }))
                }
              )
          }
        })
      )
    return {
      lanes: this.#count,
      list: Stream.unwrap(statement("read of the jobs", () => Stream.fromIterable([...this.#jobs.values()]))),
      find: (id) => statement("read of the jobs", () => this.#jobs.get(id)),
      create: (job) =>
        statement("job written", () => {
          const known = this.#jobs.get(job.id)
          if (known === undefined) this.#jobs.set(job.id, job)
          return known ?? job
        }),
      begin: ({ id }, units) => change(id, ({ state }) => state === "planning", { state: "running", units }),
      end: (job, state) =>
        Effect.asVoid(change(job.id, ({ run, state }) => state === "running" && run === job.run, { state })),
      rerun: (job, forgiven) =>
        change(job.id, ({ run, state }) => state === "failed" && run === job.run, { state: "running", forgiven }),
      exhaust: (job, exhausted) =>
        Effect.asVoid(change(job.id, ({ state }) => state === "running", { state: "failed", exhausted })),
      // The units of the simulation have no limits, and reject nothing.
      setLimits: () => Effect.die(new Error("no limits were expected")),
      reject: () => Effect.die(new Error("no rejects were expected")),
      rejects: () => Stream.empty,
      remove: () => Effect.die(new Error("no removal was expected")),
      discard: () => Effect.die(new Error("no removal was expected")),
      removeEnded: () => Effect.die(new Error("no removal was expected")),
      move: (id, from, to) => change(id, ({ state }) => from.includes(state), { state: to }),
      entries: ({ id }, lane) => statement("lane read", () => this.#lane(id, lane).entries),
      entryOfEach: (job, name, lanes = Array.from({ length: job.lanes }, (_, lane) => lane)) =>
        // Sixty-four lanes are read by one statement.
        Effect.map(
          Effect.forEach(Array.from({ length: Math.ceil(lanes.length / 64) }), () => statement("lane read", () => {})),
          () =>
            new Map(lanes.flatMap((lane) => {
              const text = this.#lane(job.id, lane).entries.get(name)
              return text === undefined ? [] : [[lane, text] as const]
            }))
        ),
      open: take,
      take
    }
  }

  #lane(id: string, lane: number): LaneRow {
    const key = `${id} ${lane}`
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const row: LaneRow = { epoch: 0, entries: new Map(), owners: new Map() }
    this.#lanes.set(key, row)
    return row
  }

  #enter(kind: Statements): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    const second = Math.floor(this.#time.now / 1_000)
    this.bySecond[second] = (this.bySecond[second] ?? 0) + 1
  }
}
