/**
 * State that the attempts on a client share, and their reports to it.
 */
import type { CqlError, Reason } from "@effect-cql/core"
import type { Page, Request } from "@effect-cql/core/Port"
import type { Client } from "cassandra-driver"
import type * as Exit from "effect/Exit"
import type { Next } from "../driver/hosts.ts"
import type { OverdueNodes } from "../driver/overdue.ts"
import type { RequestDefaults } from "../driver/policyOptions.ts"
import type { Result, SchemaChange } from "../protocol/answers.ts"
import type { KeepsPlan } from "../protocol/rows.ts"
import type { Circumstances } from "./classify.ts"
import type { PreparedTexts } from "./preparedTexts.ts"

/** State shared by all attempts on a client. */
export interface AttemptContext {
  readonly client: Client
  readonly requestDefaults: RequestDefaults
  readonly prepared: PreparedTexts
  /** Keeps the plan of the last rows of a text that was not prepared: the pages of a statement mostly follow each other. */
  readonly unprepared: KeepsPlan
  readonly overdue: OverdueNodes
  /** Awaited requests that were handed to the driver. */
  awaited: number
  readonly refused: (reason: Reason.Reason, request: Request) => Exit.Exit<never, CqlError>
  readonly failed: (error: unknown, request: Request, circumstances: Where) => Exit.Exit<never, CqlError>
  /** Gives the page of a change of the schema, once the nodes agree on it or have had time for that. Returns what ends the wait. */
  readonly schemaChanged: (
    change: SchemaChange,
    attempt: Changing,
    done: (page: Page) => void
  ) => () => void
  /** Reports that a policy of the client has failed. The request continues without it. */
  readonly policyFailed: (error: unknown) => void
  /** The server has warned, by this node. */
  readonly warned: (warnings: ReadonlyArray<string>, node: string) => void
}

/** A request that changed the schema. */
export interface Changing {
  readonly result: Result
  readonly next: Next
  /** A further node of its plan. */
  readonly another: () => Next | undefined
  /** When it began, by the monotonic clock. */
  readonly started: number
  readonly request: Request
  readonly consistency: number
}

/** Where a request was when it failed. */
export type Where = Pick<Circumstances, "phase" | "host" | "isWritten" | "hasPageState">
