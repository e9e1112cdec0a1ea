/**
 * The health of a port, which is foreign code: if it throws, this is logged once, and no statement fails because of it.
 */
import type { Health } from "../../Telemetry.ts"

/** The same without defects: without nodes where it fails. */
export const guarded = (health: Health, failed: (defect: unknown) => void): Pick<Health, "node" | "nodes"> => ({
  nodes: () => {
    // Plainly caught, as below: an Effect would need a fiber for each call.
    try {
      return health.nodes()
    } catch (defect) {
      failed(defect)
      return []
    }
  },
  node: (address) => {
    // The same.
    try {
      return health.node(address)
    } catch (defect) {
      failed(defect)
      return undefined
    }
  }
})
