/**
 * Reads ranges concurrently: a bounded number of readers, and each waits until its page has been taken.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import { type Event, readRange, type Source } from "./reader.ts"

/** Takes the next event; done after the last. */
export type Take<Row> = Pull.Pull<Event<Row>>

type Events<Row> = Queue.Queue<Event<Row>, Cause.Done>

/** Runs readers into a queue, which ends with them. Their defects are those of the queue. */
const into = <Row>(queue: Events<Row>, readers: Effect.Effect<void>, scope: Scope.Scope) =>
  Effect.forkIn(
    Effect.onExit(readers, (exit) => exit._tag === "Success" ? Queue.end(queue) : Queue.failCause(queue, exit.cause)),
    scope
  )

/** Pages as they come. Readers take the ranges in this order. */
export const asTheyCome = Effect.fnUntraced(function*<Row>(
  source: Source<Row>,
  order: ReadonlyArray<number>,
  concurrency: number
): Effect.fn.Return<Take<Row>, never, Scope.Scope> {
  const queue: Events<Row> = yield* Queue.bounded<Event<Row>, Cause.Done>(1)
  let next = 0
  const reader = Effect.whileLoop({
    while: () => next < order.length,
    body: () => readRange(source, order[next++]!, (event) => Queue.offer(queue, event)),
    step: () => {}
  })
  const readers = Array.from({ length: Math.min(concurrency, order.length) }, () => reader)
  yield* into(
    queue,
    Effect.forEach(readers, (reader) => reader, { concurrency: "unbounded", discard: true }),
    yield* Scope.Scope
  )
  return Queue.take(queue)
})

/** Pages in the order of their tokens: the ranges behind the one that is taken are read ahead, a page or two of each. */
export const byToken = Effect.fnUntraced(function*<Row>(
  source: Source<Row>,
  concurrency: number
): Effect.fn.Return<Take<Row>, never, Scope.Scope> {
  const scope = yield* Scope.Scope
  const queues: Array<Events<Row>> = []
  let next = 0
  const start = Effect.gen(function*() {
    while (queues.length < concurrency && next < source.ranges.length) {
      const queue: Events<Row> = yield* Queue.bounded<Event<Row>, Cause.Done>(1)
      queues.push(queue)
      yield* into(queue, readRange(source, next++, (event) => Queue.offer(queue, event)), scope)
    }
    return queues[0]
  })
  const take: Take<Row> = Effect.flatMap(
    start,
    (queue): Take<Row> =>
      queue === undefined ? Cause.done() : Effect.catchIf(Queue.take(queue), Cause.isDone, () => {
        queues.shift()
        return take
      })
  )
  return take
})
