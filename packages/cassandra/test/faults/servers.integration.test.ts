import { serverFaults } from "./scripted/index.ts"
import { ofServers } from "./suite.ts"

ofServers("faults of connections and nodes", serverFaults)
