/**
 * Agreement of the nodes on the schema.
 */
import type { Client } from "cassandra-driver"
import * as Effect from "effect/Effect"
import { type Avoided, type Next, NoHost, Plan, planPatience } from "../driver/hosts.ts"
import { after, afterReading, now } from "../driver/timer.ts"
import { Flight } from "../driver/wire.ts"
import { type RawAnswer, readResult, resultKind } from "../protocol/answers.ts"
import { opcode, queryFrame, type QueryParameters } from "../protocol/frames.ts"
import { readRows } from "../protocol/rows.ts"

const parameters: QueryParameters = {
  consistency: 0x01,
  serialConsistency: undefined,
  pageSize: undefined,
  pageState: undefined,
  timestamp: undefined,
  tracing: false,
  payload: undefined
}

type Rows = ReadonlyArray<Readonly<Record<string, unknown>>>

/** Rows of an answer, an answer without rows, or no answer because the connection was lost. */
type Versions = Rows | "unreadable" | "lost"

/** A query of the adapter's own. */
class VersionsFlight extends Flight {
  readonly #text: string
  readonly #done: (versions: Versions) => void

  constructor(text: string, done: (versions: Versions) => void) {
    super()
    this.#text = text
    this.#done = done
  }

  protected frame(version: number, stream: number): Buffer {
    return queryFrame({ version, stream }, this.#text, parameters)
  }

  getReadTimeout(): undefined {}

  answered(answer: RawAnswer): void {
    let versions: Versions = "unreadable"
    // An error here would end the connection, and with it the requests of others.
    try {
      const result = answer.opcode === opcode.error ? undefined : readResult(answer)
      if (result?.kind === resultKind.rows) versions = readRows(result.reader, undefined).rows
    } catch {
      versions = "unreadable"
    }
    this.#done(versions)
  }

  failed(): void {
    this.#done("lost")
  }
}

const ownVersion = "SELECT schema_version FROM system.local WHERE key = 'local'"
const versionsOfPeers = "SELECT schema_version, host_id FROM system.peers"

/** Returns true if a node is known to be down, by its `host_id`. */
export type IsDown = (hostId: string) => boolean

type View = "agreed" | "not agreed" | "lost"

/** Asks a node whether it sees one version of the schema on all nodes that are not down. */
const ask = ({ connection }: Next, isDown: IsDown, done: (view: View) => void): void => {
  const query = (text: string, use: (rows: Rows) => void): void =>
    new VersionsFlight(text, (versions) => {
      if (versions === "lost") return done("lost")
      if (versions === "unreadable") return done("not agreed")
      use(versions)
    }).sendOn(connection)
  query(ownVersion, (own) =>
    query(versionsOfPeers, (peers) => {
      // The table keeps the version that a node had when it went down.
      const live = peers.filter((row) => !isDown(String(row["host_id"])))
      const versions = new Set([...own, ...live].map((row) => row["schema_version"]))
      versions.delete(null)
      done(versions.size <= 1 ? "agreed" : "not agreed")
    }))
}

/** Milliseconds between two questions to a node. */
const pause = 100
/** Milliseconds without an answer after which another node is asked. */
const patience = 1_000

/** The nodes to ask. */
export interface Asked {
  readonly first: Next
  /** A node that was not asked before, for the place of a node that is lost or hangs. */
  readonly another: () => Next | undefined
  readonly overdue: Avoided
}

/**
 * Asks a node until it sees agreement, no node is left to ask, or the time is over. A node that is lost or hangs is
 * replaced by another. `done` is called once.
 */
export const awaitAgreement = (
  { another, first, overdue }: Asked,
  isDown: IsDown,
  milliseconds: number,
  done: (isAgreed: boolean) => void
): () => void => {
  let isOver = false
  let asked: Next | undefined
  let stopTimer = (): void => {}
  const end = (isAgreed: boolean): void => {
    if (isOver) return
    isOver = true
    stopTimer()
    stopWaiting()
    done(isAgreed)
  }
  const stopWaiting = afterReading(milliseconds, () => end(false))
  const askAnother = (): boolean => {
    const next = another()
    if (next !== undefined) askNode(next)
    return next !== undefined
  }
  const askNode = (next: Next): void => {
    asked = next
    stopTimer = afterReading(patience, () => {
      overdue.mark(next)
      askAnother()
    })
    ask(next, isDown, (view) => {
      if (view === "agreed") return end(true)
      // The answer of a node that was replaced comes late.
      if (isOver || asked !== next) return
      stopTimer()
      if (view === "not agreed") stopTimer = after(pause, () => askNode(next))
      else if (!askAnother()) end(false)
    })
  }
  askNode(first)
  return () => end(false)
}

/** Waits until the nodes of a client agree, for so many milliseconds. Fails if none of them can be asked. */
export const agreementWithin = (
  milliseconds: number,
  client: Client,
  avoided: Avoided,
  isDown: IsDown
): Effect.Effect<boolean, NoHost> =>
  Effect.callback((resume) => {
    let stop: (() => void) | undefined
    const begun = now()
    const stopPlanning = Plan.makeOfAdapter(client, avoided, (plan) => {
      const another = () => plan?.nextOfExtra()
      const first = another()
      if (first === undefined) return resume(Effect.fail(new NoHost(plan?.tried ?? new Map())))
      const left = Math.max(0, milliseconds - (now() - begun))
      stop = awaitAgreement({ first, another, overdue: avoided }, isDown, left, (isAgreed) =>
        resume(Effect.succeed(isAgreed)))
    }, Math.min(planPatience, milliseconds))
    return Effect.sync(() => {
      stopPlanning()
      stop?.()
    })
  })
