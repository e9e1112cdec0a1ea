/**
 * The table of the guide: what the memory session was held against a server for.
 */
import { scenarios } from "./cases/index.ts"
import type { Step } from "./scenario.ts"

const shown = ({ batch, text }: Step): string => batch?.statements[0]?.[0] ?? text

const longest = 70

/** The features, with the number of their statements and an example. */
export const conformanceTable = (): string => {
  const rows = scenarios.map(({ feature, steps }) => {
    const texts = steps.map(shown).filter((text) => text.length > 20)
    const example = texts.filter((text) => text.length < longest)[5] ?? `${texts[0]?.slice(0, longest)} ...`
    return [feature, String(steps.length), `\`${example}\``] as const
  })
  const total = scenarios.reduce((sum, { steps }) => sum + steps.length, 0)
  const all = [["feature", "statements", "example"] as const, ...rows, ["all", String(total), ""] as const]
  const widths = [0, 1, 2].map((at) => Math.max(...all.map((row) => row[at]!.length)))
  const line = (row: readonly [string, string, string]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`
  const [head, ...body] = all.map(line)
  return [head, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body].join("\n")
}
