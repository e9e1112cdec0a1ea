/** Servers that do not keep a condition, for tests of the invariants. */
import type { CqlError } from "@effect-cql/core"
import type { Page, Request } from "@effect-cql/core/Port"
import { Effect } from "effect"
import { fence } from "./history.ts"
import type { Send } from "./port.ts"

/**
 * - `fence`: a write of a lane is applied although another process has taken the lane.
 * - `locks`: a lock is given to each process that asks for it.
 * - `count`: a job counts some rows twice.
 * - `limits`: runners read limits that are higher than those of the job.
 */
export type Broken = "fence" | "locks" | "count" | "limits"

const held: Page = { rows: [{ "[applied]": true }], wasApplied: true }

/** Sends a request on, or what a broken server makes of it. */
export const breaking =
  (broken: Broken | undefined) => (request: Request, send: Send): Effect.Effect<Page, CqlError> => {
    if (broken === "fence" && request._tag === "Batch" && request.statements[0]?.text.includes(fence) === true) {
      const [first, ...rest] = request.statements
      const unconditional = { text: first.text.split(" IF ")[0] ?? "", params: first.params.slice(0, -2) }
      return Effect.as(send({ ...request, statements: [unconditional, ...rest] }), held)
    }
    if (broken === "locks" && request._tag === "Statement" && /cluster_locks .* IF /.test(request.text)) {
      return Effect.as(send(request), held)
    }
    if (broken === "limits" && request._tag === "Statement" && /^SELECT .*cluster_jobs/.test(request.text)) {
      return Effect.map(send(request), (page) => ({ ...page, rows: page.rows.map(raised) }))
    }
    return send(request)
  }

const raised = (row: Page["rows"][number]) => ({
  ...row,
  concurrency: row["concurrency"] === null ? null : Number(row["concurrency"]) + 8,
  rate: row["rate"] === null ? null : 3 * Number(row["rate"])
})
