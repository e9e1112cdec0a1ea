/**
 * The reasons that a server gives, in the order of their protocol codes.
 */
import * as Schema from "effect/Schema"
import { Consistency } from "../Consistency.ts"
import { failures, replicas, writeType } from "./reasonFields.ts"
import { Tagged } from "./tagged.ts"

/**
 * The server failed, without a more precise error. Protocol error 0x0000.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ServerError extends Tagged("ServerError") {}

/**
 * The server could not understand the request. Protocol error 0x000A.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ProtocolError extends Tagged("ProtocolError") {}

/**
 * The server refused the credentials. Protocol error 0x0100.
 *
 * @category reasons
 * @since 0.1.0
 */
export class AuthenticationFailed extends Tagged("AuthenticationFailed") {}

/**
 * Too few replicas were alive for the consistency level. Protocol error 0x1000.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Unavailable extends Tagged("Unavailable", {
  consistency: Consistency,
  /** Replicas that the consistency level asks for. */
  required: Schema.Finite,
  /** Replicas known to be alive. */
  alive: Schema.Finite
}) {}

/**
 * The coordinator refuses more work. Part of the request may have been sent on. Protocol error 0x1001.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Overloaded extends Tagged("Overloaded") {}

/**
 * The coordinator is still joining the cluster. Protocol error 0x1002.
 *
 * @category reasons
 * @since 0.1.0
 */
export class IsBootstrapping extends Tagged("IsBootstrapping") {}

/**
 * A TRUNCATE did not complete on all replicas. Protocol error 0x1003.
 *
 * @category reasons
 * @since 0.1.0
 */
export class TruncateError extends Tagged("TruncateError") {}

/**
 * Too few replicas acknowledged a write in time. Protocol error 0x1100.
 *
 * @category reasons
 * @since 0.1.0
 */
export class WriteTimeout extends Tagged("WriteTimeout", {
  ...replicas,
  /** The kind of write, as named by the server: `SIMPLE`, `BATCH`, `BATCH_LOG`, `UNLOGGED_BATCH`, `CAS`, ... */
  writeType
}) {}

/**
 * Too few replicas answered a read in time. Protocol error 0x1200.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ReadTimeout extends Tagged("ReadTimeout", {
  ...replicas,
  /** True if the replica asked for the data (not a digest) was among those that answered. */
  dataPresent: Schema.Boolean
}) {}

/**
 * A replica failed while it executed a read. Protocol error 0x1300.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ReadFailure extends Tagged("ReadFailure", {
  ...replicas,
  ...failures,
  /** True if the replica asked for the data answered. */
  dataPresent: Schema.Boolean
}) {}

/**
 * A user-defined function failed. Protocol error 0x1400.
 *
 * @category reasons
 * @since 0.1.0
 */
export class FunctionFailure extends Tagged("FunctionFailure", {
  keyspace: Schema.String,
  function: Schema.String,
  /** CQL types of the arguments. */
  argTypes: Schema.Array(Schema.String)
}) {}

/**
 * A replica failed while it executed a write. Protocol error 0x1500.
 *
 * @category reasons
 * @since 0.1.0
 */
export class WriteFailure extends Tagged("WriteFailure", {
  ...replicas,
  ...failures,
  /** The kind of write, as named by the server. */
  writeType
}) {}

/**
 * A replica could not write to a table with change data capture. Protocol error 0x1600.
 *
 * @category reasons
 * @since 0.1.0
 */
export class CdcWriteFailure extends Tagged("CdcWriteFailure", replicas) {}

/**
 * A conditional write was interrupted in its Paxos round, which a later request may complete. Protocol error 0x1700.
 *
 * @category reasons
 * @since 0.1.0
 */
export class CasWriteUnknown extends Tagged("CasWriteUnknown", replicas) {}

/**
 * The CQL text does not parse. Protocol error 0x2000.
 *
 * @category reasons
 * @since 0.1.0
 */
export class SyntaxError extends Tagged("SyntaxError") {}

/**
 * The role does not have the permission. Protocol error 0x2100.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Unauthorized extends Tagged("Unauthorized") {}

/**
 * The statement parses but cannot be executed. Protocol error 0x2200.
 *
 * @category reasons
 * @since 0.1.0
 */
export class InvalidQuery extends Tagged("InvalidQuery") {}

/**
 * The statement is invalid under the configuration of the server. Protocol error 0x2300.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ConfigError extends Tagged("ConfigError") {}

/**
 * The keyspace or table exists. Protocol error 0x2400.
 *
 * @category reasons
 * @since 0.1.0
 */
export class AlreadyExists extends Tagged("AlreadyExists", {
  keyspace: Schema.String,
  /** Empty when the keyspace itself exists. */
  table: Schema.String
}) {}

/**
 * The node does not know the prepared statement, although it was prepared again several times. Protocol error 0x2500. Also if
 * its table changed during each of several preparations in a row.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Unprepared extends Tagged("Unprepared") {}
