import * as Effect from "effect/Effect"
import type { FileSystem } from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type { Path } from "effect/Path"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { Lacking } from "./errors.ts"

/** Services for running programs and storing files. */
export type Platform = ChildProcessSpawner | FileSystem | Path

/** Loads an optional peer at the time it is needed, so that who does without never has to install it. */
export const optionalPeer = <A>(name: string, load: () => Promise<A>): Effect.Effect<A, Lacking> =>
  Effect.tryPromise({
    try: load,
    catch: (cause) =>
      new Lacking({
        lack: `the package ${name} cannot be loaded (${cause instanceof Error ? cause.message : String(cause)})`,
        remedy: `Install it: npm install --save-dev ${name}`
      })
  })

/** The platform of Node. Only the parts that are used: the others would reach for the terminal. */
export const loadPlatform: Effect.Effect<Layer.Layer<Platform>, Lacking> = optionalPeer(
  "@effect/platform-node",
  () =>
    Promise.all([
      import("@effect/platform-node/NodeChildProcessSpawner"),
      import("@effect/platform-node/NodeFileSystem"),
      import("@effect/platform-node/NodePath")
    ])
).pipe(
  Effect.map(([NodeChildProcessSpawner, NodeFileSystem, NodePath]) =>
    Layer.provideMerge(NodeChildProcessSpawner.layer, Layer.merge(NodeFileSystem.layer, NodePath.layer))
  )
)
