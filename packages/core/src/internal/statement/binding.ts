/**
 * Binds an executable to a request: parameters encoded and put in marker order, options resolved.
 */
import * as Result from "effect/Result"
import type { Subject } from "../../Outcome.ts"
import type { BatchRequest, Request, StatementRequest } from "../../Port.ts"
import * as Reason from "../../Reason.ts"
import type { Params } from "../../Statement.ts"
import { counted } from "../counted.ts"
import { kindOf } from "../kindOf.ts"
import type * as Text from "./cqlText.ts"
import type { Executable } from "./input.ts"
import type { ResolvedOptions } from "./options.ts"
import { BoundBatch, BoundStatement } from "./request.ts"
import { BatchImpl, StatementImpl } from "./statement.ts"

/**
 * Gives the timestamp of a write, in microseconds: each a later one, also where the clock is set back. That of a conditional
 * write is only remembered, so that it is what the clock says.
 */
export type Dating = (conditional: boolean) => number

/** The request of a statement or a batch, or why its parameters cannot be bound. */
export const bind = (
  executable: Executable,
  options: ResolvedOptions,
  nextTimestamp: Dating
): Request | Reason.ParametersRefused => {
  if (executable instanceof BatchImpl) return bindBatch(executable, options, nextTimestamp)
  const { conditional, isMutation } = StatementImpl.analysed(executable)
  return bindStatement(executable, options, isMutation ? nextTimestamp(conditional) : undefined)
}

/** The request of a single statement. */
export const bindStatement = (
  statement: StatementImpl<unknown>,
  options: ResolvedOptions,
  sentAt?: number
): StatementRequest | Reason.ParametersRefused => {
  const text = StatementImpl.analysed(statement)
  const params = bindParams(statement, text)
  return params instanceof Reason.ParametersRefused ? params : new BoundStatement(text, params, options, sentAt)
}

const bindBatch = (
  batch: BatchImpl,
  options: ResolvedOptions,
  nextTimestamp: Dating
): BatchRequest | Reason.ParametersRefused => {
  const statements: Array<{ readonly text: string; readonly params: ReadonlyArray<unknown> }> = []
  const { conditional } = subjectOf(batch)
  let takesTimestamp = batch.type !== "counter"
  for (const [index, statement] of batch.statements.entries()) {
    const text = StatementImpl.analysed(statement)
    const params = bindParams(statement, text)
    if (params instanceof Reason.ParametersRefused) {
      const { _tag, message, ...fields } = params
      const { cause } = params
      return new Reason.ParametersRefused({ ...fields, cause, message: `statement ${index} of the batch: ${message}` })
    }
    takesTimestamp &&= text.takesTimestamp
    statements.push({ text: text.cql, params })
  }
  const sentAt = batch.type === "counter" ? undefined : nextTimestamp(conditional)
  const idempotent = isIdempotent(batch, options.idempotent)
  return new BoundBatch({ type: batch.type, statements, idempotent, takesTimestamp, conditional }, options, sentAt)
}

/**
 * Whether executing it twice surely does what executing it once does: by its own mark, by that of what stands behind it (the
 * run, the session), or by its text.
 */
export const isIdempotent = (executable: Executable, behind?: boolean): boolean =>
  executable.options.idempotent ?? (executable instanceof BatchImpl
    ? executable.statements.every((statement) => isIdempotent(statement, behind)) &&
      (executable.type !== "counter" || behind === true)
    : behind ?? StatementImpl.analysed(executable).idempotent)

const noParams: ReadonlyArray<unknown> = []

const bindParams = (
  statement: StatementImpl<unknown>,
  text: Text.Text
): ReadonlyArray<unknown> | Reason.ParametersRefused => {
  const encode = StatementImpl.codec(statement).encode
  if (encode === undefined) return inOrder(statement.params, text)
  const encoded = encode(statement.params, text.names)
  return Result.isSuccess(encoded) ? inOrder(encoded.success, text) : encoded.failure
}

const inOrder = (params: Params, text: Text.Text): ReadonlyArray<unknown> | Reason.ParametersRefused => {
  if (params === null || params === undefined) return inOrder(noParams, text)
  if (!isList(params)) return byName(params, text)
  if (params.length !== text.markers) {
    return new Reason.ParametersRefused({
      message: `the text has ${counted(text.markers, "marker")}, but ${counted(params.length, "value")} ${
        params.length === 1 ? "was" : "were"
      } given`
    })
  }
  // A gap counts as undefined, which `indexOf` would skip.
  if (!params.includes(undefined)) return params
  const missing = params.findIndex((value) => value === undefined)
  return new Reason.ParametersRefused({
    message: `parameter ${missing} is undefined; null deletes a value, Statement.unset leaves it alone`,
    parameter: missing,
    given: "undefined"
  })
}

const byName = (
  params: { readonly [name: string]: unknown },
  text: Text.Text
): ReadonlyArray<unknown> | Reason.ParametersRefused => {
  const { names } = text
  if (names === undefined) {
    // It may be the value of a map that lacks its brackets, and its keys data.
    return new Reason.ParametersRefused({
      message: `the text has no named markers, but ${kindOf(params)} was given; give an array`,
      given: kindOf(params)
    })
  }
  const given = Object.keys(params)
  const stray = given.find((name) => !names.includes(name))
  if (stray !== undefined) {
    // Where no key is that of a marker it may be the value of a map that lacks its braces, and its keys data.
    const told = given.some((name) => names.includes(name)) ? stray : "<key>"
    return new Reason.ParametersRefused({
      message: `the text has no marker :${told}; its markers are ${names.map((name) => `:${name}`).join(", ")}`,
      parameter: told,
      given: kindOf(params)
    })
  }
  const missing = names.find((name) => !Object.hasOwn(params, name) || params[name] === undefined)
  return missing === undefined ? names.map((name) => params[name]) : new Reason.ParametersRefused({
    message: `no value was given for the marker :${missing}; null deletes a value, Statement.unset leaves it alone`,
    parameter: missing
  })
}

const isList = (params: NonNullable<Params>): params is ReadonlyArray<unknown> => Array.isArray(params)

/** What of an executable decides the outcome of its errors. */
export const subjectOf = (executable: Executable): Subject => {
  if (executable instanceof BatchImpl) {
    return {
      kind: "write",
      conditional: executable.statements.some((statement) => StatementImpl.analysed(statement).conditional),
      batch: executable.type
    }
  }
  return StatementImpl.analysed(executable)
}
