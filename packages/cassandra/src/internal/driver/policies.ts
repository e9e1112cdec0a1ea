/**
 * The classes of the driver's policies. Their base classes are declared as interfaces only.
 *
 * The driver accepts a policy only if it is an instance of its own base class (`lib/client-options.js:209` for reconnection,
 * `lib/client-options.js:219` for timestamps).
 */
import { type Client, policies } from "cassandra-driver"
import { internals } from "./driver.ts"

/** Returns true for a policy that the driver accepts. Its base class is exported (`lib/policies/reconnection.js:157`). */
export const isReconnectionPolicy = (value: unknown): value is policies.reconnection.ReconnectionPolicy => {
  const base: unknown = Reflect.get(policies.reconnection, "ReconnectionPolicy")
  return typeof base === "function" && value instanceof base
}

/** A generator of timestamps, as a request of the driver calls it (`lib/execution-options.js:503`). */
export interface TimestampGenerator {
  next: () => number
}

/**
 * The generator that the driver makes for a client without one (`lib/client-options.js:63`); undefined where the user gave
 * one of another class, or none.
 *
 * Found by a method of its class (`lib/policies/timestamp-generation.js:159`), because a client of another copy of the driver
 * has another class. An instance of a class that a user derived from it has the method further up.
 */
export const defaultTimestampsOf = (client: Client): TimestampGenerator | undefined => {
  const generator = internals(client).options.policies?.timestampGeneration
  return isDefault(generator) ? generator : undefined
}

const isDefault = (generator: unknown): generator is TimestampGenerator => {
  if (typeof generator !== "object" || generator === null || Object.hasOwn(generator, "next")) return false
  const methods: unknown = Object.getPrototypeOf(generator)
  return typeof methods === "object" && methods !== null && Object.hasOwn(methods, "_generateMicroseconds")
}
