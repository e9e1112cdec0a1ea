/** A real Chromium without a window: the one that is installed. */
import { Console, Context, Effect, Layer } from "effect"
import { accessSync, constants } from "node:fs"
import { join } from "node:path"
import { type Browser, chromium } from "playwright-core"

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]

/** The path of a Chromium: that of the variable `CHROMIUM`, or one of the PATH. */
export const path: string | undefined = [
  process.env["CHROMIUM"] ?? [],
  ...(process.env["PATH"] ?? "").split(":").flatMap((folder) => names.map((name) => join(folder, name)))
].flat().find((file) => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
})

export class Chromium extends Context.Service<Chromium, Browser>()("test/Chromium") {
  static readonly layer = Layer.effect(
    Chromium,
    Effect.acquireRelease(
      Effect.promise(() =>
        chromium.launch({ executablePath: path!, args: ["--no-sandbox", "--disable-dev-shm-usage"], timeout: 120_000 })
      ),
      (browser) => Effect.promise(() => browser.close())
    )
  )
}

/** Says in one line that there is no Chromium. In CI that is an error. */
export const missing = Effect.gen(function*() {
  const advice =
    "no Chromium was found: the pages of reports are not opened. Install one (apt-get install chromium), or " +
    "give its path in the variable CHROMIUM."
  if (process.env["CI"] === "true") return yield* Effect.die(new Error(advice))
  yield* Console.warn(`\n!!! ${advice}\n`)
})
