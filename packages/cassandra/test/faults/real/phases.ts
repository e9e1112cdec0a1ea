/** Operations on the nodes during a run. */
import type { Node } from "@effect-cql/test-server/CassandraServer"
import { type Duration, Effect } from "effect"
import { allUp, whileKilled, whilePaused, whileStopped } from "./cluster.ts"

/** One part of a run: what is done to the nodes meanwhile. */
export interface Phase<R> {
  readonly name: string
  readonly during: Effect.Effect<unknown, never, R>
}

/** Nothing is done: what the other phases are held against. */
export const steady = (duration: Duration.Input): Phase<never> => ({
  name: "nothing",
  during: Effect.sleep(duration)
})

/** A power cut, and the start after it. */
export const killed = (node: Node, downFor: Duration.Input): Phase<Effect.Services<typeof allUp>> => ({
  name: "kill -9 and restart",
  during: Effect.andThen(whileKilled(node, Effect.sleep(downFor)), allUp)
})

/** A node that hangs, and goes on. */
export const paused = (node: Node, duration: Duration.Input): Phase<never> => ({
  name: "SIGSTOP and SIGCONT",
  during: whilePaused([node], Effect.sleep(duration))
})

/** An orderly restart of nodes, one after the other. */
export const restarted = (nodes: ReadonlyArray<Node>): Phase<Effect.Services<typeof allUp>> => ({
  name: nodes.length === 1 ? "orderly restart" : "rolling restart",
  during: Effect.forEach(nodes, (node) => Effect.andThen(whileStopped(node, Effect.void), allUp))
})
