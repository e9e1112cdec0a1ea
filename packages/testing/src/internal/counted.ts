/**
 * Replies that depend on how many requests their rule has answered.
 */
import * as Check from "@effect-cql/core/Check"
import { dual } from "effect/Function"
import type { Reply } from "../MockSession.ts"
import { checkReply } from "./arguments.ts"

/**
 * Replies with the first reply the first time, with the second the second time, and with the last from then on.
 *
 * **Example** (Busy at first)
 *
 * ```ts
 * import { Reason, RetryPolicy, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const session = MockSession.layer({
 *   defaults: { retry: RetryPolicy.standard },
 *   otherwise: MockSession.inTurn(
 *     MockSession.fail(new Reason.Overloaded({ message: "busy" })),
 *     MockSession.rows([{ name: "ada" }])
 *   )
 * })
 * const users = Statement.make("SELECT name FROM app.users").pipe(Effect.provide(session))
 * console.assert((await Effect.runPromise(users)).first?.["name"] === "ada")
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const inTurn = (...replies: readonly [Reply, ...ReadonlyArray<Reply>]): Reply => {
  for (const reply of replies.length === 0 ? [undefined] : replies) checkReply("replies", reply, "at least one reply")
  return (request, context) => (replies[context.attempt - 1] ?? replies.at(-1) ?? replies[0])(request, context)
}

/** Replies to the requests whose number, from 1, passes, and passes the others on. */
const atRequests = (passes: (attempt: number, n: number) => boolean) =>
  dual<(n: number) => (reply: Reply) => Reply, (reply: Reply, n: number) => Reply>(
    2,
    (reply: Reply, n: number): Reply => {
      checkReply("reply", reply)
      Check.value("n", n, Check.positiveInteger)
      return (request, context) => passes(context.attempt, n) ? reply(request, context) : context.behind(request)
    }
  )

/**
 * Replies with `reply` to every `n`th request that it is asked, counted from 1, and passes the others on.
 *
 * @category replies
 * @since 0.1.0
 */
export const every: {
  (n: number): (reply: Reply) => Reply
  (reply: Reply, n: number): Reply
} = atRequests((attempt, n) => attempt % n === 0)

/**
 * Replies with `reply` to the `n`th request that it is asked, counted from 1, and passes the others on.
 *
 * @category replies
 * @since 0.1.0
 */
export const nth: {
  (n: number): (reply: Reply) => Reply
  (reply: Reply, n: number): Reply
} = atRequests((attempt, n) => attempt === n)
