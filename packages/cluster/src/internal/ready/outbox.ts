/**
 * Statements of a page, each with the position of its row.
 */
import type { Session, Statement } from "@effect-cql/core"
import type { Batch } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import type { Context, ExecuteOptions } from "../../JobContext.ts"

export type Write = Statement.Statement<unknown> | Batch.Batch

/** Statements that wait to be sent together, and the rows that they are of. */
export class Outbox {
  readonly #writes: Array<Write> = []
  readonly #positions: Array<string> = []
  readonly #bodies: Array<unknown> = []

  add(writes: Iterable<Write>, position: string, body?: unknown): void {
    for (const write of writes) {
      this.#writes.push(write)
      this.#positions.push(position)
      this.#bodies.push(body)
    }
  }

  get size(): number {
    return this.#writes.length
  }

  /** Sends what waits. */
  send(
    { execute }: Pick<Context<never>, "execute">,
    statement: ExecuteOptions["statement"]
  ): Effect.Effect<void, Effect.Error<ReturnType<Context<never>["execute"]>>, Session> {
    return Effect.suspend(() => {
      const writes = this.#writes.splice(0)
      const positions = this.#positions.splice(0)
      const bodies = this.#bodies.splice(0)
      return writes.length === 0 ? Effect.void : Effect.asVoid(
        execute(writes, { position: (index) => positions[index] ?? "", body: (index) => bodies[index], statement })
      )
    })
  }
}
