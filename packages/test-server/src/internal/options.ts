/**
 * Rules of the options of a server. (This package does not need the core, which has such rules as well.)
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Options } from "../CassandraServer.ts"
import { Provider, ServerUnavailable } from "./errors.ts"

type Rule = readonly [expected: string, accepts: (value: unknown) => boolean]

const isText = (value: unknown): value is string => typeof value === "string" && value !== ""
const boolean: Rule = ["true or false", (value) => typeof value === "boolean"]
const isProvider = (value: unknown): boolean => Provider.literals.some((literal) => literal === value)

const isPositiveDuration = (value: unknown): boolean =>
  Option.exists(Duration.fromInput(value as Duration.Input), (duration) => Duration.toMillis(duration) > 0)

const rules: Readonly<Record<keyof Options, Rule>> = {
  provider: [`one of ${Provider.literals.join(", ")}`, isProvider],
  version: ["a text, such as \"5.0\"", isText],
  startTimeout: ["a positive duration, such as \"2 minutes\"", isPositiveDuration],
  heap: ["a size of the JVM, such as \"512m\"", (value) => isText(value) && /^\d+[kmg]?$/i.test(value)],
  nodes: ["1 or 3", (value) => value === 1 || value === 3],
  tokens: ["a positive integer", (value) => Number.isSafeInteger(value) && Number(value) > 0],
  authentication: boolean,
  tls: boolean
}

const show = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value) : typeof value === "object" ? "an object" : String(value)

const refused = (option: string, expected: string, got: string): ServerUnavailable =>
  new ServerUnavailable({
    message:
      `a Cassandra server could not be started: ${option}: expected ${expected}, got ${got}. Correct the option.`,
    lacking: []
  })

/** Fails for the first option that does not exist or cannot have its value. An option that is undefined is absent. */
export const checkOptions = (options: Options): Effect.Effect<void, ServerUnavailable> => {
  for (const [option, value] of Object.entries(options)) {
    if (!(option in rules)) {
      const known = Object.keys(rules).join(", ")
      return Effect.fail(refused(option, `one of ${known}`, "an option that does not exist"))
    }
    const [expected, accepts] = rules[option as keyof Options]
    if (value !== undefined && !accepts(value)) return Effect.fail(refused(option, expected, show(value)))
  }
  return Effect.void
}
