/**
 * Failures of statements in a memory session: a reason that the server would give, or unsupported.
 *
 * The interpreter throws these, and the port catches them at one place: a deep evaluation would otherwise hand a result up
 * through every call.
 */
import { Reason } from "@effect-cql/core"

/** Thrown by the interpreter: the reason of a statement that a server would refuse as well. */
export class Refused {
  readonly reason: Reason.Reason

  constructor(reason: Reason.Reason) {
    this.reason = reason
  }
}

/** Thrown by the interpreter: a statement that a server would take, and the memory session does not. */
export class Unsupported extends Error {
  override readonly name = "UnsupportedCql"

  constructor(what: string, instead: string) {
    super(`the memory session does not support ${what}. ${instead}`)
  }
}

export const invalid = (message: string): Refused => new Refused(new Reason.InvalidQuery({ message }))

export const invalidPageState = (message: string): Refused => new Refused(new Reason.InvalidPageState({ message }))

export const syntaxError = (message: string): Refused => new Refused(new Reason.SyntaxError({ message }))

/** Refuses rows that have two columns of one name, as the adapter does. */
export const columnTwice = (column: string): Refused => {
  const issue = "two columns have this name. Give them different names, with AS."
  return new Refused(new Reason.RowDecoding({ message: `row 0, column ${column}: ${issue}`, row: 0, column, issue }))
}

export const configError = (message: string): Refused => new Refused(new Reason.ConfigError({ message }))

export const unauthorized = (message: string): Refused => new Refused(new Reason.Unauthorized({ message }))

export const alreadyExists = (keyspace: string, table: string): Refused =>
  new Refused(
    new Reason.AlreadyExists({
      message: table === ""
        ? `Cannot add existing keyspace "${keyspace}"`
        : `Cannot add already existing table "${table}" to keyspace "${keyspace}"`,
      keyspace,
      table
    })
  )

const realServer =
  "Run this statement against a real server (CassandraServer), or script its answer with MockSession.layer."

export const unsupported = (what: string, instead: string = realServer): Unsupported => new Unsupported(what, instead)
