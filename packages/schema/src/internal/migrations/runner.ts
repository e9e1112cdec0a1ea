/**
 * Runs what is pending of a migration, one part at a time. Each part is recorded before it is sent, so that the history says at
 * any time which parts are applied, and which one may be.
 */
import { type CqlError, isCqlError, type Session } from "@effect-cql/core"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { type MigrationError, MigrationFailed, MigrationUnresolved } from "../../MigrationError.ts"
import { notPlain } from "../notPlain.ts"
import { agreement, type Entry, type History } from "./history.ts"
import type { Pending } from "./plan.ts"
import type { Part } from "./steps.ts"

/** Runs what is pending of one migration, as the owner of the lock. */
export const migrate = Effect.fnUntraced(function*<E, R>(
  history: History,
  owner: string,
  { entry: begun, from, step, wasSent: wasSentBefore }: Pending<E, R>
): Effect.fn.Return<void, MigrationError<E>, Session | R> {
  const { id, migration, parts } = step
  const startedAt = begun?.startedAt ?? (yield* DateTime.now)
  let entry = begun
  const record = Effect.fnUntraced(function*(state: Entry["state"], count: number, error?: string) {
    const endedAt = state === "applied" ? yield* DateTime.now : undefined
    const checksums = parts.slice(0, count).map(({ checksum }) => checksum)
    entry = yield* history.record(owner, entry, { id, migration, state, checksums, error, startedAt, endedAt })
  })

  for (const [at, part] of [...parts.entries()].slice(from)) {
    const wasSent = wasSentBefore && at === from
    if (wasSent && !part.isRepeatable) {
      return yield* new MigrationUnresolved({ migration, statement: at + 1, text: part.text })
    }
    yield* record("running", at + 1)
    yield* send(part, wasSent).pipe(
      Effect.catch(Effect.fnUntraced(function*(cause) {
        const outcome = isCqlError(cause) && isNotApplied(part, cause, wasSent) ? "NotApplied" : "Unknown"
        const failure = new MigrationFailed<E>({
          migration,
          statement: at + 1,
          statements: parts.length,
          outcome,
          cause
        })
        const { message } = failure
        yield* Effect.ignore(
          outcome === "NotApplied" ? record("stopped", at, message) : record("running", at + 1, message)
        )
        return yield* failure
      }))
    )
    if (part.kind !== "write") yield* agreement(migration)
  }
  yield* record("applied", parts.length)
  yield* Effect.logInfo(`migrated ${migration}`)
})

/** Sends a part. A failure that shows the part to be applied is none. */
const send = <E, R>(part: Part<E, R>, wasSent: boolean): Effect.Effect<unknown, CqlError | E, Session | R> =>
  Effect.catchIf(part.effect, (error) => isCqlError(error) && isApplied(part, error, wasSent), () => Effect.void)

const isApplied = ({ kind, text }: Part, { outcome, reason }: CqlError, wasSent: boolean): boolean => {
  if (kind === "effect") return false
  if (outcome === "WillApply") return true
  // Only an attempt before this one can have done what the server finds done.
  if (kind !== "definition" || !(wasSent || outcome === "Unknown")) return false
  // Both words are reserved: elsewhere they are part of a quoted name, a string or a comment.
  const isDone = /\b(?:DROP|RENAME)\b/i.test(text.replaceAll(notPlain, " ")) ? isGone : isThere
  return reason._tag === "AlreadyExists" || (reason._tag === "InvalidQuery" && isDone.test(reason.message))
}

// A definition that was applied before is refused as done already. Refused otherwise, it was not applied before either.
const isNotApplied = ({ kind }: Part, { outcome, reason }: CqlError, wasSent: boolean): boolean =>
  wasSent || outcome !== "NotApplied"
    ? kind === "definition" && refusals.has(reason._tag)
    : kind !== "effect"

const refusals: ReadonlySet<string> = new Set(["InvalidQuery", "SyntaxError", "Unauthorized", "AlreadyExists"])

// An index without a name would be another one each time, if it were no duplicate.
const isThere = /already exists|conflicts with an existing|is a duplicate of existing index/i
// "Unkown" is how the server spells it.
const isGone = /does(?:n't| not) exist|was not found|unconfigured table|undefined column|unkn?own field/i
