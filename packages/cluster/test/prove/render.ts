/** The result of a proof as text. */
import type { Proof } from "./prove.ts"

export const render = ({ checks, facts }: Proof): string => {
  const failed = checks.filter(([, problem]) => problem !== undefined).length
  return [
    "",
    ...facts.map(([name, value]) => `${name}: ${value}`),
    "",
    ...checks.map(([name, problem]) => problem === undefined ? `ok        ${name}` : `VIOLATED  ${name}: ${problem}`),
    "",
    failed === 0 ? `all ${checks.length} checks hold` : `${failed} of ${checks.length} checks are violated`
  ].join("\n")
}
