/** Helpers of the tests of runs: a scripted session, and virtual time. */
import { Reason, Statement } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { Cause, Clock, type Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"

export const insert = "INSERT INTO app.numbers (a, b) VALUES (1, ?)"

/** Statements whose one parameter is their index. */
export const statements = (count: number): Array<Statement.Statement<Record<string, unknown>>> =>
  Array.from({ length: count }, (_, index) => Statement.make(insert, [index]))

export const overloaded = new Reason.Overloaded({ message: "too many requests" })

/** The parameter by which a test knows a request: its index. */
export const indexOf = (request: { readonly _tag: string; readonly params?: ReadonlyArray<unknown> }): number =>
  Number(request.params?.[0])

/** A session in which statements take their time by index, and some fail. */
export const sessionOf = (options: {
  readonly latency?: ((index: number) => Duration.Input) | undefined
  readonly failing?: ReadonlyArray<number> | undefined
  readonly reason?: Reason.Reason | undefined
  readonly capacity?: number | undefined
}) =>
  MockSession.layer({
    capacity: options.capacity,
    latency: options.latency && ((request) => options.latency!(indexOf(request as never))),
    lenient: true,
    answers: [
      MockSession.when(
        (request) => options.failing?.includes(indexOf(request as never)) ?? false,
        MockSession.fail(options.reason ?? overloaded)
      )
    ]
  })

/** Runs an effect to its end on the virtual clock, and gives its exit and the time that it took in milliseconds. */
export const timed = <A, E, R>(effect: Effect.Effect<A, E, R>, limit: Duration.Input = "1 hour") =>
  Effect.gen(function*() {
    let ended: number | undefined
    const begun = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.forkChild(
      Effect.onExit(effect, () =>
        Effect.clockWith((clock) =>
          Effect.sync(() => {
            ended = clock.currentTimeMillisUnsafe()
          })
        ))
    )
    yield* TestClock.adjust(limit)
    const exit = yield* Fiber.await(fiber)
    return { exit, millis: (ended ?? Number.NaN) - begun }
  })

/** The value of an exit, or the error of the test. */
export const valueOf = <A, E>(exit: Exit.Exit<A, E>): A => {
  if (Exit.isSuccess(exit)) return exit.value
  throw new Error(`expected a success, got: ${Cause.pretty(exit.cause)}`)
}

/** The typed error of an exit. */
export const errorOf = <A, E>(exit: Exit.Exit<A, E>): E => {
  const error = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isFailReason) : undefined
  if (error === undefined) throw new Error(`expected a typed failure, got: ${JSON.stringify(exit)}`)
  return error.error
}

/** The defect of an exit. */
export const defectOf = <A, E>(exit: Exit.Exit<A, E>): unknown => {
  const defect = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isDieReason) : undefined
  if (defect === undefined) throw new Error(`expected a defect, got: ${JSON.stringify(exit)}`)
  return defect.defect
}
