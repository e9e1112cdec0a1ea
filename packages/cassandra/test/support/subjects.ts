/**
 * The kinds of statements that errors distinguish. Each contains a number by which a test recognises it.
 */
import { Batch, Statement } from "@effect-cql/core"

export const kinds = [
  "read",
  "write",
  "conditional",
  "counter",
  "logged",
  "unlogged",
  "counterBatch",
  "conditionalBatch"
] as const

export type Kind = (typeof kinds)[number]

/** The text of the statements of a kind, on the table of a name; those of batches are made of the same. */
export const textOf = (kind: Kind, table: string): string => {
  switch (kind) {
    case "read":
      return `SELECT v FROM app.${table} WHERE id = ?`
    case "write":
    case "logged":
    case "unlogged":
      return `INSERT INTO app.${table} (id, v) VALUES (?, 1)`
    case "conditional":
    case "conditionalBatch":
      return `INSERT INTO app.${table} (id, v) VALUES (?, 1) IF NOT EXISTS`
    case "counter":
    case "counterBatch":
      return `UPDATE app.${table} SET n = n + 1 WHERE id = ?`
  }
}

const batchTypes = {
  logged: "logged",
  unlogged: "unlogged",
  counterBatch: "counter",
  conditionalBatch: "logged"
} as const

/** The type of the batches of a kind. */
export const batchTypeOf = (kind: Kind): Batch.BatchType | undefined =>
  kind in batchTypes ? batchTypes[kind as keyof typeof batchTypes] : undefined

/** One statement of a kind, or a batch of two on neighbouring numbers. */
export const subject = (
  kind: Kind,
  table: string,
  id: number,
  options: Statement.Options = {}
): Statement.Statement<Record<string, unknown>> | Batch.Batch => {
  const text = textOf(kind, table)
  const type = batchTypeOf(kind)
  if (type === undefined) return Statement.make(text, [id], options)
  return Batch.make([[text, [id]], [text, [id + 1_000]]], { type, ...options })
}
