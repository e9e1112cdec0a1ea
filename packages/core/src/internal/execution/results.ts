/**
 * The results of executions. They hold the item of the source in a private field, for it may contain parameters: neither
 * inspection nor JSON nor a spread copy shows it.
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

class WithItem {
  readonly #item: unknown

  constructor(item: unknown) {
    this.#item = item
  }

  /** Undefined for a proxy. */
  get item(): unknown {
    return #item in this ? this.#item : undefined
  }

  [NodeInspectSymbol](): unknown {
    return { ...this }
  }
}

export class Success extends WithItem implements Public.Success<unknown> {
  readonly _tag = "Success"
  readonly success = true
  readonly index: number
  readonly statement: Executable
  readonly value: ResultSet<unknown>
  readonly outcome: Outcome
  readonly attempts: number

  constructor({ executable, index, item }: Origin, value: ResultSet<unknown>, outcome: Outcome, attempts: number) {
    super(item)
    this.index = index
    this.statement = executable
    this.value = value
    this.outcome = outcome
    this.attempts = attempts
  }
}

export class Failure extends WithItem implements Public.Failure {
  readonly _tag = "Failure"
  readonly success = false
  readonly index: number
  readonly statement: Executable
  readonly error: CqlError
  readonly outcome: Outcome

  constructor({ executable, index, item }: Origin, error: CqlError, outcome: Outcome) {
    super(item)
    this.index = index
    this.statement = executable
    this.error = error
    this.outcome = outcome
  }
}

export class Interrupted extends WithItem implements Public.Interrupted {
  readonly _tag = "Interrupted"
  readonly index: number
  readonly statement: Executable
  readonly outcome: Outcome
  readonly timestamp: bigint | undefined

  constructor({ executable, index, item }: Origin, outcome: Outcome, timestamp: bigint | undefined) {
    super(item)
    this.index = index
    this.statement = executable
    this.outcome = outcome
    this.timestamp = timestamp
  }
}
