// `npm run release -- version`: the versions and changelogs that the changesets ask for.
// `npm run release -- publish`: builds the packages from nothing and publishes those whose version is new.
// `npm run release -- manifests`: shows what `publish` adds to the manifests, and changes nothing.
//
// The manifests in the repository name no address. While packages are published, `repository`, `homepage` and `bugs` are
// those of the git remote `origin`: a fork names itself.
import { execFileSync } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { type Finished, published, root, run, runStages } from "./support.ts"

interface Addresses {
  readonly repository: { readonly type: "git"; readonly url: string; readonly directory: string }
  readonly homepage: string
  readonly bugs: { readonly url: string }
}

/** The page of a repository, from the address of its remote: over https, over ssh, or as `git@host:owner/name`. */
export const pageOf = (remote: string): string | undefined => {
  const match = /^(?:https:\/\/(?:[^@/]*@)?|ssh:\/\/git@|git@)([\w.-]+\.[\w-]+)(?::\d+\/|[:/])([\w./-]+?)(?:\.git)?\/?$/
    .exec(remote.trim())
  return match === null ? undefined : `https://${match[1]}/${match[2]}`
}

/** The addresses in the manifest of a package. */
export const addressesOf = (page: string, name: string): Addresses => ({
  repository: { type: "git", url: `git+${page}.git`, directory: `packages/${name}` },
  homepage: `${page}/tree/main/packages/${name}#readme`,
  bugs: { url: `${page}/issues` }
})

const pnpm = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { packageManager: string }).packageManager

const remotePage = (): string => {
  let remote = ""
  try {
    remote = execFileSync("git", ["remote", "get-url", "origin"], { cwd: root, stdio: ["ignore", "pipe", "ignore"] })
      .toString()
  } catch {
    throw new Error("release: expected a git remote `origin`, got none. Add it: git remote add origin <address>")
  }
  const page = pageOf(remote)
  if (page === undefined) {
    throw new Error(`release: expected \`origin\` to be a repository on a host, got ${remote.trim()}. Correct it.`)
  }
  return page
}

const manifestOf = (name: string): string => join(root, "packages", name, "package.json")

/** Runs with the addresses in the manifests, and puts the manifests back. */
const withAddresses = async (use: () => Promise<Finished>): Promise<Finished> => {
  const page = remotePage()
  const before = published.map((name) => [name, readFileSync(manifestOf(name), "utf8")] as const)
  try {
    for (const [name, text] of before) {
      const manifest = { ...JSON.parse(text) as object, ...addressesOf(page, name) }
      writeFileSync(manifestOf(name), `${JSON.stringify(manifest, undefined, 2)}\n`)
    }
    return await use()
  } finally {
    for (const [name, text] of before) writeFileSync(manifestOf(name), text)
  }
}

const print = async (finished: Promise<Finished>): Promise<Finished> => {
  const { code, output } = await finished
  console.log(output.trim())
  return { code, output }
}

/** Changesets calls pnpm by its name. */
const changeset = (command: string, env: Record<string, string> = {}): Promise<Finished> =>
  print(run("npx", ["-y", "-p", pnpm, "-c", `changeset ${command}`], { env }))

const tasks: Record<string, () => Promise<Array<string>>> = {
  version: () =>
    runStages({
      version: () => changeset("version"),
      lockfile: () => run("npx", ["-y", pnpm, "install", "--lockfile-only"]),
      format: () => run("dprint", ["fmt"])
    }),
  publish: () =>
    runStages({
      build: () => {
        for (const name of published) rmSync(join(root, "packages", name, "dist"), { recursive: true, force: true })
        return run("tsc", ["-b", "--force", ...published.map((name) => `packages/${name}`)])
      },
      publish: () =>
        withAddresses(() => changeset("publish", { NPM_CONFIG_PROVENANCE: "true", PNPM_CONFIG_PROVENANCE: "true" }))
    }),
  manifests: () => {
    const page = remotePage()
    for (const name of published) console.log(name, JSON.stringify(addressesOf(page, name), undefined, 2))
    return Promise.resolve([])
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const task = tasks[process.argv[2] ?? ""]
  if (task === undefined) {
    console.error(`release: expected one of ${Object.keys(tasks).join(", ")}, got ${process.argv[2] ?? "nothing"}`)
    process.exit(2)
  }
  try {
    if ((await task()).length > 0) process.exitCode = 1
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
