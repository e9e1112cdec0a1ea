/**
 * Replies and latencies that follow from a seed.
 */
import * as Check from "@effect-cql/core/Check"
import type { Request } from "@effect-cql/core/Port"
import * as Duration from "effect/Duration"
import { dual } from "effect/Function"
import type { Reply } from "../MockSession.ts"
import { checkReply, checkSeed, checkShare } from "./arguments.ts"
import { randomOf } from "./random.ts"

/**
 * Replies with `reply` to a share of the requests, and passes the others on. Which they are follows from the seed.
 *
 * @category replies
 * @since 0.1.0
 */
export const sometimes: {
  (share: number, options?: { readonly seed?: number | undefined }): (reply: Reply) => Reply
  (reply: Reply, share: number, options?: { readonly seed?: number | undefined }): Reply
} = dual(
  (args) => typeof args[0] !== "number",
  (reply: Reply, share: number, options?: { readonly seed?: number | undefined }): Reply => {
    checkReply("reply", reply)
    checkShare(share)
    const seed = checkSeed(options)
    return (request, context) =>
      randomOf(seed + context.attempt * 7919)() < share ? reply(request, context) : context.behind(request)
  }
)

/**
 * A latency drawn from an exponential distribution, for the option `latency`. The same seed draws the same times.
 *
 * **Example** (Answers that overtake each other)
 *
 * ```ts
 * import { MockSession } from "@effect-cql/testing"
 *
 * const session = MockSession.layer({ latency: MockSession.randomLatency({ mean: "5 millis", min: "1 millis", seed: 3 }) })
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const randomLatency = (options: {
  readonly mean: Duration.Input
  /** Added to what is drawn. Default: 0. */
  readonly min?: Duration.Input | undefined
  readonly seed?: number | undefined
}): (request: Request) => Duration.Duration => {
  Check.names(options, ["mean", "min", "seed"])
  const random = randomOf(options.seed ?? 0)
  const [mean, min] = [
    Check.millis("mean", options.mean, Check.finiteDuration),
    Check.millis("min", options.min ?? 0, Check.finiteDuration)
  ]
  // Whole milliseconds: statements that end at one instant share a timer.
  return () => Duration.millis(Math.round(min - Math.log(1 - random()) * mean))
}
