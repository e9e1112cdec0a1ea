/**
 * Reads back writes whose outcome is open.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidOptions } from "../InvalidOptions.ts"
import type { Outcome, SettleOptions, Unsettled } from "../Outcome.ts"
import type { Service, Session } from "../Session.ts"
import { type Finding, Settlement } from "../Settlement.ts"
import type { Options } from "../Statement.ts"
import { isIdempotent, subjectOf } from "./binding.ts"
import { kindOf } from "./codec.ts"
import type { Executable } from "./input.ts"
import { isPositiveInteger } from "./numbers.ts"
import { checked } from "./options.ts"
import { SessionKey } from "./sessionKey.ts"
import { judgeConditional, judgePlain } from "./settle/judge.ts"
import { type Columns, makeColumns, readBack } from "./settle/readBack.ts"
import { BatchImpl, StatementImpl } from "./statement.ts"

/** What all reads of one settling have in common. */
interface Settling {
  readonly session: Service
  readonly columnsOf: Columns
  readonly plain: Options
  readonly serial: (executable: Executable) => Options
  readonly clockSkew: bigint
}

/** A write to be settled. */
interface Open {
  readonly index: number
  readonly before: Outcome
  readonly timestamp: bigint | undefined
}

export const settle = (
  unsettled: Iterable<Unsettled>,
  options: SettleOptions
): Effect.Effect<Array<Settlement>, never, Session> =>
  SessionKey.use((session) =>
    Effect.suspend(() => {
      const settling = settlingOf(session, options)
      const open = Array.from(unsettled, (given, position) => ({ given, index: given.index ?? position }))
        .filter(({ given }) => given.outcome === "Unknown" || given.outcome === "WillApply")
      return Effect.forEach(open, ({ given, index }) =>
        settleOne(settling, executableOf(given, index), {
          index,
          before: given.outcome,
          timestamp: given.error?.timestamp ?? given.timestamp
        }), { concurrency: options.concurrency ?? 16 })
    })
  )

const settlingOf = (session: Service, options: SettleOptions): Settling => {
  const { clockSkew = "1 second", concurrency, consistency = "QUORUM", serialConsistency } = options
  if (concurrency !== undefined && !isPositiveInteger(concurrency)) {
    throw new InvalidOptions({ option: "concurrency", value: concurrency, expected: "a positive integer" })
  }
  checked({ consistency, serialConsistency })
  const skew = Duration.fromInput(clockSkew)
  // Duration turns a negative number into zero, so the sign has to be read off the number itself.
  if (skew._tag === "None" || !Number.isFinite(Duration.toMillis(skew.value)) || isNegative(clockSkew)) {
    throw new InvalidOptions({ option: "clockSkew", value: clockSkew, expected: "a duration, such as \"1 second\"" })
  }
  return {
    session,
    columnsOf: makeColumns(session),
    plain: { consistency },
    serial: ({ options }) => checked({ consistency: serialConsistency ?? options.serialConsistency ?? "SERIAL" }),
    clockSkew: BigInt(Math.ceil(Duration.toMillis(skew.value) * 1_000))
  }
}

const isNegative = (input: Duration.Input): boolean => typeof input === "number" && input < 0

const executableOf = ({ statement }: Unsettled, index: number): Executable => {
  if (statement instanceof StatementImpl || statement instanceof BatchImpl) return statement
  throw new InvalidOptions({
    option: `unsettled[${index}].statement`,
    value: kindOf(statement),
    expected: "a Statement or a Batch"
  })
}

const settleOne = (settling: Settling, executable: Executable, open: Open): Effect.Effect<Settlement> => {
  const { conditional } = subjectOf(executable)
  return executable instanceof BatchImpl
    ? settleBatch(settling, executable, conditional, open)
    : settleStatement(settling, executable, conditional, settling.serial(executable), open)
}

const settleStatement = (
  settling: Settling,
  statement: StatementImpl<unknown>,
  conditional: boolean,
  serial: Options,
  { before, index, timestamp }: Open
): Effect.Effect<Settlement> => {
  const stays = { index, statement, before, outcome: before, again: againOf(statement, timestamp) }
  return readBack(settling.session, settling.columnsOf, statement, conditional ? serial : settling.plain).pipe(
    Effect.match({
      onSuccess: (found) => {
        if (typeof found === "string") return new Settlement({ ...stays, finding: "notComparable", message: found })
        const since = timestamp === undefined ? undefined : timestamp - settling.clockSkew
        const verdict = conditional
          ? judgeConditional(before, found, since)
          : judgePlain(before, found, timestamp)
        return new Settlement({ ...stays, ...verdict, row: found.row })
      },
      onFailure: (error) =>
        new Settlement({
          ...stays,
          finding: "unreadable",
          message: `it could not be read back: ${error.reason._tag}`,
          error
        })
    })
  )
}

/** The same write with its own timestamp, where executing it twice is harmless. */
const againOf = (executable: Executable, timestamp: bigint | undefined): Executable | undefined => {
  if (timestamp === undefined || subjectOf(executable).conditional || !isIdempotent(executable)) return undefined
  return executable instanceof BatchImpl
    ? new BatchImpl(executable.type, executable.statements, { ...executable.options, timestamp })
    : StatementImpl.withOptions(executable, { ...executable.options, timestamp })
}

const settleBatch = (
  settling: Settling,
  batch: BatchImpl,
  conditional: boolean,
  open: Open
): Effect.Effect<Settlement> => {
  const { before, index } = open
  const stays = { index, statement: batch, before, outcome: before, again: againOf(batch, open.timestamp) }
  if (batch.type === "counter") {
    const message = "increments of counters leave nothing by which they could be recognised"
    return Effect.succeed(new Settlement({ ...stays, finding: "notComparable", message }))
  }
  const serial = settling.serial(batch)
  return Effect.map(
    Effect.forEach(
      batch.statements,
      (statement, at) => settleStatement(settling, statement, conditional, serial, { ...open, index: at })
    ),
    (parts) => {
      const { message, outcome } = outcomeOfBatch(batch, conditional, before, parts)
      return new Settlement({ ...stays, outcome, finding: findingOf(outcome, parts), message, parts })
    }
  )
}

const outcomeOfBatch = (
  batch: BatchImpl,
  conditional: boolean,
  before: Outcome,
  parts: ReadonlyArray<Settlement>
): { readonly outcome: Outcome; readonly message: string } => {
  const count = (outcome: Outcome) => parts.filter((part) => part.outcome === outcome).length
  const applied = count("Applied")
  const of = `${applied} of its ${parts.length} statements were found`
  if (applied === parts.length) return { outcome: "Applied", message: "all of its statements were found" }
  if (conditional) {
    const notApplied = count("NotApplied")
    // All or none of them took effect; where both was seen, somebody else has been there meanwhile.
    if (applied > 0 && notApplied === 0) return { outcome: "Applied", message: of }
    return notApplied > 0 && applied === 0
      ? { outcome: "NotApplied", message: "its round is over, and what it sets is not there" }
      : { outcome: before, message: of }
  }
  // The batch log is written before the first of its statements is sent anywhere.
  if (batch.type === "logged" && applied > 0) {
    return { outcome: "WillApply", message: `${of}, so that it is in the batch log` }
  }
  return { outcome: before, message: of }
}

const findingOf = (outcome: Outcome, parts: ReadonlyArray<Settlement>): Finding =>
  outcome === "Applied" || outcome === "WillApply" && parts.some(({ finding }) => finding === "found")
    ? "found"
    : parts.find(({ finding }) => finding !== "found")?.finding ?? "notFound"
