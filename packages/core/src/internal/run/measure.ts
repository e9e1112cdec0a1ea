/**
 * Measures the statements of a run whose progress is reported: their times, their failures, the slowest of them.
 */
import * as Duration from "effect/Duration"
import type { ExecutionResult } from "../../ExecutionResult.ts"
import type { Details, SlowStatement } from "../../Progress.ts"
import type { Reason } from "../../Reason.ts"
import type { Execution } from "../execution/execution.ts"
import { beginOf, cut, oneLine } from "../statement/abbreviate.ts"
import { withoutLiterals } from "../statement/withoutLiterals.ts"
import { nodeOf } from "../watch/codes.ts"
import type { Environment } from "./environment.ts"
import { Histogram } from "./histogram.ts"

const mostSlow = 10

const longestText = 500

// Limit for texts with long literals, and for batches of many statements.
const longestRead = 20 * longestText

// Without the result, which may have many rows.
interface Slow {
  readonly millis: number
  readonly index: number
  readonly statement: { readonly text: string }
  readonly result: string
  /** Made once it is shown, for each snapshot shows it again. */
  text: string | undefined
}

export class Measure {
  readonly #environment: Environment
  readonly #concurrency: number
  readonly #indexes: ReadonlyArray<number> | undefined
  readonly #begun = new Map<Execution, number>()
  readonly #recent = new Histogram()
  readonly #all = new Histogram()
  readonly #failures = new Map<string, number>()
  readonly #nodes = new Map<string, number>()
  /** The slowest statements, the slowest first. */
  readonly #slow: Array<Slow> = []

  constructor(environment: Environment, concurrency: number, indexes: ReadonlyArray<number> | undefined) {
    this.#environment = environment
    this.#concurrency = concurrency
    this.#indexes = indexes
  }

  begin(execution: Execution): void {
    this.#begun.set(execution, this.#environment.now)
  }

  end(execution: Execution, result: ExecutionResult<unknown>): void {
    const begun = this.#begun.get(execution)
    if (begun === undefined) return
    this.#begun.delete(execution)
    const millis = this.#environment.now - begun
    this.#recent.record(millis)
    this.#all.record(millis)
    if (result._tag === "Failure") this.#fail(result.error.reason)
    if (this.#slow.length < mostSlow || millis > this.#slow.at(-1)!.millis) this.#keep(millis, result)
  }

  #fail(reason: Reason): void {
    add(this.#failures, reason._tag)
    const node = nodeOf(reason)
    if (node !== undefined) add(this.#nodes, node)
  }

  #keep(millis: number, result: ExecutionResult<unknown>): void {
    const slower = this.#slow.findLastIndex((slow) => slow.millis >= millis)
    this.#slow.splice(slower + 1, 0, {
      millis,
      index: this.#indexes?.[result.index] ?? result.index,
      statement: result.statement,
      result: result._tag === "Success" ? "Success" : result.error.reason._tag,
      text: undefined
    })
    if (this.#slow.length > mostSlow) this.#slow.pop()
  }

  /** The details of a snapshot. Each call begins a new interval. */
  get details(): Details {
    return {
      concurrency: this.#concurrency,
      latency: this.#recent.take(),
      latencyOverall: this.#all.snapshot,
      limiter: this.#environment.gate?.tightest,
      failures: Object.fromEntries(this.#failures),
      failuresByNode: Object.fromEntries(this.#nodes),
      slowest: this.#slow.map(slowStatement)
    }
  }
}

const add = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const slowStatement = (slow: Slow): SlowStatement => {
  const { index, millis, result, statement } = slow
  const text = slow.text ??= cut(oneLine(withoutLiterals(wholeWords(statement.text))), longestText)
  return { index, text, duration: Duration.millis(millis), result }
}

// A string that is cut has no end and is seen as one. Half of a number or of a UUID could be taken for a name.
const wholeWords = (text: string): string => {
  if (text.length <= longestRead) return text
  const begin = beginOf(text, longestRead)
  // From the end: a pattern would be tried at each of its characters.
  let end = begin.length
  while (end > 0 && ofWord.test(begin[end - 1]!)) end--
  return begin.slice(0, end)
}

const ofWord = /[\w.+-]/
