/** What the list of faults to survive names, and this suite does not make. */
import type { NotCovered } from "./table.ts"

export const notCovered: ReadonlyArray<NotCovered> = []
