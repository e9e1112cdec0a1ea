/** The faults of real nodes. What fails a session stands before what fails nodes. */
import type { Fault } from "../fault.ts"
import { batchFaults } from "./batches.ts"
import { clocks } from "./clock.ts"
import type { Cluster } from "./cluster.ts"
import { connecting } from "./connecting.ts"
import { nodeFaults } from "./nodes.ts"
import { outages } from "./outage.ts"
import { paging } from "./paging.ts"
import { repeats } from "./repeats.ts"
import { rings } from "./ring.ts"
import { schemaChanges } from "./schema.ts"
import { unprepared } from "./unprepared.ts"

export { type Cluster, ClusterLive } from "./cluster.ts"

export const real: ReadonlyArray<Fault<Cluster>> = [
  ...connecting,
  ...clocks,
  ...batchFaults,
  ...schemaChanges,
  ...paging,
  ...repeats,
  ...unprepared,
  ...rings,
  ...outages,
  ...nodeFaults
]
