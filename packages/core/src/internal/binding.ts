/**
 * Binds an executable to a request: parameters encoded and put in marker order, options resolved.
 */
import * as Result from "effect/Result"
import type { Subject } from "../Outcome.ts"
import * as Reason from "../Reason.ts"
import type { BatchRequest, Request, RequestOptions, StatementRequest } from "../Session.ts"
import type { Params } from "../Statement.ts"
import { kindOf } from "./codec.ts"
import type { Executable } from "./input.ts"
import type { ResolvedOptions } from "./options.ts"
import { BatchImpl, StatementImpl } from "./statement.ts"
import type * as Text from "./text.ts"

/** The request of a statement or a batch, or why its parameters cannot be bound. */
export const bind = (
  executable: Executable,
  options: ResolvedOptions,
  nextTimestamp: () => bigint
): Request | Reason.ParametersRefused => {
  if (executable instanceof BatchImpl) return bindBatch(executable, options, nextTimestamp)
  const takesTimestamp = StatementImpl.analysed(executable).takesTimestamp
  const timestamp = options.timestamp ?? (takesTimestamp ? nextTimestamp() : undefined)
  return bindStatement(executable, options, timestamp)
}

/** The request of a single statement. */
export const bindStatement = (
  statement: StatementImpl<unknown>,
  options: ResolvedOptions,
  timestamp: bigint | undefined = options.timestamp
): StatementRequest | Reason.ParametersRefused => {
  const text = StatementImpl.analysed(statement)
  const params = bindParams(statement, text)
  return params instanceof Reason.ParametersRefused
    ? params
    : { _tag: "Statement", text: text.cql, params, options: finish(options, text.idempotent, timestamp) }
}

const bindBatch = (
  batch: BatchImpl,
  options: ResolvedOptions,
  nextTimestamp: () => bigint
): BatchRequest | Reason.ParametersRefused => {
  const statements: Array<{ readonly text: string; readonly params: ReadonlyArray<unknown> }> = []
  let takesTimestamp = batch.type !== "counter"
  let idempotent = batch.type !== "counter"
  for (const [index, statement] of batch.statements.entries()) {
    const text = StatementImpl.analysed(statement)
    const params = bindParams(statement, text)
    if (params instanceof Reason.ParametersRefused) {
      const { _tag, message, ...fields } = params
      return new Reason.ParametersRefused({ ...fields, message: `statement ${index} of the batch: ${message}` })
    }
    takesTimestamp &&= text.takesTimestamp
    idempotent &&= text.idempotent
    statements.push({ text: text.cql, params })
  }
  const timestamp = options.timestamp ?? (takesTimestamp ? nextTimestamp() : undefined)
  return { _tag: "Batch", type: batch.type, statements, options: finish(options, idempotent, timestamp) }
}

const finish = (
  options: ResolvedOptions,
  idempotent: boolean,
  timestamp: bigint | undefined
): RequestOptions => ({
  consistency: options.consistency,
  serialConsistency: options.serialConsistency,
  pageSize: options.pageSize,
  requestTimeout: options.requestTimeout,
  idempotent: options.idempotent ?? idempotent,
  timestamp,
  tracing: options.tracing,
  executionProfile: options.executionProfile,
  routing: options.routing
})

const noParams: ReadonlyArray<unknown> = []

const bindParams = (
  statement: StatementImpl<unknown>,
  text: Text.Text
): ReadonlyArray<unknown> | Reason.ParametersRefused => {
  const encode = StatementImpl.codec(statement).encode
  if (encode === undefined) return inOrder(statement.params, text)
  const encoded = encode(statement.params)
  return Result.isSuccess(encoded) ? inOrder(encoded.success, text) : encoded.failure
}

const inOrder = (params: Params, text: Text.Text): ReadonlyArray<unknown> | Reason.ParametersRefused => {
  if (params === null || params === undefined) return inOrder(noParams, text)
  if (!isList(params)) return byName(params, text)
  return params.length === text.markers ? params : new Reason.ParametersRefused({
    message: `the text has ${text.markers} markers, but ${params.length} values were given`
  })
}

const byName = (
  params: { readonly [name: string]: unknown },
  text: Text.Text
): ReadonlyArray<unknown> | Reason.ParametersRefused => {
  const names = text.names ?? noNames
  const stray = Object.keys(params).find((name) => !names.includes(name))
  if (text.names === undefined || stray !== undefined) {
    return new Reason.ParametersRefused({
      message: text.names === undefined
        ? `the text has no named markers, but ${kindOf(params)} was given; give an array`
        : `the text has no marker :${stray}; its markers are ${names.map((name) => `:${name}`).join(", ")}`,
      parameter: stray,
      given: kindOf(params)
    })
  }
  const missing = names.find((name) => !Object.hasOwn(params, name))
  return missing === undefined ? names.map((name) => params[name]) : new Reason.ParametersRefused({
    message: `no value was given for the marker :${missing}; null deletes a value, Statement.unset leaves it alone`,
    parameter: missing
  })
}

const noNames: ReadonlyArray<string> = []

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

/** The text that an error tells of a request. */
export const textOf = (request: Request): string =>
  request._tag === "Statement" ? request.text : request.statements.map((statement) => statement.text).join("; ")
