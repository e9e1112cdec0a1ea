/**
 * The way back to a control connection after an outage.
 */
import { type Client, type Host, types } from "cassandra-driver"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { ControlConnection, PoolHost } from "./control.ts"
import { internals } from "./driver.ts"
import { settled } from "./effects.ts"
import { planPatience } from "./hosts.ts"
import type { Overrides } from "./override.ts"

/**
 * Reconnects one at a time, and waits between the attempts with a timer that ends when the session closes.
 *
 * The timer of the driver (`lib/control-connection.js:480`) keeps the process alive until it fires: up to ten minutes after a
 * long outage. A connection that comes from a contact point is watched twice (`lib/control-connection.js:551`,
 * `lib/control-connection.js:506`), and each watch reconnects when it is lost. Two that reconnect at once replace each
 * other's hosts, and each of their connections is watched twice again.
 */
export const reconnectUntilClosed = (
  client: Client,
  overrides: Overrides,
  closed: Deferred.Deferred<void>
): void => {
  const control = internals(client).controlConnection
  let underWay: Promise<void> | undefined
  let isAskedAgain = false
  overrides.method(control, "_refresh", (original) => {
    const all: Effect.Effect<void, unknown> = Effect.gen(function*() {
      do {
        isAskedAgain = false
        const plan = yield* queryPlan(control)
        // As the driver does where it is called without a plan (`lib/control-connection.js:468`).
        control._triedHosts = {}
        yield* settled(() => original(plan))
        if (!control._isShuttingDown) openPools(control)
      } while (isAskedAgain && isLost(control))
    })
    return (plan) => {
      // The call under way goes on to other nodes.
      if (plan !== undefined) return original(plan)
      isAskedAgain = underWay !== undefined
      return underWay ??= Effect.runPromise(Effect.ensuring(all, Effect.sync(() => underWay = undefined)))
    }
  })
  overrides.method(control, "_refreshControlConnection", (original) => {
    const attempt = (plan: Iterator<Host>): Effect.Effect<void, unknown> =>
      settled(() => original(plan)).pipe(
        Effect.catch((error) => Effect.flatMap(waited(control, closed, error), attempt))
      )
    return (plan) => Effect.runPromise(attempt(plan))
  })
}

/**
 * Opens the pools that nothing opens. A contact point that fails while it describes the cluster leaves a new host in the
 * place of the old one: up, without a connection, and without an attempt to open one.
 */
const openPools = ({ _profileManager, hosts }: ControlConnection): void => {
  for (const host of hosts.values() as ReadonlyArray<PoolHost>) {
    if (host.isUp() && _profileManager.getDistance(host) !== types.distance.ignored) host.initializePool?.()
  }
}

const isLost = ({ _isShuttingDown, connection, host }: ControlConnection): boolean =>
  !_isShuttingDown && (connection?.connected !== true || host?.isUp() !== true)

const waited = (
  control: ControlConnection,
  closed: Deferred.Deferred<void>,
  error: unknown
): Effect.Effect<Iterator<Host>, unknown> =>
  Effect.gen(function*() {
    if (control._isShuttingDown) return yield* Effect.fail(error)
    const delay = control._reconnectionSchedule.next().value
    // From here to the next plan as the driver does (`lib/control-connection.js:475`).
    control.log("error", "ControlConnection failed to acquire a connection", error)
    control.log("warning", `ControlConnection could not reconnect, scheduling reconnection in ${delay}ms`)
    // Queries of the metadata wait for it (`lib/control-connection.js:950`).
    control.emit("newConnection", error)
    yield* Effect.raceFirst(Effect.sleep(delay), Deferred.await(closed))
    if (control._isShuttingDown) return yield* Effect.fail(error)
    control.host = null
    control.connection = null
    control._triedHosts = {}
    return yield* queryPlan(control)
  })

/** The plan of the policy; all nodes where the policy fails, or gives no plan in time. */
const queryPlan = (control: ControlConnection): Effect.Effect<Iterator<Host>> => {
  const all = Effect.sync(() => control.hosts.values().values())
  const asked: Effect.Effect<Iterator<Host>, unknown> = Effect.callback((resume) => {
    const policy = control._profileManager.getDefaultLoadBalancing()
    policy.newQueryPlan(
      null,
      null,
      (error, plan) => resume(error === null || error === undefined ? Effect.succeed(plan) : Effect.fail(error))
    )
  })
  return asked.pipe(
    Effect.timeoutOrElse({ duration: planPatience, orElse: () => all }),
    Effect.catchCause(() => all)
  )
}
