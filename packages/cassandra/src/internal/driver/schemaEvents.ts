/**
 * Changes of the schema, as the nodes report them on the control connection of the driver.
 */
import type { Client } from "cassandra-driver"
import type { SchemaChange } from "../protocol/answers.ts"

/** A change of the schema as an event (`lib/readers.js:517`). */
interface SchemaEvent {
  readonly schemaChangeType?: string | undefined
  readonly target?: string | undefined
  readonly keyspace?: string | undefined
  readonly table?: string | null | undefined
}

interface Emitter {
  readonly on: (event: string, listener: (...values: ReadonlyArray<never>) => void) => unknown
  readonly removeListener: (event: string, listener: (...values: ReadonlyArray<never>) => void) => unknown
}

/**
 * An emitter of `newConnection` (`lib/control-connection.js:507`), whose connection emits `nodeSchemaChange`
 * (`lib/connection.js:701`). Stand-ins of tests have none.
 */
interface WithControlConnection {
  readonly controlConnection?: (Emitter & { readonly connection?: Emitter | null | undefined }) | undefined
}

/**
 * Reports every change of the schema, and when some may have been missed because the control connection was lost. Returns a
 * function that ends it.
 */
export const onSchemaChange = (
  client: Client,
  changed: (change: SchemaChange) => void,
  missed: () => void
): () => void => {
  const control = (client as Client & WithControlConnection).controlConnection
  if (control === undefined) return () => {}
  let connection: Emitter | undefined
  const onChange = ({ keyspace, schemaChangeType, table, target }: SchemaEvent): void =>
    changed({
      change: schemaChangeType ?? "",
      target: target ?? "",
      keyspace: keyspace ?? "",
      table: table ?? undefined
    })
  const leave = (): void => {
    connection?.removeListener("nodeSchemaChange", onChange)
    connection = undefined
  }
  const follow = (next: Emitter | null | undefined): void => {
    leave()
    connection = next ?? undefined
    connection?.on("nodeSchemaChange", onChange)
  }
  const onConnection = (error: unknown, next: Emitter | undefined): void => {
    if (error !== null && error !== undefined) return
    follow(next)
    missed()
  }
  follow(control.connection)
  control.on("newConnection", onConnection)
  return () => {
    leave()
    control.removeListener("newConnection", onConnection)
  }
}
