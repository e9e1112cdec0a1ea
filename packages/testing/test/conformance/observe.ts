/**
 * What a session answers, in a form in which two sessions can be compared.
 */
import { Batch, type Reason, Statement } from "@effect-cql/core"
import type { Column } from "@effect-cql/core/ResultSet"
import type { ResultPage, Service } from "@effect-cql/core/Session"
import { BigDecimal, Cause, Effect, Exit } from "effect"
import type { Step } from "./scenario.ts"

/** The answer to one statement. */
export type Observed =
  | {
    readonly _tag: "Answer"
    readonly wasApplied: boolean
    readonly columns: ReadonlyArray<string>
    /** The rows of each page. */
    readonly pages: ReadonlyArray<ReadonlyArray<string>>
  }
  | { readonly _tag: "Failure"; readonly reason: Reason.Reason["_tag"]; readonly message: string }

/** A value as text, in which everything that differs differs. */
export const shown = (value: unknown): string => {
  if (value === null) return "null"
  if (value === undefined) return "undefined"
  if (BigDecimal.isBigDecimal(value)) return `decimal ${value.value}/${value.scale}`
  if (value instanceof Date) return `date ${value.getTime()}`
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`
  if (value instanceof Set) return `set (${Array.from(value, shown).join(", ")})`
  if (value instanceof Map) {
    return `map (${Array.from(value, ([key, each]) => `${shown(key)}: ${shown(each)}`).join(", ")})`
  }
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([key, each]) => `${key}: ${shown(each)}`).join(", ")}}`
  }
  if (Object.is(value, -0)) return "number -0"
  return `${typeof value} ${String(value)}`
}

const kind = (value: unknown): string => value === null ? "null" : value instanceof Date ? "date" : typeof value

/** The name of a column. A server names `tojson` of a type `to_json` in all answers if it met that name first. */
const columnName = (name: string): string => name.replaceAll("system.to_json(", "system.tojson(")

const rowText = (row: Readonly<Record<string, unknown>>, kindsOnly: boolean): string =>
  Object.entries(row).map(([name, value]) => `${columnName(name)} = ${kindsOnly ? kind(value) : shown(value)}`).join(
    ", "
  )

/**
 * The message of an error, without what need not be alike: where a text does not parse, the values that it quotes, and the
 * list of the forms of a function.
 */
const kindOfMessage = (reason: Reason.Reason["_tag"], message: string): string =>
  reason === "SyntaxError" && message.startsWith("line ")
    ? "line ..."
    : message.replace(/ value 0x[0-9a-f]+/, " value").replace(
      / \((?:known type signatures|can be matched by|not ).*$/,
      ""
    )
      .replace(/(Invalid ASCII character in string literal).*$/, "$1")

const columnTexts = (columns: ReadonlyArray<Column>): ReadonlyArray<string> =>
  columns.map(({ name, type }) => `${columnName(name)} ${type}`)

/** Executes a step, page by page where it has a page size, or describes it. */
export const observe = (session: Service, step: Step, keyspace: string): Effect.Effect<Observed> =>
  Effect.gen(function*() {
    const text = step.text.replaceAll("{keyspace}", keyspace)
    if (step.describe === true) {
      const { columns = [], params = [] } = (yield* session.describe(text)) ?? {}
      return {
        _tag: "Answer" as const,
        wasApplied: true,
        columns: columnTexts(columns),
        pages: [columnTexts(params).map((marker) => marker.replaceAll(keyspace, "ks"))]
      }
    }
    const statement = step.batch === undefined
      ? Statement.make(text, step.params ?? [], { pageSize: step.pageSize ?? 5_000 })
      : Batch.make(step.batch.statements, { type: step.batch.type })
    const pages: Array<ReadonlyArray<string>> = []
    let page: ResultPage<Record<string, unknown>> | undefined
    do {
      page = yield* session.executePage(statement, page?.pageState)
      pages.push(page.result.rows.map((row) => rowText(row, step.kindsOnly === true)))
    } while (page.pageState !== undefined)
    const { columns = [], wasApplied } = page.result
    return { _tag: "Answer" as const, wasApplied, columns: columnTexts(columns), pages }
  }).pipe(
    Effect.catch((error) =>
      Effect.succeed({
        _tag: "Failure" as const,
        reason: error.reason._tag,
        message: kindOfMessage(error.reason._tag, error.reason.message.replaceAll(keyspace, "ks"))
      })
    )
  )

/** The answer of a memory session; what it does not support is a defect, and differs from every answer. */
export const observeMemory = (session: Service, step: Step, keyspace: string): Effect.Effect<Observed | string> =>
  Effect.map(
    Effect.exit(observe(session, step, keyspace)),
    (exit) => Exit.isSuccess(exit) ? exit.value : Cause.pretty(exit.cause)
  )

/** The text of a step, for messages. */
export const shownStep = ({ batch, describe, text }: Step): string =>
  batch === undefined
    ? describe === true ? `describe ${text}` : text
    : `BATCH ${batch.statements.map(([text]) => text).join("; ")}`
