/** Membership and locks over a memory session, with faults, on the virtual clock. */
import { CqlCluster } from "@effect-cql/cluster"
import { type Session, Statement } from "@effect-cql/core"
import { FaultPlan, MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Option, Result } from "effect"
import { RunnerAddress, type RunnerStorage } from "effect/cluster"
import { TestClock } from "effect/testing"
import { address, numbers, process, runner, shards } from "./support/runners.ts"

const memory = (faults?: FaultPlan.FaultPlan) =>
  MockSession.memory(CqlCluster.ddl("app"), faults === undefined ? {} : { faults })

describe("locks", () => {
  it.effect("belong to one process, also when two ask at the same time", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* process(1), yield* process(2)]
      const all = Array.from({ length: 60 }, (_, at) => at + 1)
      const [mine, yours] = yield* Effect.all([
        one.acquire(address(1), shards(...all)),
        two.acquire(address(2), shards(...all))
      ], { concurrency: 2 })
      assert.strictEqual(mine.length + yours.length, 60)
      assert.deepStrictEqual(numbers([...mine, ...yours]), all)
    }).pipe(Effect.provide(memory())))

  it.effect("are acquired again by their owner", () =>
    Effect.gen(function*() {
      const one = yield* process(1)
      assert.deepStrictEqual(numbers(yield* one.acquire(address(1), shards(1, 2))), [1, 2])
      assert.deepStrictEqual(numbers(yield* one.acquire(address(1), shards(1, 2))), [1, 2])
    }).pipe(Effect.provide(memory())))

  it.effect("expire, and cannot be refreshed then", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* process(1), yield* process(2)]
      yield* one.acquire(address(1), shards(1, 2))
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(numbers(yield* one.refresh(address(1), shards(1))), [1])
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(numbers(yield* two.acquire(address(2), shards(1, 2))), [2])
      assert.deepStrictEqual(yield* one.refresh(address(1), shards(2)), [])
      assert.deepStrictEqual(numbers(yield* one.refresh(address(1), shards(1, 2))), [1])
    }).pipe(Effect.provide(memory())))

  it.effect("are released by their owner alone", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* process(1), yield* process(2)]
      yield* one.acquire(address(1), shards(1, 2, 3))
      yield* two.release(address(2), shards(1)[0]!)
      yield* two.releaseAll(address(2))
      assert.deepStrictEqual(yield* two.acquire(address(2), shards(1, 2, 3)), [])
      yield* one.release(address(1), shards(1)[0]!)
      assert.deepStrictEqual(numbers(yield* two.acquire(address(2), shards(1, 2, 3))), [1])
      yield* one.releaseAll(address(1))
      assert.deepStrictEqual(numbers(yield* two.acquire(address(2), shards(1, 2, 3))), [1, 2, 3])
    }).pipe(Effect.provide(memory())))

  it.effect("outlive a storage that is away for less than the lease, and no longer", () =>
    Effect.gen(function*() {
      const one = yield* process(1)
      yield* one.acquire(address(1), shards(1, 2))
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(numbers(yield* refreshing(one)), [1, 2])
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(Result.isFailure(yield* Effect.result(refreshing(one))))
    }).pipe(Effect.provide(memory(FaultPlan.make([FaultPlan.between("10 seconds", "1 hour", "unavailable")])))))
})

/** A storage that from some moment on does not answer statements of a pattern. Effect gives up after ten seconds. */
const slow = (pattern: RegExp) => {
  let isSlow = false
  return {
    begins: Effect.sync(() => {
      isSlow = true
    }),
    session: MockSession.memory(CqlCluster.ddl("app"), {
      latency: (request) =>
        isSlow && request._tag === "Statement" && pattern.test(`${request.text} ${request.params.join(" ")}`)
          ? "1 hour"
          : "0 millis"
    })
  }
}

const within = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.timeoutOption(effect, "10 seconds"))
    yield* TestClock.adjust("10 seconds")
    return Option.getOrUndefined(yield* Fiber.join(fiber))
  })

const held = (ids: Effect.Success<ReturnType<RunnerStorage.RunnerStorage["Service"]["acquire"]>> | undefined) =>
  ids && numbers(ids)

describe("a storage that does not answer", () => {
  const ofLock = slow(/locks.* default:2/)
  it.effect("for one lock keeps no other from being acquired", () =>
    Effect.gen(function*() {
      const one = yield* process(1)
      yield* ofLock.begins
      assert.deepStrictEqual(held(yield* within(one.acquire(address(1), shards(1, 2, 3)))), [1, 3])
    }).pipe(Effect.provide(ofLock.session)))

  const ofRenewal = slow(/locks.* default:2/)
  it.effect("for the renewal of one lock loses none while its lease lasts, and then that one alone", () =>
    Effect.gen(function*() {
      const one = yield* process(1)
      assert.deepStrictEqual(held(yield* one.acquire(address(1), shards(1, 2, 3))), [1, 2, 3])
      yield* ofRenewal.begins
      const refresh = within(one.refresh(address(1), shards(1, 2, 3)))
      assert.deepStrictEqual(held(yield* refresh), [1, 2, 3])
      assert.deepStrictEqual(held(yield* refresh), [1, 2, 3])
      assert.deepStrictEqual(held(yield* refresh), [1, 3])
    }).pipe(Effect.provide(ofRenewal.session)))

  const ofAll = slow(/locks/)
  it.effect("for more locks than are renewed at a time loses none while their leases last", () =>
    Effect.gen(function*() {
      const one = yield* process(1)
      const all = Array.from({ length: 64 }, (_, at) => at + 1)
      yield* one.acquire(address(1), shards(...all))
      yield* ofAll.begins
      assert.deepStrictEqual(held(yield* within(one.refresh(address(1), shards(...all)))), all)
    }).pipe(Effect.provide(ofAll.session)))

  const ofLast = slow(/locks.* default:[23]/)
  it.effect("is waited for until a second before the end of a lease", () =>
    Effect.gen(function*() {
      const one = yield* process(1)
      yield* one.acquire(address(1), shards(1, 2))
      yield* ofLast.begins
      yield* TestClock.adjust("24 seconds")
      const timed = (self: Effect.Effect<unknown, unknown>) =>
        Effect.timed(Effect.exit(self)).pipe(Effect.map(([duration]) => Duration.toSeconds(duration)))
      const fibers = yield* Effect.forEach(
        [one.refresh(address(1), shards(2)), one.acquire(address(1), shards(3))],
        (self) => Effect.forkChild(timed(self))
      )
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), [5, 5])
    }).pipe(Effect.provide(ofLast.session)))

  const ofAny = slow(/locks/)
  it.effect("acquires nothing, and does not fail: Effect would rest", () =>
    Effect.gen(function*() {
      const one = yield* process(1)
      yield* ofAny.begins
      assert.deepStrictEqual(yield* within(one.acquire(address(1), shards(1, 2))), [])
    }).pipe(Effect.provide(ofAny.session)))

  const ofMachine = slow(/machines/)
  it.effect("for the machine id keeps the runner listed, with its locks", () =>
    Effect.gen(function*() {
      const one = yield* process(1)
      yield* one.register(runner(1), true)
      const refresh = within(one.refresh(address(1), shards(1, 2)))
      assert.deepStrictEqual(held(yield* one.acquire(address(1), shards(1, 2))), [1, 2])
      yield* ofMachine.begins
      // The machine id is renewed each quarter of an hour.
      for (let round = 0; round < 110; round++) {
        assert.deepStrictEqual(held(yield* refresh), [1, 2])
        assert.strictEqual((yield* one.getRunners).length, 1)
      }
    }).pipe(Effect.provide(ofMachine.session)))

  const ofAddress = slow(/addresses/)
  it.effect("for the address keeps the locks while the lease of the address lasts", () =>
    Effect.gen(function*() {
      const one = yield* process(1)
      yield* one.register(runner(1), true)
      assert.deepStrictEqual(held(yield* one.acquire(address(1), shards(1, 2))), [1, 2])
      yield* TestClock.adjust("6 seconds")
      yield* ofAddress.begins
      const refresh = within(Effect.result(one.refresh(address(1), shards(1, 2))))
      const [first, second, third] = [yield* refresh, yield* refresh, yield* refresh]
      assert.deepStrictEqual(held(first && Result.getOrUndefined(first)), [1, 2])
      assert.deepStrictEqual(held(second && Result.getOrUndefined(second)), [1, 2])
      assert.isTrue(third !== undefined && Result.isFailure(third))
    }).pipe(Effect.provide(ofAddress.session)))
})

describe("runners", () => {
  it.effect("are listed while their lease lasts, with their health", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* process(1), yield* process(2)]
      yield* one.register(runner(1), true)
      yield* two.register(runner(2, 3), true)
      yield* two.setRunnerHealth(address(1), false)
      const listed = yield* Effect.map(one.getRunners, (runners) =>
        new Map(runners.map(([r, h]) => [r.address.port, [r.weight, h]])))
      assert.deepStrictEqual(listed, new Map([[1, [1, false]], [2, [3, true]]]))
      yield* TestClock.adjust("20 seconds")
      yield* one.refresh(address(1), [])
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(
        (yield* two.getRunners).map(([r]) =>
          r.address.port
        ),
        [1]
      )
    }).pipe(Effect.provide(memory())))

  it.effect("leave no ghost behind: neither a late report on health nor a late refresh revives them", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* process(1), yield* process(2)]
      yield* one.register(runner(1), true)
      yield* one.unregister(address(1))
      yield* one.refresh(address(1), [])
      yield* two.setRunnerHealth(address(1), true)
      assert.deepStrictEqual(yield* two.getRunners, [])
      yield* one.register(runner(1), true)
      assert.strictEqual((yield* two.getRunners).length, 1)
    }).pipe(Effect.provide(memory())))

  it.effect("have machine ids of their own, the same for the same address", () =>
    Effect.gen(function*() {
      const ports = Array.from({ length: 40 }, (_, at) => at + 1)
      const register = (port: number) =>
        Effect.flatMap(process(port), (storage) => storage.register(runner(port), true))
      const ids = yield* Effect.forEach(ports, register, { concurrency: 8 })
      assert.strictEqual(new Set(ids).size, 40)
      assert.isTrue(ids.every((id) => id >= 0 && id < 1024))
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* Effect.forEach(ports, register), ids)
    }).pipe(Effect.provide(memory())))

  it.effect("keep their machine id for an hour from each start on", () =>
    Effect.gen(function*() {
      const one = yield* process(1)
      yield* one.register(runner(1), true)
      yield* TestClock.adjust("55 minutes")
      const again = yield* process(1)
      const id = yield* again.register(runner(1), true)
      // Before it is next renewed.
      yield* TestClock.adjust("10 minutes")
      const { rows } = yield* Statement.make("SELECT id, address FROM app.cluster_machines")
      assert.deepStrictEqual(rows.map((row) => row["id"]), [id])
    }).pipe(Effect.provide(memory())))

  it.effect("are refused when all machine ids are taken", () =>
    Effect.gen(function*() {
      for (let id = 0; id < 1_024; id++) {
        yield* Statement.make(
          "INSERT INTO app.cluster_machines (cluster, id, address) VALUES ('default', ?, 'other')",
          [
            id
          ]
        )
      }
      const one = yield* process(1)
      const error = yield* Effect.flip(one.register(runner(1), true))
      assert.include(String(error.cause), "1024 that are taken")
      yield* Statement.make("DELETE FROM app.cluster_machines WHERE cluster = 'default' AND id = 77")
      assert.strictEqual(yield* one.register(runner(1), true), 77)
    }).pipe(Effect.provide(memory())))

  it.effect("hold their address against a second process, and lose everything when they lose it", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* process(1), yield* process(1)]
      yield* one.register(runner(1), true)
      yield* one.acquire(address(1), shards(1, 2))
      const refused = yield* Effect.flip(two.register(runner(1), true))
      assert.include(String(refused.cause), "another process")
      yield* TestClock.adjust("40 seconds")
      yield* two.register(runner(1), true)
      yield* two.acquire(address(1), shards(1))
      assert.deepStrictEqual(yield* one.refresh(address(1), shards(1, 2)), [])
      assert.deepStrictEqual(yield* one.acquire(address(1), shards(2)), [])
      assert.deepStrictEqual(yield* one.getRunners, [])
      assert.deepStrictEqual(numbers(yield* two.refresh(address(1), shards(1))), [1])
    }).pipe(Effect.provide(memory())))

  it.effect("give their address back when they unregister", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* process(1), yield* process(1)]
      const id = yield* one.register(runner(1), true)
      yield* one.unregister(address(1))
      assert.strictEqual(yield* two.register(runner(1), true), id)
    }).pipe(Effect.provide(memory())))

  it.effect("are reported at most once in half an interval, however often locks are confirmed", () =>
    Effect.gen(function*() {
      const one = yield* process(1)
      yield* one.register(runner(1), true)
      yield* one.acquire(address(1), shards(1))
      const mock = yield* MockSession.MockSession
      const before = (yield* mock.calls).length
      yield* Effect.forEach(Array.from({ length: 10 }), () => one.refresh(address(1), shards(1)))
      assert.strictEqual((yield* mock.calls).length - before, 10)
    }).pipe(Effect.provide(memory())))
})

describe("settings", () => {
  const refused = (self: Effect.Effect<unknown, unknown, Session>) =>
    Effect.map(Effect.flip(self), (error) => error instanceof CqlCluster.ClusterRefused ? error.setting : error)

  it.effect("that do not fit the cluster are refused", () =>
    Effect.gen(function*() {
      yield* process(1)
      yield* process(2)
      assert.strictEqual(yield* refused(process(3, { shardsPerGroup: 128 })), "shardsPerGroup")
      assert.strictEqual(yield* refused(process(3, {}, { scope: "global" })), "scope")
      yield* process(3, { shardsPerGroup: 128 }, { cluster: "other" })
      yield* Statement.make("UPDATE app.cluster_clusters SET data_center = 'elsewhere' WHERE cluster = 'default'")
      assert.strictEqual(yield* refused(process(3)), "dataCenter")
    }).pipe(Effect.provide(memory())))

  it.effect("have to name an address, and a lease that servers can count", () =>
    Effect.gen(function*() {
      const runnerAddress = Option.some(RunnerAddress.make("localhost", 34431))
      assert.strictEqual(yield* refused(process(1, { runnerAddress })), "address")
      assert.strictEqual(yield* refused(process(1, { shardLockExpiration: "1 second" })), "lease")
      yield* process(1, { runnerAddress: Option.none() })
    }).pipe(Effect.provide(memory())))

  it("say what to do", () => {
    const error = new CqlCluster.ClusterRefused({ setting: "lease", expected: "a", got: "b", advice: "Do it." })
    assert.strictEqual(error.message, "a process was refused by its cluster: expected lease a, got b. Do it.")
  })
})

describe("faults", () => {
  /** Two processes race for shards, hand one over, and leave. */
  const story = Effect.gen(function*() {
    const [one, two] = [yield* process(1), yield* process(2)]
    const machines = [yield* one.register(runner(1), true), yield* two.register(runner(2), true)]
    const mine = yield* one.acquire(address(1), shards(1, 2))
    yield* one.release(address(1), shards(1)[0]!)
    const again = yield* one.acquire(address(1), shards(1))
    const yours = yield* two.acquire(address(2), shards(1, 2, 3))
    const kept = yield* one.refresh(address(1), shards(1, 2))
    return { machines, mine, again, yours, kept: numbers(kept), one, two }
  })

  it.effect("of any statement are not noticed, whether it was applied, lost or is late", () =>
    Effect.gen(function*() {
      const explored = yield* FaultPlan.explore(story, {
        tables: CqlCluster.ddl("app"),
        invariant: (exit) =>
          Effect.gen(function*() {
            assert.strictEqual(exit._tag, "Success")
            if (exit._tag !== "Success") return
            const { again, kept, machines, mine, one, two, yours } = exit.value
            assert.notStrictEqual(machines[0], machines[1])
            assert.deepStrictEqual([numbers(mine), numbers(again), numbers(yours)], [[1, 2], [1], [3]])
            assert.deepStrictEqual(kept, [1, 2])
            // The clock has gone on: late requests have arrived, and every lease that nothing renewed has expired.
            assert.deepStrictEqual(yield* one.refresh(address(1), shards(1, 2)), [])
            assert.deepStrictEqual(numbers(yield* two.acquire(address(2), shards(1, 2))), [1, 2])
          })
      })
      assert.isFalse(explored.isPartial)
      assert.isAbove(explored.runs, 50)
    }), 120_000)
})

/** Runs an effect while the virtual clock moves for as long as its retries wait. */
const moving = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("4 seconds")
    return yield* Fiber.join(fiber)
  })

const refreshing = (storage: RunnerStorage.RunnerStorage["Service"]) =>
  moving(storage.refresh(address(1), shards(1, 2)))
