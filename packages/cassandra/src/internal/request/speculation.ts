/**
 * Speculative executions: copies of a slow request on further nodes, by the policy of the client.
 */
import type { Client } from "cassandra-driver"
import type { Next } from "../driver/hosts.ts"
import { after } from "../driver/timer.ts"

interface Speculating {
  readonly keyspace: string
  readonly options: {
    readonly policies: {
      readonly speculativeExecution?: {
        readonly newPlan: (keyspace: string, text: string) => {
          readonly nextExecution: (host: Next["host"]) => unknown
        }
      }
    }
  }
}

/** Calls `sendToNext` when the policy says so, for as long as it finds a node. Returns what ends that. */
export const speculate = (
  client: Client,
  planText: string,
  first: Next,
  sendToNext: () => Next | undefined
): () => void => {
  const { keyspace, options } = client as Client & Speculating
  const plan = options.policies.speculativeExecution?.newPlan(keyspace, planText)
  let cancel = (): void => {}
  const wait = (host: Next["host"]): void => {
    const delay = plan?.nextExecution(host)
    if (typeof delay !== "number" || delay < 0) return
    cancel = after(delay, () => {
      const sibling = sendToNext()
      if (sibling !== undefined) wait(sibling.host)
    })
  }
  wait(first.host)
  return () => cancel()
}
