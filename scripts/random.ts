// `npm run test:random -- [--statements <n>] [--seed <n>]`: random statements on a memory session and on a real server, which
// have to answer alike. The first statement whose answers differ fails the command, with the statements before it.
//
// Without arguments it runs 100,000 statements of a seed that it prints. The same seed gives the same statements.
import { spawn } from "node:child_process"
import { parseArgs } from "node:util"
import { root } from "./support.ts"

const { values } = parseArgs({ options: { statements: { type: "string" }, seed: { type: "string" } } })

const numberOf = (name: "seed" | "statements", fallback: number): number => {
  const given = values[name]
  const number = given === undefined ? fallback : Number(given)
  if (Number.isSafeInteger(number) && number > 0) return number
  console.error(`test:random: expected a positive integer for --${name}, got ${given}`)
  return process.exit(2)
}

const statements = numberOf("statements", 100_000)
const seed = numberOf("seed", 1 + Math.floor(Math.random() * 1_000_000))
console.log(`${statements} statements of seed ${seed}`)
const child = spawn(
  process.execPath,
  ["scripts/test.ts", "packages/testing/test/conformance/random.integration.test.ts"],
  {
    cwd: root,
    // Without a server nothing was compared, which must not look fine.
    env: { ...process.env, CI: "true", EFFECT_CQL_SEED: String(seed), EFFECT_CQL_STATEMENTS: String(statements) },
    stdio: "inherit"
  }
)
child.on("close", (code) => {
  process.exitCode = code ?? 1
})
