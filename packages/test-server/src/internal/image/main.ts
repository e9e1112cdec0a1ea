#!/usr/bin/env node
/**
 * A program of its own: builds the image `cassandra:5.0` from the jars of Maven and a minimal Debian, for machines that
 * cannot pull an image. It needs Linux, root, Docker, Maven, a JDK and debootstrap; with `--install`, it installs Docker and
 * debootstrap from the packages of Debian where they are missing, and starts the Docker daemon.
 *
 * The image is no copy of the official one: it has neither `cqlsh` nor `nodetool`, and takes only the variables
 * `MAX_HEAP_SIZE` and `JVM_EXTRA_OPTS`.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import process from "node:process"
import { loadPlatform } from "../platform.ts"
import { build } from "./build.ts"

const main = loadPlatform.pipe(
  Effect.flatMap((platform) => Effect.provide(build({ install: process.argv.includes("--install") }), platform)),
  Effect.flatMap((line) => Console.log(line)),
  Effect.catch((error) =>
    Effect.andThen(
      Console.error(error.message),
      Effect.sync(() => {
        process.exitCode = 1
      })
    )
  ),
  Effect.scoped
)

Effect.runFork(main)
