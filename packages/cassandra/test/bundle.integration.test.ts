import { integration } from "@effect-cql/test-support/server"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as esbuild from "esbuild"
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { ownName } from "./support/session.ts"

const entry = fileURLToPath(new URL("./support/bundled.ts", import.meta.url))
// As in docs/guides/connecting.md: what CommonJS requires has to be there in an ES module.
const banner = { js: "import { createRequire } from \"node:module\"; const require = createRequire(import.meta.url);" }

const run = (file: string, env: Readonly<Record<string, string>>) =>
  Effect.callback<string, Error>((resume) => {
    execFile(process.execPath, [file], { env: { ...process.env, ...env }, timeout: 60_000 }, (error, stdout, stderr) =>
      resume(error === null ? Effect.succeed(stdout) : Effect.fail(new Error(`${error.message}\n${stderr}`))))
  })

const directory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "effect-cql-bundle-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

integration("a program that esbuild bundled and minified", (server) => {
  for (const format of ["cjs", "esm"] as const) {
    it.live(`knows errors by their kind, and ends (${format})`, () =>
      Effect.gen(function*() {
        const outfile = join(yield* directory, format === "esm" ? "bundle.mjs" : "bundle.cjs")
        yield* Effect.promise(() =>
          esbuild.build({
            entryPoints: [entry],
            outfile,
            bundle: true,
            minify: true,
            platform: "node",
            target: "node22",
            format,
            logLevel: "error",
            ...(format === "esm" ? { banner } : undefined)
          })
        )
        const output = yield* run(outfile, {
          BUNDLED_SERVER: server.contactPoints[0]!,
          BUNDLED_KEYSPACE: ownName(`bundle_${format}`)
        })
        const { check, errors } = JSON.parse(output)
        assert.deepStrictEqual(errors, [
          "SyntaxError NotApplied",
          "Unavailable NotApplied",
          "AlreadyExists NotApplied",
          "succeeded"
        ])
        assert.include(check, "nothing listens")
      }).pipe(Effect.scoped), 120_000)
  }
})
