/**
 * Binds an executable to a request: parameters encoded and put in marker order, options resolved.
 */
import * as Result from "effect/Result"
import type { Batch } from "../../Batch.ts"
import type { Subject } from "../../Outcome.ts"
import type { BatchRequest, Request, RequestOptions, StatementRequest } from "../../Port.ts"
import * as Reason from "../../Reason.ts"
import type { Params, Statement } from "../../Statement.ts"
import { internals } from "../internals.ts"
import { counted, kindOf } from "../kindOf.ts"
import * as Text from "./cqlText.ts"
import type { Executable } from "./input.ts"
import type { ResolvedOptions } from "./options.ts"
import { BoundParams, ownParams, toBoundParams } from "./params.ts"
import { BoundBatch, BoundMember, BoundOptions, BoundStatement } from "./request.ts"

/**
 * Gives the timestamp of a write, in microseconds: each a later one, also where the clock is set back. That of a conditional
 * write is only remembered, so that it is what the clock says.
 */
export interface Dating {
  /** The keyspace of unqualified tables. */
  readonly keyspace: string | undefined
  readonly nextTimestamp: (conditional: boolean) => bigint
}

/** A request, or the reason why there is none. */
export type Binding = Request | Reason.ParametersRefused | Reason.InvalidQuery

/** Binds a statement or a batch. */
export const bind = (executable: Executable, options: ResolvedOptions, dating: Dating): Binding =>
  executable._tag === "Batch"
    ? bindBatch(executable, options, dating)
    : bindStatement(executable, options, dating)

/** Returns true if something was bound. */
export const isRequest = (binding: Binding): binding is Request =>
  binding._tag === "Statement" || binding._tag === "Batch"

// It would change what the names of tables mean for everything that is in flight, and prepared, in the session.
const usesKeyspace = (where = "") =>
  new Reason.InvalidQuery({
    message:
      `${where}USE is refused, because a session is shared. Qualify the names of tables, or set the option keyspace of the session.`
  })

/** A request for a text alone. */
export const unbound = (text: Text.Text, { ifIdempotent }: ResolvedOptions): StatementRequest =>
  new BoundStatement(text, [], ifIdempotent)

/** Binds a single statement. Without `dating` the request has no timestamp of its own. */
export const bindStatement = (
  statement: Statement<unknown>,
  options: ResolvedOptions,
  dating?: Dating
): StatementRequest | Reason.ParametersRefused | Reason.InvalidQuery => {
  const text = statement[internals].text
  if (text.isUse) return usesKeyspace()
  const params = bindParams(statement, text)
  if (!isBound(params)) return params
  const idempotent = options.idempotent ?? isRepeatable(text, params)
  const sentAt = text.isMutation && dating !== undefined ? dating.nextTimestamp(text.conditional) : undefined
  return new BoundStatement(text, params, optionsOf(options, idempotent, sentAt, text, dating?.keyspace))
}

const bindBatch = (
  batch: Batch,
  options: ResolvedOptions,
  dating: Dating
): BatchRequest | Reason.ParametersRefused | Reason.InvalidQuery => {
  const statements: Array<BoundMember> = []
  const { conditional } = subjectOf(batch)
  const { type } = batch
  let takesTimestamp = type !== "counter"
  for (let index = 0; index < batch.statements.length; index++) {
    const statement = batch.statements[index]!
    const text = statement[internals].text
    if (text.isUse) return usesKeyspace(`statement ${index} of the batch: `)
    const params = bindParams(statement, text)
    if (!isBound(params)) {
      const { _tag, message, ...fields } = params
      const { cause } = params
      return new Reason.ParametersRefused({ ...fields, cause, message: `statement ${index} of the batch: ${message}` })
    }
    takesTimestamp &&= text.takesTimestamp
    statements.push(new BoundMember(text.cql, params))
  }
  const sentAt = type === "counter" ? undefined : dating.nextTimestamp(conditional)
  const idempotent = batch.options.idempotent ??
    isIdempotentBatch(batch, options.idempotent, (_, index) => statements[index]!.params)
  const bound = optionsOf(options, idempotent, sentAt, { takesTimestamp }, dating.keyspace)
  return new BoundBatch(type, conditional, statements, bound)
}

const optionsOf = (
  options: ResolvedOptions,
  idempotent: boolean,
  sentAt: bigint | undefined,
  { takesTimestamp }: { readonly takesTimestamp: boolean },
  keyspace: string | undefined
): RequestOptions => {
  // All requests without a time of their own share their options.
  if (sentAt === undefined) return idempotent ? options.ifIdempotent : options.ifNotIdempotent
  const timestamp = options.timestamp ?? (takesTimestamp ? sentAt : undefined)
  return new BoundOptions(options, idempotent, timestamp, sentAt, keyspace)
}

/**
 * Returns true if executing it twice surely does what executing it once does: by its own mark, by that of what stands behind it (the
 * run, the session), or by its text and values.
 */
export const isIdempotent = (executable: Executable, behind?: boolean): boolean =>
  executable.options.idempotent ?? (executable._tag === "Batch"
    ? isIdempotentBatch(executable, behind, paramsOf)
    : behind ?? isRepeatable(executable[internals].text, paramsOf(executable)))

const isIdempotentBatch = (
  { statements, type }: Batch,
  behind: boolean | undefined,
  paramsOf: (statement: Statement<unknown>, index: number) => ReadonlyArray<unknown>
): boolean =>
  (type !== "counter" || behind === true) &&
  statements.every((statement, index) =>
    statement.options.idempotent ?? behind ?? isRepeatable(statement[internals].text, paramsOf(statement, index))
  )

const isRepeatable = (text: Text.Text, params: ReadonlyArray<unknown>): boolean =>
  text.idempotent && !Text.fillsList(text, params)

/** The values of a statement; none where they are refused, for then it is not sent. */
const paramsOf = (statement: Statement<unknown>): ReadonlyArray<unknown> => {
  const params = bindParams(statement, statement[internals].text)
  return isBound(params) ? params : noParams
}

const isBound = (params: ReadonlyArray<unknown> | Reason.ParametersRefused): params is ReadonlyArray<unknown> =>
  Array.isArray(params)

const noParams: ReadonlyArray<unknown> = Object.freeze(new BoundParams())

const bindParams = (
  statement: Statement<unknown>,
  text: Text.Text
): ReadonlyArray<unknown> | Reason.ParametersRefused => {
  const encode = statement[internals].codec.encode
  if (encode === undefined) return inOrder(statement.params, text)
  const encoded = encode(statement.params, text.names)
  if (Result.isFailure(encoded)) return encoded.failure
  const params = inOrder(encoded.success, text)
  return isBound(params) ? ownParams(params) : params
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
  const missing = indexOfUndefined(params)
  if (missing < 0) return params instanceof BoundParams ? params : toBoundParams(params)
  return new Reason.ParametersRefused({
    message: `parameter ${missing} is undefined; null deletes a value, Statement.unset leaves it unchanged`,
    parameter: missing,
    given: "undefined"
  })
}

// A gap counts as undefined, which `indexOf` would skip; `findIndex` calls a function for each value.
const indexOfUndefined = (values: ReadonlyArray<unknown>): number => {
  for (let index = 0; index < values.length; index++) if (values[index] === undefined) return index
  return -1
}

// The name of a tagged class is no value of its row.
const discriminator = "_tag"

const byName = (
  params: { readonly [name: string]: unknown },
  text: Text.Text
): ReadonlyArray<unknown> | Reason.ParametersRefused => {
  const { names } = text
  if (names === undefined) {
    // It may be the value of a map that lacks its brackets, and its keys data.
    return new Reason.ParametersRefused({
      message: `the text has no named markers, but ${kindOf(params)} was given; pass an array`,
      given: kindOf(params)
    })
  }
  const given = Object.keys(params)
  const stray = given.find((name) => !names.includes(name) && name !== discriminator)
  if (stray !== undefined) {
    // If no key is the name of a marker, the record may have been meant as the value of a map, whose keys are data.
    const shown = given.some((name) => names.includes(name)) ? stray : "<key>"
    return new Reason.ParametersRefused({
      message: `the text has no marker :${shown}; its markers are ${names.map((name) => `:${name}`).join(", ")}`,
      parameter: shown,
      given: kindOf(params)
    })
  }
  const missing = names.find((name) => !Object.hasOwn(params, name) || params[name] === undefined)
  return missing === undefined ? toBoundParams(names.map((name) => params[name])) : new Reason.ParametersRefused({
    message: `no value was given for the marker :${missing}; null deletes a value, Statement.unset leaves it unchanged`,
    parameter: missing
  })
}

const isList = (params: NonNullable<Params>): params is ReadonlyArray<unknown> => Array.isArray(params)

/** The properties of an executable that determine the outcome of its errors. */
export const subjectOf = (executable: Executable): Subject => {
  if (executable._tag === "Batch") {
    return {
      kind: "write",
      conditional: executable.statements.some((statement) => statement[internals].text.conditional),
      batch: executable.type
    }
  }
  return executable[internals].text
}
