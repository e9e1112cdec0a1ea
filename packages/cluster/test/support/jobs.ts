/** Jobs on the virtual clock: runners as processes of their own, over tables in memory. */
import { CqlCluster, Job, JobRunner, Jobs, Lanes } from "@effect-cql/cluster"
import { MockSession } from "@effect-cql/testing"
import { Effect, Exit, Fiber, Layer, Logger, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"

export const options = { keyspace: "app", lanes: 4 }

/** The stored jobs, and a session over their tables and others. */
export const memory = (tables: ReadonlyArray<string> = [], settings?: MockSession.MemoryOptions, lanes = 4) =>
  Layer.provideMerge(
    Layer.fresh(Jobs.layer({ keyspace: "app", lanes })),
    Layer.mergeAll(
      Layer.fresh(MockSession.memory([...CqlCluster.ddl("app"), ...tables], settings)),
      Logger.layer([])
    )
  )

/** Starts a runner in a process of its own. It ends when its scope does: its units are interrupted. */
export const process = <R>(
  layer: Layer.Layer<never, never, JobRunner.JobRunner | R>,
  settings: { readonly lanes?: number; readonly interval?: number } = {}
) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const runner = layer.pipe(Layer.provide(Layer.fresh(JobRunner.layerLocal({ ...options, ...settings }))))
    yield* Layer.buildWithScope(Layer.fresh(runner), scope)
    return { kill: Scope.close(scope, Exit.void) }
  })

/** One of several runners of a cluster: it owns every so many-th lane, as shards would be owned. */
export const runner = <R>(
  layer: Layer.Layer<never, never, JobRunner.JobRunner | R>,
  { count, lanes, of }: { readonly lanes: number; readonly of: number; readonly count: number }
) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const owned = Layer.succeed(
      Lanes.Lanes,
      Lanes.Lanes.of({
        count: lanes,
        register: (_, work) =>
          Effect.forEach(
            Array.from({ length: lanes }, (_, lane) => lane).filter((lane) => lane % count === of),
            (lane) => Effect.forkScoped(Effect.ignore(work(lane))),
            { discard: true }
          ),
        take: () => Effect.die("the lanes of jobs are taken by Jobs")
      })
    )
    const runner = layer.pipe(Layer.provide(Layer.fresh(JobRunner.layerLanes())), Layer.provide(owned))
    yield* Layer.buildWithScope(Layer.fresh(runner), scope)
  })

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** Lets virtual time pass in minutes, and gives what an effect gives then. */
export const after = <A, E, R>(minutes: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(minutes * 60_000)
    // What waits for a promise, such as the hash of the key of a workflow, begins when the time has passed.
    for (let waits = 0; waits < 200 && fiber.pollUnsafe() === undefined; waits++) {
      yield* turn
      yield* TestClock.adjust(minutes * 60_000)
    }
    return yield* Fiber.join(fiber)
  })

/** Lets seconds of virtual time pass until a value is as expected. */
export const until = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  Effect.gen(function*() {
    for (let waits = 0; waits < 200; waits++) {
      const value = yield* effect
      if (holds(value)) return value
      yield* turn
      yield* TestClock.adjust(1_000)
    }
    return yield* Effect.die(new Error("it did not come"))
  })

/** A job of numbered units. */
export const numbered = (settings?: Partial<Job.Options<{ readonly units: number }, number, never, never>>) =>
  Job.make("Numbered", {
    version: "1",
    params: Schema.Struct({ units: Schema.Int }),
    unit: Schema.Int,
    units: ({ units }) => Effect.succeed(Array.from({ length: units }, (_, unit) => unit)),
    ...settings
  })

/** The rejects of a job, in the order of their units and positions. */
export const rejectsOf = (job: Job.Handle) =>
  Effect.map(
    Stream.runCollect(job.rejects),
    (rejects) => rejects.toSorted((a, b) => `${a.unit} ${a.position}` < `${b.unit} ${b.position}` ? -1 : 1)
  )
