/**
 * Measures the heap that a run keeps of completed statements.
 *
 * Looked at twice: while the last statements are in flight, when everything that the run will ever hold is held, and
 * after it has ended and its result has been dropped.
 */
import { runConcurrentWithArgs, Session, streamConcurrentWithArgs } from "@effect-cql/core"
import cassandra from "cassandra-driver"
import { Effect, Stream } from "effect"
import { Readable } from "node:stream"
import { heldBytes } from "../internal/garbage.ts"
import { type Answer, nextTick } from "./answers.ts"
import { callbackPort, instantClient, lazily, makeWorkload, sessionOf, text } from "./workload.ts"

export interface Kept {
  readonly name: string
  /** Bytes a statement shortly before the end of the run. */
  readonly underWay: number
  /** Bytes a statement after it. */
  readonly after: number
}

const kept = async (name: string, size: number, run: (answer: Answer) => Promise<unknown>): Promise<Kept> => {
  // By then everything is compiled, and the window is full.
  const first = Math.floor(size / 20)
  const last = size - 1_000
  let count = 0
  let atFirst = 0
  let atLast = 0
  await run((answered) => {
    count++
    if (count === first) atFirst = heldBytes()
    if (count === last) atLast = heldBytes()
    nextTick(answered)
  })
  const atEnd = heldBytes()
  return { name, underWay: (atLast - atFirst) / (last - first), after: (atEnd - atFirst) / (size - first) }
}

export const measureHeap = async (concurrency: number, size: number): Promise<ReadonlyArray<Kept>> => {
  const { parameters, query } = makeWorkload(1)
  const options = { concurrency, raiseOnFirstError: false } as const
  const over = <A, E>(answer: Answer, effect: Effect.Effect<A, E, Session>) =>
    Effect.runPromise(Effect.provideService(effect, Session, sessionOf(callbackPort(answer, 0))))
  const streamed = (ordered: boolean) => (answer: Answer) =>
    over(answer, Stream.runDrain(streamConcurrentWithArgs(query, lazily(size), { ...options, ordered })))
  const driver = (source: Readable | Array<Array<unknown>>) => (answer: Answer) =>
    cassandra.concurrent.executeConcurrent(instantClient(answer), text, source as Readable, {
      concurrencyLevel: concurrency,
      collectResults: false
    })
  return [
    await kept(
      "runConcurrentWithArgs",
      size,
      (answer) => over(answer, runConcurrentWithArgs(query, lazily(size), options))
    ),
    await kept("streamConcurrentWithArgs", size, streamed(true)),
    await kept("streamConcurrentWithArgs, unordered", size, streamed(false)),
    // One list of parameters for all, so that nothing is counted but what the driver keeps.
    await kept("driver, results not kept", size, driver(Array.from({ length: size }, () => parameters[0]!))),
    await kept("driver, Readable, results not kept", size, driver(Readable.from(lazily(size))))
  ]
}
