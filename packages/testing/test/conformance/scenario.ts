/**
 * Statements that the memory session and a real server have to answer alike, by feature.
 */

/** One statement, and how its answers are compared. */
export interface Step {
  readonly text: string
  readonly params?: ReadonlyArray<unknown> | undefined
  readonly pageSize?: number | undefined
  /** Compares the kinds of values, for what time and chance decide. */
  readonly kindsOnly?: boolean | undefined
  /** Statements of a batch instead of a text. */
  readonly batch?:
    | {
      readonly type: "logged" | "unlogged" | "counter"
      readonly statements: ReadonlyArray<readonly [string, ReadonlyArray<unknown>?]>
    }
    | undefined
  /** Describes the text instead of executing it. */
  readonly describe?: boolean | undefined
  /** Milliseconds to wait before it. */
  readonly wait?: number | undefined
}

/** Tables, and the statements that run over them one after the other. */
export interface Scenario {
  readonly feature: string
  readonly tables: ReadonlyArray<string>
  readonly steps: ReadonlyArray<Step>
}

type Short = string | readonly [text: string, ...params: ReadonlyArray<unknown>] | Step

const isTuple = (short: Short): short is readonly [text: string, ...params: ReadonlyArray<unknown>] =>
  Array.isArray(short)

const toStep = (short: Short): Step => {
  if (typeof short === "string") return { text: short }
  if (!isTuple(short)) return short
  const [text, ...params] = short
  return { text, params }
}

/** A text that is described and not executed. */
export const described = (text: string): Step => ({ text, describe: true })

export const scenario = (
  feature: string,
  tables: ReadonlyArray<string>,
  steps: ReadonlyArray<Short>
): Scenario => ({ feature, tables, steps: steps.map(toStep) })
