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

export const scriptedFaults: ReadonlyArray<Fault<Servers | Scope.Scope>> = [
  ...errors,
  ...wire,
  ...load,
  ...nodes,
  ...answers,
  ...finding,
  ...writes,
  ...reads
]
