/** Exports traces, metrics and logs to a collector of OpenTelemetry, such as one on `http://localhost:4318`. */
import { executeConcurrentWithArgs, type Session } from "@effect-cql/core"
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp } from "effect/observability"

/** Sends what is traced and measured to a collector. Provide it around the whole program, its session included. */
export const collector = (baseUrl: string) =>
  Otlp.layerJson({ baseUrl, resource: { serviceName: "import" } }).pipe(Layer.provide(FetchHttpClient.layer))

/** A job whose trace has the span of its run, and spans of the statements that fail. */
export const importNumbers = (numbers: ReadonlyArray<number>): Effect.Effect<number, never, Session> =>
  executeConcurrentWithArgs("INSERT INTO app.numbers (a) VALUES (?)", numbers.map((a) => [a]), {
    raiseOnFirstError: false,
    spans: "failures"
  }).pipe(Effect.map((results) => results.filter(({ success }) => success).length), Effect.withSpan("import"))
