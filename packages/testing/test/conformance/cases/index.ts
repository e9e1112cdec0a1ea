import { addresses } from "./addresses.ts"
import { batches, unsetValues } from "./batches.ts"
import { conditions } from "./conditions.ts"
import { descriptions } from "./descriptions.ts"
import { edges } from "./edges.ts"
import { indexes } from "./indexes.ts"
import { limits } from "./limits.ts"
import { literalCases } from "./literals.ts"
import { ranges } from "./ranges.ts"
import { reads } from "./reads.ts"
import { schema } from "./schema.ts"
import { structures } from "./structures.ts"
import { types } from "./types.ts"
import { writes } from "./writes.ts"

/** Every scenario, by feature. */
export const scenarios = [
  ...writes,
  ...reads,
  ...structures,
  ...conditions,
  ...schema,
  ...edges,
  ...ranges,
  ...batches,
  unsetValues,
  ...indexes,
  addresses,
  ...limits,
  ...literalCases,
  ...descriptions,
  ...types
]
