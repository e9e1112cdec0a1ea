// `npm run check:packed`: what users get. Packs the published packages, checks their manifests and types, installs
// them with npm in an empty project outside of the workspace, compiles and runs the first program of the README, and runs
// the suite of the testing guide by jest.
//
// The program is the ```ts block after `<!-- first-program -->`. Where it needs a server, the packed
// @effect-cql/test-server provides one: its address takes the place of "127.0.0.1" in the program.
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Finished, published, root, run, runStages } from "./support.ts"

interface Manifest {
  readonly version: string
  readonly packageManager: string
}

const manifest = (path: string): Manifest => JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as Manifest
const installed = (name: string): string => manifest(join(root, "node_modules", name)).version
const directory = mkdtempSync(join(tmpdir(), "packed-"))
const project = join(directory, "project")
const tarball = (name: string): string => join(directory, `${name}.tgz`)

/** Runs until one fails. */
const inOrder = async (...steps: ReadonlyArray<() => Promise<Finished>>): Promise<Finished> => {
  let output = ""
  for (const step of steps) {
    const finished = await step()
    output += finished.output
    if (finished.code !== 0) return { code: finished.code, output }
  }
  return { code: 0, output }
}

/** From nothing: what an older build has left would be packed too. */
const build = (): Promise<Finished> => {
  for (const name of published) rmSync(join(root, "packages", name, "dist"), { recursive: true, force: true })
  return run("tsc", ["-b", "--force", ...published.map((name) => `packages/${name}`)])
}

const pack = (name: string) => (): Promise<Finished> =>
  run("npx", ["-y", manifest(root).packageManager, "pack", "--out", tarball(name)], {
    cwd: join(root, "packages", name)
  })

/** The block of code of a document after a comment. */
const blockOf = (file: string, name: string): string => {
  const [, code] =
    new RegExp(`<!-- ${name} -->\\s*\`\`\`[^\\n]*\\n([^]*?)\`\`\``).exec(readFileSync(join(root, file), "utf8")) ??
      []
  if (code === undefined) throw new Error(`${file} has no block of code after <!-- ${name} -->`)
  return code
}

const firstProgram = (): string => blockOf("README.md", "first-program")

// No dependency of the workspace, for its modules are many and only this needs them.
const jest = "30.5.2"

const withServer = `import { CassandraServer } from "@effect-cql/test-server"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"

const program = Effect.gen(function*() {
  const server = yield* CassandraServer.CassandraServer
  const text = readFileSync("first.ts", "utf8")
    .replaceAll('"127.0.0.1"', JSON.stringify(server.contactPoints[0]))
    .replaceAll('"datacenter1"', JSON.stringify(server.localDataCenter))
  writeFileSync("run.ts", text)
  const env = {
    ...process.env,
    CASSANDRA_CONTACT_POINTS: server.contactPoints.join(","),
    CASSANDRA_LOCAL_DATACENTER: server.localDataCenter
  }
  return yield* Effect.callback<number>((resume) => {
    const child = spawn(process.execPath, ["run.ts"], { stdio: "inherit", env, timeout: 60_000 })
    child.on("close", (code) => resume(Effect.succeed(code ?? 1)))
  })
})
process.exitCode = await Effect.runPromise(Effect.provide(program, CassandraServer.layer()))
`

const create = (): Promise<Finished> => {
  const own = Object.fromEntries(published.map((name) => [`@effect-cql/${name}`, `file:${tarball(name)}`]))
  const others = ["effect", "@effect/platform-node", "@types/node", "typescript"]
  mkdirSync(project)
  const files: Record<string, string> = {
    "package.json": JSON.stringify({
      type: "module",
      dependencies: { ...own, jest, ...Object.fromEntries(others.map((name) => [name, installed(name)])) },
      jest: { transform: {}, testMatch: ["**/*.test.js"] },
      // Each asks for the others by version, and means those that were just packed.
      overrides: Object.fromEntries(Object.keys(own).map((name) => [name, `$${name}`]))
    }),
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        target: "ES2023",
        module: "NodeNext",
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: true,
        types: ["node"]
      }
    }),
    "first.ts": firstProgram(),
    "users.test.js": blockOf("docs/guides/testing.md", "jest"),
    "withServer.ts": withServer
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text)
  return run("npm", ["install", "--prefix", project, "--no-audit", "--no-fund", "--loglevel", "error"], {
    cwd: project
  })
}

/** That npm installed what was just built, and nothing that has the same name and version. */
const compare = async (): Promise<Finished> => {
  const differs = published.flatMap((name) =>
    globSync("dist/**/*.{js,d.ts}", { cwd: join(root, "packages", name) })
      .map((file) =>
        [join(root, "packages", name, file), join(project, "node_modules/@effect-cql", name, file)] as const
      )
      .filter(([built, got]) => readFileSync(built, "utf8") !== readFileSync(got, "utf8"))
      .map(([, got]) => got)
  )
  return { code: differs.length, output: differs.map((file) => `${file} is not what was built`).join("\n") }
}

const runProgram = (): Promise<Finished> => {
  const text = firstProgram()
  const needsServer = text.includes("@effect-cql/cassandra") && !text.includes("CassandraServer")
  return run("node", [needsServer ? "withServer.ts" : "first.ts"], { cwd: project, timeout: 300_000 })
}

const failed = await runStages({
  build,
  pack: () => inOrder(...published.map(pack)),
  publint: () => inOrder(...published.map((name) => () => run("publint", [tarball(name), "--strict"]))),
  attw: () => inOrder(...published.map((name) => () => run("attw", [tarball(name), "--profile", "esm-only"]))),
  install: () => inOrder(create, compare),
  compile: () => run(join(project, "node_modules/.bin/tsc"), ["-p", "."], { cwd: project }),
  "first program": runProgram,
  jest: () =>
    run("node", ["--experimental-vm-modules", "node_modules/jest/bin/jest.js"], { cwd: project, timeout: 120_000 })
})
rmSync(directory, { recursive: true, force: true })
if (failed.length > 0) process.exitCode = 1
