import * as Simulacron from "@effect-cql/test-server/Simulacron"
import { integration } from "@effect-cql/test-support/server"
import { layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { benchOn } from "./support/bench.ts"
import { alone, amongOthers, type Bench } from "./support/failOne.ts"
import { answered, lost, outcomeOf, type Row } from "./support/outcomeTable.ts"
import { type Kind, kinds } from "./support/subjects.ts"

class Shared extends Context.Service<Shared, Bench>()("test/Shared") {}

const SharedLive = Layer.effect(Shared, Effect.flatMap(Simulacron.make(), benchOn))

const name = (row: Row, kind: Kind): string =>
  `${row.name} of a ${kind} statement: ${row.reason._tag}, ${outcomeOf(row, kind)}`

const aloneAndAmongOthers = Effect.fnUntraced(
  function*<R>(bench: Effect.Effect<Bench, unknown, R>, row: Row, kind: Kind, table: string) {
    yield* alone(yield* bench, row, kind, `${table}_${kind}`)
    yield* amongOthers(yield* bench, row, kind, `${table}_${kind}_run`)
  }
)

integration("what a server answers, and what became of the statement", () => {
  layer(SharedLive, { excludeTestServices: true, timeout: 60_000 })((it) => {
    answered.forEach((row, position) => {
      for (const kind of row.kinds ?? kinds) {
        it.effect(
          name(row, kind),
          () => aloneAndAmongOthers(Shared, row, kind, `answered${position}`)
        )
      }
    })

    // Some of these end the connection, and a session may notice that late: each has sessions of its own.
    lost.forEach((row, position) => {
      for (const kind of row.kinds ?? kinds) {
        it.effect(name(row, kind), () =>
          Effect.gen(function*() {
            const { cluster } = yield* Shared
            yield* aloneAndAmongOthers(benchOn(cluster), row, kind, `lost${position}`)
          }).pipe(Effect.scoped))
      }
    })
  })
})
