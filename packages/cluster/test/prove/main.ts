/**
 * `npm run prove:cluster -- --rows 1000000 --kills 20`: a job on three processes copies a table while they are killed, frozen, stopped
 * and restarted, and with `--nodes 3` the nodes of the database as well. Exits with 1 if a check fails.
 */
import { CassandraServer } from "@effect-cql/test-server"
import { NodeRuntime } from "@effect/platform-node"
import { Cause, Console, Effect } from "effect"
import process from "node:process"
import { parseArgs } from "node:util"
import { prove } from "./prove.ts"
import { render } from "./render.ts"

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    units: { type: "string", default: "480" },
    kills: { type: "string", default: "20" },
    freezes: { type: "string", default: "3" },
    stops: { type: "string", default: "3" },
    nodes: { type: "string", default: "1" },
    lease: { type: "string", default: "10" },
    skew: { type: "string", default: "60" },
    page: { type: "string", default: "250" },
    pause: { type: "string", default: "0" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) }
  }
})
const number = (name: keyof typeof values): number => {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${name}: expected a whole number, got ${values[name]}`)
  return process.exit(2)
}
const nodes = number("nodes")
if (nodes !== 1 && nodes !== 3) {
  console.error(`--nodes: expected 1 or 3, got ${nodes}`)
  process.exit(2)
}
const options = {
  rows: number("rows"),
  units: number("units"),
  kills: number("kills"),
  freezes: number("freezes"),
  stops: number("stops"),
  nodes,
  lease: number("lease"),
  skew: number("skew"),
  pageSize: number("page"),
  pause: number("pause"),
  seed: number("seed")
} as const

prove(options, Console.log).pipe(
  Effect.flatMap((proof) =>
    Console.log(render(proof)).pipe(Effect.as(proof.checks.every(([, problem]) => problem === undefined)))
  ),
  Effect.scoped,
  Effect.provide(CassandraServer.layer(nodes === 3 ? { provider: "jvm", nodes, startTimeout: "5 minutes" } : {})),
  Effect.catchCause((cause) =>
    Cause.hasInterruptsOnly(cause) ? Effect.interrupt : Effect.as(Console.error(Cause.pretty(cause)), false)
  ),
  // The driver leaves timers behind.
  Effect.andThen((isProven) => Effect.sync(() => process.exit(isProven ? 0 : 1))),
  NodeRuntime.runMain
)
