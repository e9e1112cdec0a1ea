/**
 * From the record of migrations to their steps, in the order of their numbers.
 */
import { type CqlError, InvalidOptions, RetryPolicy, type Session, Statement } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Migration } from "../../MigrationTypes.ts"

/** A migration: its statements in their order, or its effect. */
export interface Step<out E = unknown, out R = unknown> {
  readonly id: number
  /** Its name with the number, such as `0001_users`. */
  readonly migration: string
  readonly parts: ReadonlyArray<Part<E, R>>
}

/** A part of a migration that is applied as a whole, or not. */
export interface Part<out E = unknown, out R = unknown> {
  /** The CQL text; of an effect a description. */
  readonly text: string
  readonly checksum: string
  /** A definition changes the schema, and an effect may. */
  readonly kind: "definition" | "write" | "effect"
  /** True if executing it twice has the effect of executing it once. */
  readonly isRepeatable: boolean
  readonly effect: Effect.Effect<unknown, CqlError | E, Session | R>
}

const refuse = (option: string, given: string, expected: string): never => {
  throw new InvalidOptions({ option, given, expected })
}

/** The steps of a record whose effects have these errors and services. What is no migration is a programming error. */
export const stepsOf = <E, R>(
  migrations: Readonly<Record<string, Migration<E, R>>>
): ReadonlyArray<Step<E, R>> => {
  const steps = Object.entries(migrations).map(([migration, source]): Step<E, R> => {
    const option = `migrations[${JSON.stringify(migration)}]`
    const id = Number(
      /^(\d{1,9})_\w+$/.exec(migration)?.[1] ?? refuse(option, "another name", "a name such as 0001_users")
    )
    const parts = partsOf(option, source)
    return parts.length > 0 ? { id, migration, parts } : refuse(option, "none", "at least one statement")
  }).sort((a, b) => a.id - b.id)
  for (const [at, { id, migration }] of steps.entries()) {
    const before = steps[at - 1]
    if (before?.id === id) {
      refuse(`migrations[${JSON.stringify(migration)}]`, `the number of ${before.migration}`, "a unique number")
    }
  }
  return steps
}

const partsOf = <E, R>(option: string, source: Migration<E, R>): ReadonlyArray<Part<E, R>> => {
  if (Statement.isStatement(source)) return [statementPart(source)]
  if (typeof source === "string") return scriptParts(option, source)
  if (Effect.isEffect(source)) return [effectPart(source)]
  if (!Array.isArray(source)) return refuse(option, typeof source, "a text, statements or an effect")
  return source.flatMap((item: string | Statement.Statement<unknown>, index) =>
    Statement.isStatement(item)
      ? [statementPart(item)]
      : typeof item === "string"
      ? scriptParts(`${option}[${index}]`, item)
      : refuse(`${option}[${index}]`, typeof item, "a text or a statement")
  )
}

const scriptParts = (option: string, text: string): ReadonlyArray<Part<never, never>> =>
  Result.match(Effect.runSync(Effect.result(Statement.script(text))), {
    onSuccess: (statements) => statements.map(statementPart),
    onFailure: (error) => refuse(option, error.message, "a text of whole statements")
  })

// Definitions take longer than other statements, and there is time to wait for a node that is not well.
const patient = {
  requestTimeout: "1 minute",
  retry: RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 4, initial: "250 millis", max: "5 seconds" }) })
} as const

const statementPart = (statement: Statement.Statement<unknown>): Part<never, never> => {
  const { text } = statement
  const verb = /^(?:\s|--.*|\/\/.*|\/\*[^]*?\*\/)*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? ""
  const kind = definitions.has(verb) ? "definition" : "write"
  // A second definition finds what the first has done, and is refused. A second TRUNCATE deletes what was written since.
  const isRepeatable = (kind === "definition" && verb !== "TRUNCATE") || Statement.isIdempotent(statement) ||
    insertsOnce(verb, statement)
  return {
    text,
    checksum: checksumOf(text),
    kind,
    isRepeatable,
    effect: Statement.withOptions(statement, { ...patient, idempotent: isRepeatable, ...statement.options })
  }
}

const definitions = new Set(["CREATE", "ALTER", "DROP", "TRUNCATE", "GRANT", "REVOKE"])

// The second time it finds the row of the first, if it is the same row: not that of another uuid().
const insertsOnce = (verb: string, { params, text }: Statement.Statement<unknown>): boolean =>
  verb === "INSERT" && Statement.isIdempotent(Statement.make(text.replace(/\bIF\s+NOT\s+EXISTS\b/i, " "), params))

const effectPart = <E, R>(effect: Effect.Effect<unknown, E, R>): Part<E, R> => ({
  text: "-- an effect",
  checksum: "effect",
  kind: "effect",
  isRepeatable: true,
  effect
})

/** A checksum that finds an edited text: FNV-1a of 64 bits, over the text with the line ends of Unix. */
const checksumOf = (text: string): string => {
  let hash = 0xcbf29ce484222325n
  for (const character of text.replaceAll("\r\n", "\n")) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.codePointAt(0)!)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, "0")
}
