/**
 * The log lines of a session, with the annotations by which they are found.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Severity } from "effect/LogLevel"
import type { CqlError } from "../../CqlError.ts"
import type { Executable } from "../statement/input.ts"
import { addressOf } from "./address.ts"
import { codeOf, nodeOf, typeOf } from "./codes.ts"
import { describe } from "./described.ts"

type Annotations = Readonly<Record<string, unknown>>

/** A session as its lines name it. */
export interface Named {
  readonly name: string
  readonly port: { readonly keyspace?: string | undefined }
}

/** Logs a line about a session. */
export const logOf = (
  { name, port: { keyspace } }: Named,
  level: Severity,
  line: string,
  annotations?: Annotations,
  cause?: Cause.Cause<unknown>
): Effect.Effect<void> =>
  Effect.annotateLogs(
    cause === undefined ? Effect.logWithLevel(level)(line) : Effect.logWithLevel(level)(line, cause),
    {
      "cql.session.name": name,
      ...(keyspace === undefined ? undefined : { "db.namespace": keyspace }),
      ...annotations
    }
  )

/** The statement of a line: its operation, its table and its keyspace. */
export const aboutStatement = (executable: Executable): Annotations => {
  const { collection, namespace, operation } = describe(executable)
  return {
    ...(operation === undefined ? undefined : { "db.operation.name": operation }),
    ...(namespace === undefined ? undefined : { "db.namespace": namespace }),
    ...(collection === undefined ? undefined : { "db.collection.name": collection })
  }
}

/** The error of a line: its reason, the code of the protocol, and the node that raised it. */
export const aboutError = ({ reason }: CqlError): Annotations => {
  const code = codeOf(reason)
  const node = nodeOf(reason)
  return {
    "error.type": typeOf(reason),
    ...(code === undefined ? undefined : { "db.response.status_code": code }),
    ...(node === undefined ? undefined : aboutNode(node))
  }
}

const aboutNode = (node: string): Annotations => {
  const { address, port } = addressOf(node)
  return { "server.address": address, "server.port": port }
}
