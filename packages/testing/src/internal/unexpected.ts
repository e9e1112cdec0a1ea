/**
 * Message of a strict mock session about an unexpected statement.
 */
import type { Request } from "@effect-cql/core/Port"
import type { Answer } from "../MockSession.ts"
import { normalise, textsOf } from "./matching.ts"

const wordsOf = (text: string): ReadonlyArray<string> =>
  normalise(text).split(/(?<=[\s(),])|(?=[\s(),])/).filter((word) => word.trim() !== "")

/** Edit distance of two texts, in words. */
const distance = (one: ReadonlyArray<string>, other: ReadonlyArray<string>): number => {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, word] of one.entries()) {
    const next = [index + 1]
    for (const [at, each] of other.entries()) {
      next.push(Math.min(row[at + 1]! + 1, next[at]! + 1, row[at]! + (word === each ? 0 : 1)))
    }
    row = next
  }
  return row[other.length]!
}

/** Where two texts begin to differ, in words. */
const difference = (expected: string, given: string): string => {
  const [left, right] = [wordsOf(expected), wordsOf(given)]
  const at = left.findIndex((word, index) => word !== right[index])
  const from = at < 0 ? left.length : at
  const part = (words: ReadonlyArray<string>) => words.slice(from, from + 6).join(" ") || "the end of the text"
  return `they differ at word ${from + 1}: expected "${part(left)}", got "${part(right)}"`
}

export const unexpected = (request: Request, answers: ReadonlyArray<Answer>): Error => {
  const text = textsOf(request).join("; ")
  const what = `the mock session has no answer for: ${text}`
  const sameText = answers.find((answer) => answer.params !== undefined && answer.matchesText?.(request) === true)
  if (sameText !== undefined) {
    return new Error(
      `${what}. An answer with this text binds other parameters: ${paramsDiffer(request, sameText.params ?? [])}.`
    )
  }
  const scripted = answers.flatMap(({ text }) => text === undefined ? [] : [text])
  const given = wordsOf(text)
  const [nearest] = scripted.toSorted((one, other) => distance(wordsOf(one), given) - distance(wordsOf(other), given))
  return new Error(
    nearest === undefined
      ? `${what}. No answer is scripted by its text. Script one with MockSession.when, or set the option lenient: true.`
      : `${what}. The nearest scripted text is: ${nearest}; ${difference(nearest, text)}.`
  )
}

const paramsDiffer = (request: Request, expected: ReadonlyArray<unknown>): string => {
  if (request._tag === "Batch") return "the request is a batch"
  const { params } = request
  if (params.length !== expected.length) return `expected ${expected.length}, got ${params.length}`
  const differing = expected.flatMap((each, index) => Object.is(each, params[index]) ? [] : [index])
  return `parameter ${differing.join(", ")} differs`
}
