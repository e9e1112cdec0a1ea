/**
 * The errors of statements as exporters may show them: a message quotes the text of the statement, and the server quotes its
 * literals.
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { CqlError } from "../../CqlError.ts"
import { isReason, type Reason, type TriedHost } from "../../Reason.ts"
import { internals } from "../internals.ts"
import { cut } from "../statement/abbreviate.ts"
import type { Text } from "../statement/cqlText.ts"
import type { Executable } from "../statement/input.ts"
import { literalsOf } from "../statement/withoutLiterals.ts"
import { withoutValues } from "../statement/withoutValues.ts"
import { describe } from "./described.ts"

const longestMessage = 4_096
const deepest = 8

type Mask = (message: string) => string

/** The same error without the literals of texts that have no markers. */
export const shownError = (error: CqlError, executable: Executable): CqlError => {
  const { text } = describe(executable)
  const literals = textsOf(executable).flatMap(({ cql, markers }) => markers > 0 ? [] : literalsOf(cql))
  const values = [literals, literals.map(Number).filter(Number.isFinite)]
  const mask: Mask = (message) => withoutValues(message, values, text)
  const { attempts, isRetryable, outcome } = error
  const reason = shownReason(error.reason, mask)
  return text === error.query && reason === error.reason
    ? error
    : Object.assign(new CqlError({ reason, query: text }), { attempts, isRetryable, outcome })
}

const textsOf = (executable: Executable): ReadonlyArray<Text> =>
  executable._tag === "Statement"
    ? [executable[internals].text]
    : executable.statements.map((statement) => statement[internals].text)

const shownReason = (reason: Reason, mask: Mask): Reason => {
  const message = cut(mask(reason.message), longestMessage)
  const cause = shownCause(reason.cause, mask)
  const before = "hosts" in reason ? reason.hosts : undefined
  const hosts = before?.map((host) => shownHost(host, mask))
  const isShown = message === reason.message && cause === reason.cause &&
    (hosts === undefined || hosts.every((host, index) => host === before?.[index]))
  if (isShown) return reason
  const fields = { ...reason, message, cause, ...(hosts === undefined ? undefined : { hosts }) }
  const made: unknown = Reflect.construct(reason.constructor, [fields])
  return isReason(made) ? made : reason
}

const shownHost = (host: TriedHost, mask: Mask): TriedHost => {
  if (host.reason === undefined) return host
  const reason = shownReason(host.reason, mask)
  return reason === host.reason ? host : { ...host, reason }
}

/** The error beneath a reason. Redacted if it quotes a literal: its stack and its fields would quote it again. */
const shownCause = (cause: unknown, mask: Mask): unknown => {
  if (cause === undefined || Redacted.isRedacted(cause)) return cause
  const quotes = Result.try(() => messagesOf(cause).some((message) => mask(message) !== message))
  return Result.isSuccess(quotes) && !quotes.success ? cause : Redacted.make(cause)
}

const messagesOf = (cause: unknown, depth = 0): ReadonlyArray<string> => {
  if (!(cause instanceof Error)) return [typeof cause === "object" ? JSON.stringify(cause) ?? "" : String(cause)]
  const { message, stack = "" } = cause
  return [message, stack.replaceAll(frame, ""), ...(depth < deepest ? messagesOf(cause.cause, depth + 1) : [])]
}

// Its numbers are lines and columns.
const frame = /^ +at .*$/gm
