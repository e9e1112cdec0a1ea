/**
 * Expectations of what a mock session was asked: each dies with what was asked instead.
 */
import { kindOf } from "@effect-cql/core/Port"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import type { Call, Matcher } from "../MockSession.ts"
import { normalise, shownMatcher, textsOf, toPredicate } from "./matching.ts"
import { MockSession } from "./mockService.ts"

const textOf = ({ request }: Call): string => textsOf(request).map(normalise).join("; ")

const kindsOf = ({ request }: Call): string =>
  request._tag === "Statement"
    ? `(${request.params.map(kindOf).join(", ")})`
    : `(${request.statements.map(({ params }) => params.map(kindOf).join(", ")).join("; ")})`

const listOf = (calls: ReadonlyArray<Call>): string =>
  calls.length === 0
    ? "  no calls"
    : calls.map((call) => `  ${call.index + 1}  ${textOf(call)} ${kindsOf(call)}`).join("\n")

const expecting = (
  check: (calls: ReadonlyArray<Call>) => string | undefined
): Effect.Effect<void, never, MockSession> =>
  MockSession.use(({ calls }) =>
    Effect.flatMap(calls, (calls) => {
      const message = check(calls)
      return message === undefined
        ? Effect.void
        : Effect.die(new Error(`${message}. The calls were:\n${listOf(calls)}`))
    })
  )

/**
 * Expects a number of calls that match.
 *
 * **Example** (A lookup that is made once)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.andThen(Statement.make("SELECT 1"), MockSession.expectCalls("SELECT 1", 1))
 * await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer())))
 * ```
 *
 * @category expectations
 * @since 0.1.0
 */
export const expectCalls = (matcher: Matcher, count: number): Effect.Effect<void, never, MockSession> =>
  expecting((calls) => {
    const matches = toPredicate(matcher)
    const found = calls.filter(({ request }) => matches(request)).length
    return found === count ? undefined : `expected ${count} calls of ${shownMatcher(matcher)}, got ${found}`
  })

/**
 * Expects a call that matches and binds exactly these parameters, in the order of the markers. The message names the
 * parameters that differ, and not their values.
 *
 * @category expectations
 * @since 0.1.0
 */
export const expectCalledWith = (
  matcher: Matcher,
  params: ReadonlyArray<unknown>
): Effect.Effect<void, never, MockSession> =>
  expecting((calls) => {
    const matches = toPredicate(matcher)
    const found = calls.filter(({ request }) => matches(request))
    const given = found.map(({ request }) => request._tag === "Statement" ? request.params : [])
    if (given.some((each) => Equal.equals([...each], [...params]))) return undefined
    const differences = found.map((call, index) => {
      const differing = params.flatMap((param, at) => Equal.equals(param, given[index]?.[at]) ? [] : [at])
      return `call ${call.index + 1} differs in parameter ${differing.join(", ") || "count"}`
    })
    return `expected a call of ${shownMatcher(matcher)} with ${params.length} given parameters, got ${
      differences.join(", ") || "no call of it"
    }`
  })

/**
 * Expects calls that match one after the other; others may be between them.
 *
 * @category expectations
 * @since 0.1.0
 */
export const expectOrder = (matchers: ReadonlyArray<Matcher>): Effect.Effect<void, never, MockSession> =>
  expecting((calls) => {
    let from = 0
    for (const [index, matcher] of matchers.entries()) {
      const matches = toPredicate(matcher)
      const at = calls.findIndex(({ request }, position) => position >= from && matches(request))
      if (at < 0) {
        return `expected ${shownMatcher(matcher)} as number ${
          index + 1
        } of the order, got no such call after call ${from}`
      }
      from = at + 1
    }
    return undefined
  })

/**
 * Expects that never more requests were in flight at once.
 *
 * @category expectations
 * @since 0.1.0
 */
export const expectAtMostInFlight = (count: number): Effect.Effect<void, never, MockSession> =>
  MockSession.use(({ peakInFlight }) =>
    Effect.flatMap(peakInFlight, (peak) =>
      peak <= count
        ? Effect.void
        : Effect.die(new Error(`expected at most ${count} requests in flight, got ${peak}`)))
  )

/**
 * The calls as text for a golden test, one a line: when it was made, its text, the kinds of its parameters and the options
 * that are set. It holds nothing that depends on the machine, and no values.
 *
 * @category expectations
 * @since 0.1.0
 */
export const golden: Effect.Effect<string, never, MockSession> = Effect.suspend(() =>
  MockSession.use(({ calls }) => Effect.map(calls, goldenText))
)

const goldenText = (calls: ReadonlyArray<Call>): string => {
  const begun = calls[0]?.at ?? 0
  return calls.map((call) => {
    const { consistency, idempotent, pageSize, requestTimeout, serialConsistency } = call.request.options
    const options = Object.entries({ consistency, serialConsistency, pageSize, requestTimeout, idempotent })
      .flatMap(([name, value]) => value === undefined ? [] : [`${name}=${value}`])
    return `+${call.at - begun}ms ${textOf(call)} ${kindsOf(call)} ${options.join(" ")}`
  }).join("\n")
}
