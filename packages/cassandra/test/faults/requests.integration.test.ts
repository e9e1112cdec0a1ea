import { mocked } from "./mock/index.ts"
import { requestFaults } from "./scripted/index.ts"
import { ofMockSessions, ofServers } from "./suite.ts"

ofMockSessions(mocked)
ofServers("faults of requests", requestFaults)
