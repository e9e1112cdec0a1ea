/**
 * Answers that a server gave, kept beside the tests: without a server the memory session is held against these.
 *
 * The tests that have a server check that the record is what the server answers. With `EFFECT_CQL_RECORD=true` they write
 * it anew instead.
 */
import { createHash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { shownStep } from "./observe.ts"
import type { Observed } from "./observe.ts"
import type { Step } from "./scenario.ts"

export const isRecording = process.env["EFFECT_CQL_RECORD"] !== undefined

/** Seed and number of the random statements whose answers are recorded. */
export const recordedSeed = 4
export const recordedCount = 5_000

const file = (name: string): URL => new URL(`./recorded/${name}.txt`, import.meta.url)

const oneLine = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").trimEnd()

/** An answer as one line, in which everything that differs differs. */
export const lineOf = (observed: Observed): string => {
  if (observed._tag === "Failure") return oneLine(`${observed.reason}: ${observed.message}`)
  const { columns, pages, wasApplied } = observed
  const rows = pages.map((page) => page.map((row) => `(${row})`).join(" ")).join(" / ")
  return oneLine(`${wasApplied ? "" : "not applied "}[${columns.join(", ")}] ${rows}`)
}

/** Answers by feature, in the order of the steps. */
export type Answers = ReadonlyMap<string, ReadonlyArray<string>>

export const readAnswers = (): Answers => {
  const answers = new Map<string, Array<string>>()
  let current: Array<string> = []
  for (const line of readFileSync(file("answers"), "utf8").split("\n")) {
    if (line.startsWith("# ")) answers.set(line.slice(2), current = [])
    else if (line.startsWith("= ")) current.push(line.slice(2))
  }
  return answers
}

export const writeAnswers = (
  features: ReadonlyArray<{ readonly feature: string; readonly steps: ReadonlyArray<Step> }>,
  answers: Answers
): void =>
  writeFileSync(
    file("answers"),
    features.map(({ feature, steps }) =>
      [
        `# ${feature}`,
        ...steps.flatMap((step, index) => [`  ${oneLine(shownStep(step))}`, `= ${answers.get(feature)?.[index] ?? ""}`])
      ].join("\n")
    ).join("\n") + "\n"
  )

/** The digest of an answer to a random statement: five thousand answers would be megabytes. */
export const digestOf = (line: string): string => createHash("sha256").update(line).digest("hex").slice(0, 6)

const digestsOfLine = 16

export const readDigests = (): ReadonlyArray<string> => readFileSync(file("random"), "utf8").trim().split(/\s+/)

export const writeDigests = (digests: ReadonlyArray<string>): void => {
  const lines = Array.from(
    { length: Math.ceil(digests.length / digestsOfLine) },
    (_, line) => digests.slice(line * digestsOfLine, (line + 1) * digestsOfLine).join(" ")
  )
  writeFileSync(file("random"), `${lines.join("\n")}\n`)
}
