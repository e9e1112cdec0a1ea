/** Entities and workflows of Effect whose owners die, as a function of the storages. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Schedule, Schema, Stream } from "effect"
import { ClusterSchema, Entity } from "effect/cluster"
import { Rpc } from "effect/rpc"
import { Activity, DurableDeferred, Workflow } from "effect/workflow"
import { type Driver, run, type Runner } from "./handover.ts"

const last = 12

const Numbers = Entity.make("Numbers", [
  Rpc.make("From", { payload: { key: Schema.String }, success: Schema.Int, stream: true, primaryKey: ({ key }) => key })
    .annotate(ClusterSchema.Persisted, true),
  Rpc.make("Double", { payload: { n: Schema.Int }, success: Schema.Int, primaryKey: ({ n }) => String(n) })
    .annotate(ClusterSchema.Persisted, true)
])

const Approval = DurableDeferred.make("Approval", { success: Schema.Int })

const Booking = Workflow.make("Booking", {
  payload: { id: Schema.String, ends: Schema.Literals(["fails", "waits", "works"]) },
  success: Schema.Int,
  error: Schema.String,
  idempotencyKey: ({ id }) => id
})

/** The events of all runners, in their order: the process of the test has them, so that none is lost by a kill. */
class Log {
  readonly events: Array<readonly [port: number, event: string]> = []

  add(port: number, event: string): Effect.Effect<void> {
    return Effect.sync(() => {
      this.events.push([port, event])
    })
  }

  portsOf(event: string): ReadonlyArray<number> {
    return this.events.filter(([, each]) => each === event).map(([port]) => port)
  }

  /** Waits until an event has happened so many times. */
  until(event: string, times = 1): Effect.Effect<ReadonlyArray<number>> {
    return Effect.sync(() => this.portsOf(event)).pipe(
      Effect.repeat({ until: (ports) => ports.length >= times, schedule: Schedule.spaced("20 millis") }),
      Effect.timeout("60 seconds"),
      Effect.orDie
    )
  }

  /** Kills the runner at which an event has happened last. */
  killAt(event: string, runners: ReadonlyArray<Runner>, times = 1): Effect.Effect<number> {
    return Effect.flatMap(this.until(event, times), (ports) => {
      const victim = runners.find(({ port }) => port === ports.at(-1))
      return victim === undefined ? Effect.die(`no runner has ${event}`) : Effect.as(victim.kill, victim.port)
    })
  }
}

/** Sends the numbers that have not been sent, one after the other. */
const numbers = (log: Log, port: number) =>
  Numbers.toLayer({
    From: ({ lastSentChunkValue }) =>
      Stream.range(Option.match(lastSentChunkValue, { onNone: () => 0, onSome: (n) => n + 1 }), last).pipe(
        Stream.rechunk(1),
        Stream.mapEffect((n) => Effect.sleep("150 millis").pipe(Effect.andThen(log.add(port, "sends")), Effect.as(n)))
      ),
    Double: ({ payload: { n } }) => Effect.succeed(2 * n)
  })

/** Dies of a defect some times at each owner, or always at the first one. */
const defective = (log: Log, port: number, dies: (times: number, port: number) => boolean) =>
  Numbers.toLayer(
    Effect.gen(function*() {
      yield* log.add(port, "built")
      return Numbers.of({
        From: () => Stream.empty,
        Double: ({ payload: { n } }) =>
          Effect.gen(function*() {
            yield* log.add(port, `began ${n}`)
            yield* Effect.sleep("100 millis")
            if (n === 1 && dies(log.portsOf("began 1").length, port)) return yield* Effect.die("a defect")
            yield* log.add(port, `ended ${n}`)
            return 2 * n
          })
      })
    }),
    { concurrency: "unbounded", defectRetryPolicy: Schedule.spaced("200 millis") }
  )

/** A step with its compensation, and another step behind it, as which the workflow ends. */
const booking = (log: Log, port: number) => {
  const worked = (name: string) =>
    Activity.make({
      name,
      execute: log.add(port, `began ${name}`).pipe(
        Effect.andThen(Effect.sleep("600 millis")),
        Effect.andThen(log.add(port, `ended ${name}`))
      )
    })
  return Booking.toLayer(Effect.fnUntraced(function*({ ends }: (typeof Booking.payloadSchema)["Type"]) {
    yield* Workflow.withCompensation(worked("book"), () =>
      worked("cancel").pipe(
        Effect.andThen(log.add(port, "cancelled")),
        Effect.andThen(Effect.sleep("600 millis"))
      ))
    yield* worked("pay")
    if (ends === "fails") return yield* Effect.fail("no money")
    if (ends === "waits") return yield* DurableDeferred.await(Approval)
    yield* worked("ship")
    return 1
  }))
}

const timeout = "100 seconds"

/**
 * Tests of one runner whose end another one makes. A compensation that is to be done once has to be an activity, whose end is
 * stored: the effect around it runs again when a runner dies before the end of the workflow is stored. That is so over each storage.
 */
export const handoverSuite = (
  name: string,
  driver: () => Driver,
  { isConcurrent = false, limit = 30_000 }: { readonly isConcurrent?: boolean; readonly limit?: number } = {}
) =>
  describe(name, { concurrent: isConcurrent }, () => {
    const test = (
      title: string,
      program: (log: Log, ...given: Parameters<Parameters<typeof run>[1]>) => Effect.Effect<void, unknown>
    ) => it(title, () => run(driver(), (runners) => Effect.timeout(program(new Log(), runners), timeout)), limit)

    test("resumes the stream of an entity behind what was received", (log, { client, start }) =>
      Effect.gen(function*() {
        const layer = (port: number) => numbers(log, port)
        const runners = [yield* start(layer)]
        const received: Array<number> = []
        const clientOf = yield* Numbers.client
        const reads = yield* Effect.forkChild(
          Stream.runForEach(clientOf("one").From({ key: "k" }), (n) => Effect.sync(() => received.push(n)))
        )
        const first = yield* log.killAt("sends", runners, 4)
        runners.push(yield* start(layer))
        const second = yield* log.killAt("sends", runners.slice(1), 9)
        runners.push(yield* start(layer))
        yield* Fiber.join(reads)
        const all = Array.from({ length: last + 1 }, (_, n) => n)
        assert.deepStrictEqual(received, all)
        assert.deepStrictEqual([first, second, log.portsOf("sends").at(-1)], [1, 2, 3])
        // A number is sent again if its owner died before it was stored, and no other one.
        assert.isAtMost(log.portsOf("sends").length, all.length + 2)
      }).pipe(Effect.provide(client), Effect.scoped))

    test("restarts an entity that dies of a defect, and does its requests again", (log, { client, start }) =>
      Effect.gen(function*() {
        yield* start((port) =>
          defective(log, port, (times) => times <= 3)
        )
        const clientOf = yield* Numbers.client
        const entity = clientOf("one")
        const answers = yield* Effect.all([entity.Double({ n: 1 }), entity.Double({ n: 2 })], { concurrency: 2 })
        assert.deepStrictEqual(answers, [2, 4])
        assert.strictEqual(log.portsOf("began 1").length, 4)
        assert.strictEqual(log.portsOf("ended 1").length, 1)
        assert.strictEqual(log.portsOf("built").length, 4)
        // The same keys are the same requests, and the entity goes on.
        assert.deepStrictEqual(yield* Effect.all([entity.Double({ n: 1 }), entity.Double({ n: 3 })]), [2, 6])
        assert.strictEqual(log.portsOf("ended 1").length, 1)
      }).pipe(Effect.provide(client)))

    test("has the next owner do what dies of a defect at one that is killed", (log, { client, start }) =>
      Effect.gen(function*() {
        const layer = (port: number) =>
          defective(log, port, (_, port) =>
            port === 1)
        const runners = [yield* start(layer)]
        const clientOf = yield* Numbers.client
        const asked = yield* Effect.forkChild(clientOf("one").Double({ n: 1 }))
        yield* log.killAt("began 1", runners, 3)
        yield* start(layer)
        assert.strictEqual(yield* Fiber.join(asked), 2)
        assert.deepStrictEqual(log.portsOf("ended 1"), [2])
      }).pipe(Effect.provide(client)))

    for (
      const [moment, event] of [
        ["between the step and its compensation", "began pay"],
        ["within its compensation", "began cancel"],
        ["behind its compensation, before its end was stored", "cancelled"]
      ] as const
    ) {
      test(`compensates a workflow once whose runner dies ${moment}`, (log, { client, start }) =>
        Effect.gen(function*() {
          const layer = (port: number) =>
            booking(log, port)
          const runners = [yield* start(layer)]
          const payload = { id: "b", ends: "fails" } as const
          const ended = yield* Effect.forkChild(Effect.flip(Booking.execute(payload)))
          yield* log.killAt(event, runners)
          yield* start(layer)
          assert.strictEqual(yield* Fiber.join(ended), "no money")
          assert.deepStrictEqual([log.portsOf("ended book"), log.portsOf("ended cancel").length], [[1], 1])
          assert.strictEqual(log.portsOf("ended pay").length, 1)
          // It has ended: another call gets the same end, and compensates nothing.
          assert.strictEqual(yield* Effect.flip(Booking.execute(payload)), "no money")
          yield* Effect.sleep("3 seconds")
          assert.strictEqual(log.portsOf("ended cancel").length, 1)
        }).pipe(Effect.provide(client)))
    }

    for (
      const [moment, ends, event] of [
        ["while an activity runs", "works", "began pay"],
        ["while it waits for a deferred", "waits", "ended pay"]
      ] as const
    ) {
      test(`interrupts a workflow over its dead runner, which has died ${moment}`, (log, { client, start }) =>
        Effect.gen(function*() {
          const layer = (port: number) =>
            booking(log, port)
          const runners = [yield* start(layer)]
          const executionId = yield* Booking.execute({ id: "b", ends }, { discard: true })
          yield* log.until(event)
          // The workflow is suspended by then, if it waits.
          if (ends === "waits") {
            yield* Effect.sleep("2 seconds")
          }
          yield* log.killAt(event, runners)
          yield* Booking.interrupt(executionId)
          const second = yield* start(layer)
          const result = yield* Booking.poll(executionId).pipe(
            Effect.repeat({
              until: (result) =>
                Option.isSome(result) && result.value._tag === "Complete",
              schedule: Schedule.spaced("100 millis")
            })
          )
          const isInterrupted = Option.isSome(result) && result.value._tag === "Complete" &&
            Exit.hasInterrupts(result.value.exit)
          assert.isTrue(isInterrupted, String(result))
          assert.deepStrictEqual([log.portsOf("ended book"), log.portsOf("ended cancel")], [[1], [second.port]])
          assert.deepStrictEqual(log.portsOf("began ship"), [])
          // A deferred that is done too late wakes nothing.
          const token = DurableDeferred.tokenFromExecutionId(Approval, { workflow: Booking, executionId })
          yield* DurableDeferred.done(Approval, { token, exit: Exit.succeed(1) })
          yield* Effect.sleep("3 seconds")
          assert.strictEqual(log.portsOf("ended cancel").length, 1)
          assert.isTrue(Exit.isFailure(yield* Effect.exit(Booking.execute({ id: "b", ends }))))
        }).pipe(Effect.provide(client)))
    }
  })
