/** The faults that scripted servers and proxies make. */
import type { Scope } from "effect"
import type { Fault } from "../fault.ts"
import type { Servers } from "../servers.ts"

export const scriptedFaults: ReadonlyArray<Fault<Servers | Scope.Scope>> = []
