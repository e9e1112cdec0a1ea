/**
 * Sessions of other services.
 */
import { Session } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { SessionKey } from "../../JobTable.ts"

/** Runs an effect with the session of another service, if there is one. */
export const within = <A, E, R, Id>(
  key: SessionKey<Id> | undefined,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R | Id> =>
  key === undefined ? effect : Effect.flatMap(key, (session) => Effect.provideService(effect, Session, session))

/** Runs a stream with the session of another service, if there is one. */
export const streamWithin = <A, E, R, Id>(
  key: SessionKey<Id> | undefined,
  stream: Stream.Stream<A, E, R>
): Stream.Stream<A, E, R | Id> =>
  key === undefined
    ? stream
    : Stream.unwrap(Effect.map(key, (session) => Stream.provideService(stream, Session, session)))
