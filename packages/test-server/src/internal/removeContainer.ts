/**
 * A program of its own: removes the container that its argument names. The supervisor runs it at the end of a run, be
 * it an orderly end or not, and whichever way the Docker daemon is reached: that is found out again by `testcontainers`.
 */
import process from "node:process"
import { setTimeout } from "node:timers/promises"
import { getContainerRuntimeClient } from "testcontainers"

const name = process.argv[2] ?? ""

/** A run that was killed while the daemon was making the container leaves one that is not there yet. */
const pause = 500

getContainerRuntimeClient()
  .then((client) => client.container.getById(name).remove({ force: true, v: true }))
  .then(
    () => process.exit(0),
    () => setTimeout(pause).then(() => process.exit(1))
  )
