/** The faults that scripted servers and proxies make. */
import type { Scope } from "effect"
import type { Fault } from "../fault.ts"
import type { Servers } from "../servers.ts"
import { answers } from "./answers.ts"
import { errors } from "./errors.ts"
import { finding } from "./finding.ts"
import { load } from "./load.ts"
import { nodes } from "./nodes.ts"
import { reads } from "./reads.ts"
import { wire } from "./wire.ts"
import { writes } from "./writes.ts"

type ScriptedFault = Fault<Servers | Scope.Scope>

/** Faults of single requests: errors, lost answers, and what they do to reads and writes. */
export const requestFaults: ReadonlyArray<ScriptedFault> = [...errors, ...answers, ...writes, ...reads]

/** Faults of connections and nodes. */
export const serverFaults: ReadonlyArray<ScriptedFault> = [...wire, ...load, ...nodes, ...finding]

export const scriptedFaults: ReadonlyArray<ScriptedFault> = [...requestFaults, ...serverFaults]
