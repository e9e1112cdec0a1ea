/** Faults of the nodes of a proof. */
import { Statement } from "@effect-cql/core"
import type { Node } from "@effect-cql/test-server/CassandraServer"
import { Effect, Schedule } from "effect"
import type { Account, Check } from "./checks.ts"
import type { Fleet } from "./fleet.ts"

type Say = (line: string) => Effect.Effect<void>

/** Lets a node fail for some time. */
export const whileFailing = (
  kind: "node killed" | "node paused" | "node restarted",
  node: Node,
  millis: number,
  say: Say
): Effect.Effect<void, unknown> =>
  Effect.gen(function*() {
    yield* say(`${kind}: ${node.contactPoint}`)
    if (kind === "node restarted") yield* node.restart
    else if (kind === "node paused") {
      yield* node.pause
      yield* Effect.sleep(millis)
      yield* node.resume
    } else {
      yield* node.kill
      yield* Effect.sleep(millis)
      yield* node.restart
    }
    yield* say(`the node ${node.contactPoint} is there again`)
  })

interface Outage {
  readonly first: readonly [Node, Node]
  readonly keyspace: string
  /** Seconds. */
  readonly lease: number
  readonly account: Account
  readonly fleet: Fleet
  readonly progress: Effect.Effect<{ readonly rows: number; readonly state: string }, unknown>
  readonly say: Say
}

/** Kills two nodes of three, so that no quorum is left: everything has to stop, and to go on when they are there again. */
export const killTwo = ({ account, first, fleet, keyspace, lease, progress, say }: Outage) =>
  Effect.gen(function*() {
    yield* say("two nodes of three killed")
    yield* Effect.forEach(first, (node) => node.kill, { discard: true })
    yield* Effect.sleep((1.5 * lease + 5) * 1_000)
    const checkpoints = account.checkpoints
    const before = yield* countedAtOne(keyspace)
    yield* Effect.sleep(5_000)
    const after = yield* countedAtOne(keyspace)
    const isStill = account.checkpoints === checkpoints
    const active = fleet.members.reduce((sum, { units }) => sum + units.size, 0)
    yield* say(`without a quorum: ${active} units run, ${account.checkpoints - checkpoints} checkpoints in 5 s`)
    const then = account.checkpoints
    // One of them is enough: the job may have ended before both are there.
    yield* Effect.forEach(first, (node) => node.restart, { discard: true })
    yield* say("the two nodes are there again")
    const goesOn = yield* Effect.suspend(() => Effect.succeed(account.checkpoints > then)).pipe(
      Effect.repeat({ until: (goesOn) => goesOn, schedule: Schedule.spaced("200 millis") }),
      Effect.timeoutOption("3 minutes")
    )
    const { state } = yield* progress
    return [
      [
        "without a quorum no checkpoint was acknowledged",
        isStill && before === after ? undefined : `${before} rows were counted before, ${after} after`
      ],
      ["without a quorum no unit ran", active === 0 ? undefined : `${active} units ran`],
      [
        "with a quorum again the job went on",
        goesOn._tag === "Some" || state !== "running" ? undefined : "it did not within three minutes"
      ]
    ] satisfies ReadonlyArray<Check>
  })

/** The rows that the surviving node has seen counted. */
const countedAtOne = (keyspace: string) =>
  Effect.map(
    Statement.make(`SELECT entry, body FROM ${keyspace}.cluster_lanes`, [], {
      consistency: "ONE",
      requestTimeout: "10 seconds"
    }).pipe(
      Effect.retry({ schedule: Schedule.spaced("1 second"), times: 20 })
    ),
    ({ rows }) =>
      rows.reduce(
        (sum, { body, entry }) => sum + (entry === "progress" ? Number(JSON.parse(String(body)).rows) : 0),
        0
      )
  )
