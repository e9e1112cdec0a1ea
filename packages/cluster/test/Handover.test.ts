/** Entities and workflows whose owners die, on Effect's memory driver and on CQL. */
import { inMemory, memoryDriver } from "./support/handover.ts"
import { handoverSuite } from "./support/handoverSuite.ts"

handoverSuite("Entities and workflows over Effect's memory driver", () => inMemory(memoryDriver))

handoverSuite("Entities and workflows over CQL with tables in memory", () => inMemory())
