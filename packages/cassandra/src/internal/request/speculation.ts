/**
 * Speculative executions: copies of a slow request on further nodes, by the policy of the client.
 */
import type { Client } from "cassandra-driver"
import { type SpeculativePlan, speculativePolicyOf } from "../driver/client.ts"
import type { Next } from "../driver/hosts.ts"
import { after } from "../driver/timer.ts"

/**
 * Calls `sendToNext` when the policy says so, for as long as it finds a node. Returns what ends that. A policy that throws
 * is asked no more: the request goes on without further copies.
 */
export const speculate = (
  client: Client,
  planText: string,
  first: Next,
  sendToNext: () => Next | undefined,
  failed: (error: unknown) => void
): () => void => {
  const { keyspace } = client
  let plan: SpeculativePlan | undefined
  let cancel = (): void => {}
  const delayAfter = (host: Next["host"]): unknown => {
    // Policies are code of the user's as well, and this is called by a timer.
    try {
      plan ??= speculativePolicyOf(client)?.newPlan(keyspace, planText)
      return plan?.nextExecution(host)
    } catch (error) {
      failed(error)
      return undefined
    }
  }
  const wait = (host: Next["host"]): void => {
    const delay = delayAfter(host)
    if (typeof delay !== "number" || !(delay >= 0)) return
    cancel = after(delay, () => {
      const sibling = sendToNext()
      if (sibling !== undefined) wait(sibling.host)
    })
  }
  wait(first.host)
  return () => cancel()
}
