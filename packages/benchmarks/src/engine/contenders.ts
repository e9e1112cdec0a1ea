/**
 * The contenders: the library, the driver, and hand-written loops.
 */
import {
  executeConcurrent,
  executeConcurrentWithArgs,
  runConcurrent,
  runConcurrentWithArgs,
  Session,
  type Statement,
  streamConcurrent
} from "@effect-cql/core"
import type { Port } from "@effect-cql/core/Port"
import cassandra from "cassandra-driver"
import { Effect, Stream } from "effect"
import { Readable } from "node:stream"
import pMap from "p-map"
import type { Contender } from "../internal/rounds.ts"
import type { Answer } from "./answers.ts"
import {
  bareClient,
  callbackPort,
  effectPort,
  type FailEvery,
  instantClient,
  lazily,
  refusal,
  request,
  sessionOf,
  text,
  type Workload
} from "./workload.ts"

export interface Setting {
  readonly workload: Workload
  readonly concurrency: number
  readonly answer: Answer
  readonly failEvery: FailEvery
}

export const names = {
  floor: "bare callback loop",
  array: "executeConcurrent",
  arrayWithArgs: "executeConcurrentWithArgs",
  arrayEffects: "executeConcurrent, port of effects",
  orderedEffects: "streamConcurrent, port of effects",
  arrayTimeout: "executeConcurrent, requestTimeout",
  run: "runConcurrent",
  runLazily: "runConcurrentWithArgs, generator",
  ordered: "streamConcurrent",
  orderedTimeout: "streamConcurrent, requestTimeout",
  unordered: "streamConcurrent, unordered",
  driver: "driver",
  driverCounting: "driver, results not kept",
  driverStream: "driver, Readable",
  driverBare: "driver, bare client",
  pool: "promise pool",
  pMap: "p-map",
  forEach: "Effect.forEach",
  mapEffect: "Stream.mapEffect"
} as const

/** The floor: callbacks that take an answer and start the next statement, and nothing else. */
const callbackLoop = ({ answer, concurrency, failEvery, workload }: Setting) => (): Promise<unknown> =>
  new Promise((resolve) => {
    let next = 0
    let ended = 0
    let made: unknown
    const start = () => {
      next++
      answer(end)
    }
    const end = () => {
      ended++
      // The session creates the error in every contender.
      if (failEvery > 0 && ended % failEvery === 0) made = refusal()
      if (ended === workload.size) resolve(made)
      else if (next < workload.size) start()
    }
    while (next < Math.min(concurrency, workload.size)) start()
  })

const promisePool =
  ({ concurrency, workload }: Setting, client: ReturnType<typeof bareClient>) => async (): Promise<void> => {
    let next = 0
    const worker = async () => {
      while (next < workload.size) {
        next++
        await client.execute()
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
  }

/** The forms of this library, over a port that answers by callback, as that of Cassandra does, or by effects. */
export const library = (
  setting: Setting,
  statement?: Statement.Options,
  portOf: (answer: Answer, failEvery: FailEvery) => Port = callbackPort
) => {
  const { answer, concurrency, failEvery, workload } = setting
  const { parameters, query, size, statements } = workload
  const session = sessionOf(portOf(answer, failEvery))
  const options = { concurrency, raiseOnFirstError: false, statement } as const
  const over = <A, E>(effect: Effect.Effect<A, E, Session>) => () =>
    Effect.runPromise(Effect.provideService(effect, Session, session))
  return {
    array: over(executeConcurrent(statements, options)),
    arrayWithArgs: over(executeConcurrentWithArgs(query, parameters, options)),
    run: over(runConcurrent(statements, options)),
    runLazily: over(Effect.suspend(() => runConcurrentWithArgs(query, lazily(size), options))),
    ordered: over(Stream.runDrain(streamConcurrent(statements, options))),
    unordered: over(Stream.runDrain(streamConcurrent(statements, { ...options, ordered: false })))
  }
}

/** The forms of `executeConcurrent` of the driver. */
const driver = (client: cassandra.Client, { concurrency, workload }: Setting) => {
  const execute = (source: Array<Array<unknown>> | Readable, collectResults: boolean) =>
    cassandra.concurrent.executeConcurrent(client, text, source as Readable, {
      concurrencyLevel: concurrency,
      raiseOnFirstError: false,
      collectResults
    })
  return {
    array: () => execute(workload.parameters, true),
    counting: () => execute(workload.parameters, false),
    stream: () => execute(Readable.from(workload.parameters), true)
  }
}

/** The combinators of Effect, over the effect of a request. */
const effects = ({ answer, concurrency, failEvery, workload }: Setting) => {
  const execute = request(answer, failEvery)
  const mapped = Stream.fromIterable(workload.statements).pipe(Stream.mapEffect(execute, { concurrency }))
  return {
    forEach: () => Effect.runPromise(Effect.forEach(workload.statements, execute, { concurrency })),
    mapEffect: () => Effect.runPromise(Stream.runDrain(mapped))
  }
}

/** Everybody, in the order in which a round runs them: those that are compared stand close together. */
export const everybody = (setting: Setting): ReadonlyArray<Contender> => {
  const { answer, concurrency, failEvery, workload } = setting
  const ours = library(setting)
  const timed = library(setting, { requestTimeout: "10 seconds" })
  const byEffects = library(setting, undefined, effectPort)
  const bare = bareClient(answer, failEvery)
  const theirs = driver(instantClient(answer, failEvery), setting)
  const effect = effects(setting)
  return [
    { name: names.floor, run: callbackLoop(setting) },
    { name: names.array, run: ours.array },
    { name: names.driver, run: theirs.array },
    { name: names.ordered, run: ours.ordered },
    { name: names.mapEffect, run: effect.mapEffect },
    { name: names.arrayTimeout, run: timed.array },
    // The driver needs no more of a client than `execute`; its types ask for a whole one.
    { name: names.driverBare, run: driver(bare as unknown as cassandra.Client, setting).array },
    { name: names.run, run: ours.run },
    { name: names.driverCounting, run: theirs.counting },
    { name: names.orderedTimeout, run: timed.ordered },
    { name: names.unordered, run: ours.unordered },
    { name: names.driverStream, run: theirs.stream },
    { name: names.arrayWithArgs, run: ours.arrayWithArgs },
    { name: names.arrayEffects, run: byEffects.array },
    { name: names.orderedEffects, run: byEffects.ordered },
    { name: names.runLazily, run: ours.runLazily },
    { name: names.forEach, run: effect.forEach },
    { name: names.pool, run: promisePool(setting, bare) },
    { name: names.pMap, run: () => pMap(workload.statements, bare.execute, { concurrency }) }
  ]
}

/** Some of everybody. */
export const only = (setting: Setting, chosen: ReadonlyArray<string>): ReadonlyArray<Contender> =>
  everybody(setting).filter(({ name }) => chosen.includes(name))
