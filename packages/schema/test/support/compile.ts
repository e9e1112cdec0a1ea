/** The compiler, on files of a test. */
import { execFile } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../../..", import.meta.url))

/** The folder of the files. */
export const directory = fileURLToPath(new URL("../../.types", import.meta.url))

/** The text of the `tsconfig.json` of a folder within that folder. */
export const configuration = JSON.stringify({
  extends: "../../../../tsconfig.base.json",
  compilerOptions: {
    noEmit: true,
    composite: false,
    incremental: false,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
    noUnusedLocals: false,
    types: []
  },
  include: ["*.ts"]
})

/** Compiles files, and gives what the compiler says. */
export const compile = (
  name: string,
  files: Readonly<Record<string, string>>,
  ...args: ReadonlyArray<string>
): Promise<string> => {
  const own = join(directory, name)
  rmSync(own, { recursive: true, force: true })
  mkdirSync(own, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(own, file), text)
  writeFileSync(join(own, "tsconfig.json"), configuration)
  return new Promise((resolve) => {
    execFile(join(root, "node_modules/.bin/tsc"), ["-p", own, "--pretty", "false", ...args], (_, stdout) => {
      rmSync(own, { recursive: true, force: true })
      resolve(stdout)
    })
  })
}
