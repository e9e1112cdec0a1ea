/**
 * The results of executions. They hold the item of the source in a private field, for it may contain parameters: neither
 * inspection nor JSON nor a spread copy shows it. A proxy of a result has no item.
 *
 * Each class has the field itself: one that comes from a base class makes the constructor several times as slow.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import type { CqlError } from "../../CqlError.ts"
import type * as Public from "../../ExecutionResult.ts"
import type { Outcome } from "../../Outcome.ts"
import type { ResultSet } from "../../ResultSet.ts"
import type { Executable } from "../statement/input.ts"

/** The part of an execution that its result keeps. */
interface Origin {
  readonly index: number
  readonly executable: Executable
  readonly item: unknown
}

export class Success implements Public.Success<unknown> {
  readonly #item: unknown
  readonly _tag = "Success"
  readonly success = true
  readonly index: number
  readonly statement: Executable
  readonly value: ResultSet<unknown>
  readonly outcome: Outcome
  readonly attempts: number

  constructor({ executable, index, item }: Origin, value: ResultSet<unknown>, outcome: Outcome, attempts: number) {
    this.#item = item
    this.index = index
    this.statement = executable
    this.value = value
    this.outcome = outcome
    this.attempts = attempts
  }

  get item(): unknown {
    return #item in this ? this.#item : undefined
  }

  [NodeInspectSymbol](): unknown {
    return { ...this }
  }
}

export class Failure implements Public.Failure {
  readonly #item: unknown
  readonly _tag = "Failure"
  readonly success = false
  readonly index: number
  readonly statement: Executable
  readonly error: CqlError
  readonly outcome: Outcome

  constructor({ executable, index, item }: Origin, error: CqlError, outcome: Outcome) {
    this.#item = item
    this.index = index
    this.statement = executable
    this.error = error
    this.outcome = outcome
  }

  get item(): unknown {
    return #item in this ? this.#item : undefined
  }

  [NodeInspectSymbol](): unknown {
    return { ...this }
  }
}

export class Interrupted implements Public.Interrupted {
  readonly #item: unknown
  readonly _tag = "Interrupted"
  readonly index: number
  readonly statement: Executable
  readonly outcome: Outcome
  readonly timestamp: bigint | undefined

  constructor({ executable, index, item }: Origin, outcome: Outcome, timestamp: bigint | undefined) {
    this.#item = item
    this.index = index
    this.statement = executable
    this.outcome = outcome
    this.timestamp = timestamp
  }

  get item(): unknown {
    return #item in this ? this.#item : undefined
  }

  [NodeInspectSymbol](): unknown {
    return { ...this }
  }
}
