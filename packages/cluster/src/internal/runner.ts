/**
 * A runner of this process: its address, which no other process has meanwhile, its machine id, and the locks of its shards.
 */
import type { CqlError } from "@effect-cql/core"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import {
  type Answers,
  certain,
  failureOf,
  type Held,
  ofAcquisition,
  ofRefresh,
  succeeded,
  type Unanswered
} from "./answers.ts"
import { Lease } from "./lease.ts"
import { nanosOf } from "./monotonic.ts"
import type { Store } from "./store.ts"

const machines = 1024
const machineSeconds = 3_600
const shardsAtOnce = 32

export class AddressTaken extends Data.TaggedError("AddressTaken")<{ readonly address: string }> {
  override get message(): string {
    return `a runner could not be registered: expected ${this.address} to be free, got an address that another process ` +
      `holds. Give each process its own address, or wait for the lease of the former process to expire.`
  }
}

export class MachinesExhausted extends Data.TaggedError("MachinesExhausted")<{ readonly address: string }> {
  override get message(): string {
    return `a runner could not be registered: expected a free machine id for ${this.address}, got ${machines} that are ` +
      `taken. Start fewer runners in this cluster.`
  }
}

export interface Settings {
  readonly store: Store
  readonly address: string
  /** Name of the process, which no other process has. */
  readonly incarnation: string
  readonly lease: Duration.Duration
  readonly interval: Duration.Duration
}

interface Registration {
  readonly runner: string
  readonly machine: number
  /** Monotonic times of the last renewal of the address and of the machine id. */
  renewed: bigint
  machineRenewed: bigint
}

export class RunnerState {
  readonly #settings: Settings
  readonly #address: Lease
  readonly #locks = new Map<string, Lease>()
  // Registering, reporting and unregistering follow each other, so that no late report revives a runner that is gone.
  readonly #oneByOne = Semaphore.makeUnsafe(1)
  readonly #nextTerm: () => number
  #registration: Registration | undefined
  #wasRegistered = false

  constructor(settings: Settings) {
    let term = 0
    this.#settings = settings
    this.#nextTerm = () => ++term
    this.#address = this.#lease("addresses", settings.address)
  }

  #lease(table: string, key: string): Lease {
    const { address, incarnation, lease, store } = this.#settings
    return new Lease({
      store,
      table: store.table(table),
      key,
      owner: `${address} ${incarnation}`,
      duration: lease,
      nextTerm: this.#nextTerm
    })
  }

  #lock(shard: string): Lease {
    const known = this.#locks.get(shard)
    if (known !== undefined) return known
    const made = this.#lease("locks", shard)
    this.#locks.set(shard, made)
    return made
  }

  /** True if another process may have taken the address: what this process knows of it is void. */
  get hasLostAddress(): boolean {
    return this.#wasRegistered && this.#registration === undefined
  }

  readonly register = (
    runner: string,
    healthy: boolean
  ): Effect.Effect<number, CqlError | AddressTaken | MachinesExhausted> =>
    Effect.gen({ self: this }, function*() {
      const { address, incarnation, store } = this.#settings
      if (!(yield* this.#address.acquire)) {
        const refused = new AddressTaken({ address })
        yield* Effect.logWarning(refused.message)
        return yield* refused
      }
      const machine = yield* this.#takeMachine
      const now = yield* Clock.monotonicTimeNanos
      const registration = { runner, machine, renewed: now, machineRenewed: now }
      yield* store.write(
        `UPDATE ${store.table("runners")} USING TTL ? SET runner = ?, healthy = ? ` +
          "WHERE cluster = ? AND address = ? AND incarnation = ?",
        [this.#seconds, runner, healthy, store.cluster, address, incarnation]
      )
      this.#registration = registration
      this.#wasRegistered = true
      return machine
    }).pipe(this.#oneByOne.withPermits(1))

  readonly unregister: Effect.Effect<void, CqlError> = Effect.suspend(() => {
    const { address, incarnation, store } = this.#settings
    this.#registration = undefined
    this.#wasRegistered = false
    return Effect.andThen(
      store.write(`DELETE FROM ${store.table("runners")} WHERE cluster = ? AND address = ? AND incarnation = ?`, [
        store.cluster,
        address,
        incarnation
      ]),
      this.#address.release
    )
  }).pipe(this.#oneByOne.withPermits(1))

  /**
   * Acquires the locks of shards that are free. It does not fail: Effect would rest for a poll interval, and stop no work meanwhile
   * whose lock is lost.
   */
  readonly acquire = (shards: ReadonlyArray<string>): Effect.Effect<Array<string>> =>
    Effect.gen({ self: this }, function*() {
      if (this.hasLostAddress) return []
      const now = yield* Clock.monotonicTimeNanos
      const answers = ofAcquisition(now, this.#settings.interval, [this.#address, ...this.#locks.values()])
      if (answers.end <= now) return []
      const results = yield* this.#results(shards, answers, (lock) => lock.acquire)
      const failure = failureOf(results)
      if (failure !== undefined) {
        yield* Effect.logWarning(`no lock of ${this.#settings.address} could be acquired, and is tried again`, failure)
      }
      return succeeded(shards, results)
    })

  /**
   * Renews the address and the locks of shards, and returns the shards whose locks are certain. A lock whose renewal failed is
   * certain until the next refresh if its lease lasts that long: one failed renewal is no loss. Fails if it failed for every lock.
   */
  readonly refresh = (shards: ReadonlyArray<string>): Effect.Effect<Array<string>, CqlError | Unanswered> =>
    Effect.gen({ self: this }, function*() {
      const isProbe = shards.length === 0
      const report = this.#report(isProbe)
      if (isProbe) {
        yield* report
        return []
      }
      const answers = ofRefresh(yield* Clock.monotonicTimeNanos, this.#settings.interval, [
        this.#address,
        ...shards.map((shard) => this.#lock(shard))
      ])
      const [isRegistered, results] = yield* Effect.all([
        certain(this.#address, answers, report),
        this.#results(shards, answers, (lock) => lock.renew)
      ], { concurrency: 2 })
      const failure = failureOf(results)
      if (failure !== undefined) return yield* failure
      return isRegistered ? succeeded(shards, results) : []
    })

  readonly release = (shard: string): Effect.Effect<void, CqlError> =>
    Effect.suspend(() => {
      const lock = this.#locks.get(shard)
      return lock === undefined ? Effect.void : lock.release
    })

  readonly releaseAll: Effect.Effect<void, CqlError> = Effect.suspend(() =>
    Effect.flatMap(
      Effect.forEach(this.#locks.values(), (lock) => Effect.result(lock.release), { concurrency: shardsAtOnce }),
      (results) => Effect.asVoid(Effect.fromResult(results.find(Result.isFailure) ?? Result.void))
    )
  )

  /** The results of an operation on the locks of shards: true also where it failed, but the lease lasts. */
  #results(
    shards: ReadonlyArray<string>,
    answers: Answers,
    operation: (lock: Lease) => Effect.Effect<boolean, CqlError>
  ): Effect.Effect<ReadonlyArray<Held>> {
    return Effect.forEach(shards, (shard) => {
      const lock = this.#lock(shard)
      return Effect.result(certain(lock, answers, operation(lock)))
    }, { concurrency: shardsAtOnce })
  }

  /** Reports that the runner is alive, at most once in half an interval. Returns false if another process has its address. */
  #report(isProbe: boolean): Effect.Effect<boolean, CqlError> {
    return Effect.gen({ self: this }, function*() {
      const registration = this.#registration
      const { address, incarnation, interval, store } = this.#settings
      if (registration === undefined) {
        if (isProbe) {
          yield* store.rows(`SELECT scope FROM ${store.table("clusters")} WHERE cluster = ?`, [store.cluster])
        }
        return !this.hasLostAddress
      }
      const now = yield* Clock.monotonicTimeNanos
      if (!isProbe && now - registration.renewed < nanosOf(interval) / 2n) return true
      if (!(yield* this.#address.renew)) {
        this.#registration = undefined
        return false
      }
      yield* store.write(
        `UPDATE ${store.table("runners")} USING TTL ? SET runner = ? ` +
          "WHERE cluster = ? AND address = ? AND incarnation = ?",
        [this.#seconds, registration.runner, store.cluster, address, incarnation]
      )
      registration.renewed = now
      // At last: a machine id is kept for an hour, and a runner that is not listed loses its shards within a lease.
      const isKept = yield* this.#keepMachine(registration, now)
      if (!isKept) this.#registration = undefined
      return isKept
    }).pipe(this.#oneByOne.withPermits(1))
  }

  /** Takes the machine id that belongs to the address, or the next free one. */
  get #takeMachine(): Effect.Effect<number, CqlError | MachinesExhausted> {
    const { address, store } = this.#settings
    const renew = (id: number) => this.#renewMachine(id)
    const first = Math.abs(Hash.string(address)) % machines
    return Effect.gen(function*() {
      for (let offset = 0; offset < machines; offset++) {
        const id = (first + offset) % machines
        const { current, held } = yield* store.condition(
          `INSERT INTO ${store.table("machines")} (cluster, id, address) VALUES (?, ?, ?) IF NOT EXISTS USING TTL ?`,
          [store.cluster, id, address, machineSeconds]
        )
        if (held) return id
        // A process that has had the address may have died most of an hour ago: its id would be another's before it is next renewed.
        if (current["address"] === address && (yield* renew(id))) return id
      }
      return yield* new MachinesExhausted({ address })
    })
  }

  #keepMachine(registration: Registration, now: bigint): Effect.Effect<boolean, CqlError> {
    if (now - registration.machineRenewed < BigInt(machineSeconds) * 250_000_000n) return Effect.succeed(true)
    return Effect.map(this.#renewMachine(registration.machine), (held) => {
      if (held) registration.machineRenewed = now
      return held
    })
  }

  #renewMachine(id: number): Effect.Effect<boolean, CqlError> {
    const { address, store } = this.#settings
    return Effect.map(
      store.condition(
        `UPDATE ${store.table("machines")} USING TTL ? SET address = ? WHERE cluster = ? AND id = ? IF address = ?`,
        [machineSeconds, address, store.cluster, id, address]
      ),
      ({ held }) => held
    )
  }

  get #seconds(): number {
    return Math.ceil(Duration.toSeconds(this.#settings.lease)) + 1
  }
}
