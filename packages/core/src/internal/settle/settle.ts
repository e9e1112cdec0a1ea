/**
 * Reads back writes whose outcome is unknown.
 */
import * as Effect from "effect/Effect"
import { hasProperty, isIterable, isObjectKeyword } from "effect/Predicate"
import type { Batch } from "../../Batch.ts"
import * as Check from "../../Check.ts"
import { Consistency, SerialConsistency } from "../../Consistency.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import { isCertain, type Outcome } from "../../Outcome.ts"
import type { Request } from "../../Port.ts"
import type { Reason } from "../../Reason.ts"
import type { Service, Session } from "../../Session.ts"
import type { Finding, SettleOptions, Unsettled } from "../../Settlement.ts"
import type { Options, Statement } from "../../Statement.ts"
import { internals, requestOf } from "../internals.ts"
import { aKindOf } from "../kindOf.ts"
import { SessionKey } from "../session/key.ts"
import { spanned } from "../session/session.ts"
import { isDataFirst as isSourceFirst } from "../source/source.ts"
import { bindStatement, isIdempotent, isRequest, subjectOf } from "../statement/binding.ts"
import type { Executable } from "../statement/input.ts"
import { resolve } from "../statement/options.ts"
import { BoundOptions, timestampOf } from "../statement/request.ts"
import { again as sameAgain, BatchImpl, isBatch, isStatement } from "../statement/statement.ts"
import { judgeConditional, judgePlain } from "./judge.ts"
import { type Bound, increments, readBack } from "./readBack.ts"
import { originOf, Settlement } from "./settlement.ts"
import { makeTables, type Tables } from "./table.ts"

/** State shared by all reads of one settling. */
interface Settling {
  readonly session: Service
  readonly tables: Tables
  readonly plain: Options
  readonly serialConsistency: SerialConsistency | undefined
  readonly clockSkew: bigint
}

/** A write to be settled. */
interface Open {
  readonly index: number
  readonly before: Outcome
  readonly timestamp: bigint | undefined
  /** True if the session has given it that time, as it gives to no other write. */
  readonly isOwnTime: boolean
  readonly conditional: boolean
  readonly isAnswered: boolean
  /** The level at which it is read, if it is conditional. */
  readonly serial: SerialConsistency
  /** The request, where the core has made it. */
  readonly request: Request | undefined
  /** The result that it comes from, for a settlement that is settled again. */
  readonly origin: Unsettled
}

export const settle = (
  unsettled: Iterable<Unsettled>,
  options: SettleOptions
): Effect.Effect<Array<Settlement>, never, Session> =>
  SessionKey.use((session) => spanned(session, settleIn(session, unsettled, options)))

const settleIn = Effect.fn("Settlement.settle")(function*(
  session: Service,
  unsettled: Iterable<Unsettled>,
  options: SettleOptions
): Effect.fn.Return<Array<Settlement>> {
  const settling = settlingOf(session, options)
  const open = checkedUnsettled(unsettled)
    .map((given, position) => ({ given, index: given.index ?? position }))
    .filter(({ given }) => !isCertain(given.outcome))
  return yield* Effect.forEach(open, ({ given, index }) => settleOne(settling, given, index), {
    concurrency: options.concurrency ?? 16
  })
})

/** Returns true if `settle` is called with its writes, and not with options alone, which stand for a function of the writes. */
export const isDataFirst = (args: IArguments): boolean => isSourceFirst(args) || isLone(args[0])

const isLone = (given: unknown): boolean => hasProperty(given, "statement")

const checkedUnsettled = (unsettled: unknown): ReadonlyArray<Unsettled> => {
  if (!isIterable(unsettled) || typeof unsettled === "string" || Effect.isEffect(unsettled)) {
    const given = isLone(unsettled) ? "a single result: put it into an array" : aKindOf(unsettled)
    throw new InvalidOptions({ option: "unsettled", given, expected: "an Iterable of results" })
  }
  return Array.from(unsettled, (given: unknown, index) => {
    if (isObjectKeyword(given)) return given as Unsettled
    throw new InvalidOptions({ option: `unsettled[${index}]`, given: aKindOf(given), expected: "a result" })
  })
}

const rules: Check.Rules<SettleOptions> = {
  concurrency: Check.positiveInteger,
  consistency: Check.oneOf(Consistency.literals),
  serialConsistency: Check.oneOf(SerialConsistency.literals),
  clockSkew: Check.finiteDuration
}

const settlingOf = (session: Service, options: SettleOptions): Settling => {
  const { clockSkew = "1 second", consistency = "QUORUM", serialConsistency } = Check.options(options, rules)
  return {
    session,
    tables: makeTables(session),
    plain: { consistency },
    serialConsistency,
    clockSkew: BigInt(Math.ceil(Check.millis("clockSkew", clockSkew) * 1_000))
  }
}

const executableOf = ({ statement }: Unsettled, index: number): Executable => {
  if (isStatement(statement) || isBatch(statement)) return statement
  throw new InvalidOptions({
    option: `unsettled[${index}].statement`,
    given: aKindOf(statement),
    expected: "a Statement or a Batch"
  })
}

const settleOne = (settling: Settling, settled: Unsettled, index: number): Effect.Effect<Settlement> => {
  // A settlement that is settled again refers to the write of its result, and not to the read.
  const given = originOf(settled) ?? settled
  const executable = executableOf(given, index)
  const request = requestOf(given)
  const open: Open = {
    index,
    before: settled.outcome,
    timestamp: given.error?.timestamp ?? given.timestamp ?? (request && timestampOf(request)),
    isOwnTime: isOwnTime(executable, request),
    conditional: subjectOf(executable).conditional,
    isAnswered: given.error !== undefined && given.error.attempts === 1 && answers.has(given.error.reason._tag),
    serial: settling.serialConsistency ?? request?.options.serialConsistency ?? executable.options.serialConsistency ??
      "SERIAL",
    request,
    origin: given
  }
  return executable._tag === "Batch"
    ? settleBatch(settling, executable, open)
    : settleStatement(settling, executable, boundOf(executable, request), false, open)
}

/** Returns true if a session has given a write its time, possibly in an earlier repetition. */
const isOwnTime = (executable: Executable, request: Request | undefined): boolean =>
  executable[internals].isOwnTime === true || (request === undefined
    ? executable.options.timestamp === undefined
    : request.options.timestamp === request.options.sentAt)

// Answers after which the server has finished a write. With several attempts, an earlier one may still be in progress.
const answers: ReadonlySet<Reason["_tag"]> = new Set([
  "ServerError",
  "Overloaded",
  "WriteTimeout",
  "WriteFailure",
  "ReadTimeout",
  "ReadFailure",
  "FunctionFailure",
  "CdcWriteFailure",
  "CasWriteUnknown"
])

/** The request of a statement: as it was sent, or bound again if unknown. */
const boundOf = (statement: Statement<unknown>, request: Request | undefined): Bound | undefined => {
  if (request?._tag === "Statement") return request
  const again = bindStatement(statement, resolve(statement.options))
  return isRequest(again) ? again : undefined
}

/** Servers date the conditional writes of a millisecond from its beginning on, or a microsecond before. */
const millisecondBefore = (timestamp: bigint): bigint => (timestamp / 1_000n - 1n) * 1_000n

const settleStatement = (
  settling: Settling,
  statement: Statement<unknown>,
  bound: Bound | undefined,
  isPart: boolean,
  open: Open
): Effect.Effect<Settlement> => {
  const { before, conditional, index, isAnswered, isOwnTime, origin, request, serial, timestamp } = open
  const again = isPart ? undefined : againOf(statement, open)
  const stays = { index, statement, before, outcome: before, again, origin: isPart ? undefined : origin }
  if (bound === undefined) {
    const message = "its parameters cannot be bound"
    return Effect.succeed(new Settlement({ ...stays, finding: "notComparable", message }))
  }
  const since = timestamp === undefined ? undefined : millisecondBefore(timestamp) - settling.clockSkew
  // By the same profile, which may stand for another data centre.
  const { executionProfile } = request?.options ?? statement.options
  const options = { ...(conditional ? { consistency: serial } : settling.plain), executionProfile }
  const { session, tables } = settling
  const keyspace = (request && BoundOptions.keyspaceOf(request.options)) ?? session.keyspace
  return readBack(session, tables, bound, keyspace, options).pipe(
    Effect.match({
      onSuccess: (found) => {
        if (typeof found === "string") return new Settlement({ ...stays, finding: "notComparable", message: found })
        const verdict = conditional
          ? judgeConditional(before, found, { since, isAnswered, isPart })
          : judgePlain(before, found, timestamp, isOwnTime)
        return new Settlement({ ...stays, ...verdict, row: found.row })
      },
      onFailure: (error) => {
        const message = `it could not be read back: ${error.reason._tag}`
        return new Settlement({ ...stays, finding: "unreadable", message, error })
      }
    })
  )
}

/** The statement of a result to be executed once more, where that can do no harm. */
export const againOfResult = (result: Unsettled): Executable | undefined => {
  const { error, outcome, statement } = result
  if (outcome === "Applied" || outcome === "WillApply") return undefined
  const request = requestOf(result)
  if (subjectOf(statement).kind === "read" || request === undefined) {
    return outcome === "NotApplied"
      ? statement
      : undefined
  }
  const timestamp = error?.timestamp ?? timestampOf(request)
  const again = againOf(statement, { isOwnTime: isOwnTime(statement, request), request, timestamp })
  // Nothing of it was applied: a condition, a counter or another write that must not run twice has not run once.
  return again ?? (outcome === "NotApplied" ? statement : undefined)
}

/** The same write with its own timestamp and options, where executing it twice is harmless. */
const againOf = (
  executable: Executable,
  { isOwnTime, request, timestamp }: Pick<Open, "isOwnTime" | "request" | "timestamp">
): Executable | undefined => {
  const hasTime = timestamp !== undefined ||
    (executable._tag === "Statement" && executable[internals].text.hasTimestamp)
  const isHarmless = request?.options.idempotent ?? isIdempotent(executable)
  if (!hasTime || !isHarmless || subjectOf(executable).conditional) return undefined
  const { executionProfile, consistency, requestTimeout } = request?.options ?? executable.options
  // If the text sets some of the times, the time of the request applies to the rest.
  const pinned = timestamp ?? request?.options.timestamp
  const options = { ...executable.options, executionProfile, consistency, requestTimeout, timestamp: pinned }
  if (executable._tag === "Statement") {
    return sameAgain(executable, request?._tag === "Statement" ? request.params : undefined, options, isOwnTime)
  }
  const bound = request?._tag === "Batch" ? request.statements : []
  const parts = executable.statements.map((part, at) => sameAgain(part, bound[at]?.params, part.options, false))
  return new BatchImpl(executable.type, parts, options, isOwnTime)
}

const settleBatch = (settling: Settling, batch: Batch, open: Open): Effect.Effect<Settlement> => {
  const { before, conditional, index, origin, request } = open
  const stays = { index, statement: batch, before, outcome: before, again: againOf(batch, open), origin }
  if (batch.type === "counter") {
    return Effect.succeed(new Settlement({ ...stays, finding: "notComparable", message: increments }))
  }
  const settleParts = Effect.forEach(batch.statements, (statement, at) => {
    const bound = request?._tag === "Batch" ? request.statements[at] : boundOf(statement, undefined)
    return settleStatement(settling, statement, bound, true, { ...open, index: at })
  })
  return Effect.map(settleParts, (parts) => {
    const applied = parts.filter(({ outcome }) => outcome === "Applied").length
    const { message, outcome } = outcomeOfBatch(conditional, before, parts, applied)
    return new Settlement({ ...stays, outcome, finding: findingOf(outcome, parts), message, parts })
  })
}

const outcomeOfBatch = (
  conditional: boolean,
  before: Outcome,
  parts: ReadonlyArray<Settlement>,
  applied: number
): { readonly outcome: Outcome; readonly message: string } => {
  if (applied === parts.length) return { outcome: "Applied", message: "all of its statements were found" }
  const of = `${applied} of its ${parts.length} statements were found`
  if (!conditional) return { outcome: before, message: of }
  const notApplied = parts.find(({ outcome }) => outcome === "NotApplied")
  // All or none of them took effect. If both was seen, another client has written meanwhile.
  if (applied > 0) {
    const isContradicted = notApplied !== undefined || parts.some(({ finding }) => finding === "absent")
    return { outcome: isContradicted ? before : "Applied", message: of }
  }
  return { outcome: notApplied?.outcome ?? before, message: notApplied?.message ?? of }
}

const findingOf = (outcome: Outcome, parts: ReadonlyArray<Settlement>): Finding =>
  parts.find((part) => part.outcome === outcome && part.finding !== "found")?.finding ??
    (outcome === "Applied" ? "found" : "notComparable")
