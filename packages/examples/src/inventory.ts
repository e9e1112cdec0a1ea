/**
 * An inventory that never sells twice: reservations by conditional writes, and a second look where an outcome is unknown.
 */
import { type CqlError, Query, type Session } from "@effect-cql/core"
import { Effect, Schema } from "effect"

export const tables = ["CREATE TABLE shop.inventory (item text PRIMARY KEY, stock int, buyers set<text>)"]

export const stockOf = Query.make("SELECT stock, buyers FROM shop.inventory WHERE item = ?", {
  params: Schema.Tuple([Schema.String]),
  row: Schema.Struct({ stock: Schema.Int, buyers: Schema.NullOr(Schema.ReadonlySet(Schema.String)) })
})
const reserve = Query.make(
  "UPDATE shop.inventory SET stock = ?, buyers = buyers + ? WHERE item = ? IF stock = ?",
  { params: Schema.Tuple([Schema.Int, Schema.ReadonlySet(Schema.String), Schema.String, Schema.Int]) }
)

/** Takes one piece for a buyer; reports whether the buyer has it. */
const attempt = (item: string, buyer: string): Effect.Effect<boolean, CqlError, Session> =>
  Effect.gen(function*() {
    const { first } = yield* stockOf(item)
    if (first?.buyers?.has(buyer) === true) return true
    if (first === undefined || first.stock === 0) return false
    const { wasApplied } = yield* reserve(first.stock - 1, new Set([buyer]), item, first.stock)
    return wasApplied
  })

/** Takes every failure for a sale that did not happen. The buyer is then not informed about a piece that was sold. */
export const sellNaively = (item: string, buyer: string): Effect.Effect<boolean, never, Session> =>
  attempt(item, buyer).pipe(Effect.catch(() => Effect.succeed(false)))

const has = (item: string, buyer: string): Effect.Effect<boolean, CqlError, Session> =>
  Effect.map(stockOf(item), ({ first }) => first?.buyers?.has(buyer) === true)

/** Looks again after an unknown outcome, when a late write has had its time. */
export const sell = (item: string, buyer: string): Effect.Effect<boolean, CqlError, Session> =>
  attempt(item, buyer).pipe(
    Effect.catch((error) =>
      error.outcome === "NotApplied"
        ? Effect.fail(error)
        : has(item, buyer).pipe(Effect.delay("1 minute"), Effect.retry({ times: 2 }))
    )
  )
