/**
 * Lists that are not frozen. A server appends the elements of a write to those of an earlier write with the same time: a write that is
 * sent again doubles them. So lists are read after they were written, and written again where that has happened.
 */
import { type CqlError, executeConcurrent, type Session, Statement, type StatementFailed } from "@effect-cql/core"
import { quoted } from "@effect-cql/core/Cql"
import type { Table } from "@effect-cql/schema"
import * as Effect from "effect/Effect"
import type { Context } from "../../JobContext.ts"
import { shapeOf, tableName } from "./cells.ts"
import { Outbox } from "./outbox.ts"
import { canonical } from "./values.ts"
import type { Group, Writes } from "./writes.ts"

/** A list that was written. */
export interface Written {
  readonly kind: "static" | "regular"
  readonly key: Readonly<Record<string, unknown>>
  readonly position: string
  readonly column: Table.ColumnMeta
  readonly group: Group
  readonly value: ReadonlyArray<unknown>
}

const rounds = 3

/** Writes the lists again whose elements were written more than once: a microsecond later each time, which deletes the former ones. */
export const settle = (
  meta: Table.Meta,
  writes: Writes,
  lists: ReadonlyArray<Written>,
  context: Pick<Context<never>, "execute">,
  statement: Statement.Options,
  round = 1
): Effect.Effect<void, CqlError | StatementFailed | Effect.Error<ReturnType<Context<never>["execute"]>>, Session> =>
  Effect.gen(function*() {
    if (lists.length === 0) return
    const found = yield* executeConcurrent(lists.map((list) => read(meta, list, statement)))
    const doubled = lists.filter(({ value }, index) => isRepeated(found[index]?.value.first?.["value"], value))
    const outbox = new Outbox()
    for (const { column, group, key, kind, position, value } of doubled) {
      const time = group.time + BigInt(round)
      outbox.add(
        [writes.update(kind, key, { ...group, time, cells: [{ column, value, time, ttl: group.ttl }] })],
        position
      )
    }
    yield* outbox.send(context, statement)
    if (round < rounds) yield* settle(meta, writes, doubled, context, statement, round + 1)
  })

const read = (meta: Table.Meta, { column, key, kind }: Written, { consistency }: Statement.Options) => {
  const by = kind === "static" ? meta.partitionKey : [...meta.partitionKey, ...meta.clusteringKey]
  return Statement.make(
    `SELECT ${quoted(column.name)} AS value FROM ${tableName(meta)} WHERE ` +
      `${by.map(({ name }) => `${quoted(name)} = ?`).join(" AND ")} LIMIT 1`,
    by.map(({ name }) => key[name]),
    { consistency }
  )
}

/** True if a list is another one several times in a row. */
const isRepeated = (found: unknown, value: ReadonlyArray<unknown>): boolean => {
  if (!Array.isArray(found) || value.length === 0 || found.length < 2 * value.length) return false
  if (found.length % value.length !== 0) return false
  const texts = value.map(canonical)
  return found.every((element, index) => canonical(element) === texts[index % texts.length])
}

/** The lists among the cells of groups. */
export const listsIn = (
  kind: "static" | "regular",
  key: Readonly<Record<string, unknown>>,
  position: string,
  groups: ReadonlyArray<Group>
): ReadonlyArray<Written> =>
  groups.flatMap((group) =>
    group.cells.flatMap(({ column, value }): ReadonlyArray<Written> =>
      shapeOf(column) === "list" && Array.isArray(value) ? [{ kind, key, position, column, group, value }] : []
    )
  )
