/**
 * Replies to conditional writes.
 */
import * as Effect from "effect/Effect"
import type { Reply } from "../MockSession.ts"

/**
 * Replies that a condition held, as a server does: one row with the column `[applied]`.
 *
 * **Example** (A name that is free)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const insert = Statement.make("INSERT INTO app.users (id, name) VALUES (?, ?) IF NOT EXISTS", [1, "ada"])
 * const session = MockSession.layer({ otherwise: MockSession.applied })
 * const answer = await Effect.runPromise(Statement.applied(insert).pipe(Effect.provide(session)))
 * console.assert(answer._tag === "Held")
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const applied: Reply = () => Effect.succeed({ rows: [{ "[applied]": true }], wasApplied: true })

/**
 * Replies that a condition did not hold, with the row that it met; without one, no such row exists.
 *
 * **Example** (A name that is taken)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const insert = Statement.make("INSERT INTO app.users (id, name) VALUES (?, ?) IF NOT EXISTS", [1, "eve"])
 * const session = MockSession.layer({ otherwise: MockSession.notApplied({ id: 1, name: "ada" }) })
 * const result = await Effect.runPromise(insert.pipe(Effect.provide(session)))
 * console.assert(!result.wasApplied && result.first?.["name"] === "ada")
 * ```
 *
 * @category replies
 * @since 0.1.0
 */
export const notApplied = (current?: Record<string, unknown>): Reply => () =>
  Effect.succeed({ rows: [{ "[applied]": false, ...current }], wasApplied: false })
