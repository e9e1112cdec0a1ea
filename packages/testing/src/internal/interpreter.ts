/**
 * Loads the interpreter of CQL for the first session with tables: its grammar takes longer to load than the rest of the
 * package, and a scripted session does without.
 */
import * as Effect from "effect/Effect"
import type { Memory } from "./memory/memory.ts"

type Interpreter = typeof Memory

let loading: Promise<Interpreter> | undefined
let loaded: Interpreter | undefined

/** Begins to load, so that a session that is described before it is used finds the interpreter there. */
export const preload = (): Promise<Interpreter> =>
  loading ??= import("./memory/memory.ts").then(({ Memory }) => loaded = Memory)

/** The interpreter; at once if it is loaded. */
export const interpreter: Effect.Effect<Interpreter> = Effect.suspend(() =>
  loaded === undefined ? Effect.promise(preload) : Effect.succeed(loaded)
)
