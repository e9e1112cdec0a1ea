/** The sections of a benchmark: the command line chooses them, and each returns what it measured and its verdicts. */
import { parseArgs } from "node:util"
import type { Verdict } from "./report.ts"

export interface Section {
  readonly measured: unknown
  readonly verdicts: ReadonlyArray<Verdict>
}

/** `--quick` takes fewer rounds; words name the sections to run, all of them without a word. */
export const chosen = <Name extends string>(names: ReadonlyArray<Name>) => {
  const { positionals, values } = parseArgs({
    options: { quick: { type: "boolean", default: false } },
    allowPositionals: true
  })
  const unknown = positionals.filter((word) => !names.some((name) => name === word))
  if (unknown.length > 0) {
    throw new Error(`sections: expected some of ${names.join(", ")}, got ${unknown.join(", ")}`)
  }
  const sections = names.filter((name) => positionals.length === 0 || positionals.includes(name))
  return { quick: values.quick, sections }
}
