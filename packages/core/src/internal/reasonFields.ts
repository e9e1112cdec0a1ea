/**
 * Fields that several reasons have.
 */
import * as Schema from "effect/Schema"
import { Consistency } from "../Consistency.ts"

/** The kinds of writes that Cassandra names in its errors. Later versions of the server may have others. */
export const WriteType = Schema.Literals([
  "SIMPLE",
  "BATCH",
  "UNLOGGED_BATCH",
  "COUNTER",
  "BATCH_LOG",
  "CAS",
  "VIEW",
  "CDC"
])
export type WriteType = typeof WriteType.Type

export const writeType: Schema.Codec<WriteType | (string & {}), string> = Schema.String

/** The replicas that had to answer at a consistency level, and those that did. */
export const replicas = {
  consistency: Consistency,
  /** Replicas that answered. */
  received: Schema.Finite,
  /** Replicas that the consistency level waits for. */
  blockFor: Schema.Finite
}

export type Replicas = Schema.Struct.Type<typeof replicas>

/** The replicas that failed, and with which code where the server names it. */
export const failures = {
  failures: Schema.Finite,
  /** Failure codes of the protocol by replica address. */
  failuresByNode: Schema.optional(Schema.Record(Schema.String, Schema.Finite))
}

export type Failures = Schema.Struct.Type<typeof failures>
