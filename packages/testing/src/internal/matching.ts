/**
 * The requests that a matcher stands for.
 */
import { Query } from "@effect-cql/core"
import type { Request } from "@effect-cql/core/Port"
import type { Matcher } from "../MockSession.ts"
import { refuseKind } from "./arguments.ts"

/** Refuses what is no matcher. */
export const checkMatcher = (matcher: unknown): void => {
  if (typeof matcher !== "string" && typeof matcher !== "function" && !(matcher instanceof RegExp)) {
    refuseKind("matcher", matcher, "a query, a text, a pattern or a function")
  }
}

export const toPredicate = (matcher: Matcher): (request: Request) => boolean => {
  if (matcher instanceof RegExp) return (request) => textsOf(request).some((text) => text.search(matcher) >= 0)
  if (typeof matcher === "function" && !isQuery(matcher)) return matcher
  const text = normalise(isQuery(matcher) ? matcher.text : matcher)
  return (request) => textsOf(request).some((candidate) => normalise(candidate) === text)
}

/** A matcher in words. */
export const shownMatcher = (matcher: Matcher): string =>
  matcher instanceof RegExp
    ? String(matcher)
    : typeof matcher === "string"
    ? normalise(matcher)
    : isQuery(matcher)
    ? normalise(matcher.text)
    : "a predicate"

/** The text that a matcher stands for, where it is one. */
export const textOfMatcher = (matcher: Matcher): string | undefined =>
  typeof matcher === "string" ? matcher : isQuery(matcher) ? matcher.text : undefined

const isQuery = (matcher: Matcher): matcher is Query.Query.Any => Query.isQuery(matcher)

/** The texts of a request: one, or those of a batch. */
export const textsOf = (request: Request): ReadonlyArray<string> =>
  request._tag === "Statement" ? [request.text] : request.statements.map((statement) => statement.text)

/** A text with one space for each run of white space, none around brackets and commas, and no semicolon at its end. */
export const normalise = (text: string): string =>
  text.trim().replace(/;$/, "").replaceAll(/\s+/g, " ").replaceAll(/\s*([(),])\s*/g, "$1").replaceAll(",", ", ").trim()
