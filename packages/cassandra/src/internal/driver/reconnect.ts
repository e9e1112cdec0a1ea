/**
 * The way back to a control connection after an outage.
 */
import type { Host } from "cassandra-driver"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { ControlConnection } from "./control.ts"
import { settled } from "./effects.ts"
import type { Overrides } from "./override.ts"

/**
 * Waits between the attempts with a timer that ends when the session closes. That of the driver
 * (`control-connection.js`, `_refresh`) keeps the process alive until it fires: up to ten minutes after a long outage.
 */
export const reconnectUntilClosed = (
  control: ControlConnection,
  overrides: Overrides,
  closed: Deferred.Deferred<void>
): void =>
  overrides.method(control, "_refreshControlConnection", (original) => {
    const attempt = (plan: Iterator<Host>): Effect.Effect<void, unknown> =>
      settled(() => original(plan)).pipe(
        Effect.catch((error) => Effect.flatMap(waited(control, closed, error), attempt))
      )
    return (plan) => Effect.runPromise(attempt(plan))
  })

const waited = (
  control: ControlConnection,
  closed: Deferred.Deferred<void>,
  error: unknown
): Effect.Effect<Iterator<Host>, unknown> =>
  Effect.gen(function*() {
    if (control._isShuttingDown) return yield* Effect.fail(error)
    const delay = control._reconnectionSchedule.next().value
    control.log("error", "ControlConnection failed to acquire a connection", error)
    control.log("warning", `ControlConnection could not reconnect, scheduling reconnection in ${delay}ms`)
    // Queries of the metadata wait for it.
    control.emit("newConnection", error)
    yield* Effect.raceFirst(Effect.sleep(delay), Deferred.await(closed))
    if (control._isShuttingDown) return yield* Effect.fail(error)
    control.host = null
    control.connection = null
    control._triedHosts = {}
    return yield* queryPlan(control)
  })

const queryPlan = (control: ControlConnection): Effect.Effect<Iterator<Host>, unknown> =>
  Effect.callback((resume) => {
    const policy = control._profileManager.getDefaultLoadBalancing()
    policy.newQueryPlan(null, null, (error, plan) =>
      resume(error === null || error === undefined ? Effect.succeed(plan) : Effect.fail(error)))
  })
